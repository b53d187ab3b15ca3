# SPDX-License-Identifier: MIT
"""Reads captures of other programs in JSON, and wraps the plugin's own file in JSON; FORMAT.md has the styles."""

import base64
import dataclasses
import json
from pathlib import Path

import numpy as np
import torch

import gru_file
from model_error import ModelError
from pyneuralfx import MAX_HIDDEN, MAX_KNOBS, MIN_HIDDEN, AffineCell, pack_theta
from shared_modules import theta_layout

KERAS_RATE_HZ, TORCH_RATE_HZ = 48000, 44100  # of files that state none
CELLS = {"gru": theta_layout.GRU, "lstm": theta_layout.LSTM}
MAX_GAIN_DB = 60


@dataclasses.dataclass(frozen=True)
class Capture:
    """What a file holds: a model whose knobs go from 0 to 1, and what the file says about it."""

    model: AffineCell
    sample_rate_hz: int
    n_knobs: int
    name: str
    facts: tuple  # (key, text) about who made it
    test: gru_file.Test


def _member(section, name, where):
    if not isinstance(section, dict) or name not in section:
        raise ModelError(f"{where}{name} is missing")
    return section[name]


def _array(values, name, *shape):
    try:
        array = np.array(values, np.float64)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{name} must hold rows of numbers, equally long") from error
    if array.shape != shape:
        raise ModelError(f"{name} has shape {array.shape}; it must be {shape}")
    return array


def _whole(value, name, low, high):
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not (low <= number <= high and number == int(number)):
        raise ModelError(f"{name} is {value!r}; allowed is {low} to {high}")
    return int(number)


def _gain(document, name):
    gain_db = document.get(name, 0)
    if not isinstance(gain_db, (int, float)) or not abs(gain_db) <= MAX_GAIN_DB:
        raise ModelError(f"{name} is {gain_db!r}; allowed is {-MAX_GAIN_DB} to {MAX_GAIN_DB} dB")
    return 10 ** (gain_db / 20)


def _model(cell, w_in, w_hidden, b_in, b_hidden, out_weight, out_bias, direct=0.0, gains=(1.0, 1.0)):
    """The AffineCell of weights [inputs][columns], [H][columns], with the gates in torch's order."""
    half = w_in[1:] / 2  # of a knob from -1 to +1; the other half is part of the bias
    none = np.zeros_like(half)
    before, after = gains

    def packed(*parts):
        return pack_theta(cell, *map(torch.from_numpy, parts))

    theta0 = packed(before * w_in[0], w_hidden, b_in + half.sum(0), b_hidden)
    deltas = packed(none, np.zeros((len(half), *w_hidden.shape)), half, none)
    return AffineCell([], theta0, deltas, torch.from_numpy(after * out_weight), torch.tensor(after * out_bias).double(),
                      cell, direct * before * after)


def _keras(document):
    layers = document["layers"]
    if not isinstance(layers, list) or [layer.get("type") for layer in layers if isinstance(layer, dict)] not in (
            ["gru", "dense"], ["lstm", "dense"]):
        raise ModelError("layers must be one gru or lstm and one dense layer")
    recurrent, dense = layers
    cell = CELLS[recurrent["type"]]
    hidden = _whole(_member(recurrent, "shape", "layers[0].")[-1], "layers[0].shape", MIN_HIDDEN, MAX_HIDDEN)
    n_inputs = _whole(_member(document, "in_shape", "")[-1], "in_shape", 1, 1 + MAX_KNOBS)
    columns = theta_layout.n_gates(cell) * hidden
    weights = _member(recurrent, "weights", "layers[0].")
    w_in = _array(weights[0], "layers[0].weights[0]", n_inputs, columns)
    w_hidden = _array(weights[1], "layers[0].weights[1]", hidden, columns)
    if cell == theta_layout.GRU:
        biases = _array(weights[2], "layers[0].weights[2]", 2, columns)
        order = np.concatenate([np.arange(hidden, 2 * hidden), np.arange(hidden), np.arange(2 * hidden, columns)])
        w_in, w_hidden, biases = w_in[:, order], w_hidden[:, order], biases[:, order]
    else:
        biases = np.stack([_array(weights[2], "layers[0].weights[2]", columns), np.zeros(columns)])
    out = _member(dense, "weights", "layers[1].")
    gains = _gain(document, "in_gain"), _gain(document, "out_gain")
    model = _model(cell, w_in, w_hidden, *biases, _array(out[0], "layers[1].weights[0]", hidden, 1)[:, 0],
                   _array(out[1], "layers[1].weights[1]", 1)[0],
                   _whole(document.get("in_skip", 0), "in_skip", 0, 1), gains)
    metadata = document.get("metadata") if isinstance(document.get("metadata"), dict) else {}
    rate = document.get("samplerate", metadata.get("samplerate", KERAS_RATE_HZ))
    facts = tuple((key, " ".join(str(metadata[key]).split()))
                  for key in ("author", "source", "based", "style", "license", "comment",
                              "trained_peak_dbfs", "input_level_dbu") if key in metadata)
    return Capture(model, _whole(rate, "sample rate", 8000, 768000), n_inputs - 1, str(metadata.get("name", "")), facts,
                   _keras_test(document, n_inputs - 1, gains))


