# SPDX-License-Identifier: MIT
"""Reads and writes the plugin's model file, whose layout FORMAT.md describes."""

import os
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import torch

from pyneuralfx import AffineGru, ModelError

MAGIC = b"\x89OD3\r\n\x1a\n"
VERSION = 1
HEADER = struct.Struct("<8s11I")
CHECKED_FROM = 20  # the checksum covers the file from here to its end
KNOB = struct.Struct("<16s2f")
LAYER = struct.Struct("<If")
NAME_BYTES = 15
LARGEST = 1e4  # no parameter may be larger than this


def _floats(tensor):
    values = tensor.detach().double().numpy()
    if values.size and np.abs(values).max() > LARGEST:
        raise ModelError(f"a parameter is {np.abs(values).max():.3g}; at most {LARGEST:g} is allowed")
    return values.astype("<f4").tobytes()


def _name(text):
    name = text.encode("utf-8")
    if not 0 < len(name) <= NAME_BYTES or not text.isprintable():
        raise ModelError(f"knob name {text!r} must be 1 to {NAME_BYTES} bytes of printable text")
    return name


def encode(model, sample_rate_hz, knobs, provenance):
    """The bytes of a model file. knobs holds a (name, min, max) for each knob."""
    hidden = len(model.out_weight)
    used = np.flatnonzero(np.abs(model.moved.detach().numpy()).sum(0))
    n_moved = int(used[-1]) + 1 if len(used) else 0
    body = [KNOB.pack(_name(name), low, high) for name, low, high in knobs]
    for weight, bias, slope in model.layers:
        body += [LAYER.pack(len(bias), slope), _floats(weight), _floats(bias)]
    body += [_floats(model.theta0), _floats(model.moved[:, :n_moved]), _floats(model.out_weight),
             _floats(model.out_bias.reshape(1))]
    text = provenance.encode("utf-8")
    body = b"".join(body) + text

    def header(checksum):
        return HEADER.pack(MAGIC, VERSION, HEADER.size + len(body), checksum, sample_rate_hz, hidden, len(knobs),
                           len(model.layers), model.moved.shape[0], n_moved, len(text), 0)

    checksum = zlib.crc32(header(0)[CHECKED_FROM:] + body)
    return header(checksum) + body


def write_atomically(path, data):
    """Writes a file that is whole or, after any failure, as it was before."""
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
    except BaseException:
        os.unlink(temporary)
        raise


def read(path):
    """A model file of our own as (AffineGru in float32, sample rate in Hz, knobs, provenance).

    It trusts the file beyond its checksum; the plugin's own reader does not.
    """
    data = Path(path).read_bytes()
    if len(data) < HEADER.size or data[:8] != MAGIC:
        raise ModelError(f"{path} is no model file")
    (_, version, size, checksum, rate, hidden, n_knobs, n_layers, n_features, n_moved, n_text,
     _) = HEADER.unpack_from(data)
    if version != VERSION or size != len(data) or zlib.crc32(data[CHECKED_FROM:]) != checksum:
        raise ModelError(f"{path} is damaged or of another version")
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

    knobs = []
    for _ in range(n_knobs):
        name, low, high = unpack(KNOB)
        knobs.append((name.rstrip(b"\0").decode(), low, high))
    layers, width = [], n_knobs
    for _ in range(n_layers):
        n_out, slope = unpack(LAYER)
        layers.append((floats(n_out, width), floats(n_out), slope))
        width = n_out
    theta0 = floats(7 * hidden + 3 * hidden * hidden)
    moved = torch.zeros(n_features, len(theta0))
    moved[:, :n_moved] = floats(n_features, n_moved)
    model = AffineGru(layers, theta0, moved, floats(hidden), floats(1)[0])
    return model, rate, knobs, data[offset:offset + n_text].decode()
