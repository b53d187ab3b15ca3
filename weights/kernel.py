# SPDX-License-Identifier: MIT
"""The training kernel (kernel.c) for Python: built on first use, rendering, and torch autograd."""

import ctypes
import functools
import hashlib
import os
import shlex
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
FLAGS = "-std=gnu11 -O3 -march=native -fno-math-errno -fno-trapping-math -ffinite-math-only -fno-signed-zeros"
LANES = 8
CLIP_FACTOR = 4.0


def _build(hidden_size):
    command = [*shlex.split(os.environ.get("CC", "gcc")), *FLAGS.split(), f"-DHIDDEN={hidden_size}", "-shared", "-fPIC"]
    sources = [HERE / "kernel.c", HERE.parent / "src/activation.h"]
    key = hashlib.sha256("".join(command).encode() + b"".join(s.read_bytes() for s in sources)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "od3.lv2"
    library = cache / f"kernel-{hidden_size}-{key}.so"
    if not library.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=cache, suffix=".so", delete=False) as temporary:
            subprocess.run([*command, "-o", temporary.name, str(sources[0])], check=True)
        os.replace(temporary.name, library)
    return library


@functools.lru_cache(maxsize=None)
def _library(hidden_size):
    return ctypes.CDLL(str(_build(hidden_size)))


def _pointer(tensor, *shape):
    if tensor.dtype != torch.float32 or not tensor.is_contiguous() or tuple(tensor.shape) != shape:
        raise ValueError(f"need contiguous float32 {shape}, not {tensor.dtype} {tuple(tensor.shape)}")
    return ctypes.c_void_p(tensor.data_ptr())


@functools.lru_cache(maxsize=None)
def _padding(hidden, padded):
    """Where theta of `hidden` units lies in theta of `padded` units."""
    row = np.concatenate([gate * padded + np.arange(hidden) for gate in range(3)])
    parts = [gate * padded + np.arange(hidden) for gate in range(4)]
    parts.append(4 * padded + row)
    parts.extend(7 * padded + 3 * padded * j + row for j in range(hidden))
    return torch.from_numpy(np.concatenate(parts))


