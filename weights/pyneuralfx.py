# SPDX-License-Identifier: MIT
"""PyNeuralFx's GRU and LSTM models: their configuration, their parameters, and the form that all kinds share.

At fixed knobs each kind is a plain GRU or LSTM. Its parameters theta are affine in features of the knobs,
theta = theta0 + features(knobs) @ weight_deltas, where a small MLP computes the features; without an
MLP the features are the knobs. src/rnn/theta_layout.py gives the order of theta.
"""

import math
from dataclasses import dataclass

import torch

import checkpoint
import yaml_file
from model_error import ModelError
from shared_modules import theta_layout

CELLS = {"gru": theta_layout.GRU, "lstm": theta_layout.LSTM}
KINDS = ("snapshot", "concat", "film", "statichyper")
ARCHS = tuple(f"{kind}-{cell}" for cell in CELLS for kind in KINDS)
MIN_HIDDEN, MAX_HIDDEN = 4, 80
MAX_KNOBS = 4
MAX_FEATURES = 64
MAX_LAYERS = 8
MAX_KNOB_VALUE = 1e4  # a limit of the model file
LEAKY_SLOPE = 0.1  # nn.LeakyReLU(0.1) in PyNeuralFx's FiLM and static-hyper MLPs


@dataclass(frozen=True)
class Config:
    """The part of a PyNeuralFx YAML file that describes the model. knob_ranges holds (min, max) of each knob."""

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

    @property
    def kind(self):
        return self.arch.split("-")[0]

    @property
    def cell(self):
        return CELLS[self.arch.split("-")[1]]

    @property
    def n_gate_units(self):
        """The units of all gates together."""
        return theta_layout.n_gates(self.cell) * self.hidden_size


@dataclass(frozen=True)
class AffineCell:
    """A cell with theta(knobs) = theta0 + features(knobs) @ weight_deltas, and a linear output layer.

    layers: of the MLP, each (weight [out][in], bias [out], slope of the leaky ReLU); may be empty.
    theta0 [N], weight_deltas [n_features][N], out_weight [H], out_bias [].
    cell is theta_layout.GRU or LSTM; direct times the input is part of the output.
    """

    layers: list
    theta0: torch.Tensor
    weight_deltas: torch.Tensor
    out_weight: torch.Tensor
    out_bias: torch.Tensor
    cell: int = theta_layout.GRU
    direct: float = 0.0

    def theta(self, knobs):
        """theta [..., N] at knobs [..., n_knobs], each normalised to -1...+1."""
        features = knobs
        for weight, bias, slope in self.layers:
            features = torch.nn.functional.leaky_relu(features @ weight.T + bias, slope)
        return self.theta0 + features @ self.weight_deltas


TYPES = {int: "a whole number", bool: "true or false", str: "text"}


def _get(section, name, kind, where):
    value = section.get(name) if isinstance(section, dict) else None
    if value is None:
        raise ModelError(f"{where}.{name} is missing")
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ModelError(f"{where}.{name} is {value!r}; it must be {TYPES[kind]}")
    return value


def _get_range(section, name, low, high, where):
    value = _get(section, name, int, where)
    if not low <= value <= high:
        raise ModelError(f"{where}.{name} is {value}; the limits are {low} and {high}")
    return value


def _knob_ranges(data, n_knobs):
    ranges = data.get("norm_tensor") or []
    if not isinstance(ranges, list) or len(ranges) < n_knobs:
        raise ModelError(f"data.norm_tensor is {ranges}; it must have a [min, max] for each of {n_knobs} knobs")
    for pair in ranges[:n_knobs]:
        is_pair = isinstance(pair, list) and len(pair) == 2
        if not is_pair or not all(isinstance(v, (int, float)) and math.isfinite(v) for v in pair):
            raise ModelError(f"data.norm_tensor: {pair} must be [min, max], two finite numbers")
        if max(map(abs, pair)) > MAX_KNOB_VALUE:
            raise ModelError(f"data.norm_tensor: {pair} is beyond the limit {MAX_KNOB_VALUE:g}")
        if torch.tensor(min(pair)).float() == torch.tensor(max(pair)).float():
            raise ModelError(f"data.norm_tensor: {pair} is an empty range; min and max must differ")
    return tuple((float(min(pair)), float(max(pair))) for pair in ranges[:n_knobs])


def parse_config(text):
    """The Config in a YAML document; ModelError when the plugin cannot play such a model."""
    document = yaml_file.parse(text)
    data, model = document.get("data"), document.get("model")
    arch = _get(model, "arch", str, "model")
    if arch not in ARCHS:
        raise ModelError(f"model.arch is {arch}; supported: {', '.join(ARCHS)}")
    if model.get("layer_norm") not in (None, False):
        raise ModelError(f"model.layer_norm is {model['layer_norm']!r}; only False is supported")
    for name in ("inp_channels", "out_channels"):
        if _get(data, name, int, "data") != 1:
            raise ModelError(f"data.{name} is {data[name]}; only 1 channel is supported")
    n_knobs = 0 if arch.startswith("snapshot-") else _get_range(data, "num_conds", 0, MAX_KNOBS, "data")
    has_mlp = arch.startswith(("film-", "statichyper-"))
    if has_mlp and n_knobs == 0:
        raise ModelError(f"data.num_conds is 0; a {arch} needs at least 1 knob")
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
    """parse_config of a file; OSError when it can't be read. A ModelError names the file."""
    with open(path, "rb") as file:
        text = file.read()
    try:
        return parse_config(text)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _linear(name, n_out, n_in, has_bias=True):
    shapes = {f"{name}.weight": (n_out, n_in)}
    if has_bias:
        shapes[f"{name}.bias"] = (n_out,)
    return shapes


