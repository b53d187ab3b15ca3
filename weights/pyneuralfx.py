# SPDX-License-Identifier: MIT
"""PyNeuralFx's GRU models: their configuration, their parameters, and the one shape they share.

At fixed knobs each kind is a plain GRU whose parameters theta are affine in features of the knobs,
theta = theta0 + features(knobs) @ moved, where features is a small MLP (or the knobs themselves).
theta is laid out as FORMAT.md says: bias r, z, n_input, n_hidden [4H]; input weights r, z, n [3H];
hidden weights [H][3H], one row per state that is read, columns r, z, n.
"""

import io
import math
import pickle
import zipfile
from dataclasses import dataclass

import torch
import yaml

ARCHS = ("snapshot-gru", "concat-gru", "film-gru", "statichyper-gru")
MIN_HIDDEN, MAX_HIDDEN = 4, 64
MAX_KNOBS = 4
MAX_FEATURES = 64
MAX_LAYERS = 8
LEAKY_SLOPE = 0.1  # nn.LeakyReLU(0.1) in PyNeuralFx's FiLM and static-hyper MLPs


class ModelError(Exception):
    """A model that can't be used, in one line that says why."""


@dataclass(frozen=True)
class Config:
    """What a PyNeuralFx YAML file says of a model. knob_ranges holds (min, max) of each knob."""

    arch: str
    hidden_size: int
    sample_rate_hz: int
    knob_ranges: tuple
    has_bias: bool
    n_mlp_blocks: int
    mlp_size: int

    @property
    def n_knobs(self):
        return len(self.knob_ranges)


@dataclass(frozen=True)
class AffineGru:
    """theta(knobs) = theta0 + features(knobs) @ moved, then a linear output layer.

    layers: the MLP's (weight [out][in], bias [out], slope of its leaky ReLU), maybe none.
    theta0 [N], moved [n_features][N], out_weight [H], out_bias [].
    """

    layers: list
    theta0: torch.Tensor
    moved: torch.Tensor
    out_weight: torch.Tensor
    out_bias: torch.Tensor

    def theta(self, knobs):
        """theta [..., N] at knobs [..., n_knobs], each normalised to -1...+1."""
        features = knobs
        for weight, bias, slope in self.layers:
            features = torch.nn.functional.leaky_relu(features @ weight.T + bias, slope)
        return self.theta0 + features @ self.moved


def _get(section, name, kind, where):
    value = section.get(name) if isinstance(section, dict) else None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ModelError(f"{where}.{name} is missing or no {kind.__name__}")
    return value


def _get_range(section, name, low, high, where):
    value = _get(section, name, int, where)
    if not low <= value <= high:
        raise ModelError(f"{where}.{name} is {value}; it must be {low} to {high}")
    return value


def _knob_ranges(data, n_knobs):
    ranges = data.get("norm_tensor") or []
    if not isinstance(ranges, list) or len(ranges) < n_knobs:
        raise ModelError(f"data.norm_tensor must have a [min, max] for each of {n_knobs} knobs")
    for pair in ranges[:n_knobs]:
        is_pair = isinstance(pair, list) and len(pair) == 2
        if not is_pair or not all(isinstance(v, (int, float)) and math.isfinite(v) for v in pair):
            raise ModelError(f"data.norm_tensor: {pair} is no [min, max]")
        if min(pair) == max(pair):
            raise ModelError(f"data.norm_tensor: {pair} is an empty range")
    return tuple((float(min(pair)), float(max(pair))) for pair in ranges[:n_knobs])


