# SPDX-License-Identifier: MIT
"""Random captures as other programs save them in JSON, and their output in double precision by the formats' words."""

import dataclasses

import numpy as np

N_GATES = {"gru": 3, "lstm": 4}


@dataclasses.dataclass
class Capture:
    """A recurrent layer and a linear one. The arrays' columns hold the gates in the order of the style."""

    style: str  # keras: z, r, h or i, f, c, o; torch: r, z, n or i, f, g, o
    cell: str
    in_weight: np.ndarray  # [1 + knobs][columns]
    hidden_weight: np.ndarray  # [hidden size][columns]
    in_bias: np.ndarray
    hidden_bias: np.ndarray
    out_weight: np.ndarray
    out_bias: float
    skip: int = 0
    in_gain_db: float = 0.0
    out_gain_db: float = 0.0


def draw(style, cell, hidden, knobs=0, skip=0, gains_db=(0.0, 0.0), seed=1):
    """Returns a random capture whose output depends on all its parts."""
    rng = np.random.default_rng(seed)
    columns = N_GATES[cell] * hidden

    def numbers(*shape):
        return rng.uniform(-1, 1, shape) / hidden ** 0.5

    return Capture(style, cell, 2 * numbers(1 + knobs, columns), numbers(hidden, columns), numbers(columns),
                   np.zeros(columns) if (style, cell) == ("keras", "lstm") else numbers(columns), numbers(hidden),
                   0.1, skip, *gains_db)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def play(capture, x, knobs=(), has_gains=True):
    """Returns the output, float64, for x at knobs from 0 to 1, from a state of zeros."""
    x = np.asarray(x, np.float64) * (10 ** (capture.in_gain_db / 20) if has_gains else 1.0)
    h = c = np.zeros(len(capture.out_weight))
    y = np.empty(len(x))
    for t, sample in enumerate(x):
        from_in = np.array([sample, *knobs]) @ capture.in_weight + capture.in_bias
        from_h = h @ capture.hidden_weight + capture.hidden_bias
        if capture.cell == "lstm":
            i, f, g, o = np.split(from_in + from_h, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        else:
            gates = [sigmoid(a + b) for a, b in zip(np.split(from_in, 3)[:2], np.split(from_h, 3)[:2])]
            r, z = gates[::-1] if capture.style == "keras" else gates
            h_new = np.tanh(np.split(from_in, 3)[2] + r * np.split(from_h, 3)[2])
            h = (1 - z) * h_new + z * h
        y[t] = h @ capture.out_weight + capture.out_bias + capture.skip * sample
    return y * (10 ** (capture.out_gain_db / 20) if has_gains else 1.0)


def _keras(capture):
    hidden = len(capture.out_weight)
    bias = capture.in_bias if capture.cell == "lstm" else [capture.in_bias, capture.hidden_bias]
    layers = [{"type": capture.cell, "activation": "", "shape": [None, None, hidden],
               "weights": [capture.in_weight.tolist(), capture.hidden_weight.tolist(), np.array(bias).tolist()]},
              {"type": "dense", "activation": "", "shape": [None, None, 1],
               "weights": [capture.out_weight[:, None].tolist(), [capture.out_bias]]}]
    document = {"in_shape": [None, None, len(capture.in_weight)], "layers": layers}
    if capture.skip:
        document["in_skip"] = capture.skip
    if capture.in_gain_db or capture.out_gain_db:
        document.update({"in_gain": capture.in_gain_db, "out_gain": capture.out_gain_db})
    return document


def _torch(capture):
    hidden = len(capture.out_weight)
    return {"model_data": {"model": "SimpleRNN", "input_size": len(capture.in_weight), "skip": capture.skip,
                           "output_size": 1, "unit_type": capture.cell.upper(), "num_layers": 1,
                           "hidden_size": hidden, "bias_fl": True},
            "state_dict": {"rec.weight_ih_l0": capture.in_weight.T.tolist(),
                           "rec.weight_hh_l0": capture.hidden_weight.T.tolist(),
                           "rec.bias_ih_l0": capture.in_bias.tolist(), "rec.bias_hh_l0": capture.hidden_bias.tolist(),
                           "lin.weight": [capture.out_weight.tolist()], "lin.bias": [capture.out_bias]}}


def document(capture, n_test=0):
    """Returns what the capture's style writes as JSON; the Keras style may have a test of n_test samples."""
    if capture.style == "torch":
        return _torch(capture)
    written = _keras(capture)
    if n_test:
        x = 0.5 * np.sin(0.1 * np.arange(n_test))
        y = play(capture, x, [0.0] * (len(capture.in_weight) - 1), has_gains=False)
        written.update({"input_batch": x.tolist(), "output_batch": y.tolist()})
    return written