def _keras_test(document, n_knobs, gains):
    x, y = (document.get(name) for name in ("input_batch", "output_batch"))
    is_test = isinstance(x, list) and isinstance(y, list) and 0 < len(x) == len(y) and not isinstance(x[0], list)
    if not is_test:
        return gru_file.NO_TEST
    n = min(len(x), gru_file.MAX_TEST)
    return gru_file.Test((-1.0,) * n_knobs, _array(x, "input_batch", len(x))[:n] / gains[0],
                         _array(y, "output_batch", len(y))[:n] * gains[1])


def _torch(document):
    data, state = document["model_data"], _member(document, "state_dict", "")
    unit_type = _member(data, "unit_type", "model_data.")
    if unit_type not in ("GRU", "LSTM"):
        raise ModelError(f"model_data.unit_type is {unit_type!r}; it must be GRU or LSTM")
    cell = CELLS[unit_type.lower()]
    hidden = _whole(_member(data, "hidden_size", "model_data."), "model_data.hidden_size", MIN_HIDDEN, MAX_HIDDEN)
    n_inputs = _whole(data.get("input_size", 1), "model_data.input_size", 1, 1 + MAX_KNOBS)
    for name in ("num_layers", "output_size"):
        _whole(data.get(name, 1), f"model_data.{name}", 1, 1)
    columns = theta_layout.n_gates(cell) * hidden

    def tensor(name, *shape):
        return _array(_member(state, name, "state_dict."), f"state_dict.{name}", *shape)

    biases = [tensor(f"rec.bias_{side}_l0", columns) for side in ("ih", "hh")] \
        if data.get("bias_fl", True) else [np.zeros(columns)] * 2
    model = _model(cell, tensor("rec.weight_ih_l0", columns, n_inputs).T, tensor("rec.weight_hh_l0", columns, hidden).T,
                   *biases, tensor("lin.weight", 1, hidden)[0],
                   tensor("lin.bias", 1)[0] if "lin.bias" in state else 0.0,
                   _whole(data.get("skip", 0), "model_data.skip", 0, 1))
    rate = data.get("sample_rate", data.get("samplerate", TORCH_RATE_HZ))
    return Capture(model, _whole(rate, "sample rate", 8000, 768000), n_inputs - 1, "", (), gru_file.NO_TEST)


def read(path):
    """The Capture in a JSON file; OSError or ModelError, with its path, when there is none."""
    try:
        document = json.loads(Path(path).read_bytes())
        if isinstance(document, dict) and "layers" in document:
            return _keras(document)
        if isinstance(document, dict) and "model_data" in document:
            return _torch(document)
    except (ValueError, RecursionError, IndexError, TypeError, KeyError) as error:
        raise ModelError(f"{path}: not a capture in JSON: {error}") from error
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    raise ModelError(f"{path} is JSON, but no capture of AIDA-X or Automated-GuitarAmpModelling")


def wrap(data, name):
    """The bytes of a JSON file that holds a .gru file; MOD's file browser lists the former only."""
    document = {"name": name, "gru": base64.b64encode(data).decode()}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()
