# SPDX-License-Identifier: MIT
"""Reads and writes the plugin's model file; FORMAT.md describes its layout."""

import dataclasses
import os
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import torch

from model_error import ModelError
from pyneuralfx import AffineCell
from shared_modules import theta_layout

MAGIC = b"\x89OD3\r\n\x1a\n"
VERSIONS = (1, 2)
HEADER = struct.Struct("<8s11I")
HEADER_2 = struct.Struct("<I64s")  # follows in version 2
CHECKED_FROM = 20  # the checksum covers the file from here to its end
KNOB = struct.Struct("<16s2f")
LAYER = struct.Struct("<If")
NAME_BYTES = 15
MODEL_NAME_BYTES = 63
MAX_HIDDEN_1 = 64  # in version 1
MAX_TEST = 4096
TEXT_BYTES = 65536
LARGEST = 1e4  # the limit of each number
LARGEST_FEATURE = 1e20  # the limit of what a layer can put out


def _floats(name, tensor):
    values = tensor.detach().double().numpy()
    too_large = np.argwhere(~(np.abs(values) <= LARGEST))
    if len(too_large):
        index = tuple(too_large[0])
        place = "".join(f"[{i}]" for i in index)
        raise ModelError(f"{name}{place} is {values[index]:.3g}; the limit is {LARGEST:g}")
    return values.astype("<f4").tobytes()


def _encode_label(what, text, least, most):
    try:
        label = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ModelError(f"{what} {text!r} is not UTF-8") from error
    if not text.isprintable():
        raise ModelError(f"{what} {text!r} has a character that cannot be printed")
    if not least <= len(label) <= most:
        raise ModelError(f"{what} {text!r} has {len(label)} bytes; the limits are {least} and {most} bytes")
    return label


def encode_name(text):
    """The bytes of a knob's name; ModelError when it is not allowed."""
    return _encode_label("knob name", text, 1, NAME_BYTES)


def encode_text(text):
    """The bytes of the text at the end of the file; ModelError when it is not allowed."""
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ModelError(f"the text {text[max(0, error.start - 20):error.end]!r} is not UTF-8") from error
    if len(data) > TEXT_BYTES or b"\0" in data:
        raise ModelError(f"the text about the model has {len(data)} bytes; the limit is {TEXT_BYTES}, none of them 0")
    return data


def _check_layers(layers):
    """ModelError when a layer could put out more than the plugin accepts, see FORMAT.md."""
    bound = 1.0
    for number, (weight, bias, slope) in enumerate(layers):
        sums = np.abs(weight.detach().double().numpy()).sum(1) * bound + np.abs(bias.detach().double().numpy())
        bound = sums.max() * max(1.0, abs(slope))
        if bound > LARGEST_FEATURE:
            raise ModelError(f"layer {number} can put out {bound:.3g}; the limit is {LARGEST_FEATURE:g}")


def encode_model_name(text):
    """The bytes of a model's name, which may be empty; ModelError when it is not allowed."""
    return _encode_label("model name", text, 0, MODEL_NAME_BYTES)


@dataclasses.dataclass(frozen=True)
class Test:
    """What a model must put out: output [n] for x [n] at knobs [K], each -1 to +1, from a state of zeros."""

    knobs: tuple = ()
    x: tuple = ()
    output: tuple = ()

    def encode(self):
        """The bytes of the test, none when it has no samples; ModelError when it is not allowed."""
        if len(self.x) != len(self.output) or len(self.x) > MAX_TEST:
            raise ModelError(f"the test has {len(self.x)} and {len(self.output)} samples; both must be the same, at "
                             f"most {MAX_TEST}")
        parts = (("knobs", self.knobs), ("input", self.x), ("output", self.output))
        return b"".join(_floats(f"test {name}", torch.tensor(np.asarray(values, np.float64)))
                        for name, values in parts) if len(self.x) else b""


NO_TEST = Test()