def parse_config(text):
    """The Config in a YAML document; ModelError when it describes no model we can play."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ModelError(f"no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise ModelError("the configuration is no YAML mapping")
    data, model = document.get("data"), document.get("model")
    arch = _get(model, "arch", str, "model")
    if arch not in ARCHS:
        raise ModelError(f"model.arch is {arch}; supported: {', '.join(ARCHS)}")
    if model.get("layer_norm"):
        raise ModelError("model.layer_norm is on: such a GRU is not supported")
    for name in ("inp_channels", "out_channels"):
        if _get(data, name, int, "data") != 1:
            raise ModelError(f"data.{name} is {data[name]}; only one channel is supported")
    n_knobs = 0 if arch == "snapshot-gru" else _get_range(data, "num_conds", 0, MAX_KNOBS, "data")
    has_mlp = arch in ("film-gru", "statichyper-gru")
    if has_mlp and n_knobs == 0:
        raise ModelError(f"{arch} needs at least one knob, and data.num_conds is 0")
    return Config(
        arch=arch,
        hidden_size=_get_range(model, "main_rnn_hidden_size", MIN_HIDDEN, MAX_HIDDEN, "model"),
        sample_rate_hz=_get_range(data, "sampling_rate", 8000, 768000, "data"),
        knob_ranges=_knob_ranges(data, n_knobs),
        has_bias=_get(model, "rnn_bias", bool, "model"),
        n_mlp_blocks=_get_range(model, "n_mlp_blocks", 0, MAX_LAYERS, "model") if has_mlp else 0,
        mlp_size=_get_range(model, "mlp_size", 1, MAX_FEATURES, "model") if has_mlp else 0,
    )


def read_config(path):
    """parse_config of a file; OSError when it can't be read."""
    with open(path, "rb") as file:
        return parse_config(file.read())


def _linear(name, n_out, n_in, has_bias=True):
    shapes = {f"{name}.weight": (n_out, n_in)}
    if has_bias:
        shapes[f"{name}.bias"] = (n_out,)
    return shapes


def _gru_shapes(config, n_in):
    gates = 3 * config.hidden_size
    shapes = {
        "main_rnn.weight_ih_l0": (gates, n_in),
        "main_rnn.weight_hh_l0": (gates, config.hidden_size),
    }
    if config.has_bias:
        shapes.update({"main_rnn.bias_ih_l0": (gates,), "main_rnn.bias_hh_l0": (gates,)})
    return shapes


def _mlp_shapes(config, name, n_blocks):
    shapes = {}
    for block in range(n_blocks):
        n_in = config.mlp_size if block else config.n_knobs
        shapes.update(_linear(f"{name}.{block}.0", config.mlp_size, n_in))
    return shapes


def parameter_shapes(config):
    """The names and shapes of the parameters that PyNeuralFx saves for this configuration."""
    hidden, gates = config.hidden_size, 3 * config.hidden_size
    shapes = _linear("linear_out", 1, hidden, config.has_bias)
    if config.arch in ("snapshot-gru", "concat-gru"):
        shapes.update(_gru_shapes(config, 1 + config.n_knobs))
    elif config.arch == "film-gru":
        n_features = config.mlp_size if config.n_mlp_blocks else config.n_knobs
        shapes.update(_mlp_shapes(config, "gen", config.n_mlp_blocks))
        shapes.update(_linear(f"gen.{config.n_mlp_blocks}", 4 * gates, n_features))
        shapes.update(_linear("main_rnn.x2h", gates, 1, config.has_bias))
        shapes.update(_linear("main_rnn.h2h", gates, hidden, config.has_bias))
    else:
        shapes.update(_mlp_shapes(config, "cond_mlp", config.n_mlp_blocks - 1))
        projections = {"ih": gates, "hh": hidden * gates}
        if config.has_bias:
            projections.update({"bih": gates, "bhh": gates})
        for name, n_out in projections.items():
            shapes.update(_linear(f"proj_{name}", n_out, config.mlp_size))
    return shapes


def check_parameters(parameters, config):
    """ModelError unless parameters are this configuration's, in float and finite."""
    expected = parameter_shapes(config)
    for name in sorted(set(parameters) - set(expected)):
        raise ModelError(f"the checkpoint has {name}, which no {config.arch} of this configuration has")
    for name, shape in expected.items():
        tensor = parameters.get(name)
        if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
            raise ModelError(f"the checkpoint has no {name}")
        if tuple(tensor.shape) != shape:
            raise ModelError(f"{name} has shape {tuple(tensor.shape)}; the configuration asks for {shape}")
        if not torch.isfinite(tensor).all():
            raise ModelError(f"{name} has numbers that are not finite")
    if config.arch == "statichyper-gru" and config.n_mlp_blocks < 2 and config.mlp_size != config.n_knobs:
        raise ModelError("a statichyper-gru without MLP needs mlp_size equal to its number of knobs")


