# SPDX-License-Identifier: MIT
"""Plays PyNeuralFx's GRUs and LSTMs in double precision, each kind with PyNeuralFx's own arithmetic.

It does not use pyneuralfx.affine_form, because the tests compare that form, and the plugin, with it.
"""

import numpy as np

from shared_modules import theta_layout

CHUNK = 1000


def _linear(parameters, name, x):
    y = x @ parameters[f"{name}.weight"].T
    return y + parameters[f"{name}.bias"] if f"{name}.bias" in parameters else y


def _mlp(parameters, name, n_blocks, x):
    for block in range(n_blocks):
        x = _linear(parameters, f"{name}.{block}.0", x)
        x = np.where(x < 0, 0.1 * x, x)
    return x


def _statichyper(parameters, config, knobs):
    features = _mlp(parameters, "cond_mlp", config.n_mlp_blocks - 1, knobs)
    gates = config.n_gate_units
    w_in = _linear(parameters, "proj_ih", features).reshape(-1, 1, gates)
    w_hidden = _linear(parameters, "proj_hh", features).reshape(-1, config.hidden_size, gates)
    b_in = _linear(parameters, "proj_bih", features) if config.has_bias else 0.0
    b_hidden = _linear(parameters, "proj_bhh", features) if config.has_bias else 0.0
    return (lambda x: np.matmul(x[..., None, :], w_in)[..., 0, :] + b_in,
            lambda h: np.matmul(h[:, None], w_hidden)[:, 0] + b_hidden)


def _film(parameters, config, knobs):
    hidden_layers = _mlp(parameters, "gen", config.n_mlp_blocks, knobs)
    film = _linear(parameters, f"gen.{config.n_mlp_blocks}", hidden_layers)
    in_scale, in_shift, hidden_scale, hidden_shift = np.split(film, 4, -1)
    return (lambda x: _linear(parameters, "main_rnn.x2h", x) * in_scale + in_shift,
            lambda h: _linear(parameters, "main_rnn.h2h", h) * hidden_scale + hidden_shift)


def _concat(parameters, _, knobs):
    names = {"in.weight": "weight_ih_l0", "in.bias": "bias_ih_l0", "hidden.weight": "weight_hh_l0",
             "hidden.bias": "bias_hh_l0"}
    cell = {name: parameters[f"main_rnn.{of}"] for name, of in names.items() if f"main_rnn.{of}" in parameters}

    def from_input(x):
        everywhere = np.broadcast_to(knobs, (*x.shape[:-1], knobs.shape[-1]))
        return _linear(cell, "in", np.concatenate([x, everywhere], -1))

    return from_input, lambda h: _linear(cell, "hidden", h)


def _sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def _gru_step(side, of_state, state):
    """The new state (h,) from the input's and the state's pre-activations [streams][3H]."""
    in_gates, in_n = np.split(side, [2 * side.shape[-1] // 3], -1)
    h_gates, h_n = np.split(of_state, [2 * side.shape[-1] // 3], -1)
    r, z = np.split(_sigmoid(in_gates + h_gates), 2, -1)
    n = np.tanh(in_n + r * h_n)
    return (n + z * (state[0] - n),)


def _lstm_step(side, of_state, state):
    """The new state (h, c) from the pre-activations [streams][4H]."""
    i, f, g, o = np.split(side + of_state, 4, -1)
    c = _sigmoid(f) * state[1] + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def play(parameters, config, x, knobs, state_type=np.float64):
    """y [streams][n], float64, of x [n] at knobs [streams][n_knobs], from a state of zeros.

    parameters are torch tensors by name. The state is rounded to state_type at each sample;
    everything else is in double precision.
    """
    parameters = {name: tensor.double().numpy() for name, tensor in parameters.items()}
    knobs = np.asarray(knobs, np.float64)
    kind = {"film": _film, "statichyper": _statichyper}.get(config.kind, _concat)
    step = _lstm_step if config.cell == theta_layout.LSTM else _gru_step
    from_input, from_state = kind(parameters, config, knobs)
    state = (np.zeros((len(knobs), config.hidden_size)),) * 2
    y = np.empty((len(knobs), len(x)))
    for start in range(0, len(x), CHUNK):
        chunk = np.asarray(x[start:start + CHUNK], np.float64)
        inputs = from_input(np.broadcast_to(chunk[:, None, None], (len(chunk), len(knobs), 1)))
        states = np.empty((len(chunk), *state[0].shape))
        for t, side in enumerate(inputs):
            state = tuple(part.astype(state_type).astype(np.float64)
                          for part in step(side, from_state(state[0]), state))
            states[t] = state[0]
        y[:, start:start + len(chunk)] = _linear(parameters, "linear_out", states)[..., 0].T
    return y