def encode(model, sample_rate_hz, knobs, provenance, name="", test=NO_TEST):
    """The bytes of a model file; ModelError when a value is beyond its limit.

    knobs holds a (name, min, max) for each knob. The file has version 1 where that suffices.
    """
    hidden = len(model.out_weight)
    used = np.flatnonzero(np.abs(model.weight_deltas.detach().numpy()).sum(0))
    n_conditioned = int(used[-1]) + 1 if len(used) else 0
    is_new = model.cell != theta_layout.GRU or hidden > MAX_HIDDEN_1 or model.direct or name or len(test.x)
    _check_layers(model.layers)
    body = [KNOB.pack(encode_name(label), low, high) for label, low, high in knobs]
    for number, (weight, bias, slope) in enumerate(model.layers):
        body += [LAYER.pack(len(bias), slope), _floats(f"weight of layer {number}", weight),
                 _floats(f"bias of layer {number}", bias)]
    body += [_floats("theta0", model.theta0), _floats("weight deltas", model.weight_deltas[:, :n_conditioned]),
             _floats("output weight", model.out_weight), _floats("output bias", model.out_bias.reshape(1))]
    if is_new:
        body += [_floats("direct weight", torch.tensor([float(model.direct)])), test.encode()]
    text = encode_text(provenance)
    body = b"".join([*body, text])
    more = HEADER_2.pack(len(test.x), encode_model_name(name)) if is_new else b""

    def header(checksum):
        return HEADER.pack(MAGIC, 2 if is_new else 1, HEADER.size + len(more) + len(body), checksum, sample_rate_hz,
                           hidden, len(knobs), len(model.layers), model.weight_deltas.shape[0], n_conditioned,
                           len(text), model.cell) + more

    checksum = zlib.crc32(header(0)[CHECKED_FROM:] + body)
    return header(checksum) + body


def write_atomically(path, data):
    """Writes a file; after any failure, the old file is unchanged."""
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException as error:
        os.unlink(temporary)
        if isinstance(error, OSError) and error.filename is None:
            raise OSError(error.errno, error.strerror, str(path)) from error  # a full disk has no name by itself
        raise


def read(path):
    """(AffineCell in float32, sample rate in Hz, knobs, provenance) of a file that export.py wrote.

    It checks only the size, the version and the checksum; the plugin's reader checks everything.
    """
    data = Path(path).read_bytes()
    if len(data) < HEADER.size or data[:8] != MAGIC:
        raise ModelError(f"{path} is not a model file: it does not begin with a model file's magic bytes")
    (_, version, size, checksum, rate, hidden, n_knobs, n_layers, n_features, n_conditioned,
     n_text, cell) = HEADER.unpack_from(data)
    if version not in VERSIONS:
        raise ModelError(f"{path}: version is {version}; only {VERSIONS[0]} to {VERSIONS[-1]} are supported")
    if size != len(data):
        raise ModelError(f"{path} is damaged: it has {len(data)} bytes; its header says {size}")
    if zlib.crc32(data[CHECKED_FROM:]) != checksum:
        raise ModelError(f"{path} is damaged: its checksum is wrong")
    offset = HEADER.size

    def unpack(layout):
        nonlocal offset
        values = layout.unpack_from(data, offset)
        offset += layout.size
        return values

    def floats(*shape):
        nonlocal offset
        values = np.frombuffer(data, "<f4", int(np.prod(shape)), offset).reshape(shape)
        offset += values.nbytes
        return torch.from_numpy(values.astype(np.float32))

    n_test = unpack(HEADER_2)[0] if version > 1 else 0
    knobs = []
    for _ in range(n_knobs):
        name, low, high = unpack(KNOB)
        knobs.append((name.rstrip(b"\0").decode(), low, high))
    layers, width = [], n_knobs
    for _ in range(n_layers):
        n_out, slope = unpack(LAYER)
        layers.append((floats(n_out, width), floats(n_out), slope))
        width = n_out
    theta0 = floats(theta_layout.size(hidden, cell))
    weight_deltas = torch.zeros(n_features, len(theta0))
    weight_deltas[:, :n_conditioned] = floats(n_features, n_conditioned)
    out_weight, out_bias = floats(hidden), floats(1)[0]
    direct = float(floats(1)[0]) if version > 1 else 0.0
    if n_test:
        floats(n_knobs + 2 * n_test)
    model = AffineCell(layers, theta0, weight_deltas, out_weight, out_bias, cell, direct)
    return model, rate, knobs, data[offset:offset + n_text].decode()