def _cell_shapes(config, n_in):
    gates = config.n_gate_units
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
    hidden, gates = config.hidden_size, config.n_gate_units
    shapes = _linear("linear_out", 1, hidden, config.has_bias)
    if config.kind in ("snapshot", "concat"):
        shapes.update(_cell_shapes(config, 1 + config.n_knobs))
    elif config.kind == "film":
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
    """ModelError unless parameters have this configuration's names and shapes, and are finite floats."""
    expected = parameter_shapes(config)
    for name in sorted(set(parameters) - set(expected)):
        raise ModelError(f"the checkpoint has {name}; a {config.arch} of this configuration does not")
    for name, shape in expected.items():
        tensor = parameters.get(name)
        if tensor is None:
            raise ModelError(f"the checkpoint has no {name}")
        if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
            kind = tensor.dtype if isinstance(tensor, torch.Tensor) else type(tensor).__name__
            raise ModelError(f"{name} is {kind}; it must be a tensor of floats")
        if tuple(tensor.shape) != shape:
            raise ModelError(f"{name} has shape {tuple(tensor.shape)}; the configuration asks for {shape}")
        if not torch.isfinite(tensor).all():
            raise ModelError(f"{name} has numbers that are infinite or NaN")
    if config.kind == "statichyper" and config.n_mlp_blocks < 2 and config.mlp_size != config.n_knobs:
        raise ModelError(f"model.mlp_size is {config.mlp_size}; without an MLP it must be the number of knobs, "
                         f"{config.n_knobs}")


def read_parameters(path, config, dtype=torch.float32):
    """The checked parameters of a PyNeuralFx checkpoint, by name, as dtype; OSError when it can't be read.

    A ModelError names the file.
    """
    try:
        parameters = checkpoint.read(path)
        check_parameters(parameters, config)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    return {name: tensor.detach().to(dtype) for name, tensor in parameters.items()}


def initial_parameters(config, generator):
    """Random parameters to start training from, with the distributions of PyNeuralFx."""
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


def pack_theta(cell, w_in, w_hidden, b_in, b_hidden):
    """theta [..., N] of weights [..., G], [..., H, G] and biases [..., G]; linear in each of them.

    G is the number of gates times H. The biases of both sides are added, but n of a GRU keeps two.
    """
    hidden_size = b_in.shape[-1] // theta_layout.n_gates(cell)
    n_summed = 2 * hidden_size if cell == theta_layout.GRU else b_in.shape[-1]
    biases = torch.cat([b_in[..., :n_summed] + b_hidden[..., :n_summed], b_in[..., n_summed:],
                        b_hidden[..., n_summed:]], -1)
    parts = ((theta_layout.biases, biases), (theta_layout.input_weights, w_in),
             (theta_layout.hidden_matrix, w_hidden.flatten(-2)))
    # To assign to slices of theta would take longer, above all in the backward pass.
    return torch.cat([part for place, part in sorted(parts, key=lambda one: one[0](hidden_size, cell).start)], -1)


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
    no_matrix = none.new_zeros(config.n_knobs, config.hidden_size, len(zeros))
    weight_deltas = pack_theta(config.cell, none, no_matrix, knob_weights, none)
    return [], pack_theta(config.cell, w_in[:, 0], w_hidden, b_in, b_hidden), weight_deltas


def _film(parameters, config, zeros):
    last = f"gen.{config.n_mlp_blocks}"
    x2h = parameters["main_rnn.x2h.weight"][:, 0]
    h2h = parameters["main_rnn.h2h.weight"].T
    x_bias = parameters.get("main_rnn.x2h.bias", zeros)
    h_bias = parameters.get("main_rnn.h2h.bias", zeros)

    def pack(film):
        x_scale, x_shift, h_scale, h_shift = film.chunk(4, -1)
        return pack_theta(config.cell, x2h * x_scale, h2h * h_scale.unsqueeze(-2), x_bias * x_scale + x_shift,
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
        return pack_theta(config.cell, part("ih", kind), hidden, part("bih", kind), part("bhh", kind))

    return _mlp(parameters, "cond_mlp", config.n_mlp_blocks - 1), pack("bias"), pack("weight")


def affine_form(parameters, config):
    """The AffineCell of checked parameters, in their precision, and differentiable."""
    out_weight = parameters["linear_out.weight"][0]
    zeros = out_weight.new_zeros(config.n_gate_units)
    kinds = {"film": _film, "statichyper": _statichyper}
    layers, theta0, weight_deltas = kinds.get(config.kind, _concat)(parameters, config, zeros)
    out_bias = parameters["linear_out.bias"][0] if config.has_bias else zeros[0]
    return AffineCell(layers, theta0, weight_deltas, out_weight, out_bias, config.cell)