def _pad(theta, out_weight):
    """theta and the output layer with zero units up to the kernel's next size: the same sound."""
    hidden = out_weight.shape[-1]
    padded = -(-hidden // LANES) * LANES
    if padded == hidden:
        return theta.contiguous(), out_weight.contiguous()
    wide = theta.new_zeros(theta.shape[0], 7 * padded + 3 * padded * padded)
    wide = wide.index_copy(1, _padding(hidden, padded), theta)
    return wide, torch.nn.functional.pad(out_weight, (0, padded - hidden))


def lagrange_taps(delay):
    """(first, taps): the state of `delay` samples ago is the sum of taps[k] times that of first + k ago.

    Exact for a whole number; else a parabola through the three nearest, none nearer than one sample.
    """
    if delay == int(delay):
        return int(delay), [1.0]
    first = max(1, round(delay) - 1)
    d = delay - first
    return first, [(d - 1) * (d - 2) / 2, -d * (d - 2), d * (d - 1) / 2]


def render(x, theta, out_weight, out_bias, state=None, delay=1):
    """y [lanes][n] of x [lanes][n], and the states [lanes][history][H'] after it, oldest first.

    theta [lanes][N], out_weight [H], out_bias []; the state fed back is `delay` samples old (see
    lagrange_taps), n a multiple of the history that it takes. A state that is passed in is updated
    in place. On a GPU: delay 1, from a state of zeros.
    """
    if theta.is_cuda:
        assert delay == 1 and state is None
        with torch.no_grad():
            y, state = _steps(x, theta, out_weight, out_bias, theta.new_zeros(len(theta), len(out_weight)))
        return y, state[:, None]
    theta, out_weight = _pad(theta.float(), out_weight.float())
    lanes, n = x.shape
    hidden = len(out_weight)
    first, taps = lagrange_taps(delay)
    history = first + len(taps) - 1
    if n % history:
        raise ValueError(f"{n} samples are no multiple of {history}")
    state = torch.zeros(lanes, history, hidden) if state is None else state
    y = torch.empty(lanes, n)
    _library(hidden).gru_render(
        lanes, n, first, len(taps), (ctypes.c_float * len(taps))(*taps), _pointer(x, lanes, n),
        _pointer(theta, lanes, theta.shape[1]), _pointer(out_weight, hidden), ctypes.c_float(float(out_bias)),
        _pointer(state, lanes, history, hidden), _pointer(y, lanes, n))
    return y, state


class _Gru(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, theta, out_weight, out_bias, state):
        lanes, n = x.shape
        hidden = len(out_weight)
        states = torch.empty(lanes, n + 1, hidden)
        states[:, 0] = state
        gates = torch.empty(lanes, n, 4 * hidden)
        y = torch.empty(lanes, n)
        _library(hidden).gru_forward(
            lanes, n, _pointer(x, lanes, n), _pointer(theta, lanes, theta.shape[1]), _pointer(out_weight, hidden),
            ctypes.c_float(float(out_bias)), _pointer(states, lanes, n + 1, hidden),
            _pointer(gates, lanes, n, 4 * hidden), _pointer(y, lanes, n))
        ctx.save_for_backward(x, theta, out_weight, states, gates)
        last = states[:, -1].clone()
        ctx.mark_non_differentiable(last)
        return y, last

    @staticmethod
    def backward(ctx, dy, _):
        x, theta, out_weight, states, gates = ctx.saved_tensors
        lanes, n = x.shape
        hidden = len(out_weight)
        dtheta = torch.zeros_like(theta)
        dout_weight = torch.zeros(lanes, hidden)
        dout_bias = torch.zeros(lanes)
        dy = dy.contiguous()
        _library(hidden).gru_backward(
            lanes, n, _pointer(x, lanes, n), _pointer(theta, lanes, theta.shape[1]), _pointer(out_weight, hidden),
            _pointer(states, lanes, n + 1, hidden), _pointer(gates, lanes, n, 4 * hidden), _pointer(dy, lanes, n),
            _pointer(dtheta, lanes, theta.shape[1]), _pointer(dout_weight, lanes, hidden),
            _pointer(dout_bias, lanes))
        scale = _lane_scale(dtheta)[:, None]
        dtheta.mul_(scale)
        return None, dtheta, (dout_weight * scale).sum(0), (dout_bias * scale[:, 0]).sum(), None


def _lane_scale(dtheta):
    """What to scale each lane's gradient by: one, less for an outlier; one that is not finite is zeroed.

    Knob positions where the recurrence is nearly unstable give gradients that overflow within a chunk.
    """
    norm = dtheta.norm(dim=1)
    finite = torch.isfinite(norm)
    dtheta[~finite] = 0.0
    limit = CLIP_FACTOR * norm[finite].median() if finite.any() else norm.new_tensor(0.0)
    return torch.where(finite, (limit / (norm + 1e-20)).clamp(max=1.0), torch.zeros_like(norm))


@torch.jit.script
def _steps(x, theta, out_weight, out_bias, state):
    """What the C kernel does, in torch: y [lanes][n] of x [lanes][n] from state [lanes][H], and the last state."""
    size = out_weight.shape[0]
    bias = theta[:, :4 * size]
    in_weight = theta[:, 4 * size:7 * size]
    hidden = theta[:, 7 * size:].reshape(-1, size, 3 * size)
    states = []
    for t in range(x.shape[1]):
        side = in_weight * x[:, t:t + 1]
        sums = torch.bmm(state[:, None], hidden)[:, 0]
        gates = torch.sigmoid(bias[:, :2 * size] + side[:, :2 * size] + sums[:, :2 * size])
        n = torch.tanh(bias[:, 2 * size:3 * size] + side[:, 2 * size:]
                       + gates[:, :size] * (bias[:, 3 * size:] + sums[:, 2 * size:]))
        state = n + gates[:, size:] * (state - n)
        states.append(state)
    return torch.stack(states, 1) @ out_weight + out_bias, state


def gru_torch(x, theta, out_weight, out_bias, state):
    """As gru, in torch and on any device; a GPU needs hundreds of lanes to be worth it."""
    if theta.requires_grad:
        # A view of its own, whose gradient is clipped before it is passed on.
        theta = theta.view_as(theta)
        theta.register_hook(lambda gradient: gradient * _lane_scale(gradient)[:, None])
    y, last = _steps(x, theta, out_weight, out_bias, state)
    return y, last.detach()


def gru(x, theta, out_weight, out_bias, state):
    """As render at delay 1, differentiable; gradients are clipped lane by lane. Returns (y, state)."""
    if theta.is_cuda:
        return gru_torch(x, theta, out_weight, out_bias, state)
    theta, out_weight = _pad(theta, out_weight)
    return _Gru.apply(x, theta, out_weight, out_bias, state)