def read_parameters(path, config):
    """The checked parameters of a PyNeuralFx checkpoint, by name; OSError when it can't be read."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        parameters = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, zipfile.BadZipFile, OSError, RuntimeError, EOFError, ValueError, LookupError,
            AttributeError, TypeError) as error:
        raise ModelError("no PyTorch checkpoint of weights only") from error
    if not isinstance(parameters, dict):
        raise ModelError("the checkpoint is no dictionary of parameters")
    check_parameters(parameters, config)
    return parameters


def initial_parameters(config, generator):
    """Parameters to start training from, drawn as PyNeuralFx draws them."""
    parameters = {}
    for name, shape in parameter_shapes(config).items():
        layer = name.rsplit(".", 1)[0]
        if name.startswith("cond_mlp"):
            n_in = config.mlp_size if not name.startswith("cond_mlp.0.") else config.n_knobs
            bound = math.sqrt(3.0 / (config.mlp_size * n_in))
        elif layer.startswith("main_rnn"):
            bound = 1.0 / math.sqrt(config.hidden_size)
        else:
            bound = 1.0 / math.sqrt(parameter_shapes(config)[f"{layer}.weight"][1])
        parameters[name] = (2.0 * torch.rand(shape, generator=generator) - 1.0) * bound
    return parameters


def _pack(w_in, w_hidden, b_in, b_hidden):
    """theta [..., N] of weights [..., 3H], [..., H, 3H] and biases [..., 3H]; linear in them all."""
    gates = b_in.shape[-1]
    merged = gates * 2 // 3
    bias = [b_in[..., :merged] + b_hidden[..., :merged], b_in[..., merged:], b_hidden[..., merged:]]
    return torch.cat([*bias, w_in, w_hidden.flatten(-2)], -1)


def _mlp(parameters, name, n_blocks):
    return [
        (parameters[f"{name}.{block}.0.weight"], parameters[f"{name}.{block}.0.bias"], LEAKY_SLOPE)
        for block in range(n_blocks)
    ]


def _concat(parameters, config, zeros):
    w_in = parameters["main_rnn.weight_ih_l0"]
    w_hidden = parameters["main_rnn.weight_hh_l0"].T
    b_in = parameters.get("main_rnn.bias_ih_l0", zeros)
    b_hidden = parameters.get("main_rnn.bias_hh_l0", zeros)
    knob_weights = w_in[:, 1:].T
    none = torch.zeros_like(knob_weights)
    moved = _pack(none, none.new_zeros(config.n_knobs, config.hidden_size, len(zeros)), knob_weights, none)
    return [], _pack(w_in[:, 0], w_hidden, b_in, b_hidden), moved


def _film(parameters, config, zeros):
    last = f"gen.{config.n_mlp_blocks}"
    x2h = parameters["main_rnn.x2h.weight"][:, 0]
    h2h = parameters["main_rnn.h2h.weight"].T
    x_bias = parameters.get("main_rnn.x2h.bias", zeros)
    h_bias = parameters.get("main_rnn.h2h.bias", zeros)

    def pack(film):
        x_scale, x_shift, h_scale, h_shift = film.chunk(4, -1)
        return _pack(x2h * x_scale, h2h * h_scale.unsqueeze(-2), x_bias * x_scale + x_shift,
                     h_bias * h_scale + h_shift)

    layers = _mlp(parameters, "gen", config.n_mlp_blocks)
    return layers, pack(parameters[f"{last}.bias"]), pack(parameters[f"{last}.weight"].T)


def _statichyper(parameters, config, zeros):
    def part(name, kind):
        tensor = parameters.get(f"proj_{name}.{kind}")
        if tensor is None:
            return zeros if kind == "bias" else zeros.expand(config.mlp_size, -1)
        return tensor.T if kind == "weight" else tensor

    def pack(kind):
        hidden = part("hh", kind)
        hidden = hidden.reshape(*hidden.shape[:-1], config.hidden_size, len(zeros))
        return _pack(part("ih", kind), hidden, part("bih", kind), part("bhh", kind))

    return _mlp(parameters, "cond_mlp", config.n_mlp_blocks - 1), pack("bias"), pack("weight")


def affine_form(parameters, config):
    """The AffineGru of checked parameters, in their precision; differentiable in them."""
    out_weight = parameters["linear_out.weight"][0]
    zeros = out_weight.new_zeros(3 * config.hidden_size)
    kinds = {"film-gru": _film, "statichyper-gru": _statichyper}
    layers, theta0, moved = kinds.get(config.arch, _concat)(parameters, config, zeros)
    out_bias = parameters["linear_out.bias"][0] if config.has_bias else zeros[0]
    return AffineGru(layers, theta0, moved, out_weight, out_bias)
