# SPDX-License-Identifier: MIT
"""The training kernel (training_kernel.c) for Python: built on first use, playing, and torch autograd.

A stream is one signal with its own knobs; several are played side by side, on all processors that the
process may use unless set_threads says otherwise. The result does not depend on the number of threads.
"""

import concurrent.futures
import ctypes
import functools
import hashlib
import os
import platform
import shlex
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch

from shared_modules import theta_layout

HERE = Path(__file__).resolve().parent
INCLUDE = HERE.parent / "src"
SOURCE = HERE / "training_kernel.c"
HEADERS = (*(INCLUDE / name for name in ("common/realtime.h", "rnn/activation.h", "rnn/theta_layout.h")),
           *(HERE / f"training_{name}.h" for name in ("cell", "gru", "lstm")))
FLAGS = "-std=gnu11 -O3 -march=native -fno-math-errno -fno-trapping-math -ffinite-math-only -fno-signed-zeros"
CPUINFO = Path("/proc/cpuinfo")
VECTOR_FLOATS = 8  # the least in training_cell.h; the kernel is built for hidden sizes that are multiples of it
NAMES = {theta_layout.GRU: "gru", theta_layout.LSTM: "lstm"}
N_STATES = {theta_layout.GRU: 1, theta_layout.LSTM: 2}  # numbers in the state of a unit: h, and c of an LSTM
N_KEPT = {theta_layout.GRU: 4, theta_layout.LSTM: 5}  # numbers of a unit and step that the backward pass needs
TASKS_PER_THREAD = 4  # more balance the threads better when other programs run
SHORTEST_SHARED = 2048  # samples of all streams together; fewer take less time than to wake a thread
CLIP_FACTOR = 4.0  # a stream's gradient may be this many times the median of all streams


def _processor():
    """Text that differs between processors with different instructions."""
    try:
        lines = CPUINFO.read_text().splitlines()
    except OSError:
        lines = []
    features = {line for line in lines if line.startswith(("flags", "Features"))}
    return "\n".join([platform.machine(), platform.processor(), *sorted(features)])


def _cached_library(name, command):
    """The path in the user's cache for this source, command and processor.

    The processor counts because -march=native code of one stops with SIGILL on another, and a home
    folder may be shared.
    """
    key = hashlib.sha256("\0".join([*command, _processor()]).encode())
    for path in (SOURCE, *HEADERS):
        key.update(path.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "od3.lv2"
    return cache / f"training-kernel-{name}-{key.hexdigest()[:16]}.so"


def _build(hidden_size, cell=theta_layout.GRU):
    """The path of the library for one hidden size and cell, built if the cache has none; OSError when that fails."""
    command = [*shlex.split(os.environ.get("CC", "gcc")), *FLAGS.split(), f"-DHIDDEN={hidden_size}",
               f"-DLSTM={int(cell == theta_layout.LSTM)}", f"-I{INCLUDE}", "-shared", "-fPIC"]
    library = _cached_library(f"{NAMES[cell]}-{hidden_size}", command)
    if library.exists():
        return library
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        built = Path(folder) / library.name
        result = subprocess.run([*command, "-o", str(built), str(SOURCE)], capture_output=True, text=True, check=False)
        if result.returncode:
            said = " ".join(result.stderr.split())[:200]
            raise OSError(f"{SOURCE}: {command[0]} failed with exit status {result.returncode}: {said}")
        os.replace(built, library)
    return library


@functools.lru_cache(maxsize=None)
def _library(hidden_size, cell):
    return ctypes.CDLL(str(_build(hidden_size, cell)))


@functools.lru_cache(maxsize=1)
def _workers(n_threads):
    return concurrent.futures.ThreadPoolExecutor(n_threads)


_n_threads = len(os.sched_getaffinity(0))


def set_threads(n_threads):
    """Sets how many threads share the streams of a call, for all later calls."""
    global _n_threads  # pylint: disable=global-statement
    _n_threads = n_threads


def in_threads(function, items):
    """The results of function(item) for each item, in threads. The function must not call this module's others."""
    return list((map if _n_threads == 1 else _workers(_n_threads).map)(function, items))


def _share(function, n_streams, n, *arguments):
    """Calls function(first, end, n, *arguments) for parts of the streams, in threads; returns their results."""
    if _n_threads == 1 or n_streams * n < SHORTEST_SHARED:
        return [function(0, n_streams, n, *arguments)]
    n_tasks = min(n_streams, TASKS_PER_THREAD * _n_threads)
    edges = [n_streams * task // n_tasks for task in range(n_tasks + 1)]
    return list(_workers(_n_threads).map(lambda first, end: function(first, end, n, *arguments), edges, edges[1:]))


def _pointer(tensor, *shape):
    if tensor.dtype != torch.float32 or not tensor.is_contiguous() or tuple(tensor.shape) != shape:
        raise ValueError(f"need contiguous float32 {shape}, not {tensor.dtype} {tuple(tensor.shape)}")
    return ctypes.c_void_p(tensor.data_ptr())


@functools.lru_cache(maxsize=None)
def _padding(hidden, padded, cell):
    """The indices in theta of `padded` units where the parameters of `hidden` units belong."""
    columns = np.arange(hidden)
    n_gates, head = theta_layout.n_gates(cell), theta_layout.head_size(padded, cell)
    parts = [first + columns for first in range(0, head, padded)]
    rows = [head + (n_gates * row + gate) * padded + columns for row in range(hidden) for gate in range(n_gates)]
    return torch.from_numpy(np.concatenate(parts + rows))


def _pad(theta, out_weight, cell):
    """theta and the output weights, with zeros for more units up to the kernel's next size; the sound is the same."""
    hidden = out_weight.shape[-1]
    padded = -(-hidden // VECTOR_FLOATS) * VECTOR_FLOATS
    if padded == hidden:
        return theta.contiguous(), out_weight.contiguous()
    wide = theta.new_zeros(theta.shape[0], theta_layout.size(padded, cell))
    wide = wide.index_copy(1, _padding(hidden, padded, cell), theta)
    return wide, torch.nn.functional.pad(out_weight, (0, padded - hidden))


def lagrange_taps(delay):
    """(first, taps): the state `delay` samples ago is the sum of taps[k] times the state first + k samples ago.

    A whole delay has one tap. Any other has three: the parabola through the three nearest states
    that are at least one sample old.
    """
    if delay == int(delay):
        return int(delay), [1.0]
    first = max(1, round(delay) - 1)
    d = delay - first
    return first, [(d - 1) * (d - 2) / 2, -d * (d - 2), d * (d - 1) / 2]


def render(x, theta, out_weight, out_bias, state=None, delay=1, cell=theta_layout.GRU):
    """Plays x [streams][n]; returns y [streams][n] and the last states [streams][history][S], oldest first.

    theta [streams][N], out_weight [H], out_bias []. A state holds h of each unit, and then c of an LSTM's.
    The state fed back is `delay` samples old (see lagrange_taps); n is a multiple of the history that
    this needs. A given state is updated in place; None means zeros. A GPU supports only delay 1 and no
    given state.
    """
    if theta.is_cuda:
        assert delay == 1 and state is None
        with torch.no_grad():
            zeros = theta.new_zeros(len(theta), N_STATES[cell] * len(out_weight))
            y, state = _steps(x, theta, out_weight, out_bias, zeros, cell)
        return y, state[:, None]
    theta, out_weight = _pad(theta.float(), out_weight.float(), cell)
    n_streams, n = x.shape
    hidden = len(out_weight)
    first, taps = lagrange_taps(delay)
    history = first + len(taps) - 1
    if n % history:
        raise ValueError(f"x has {n} samples; a delay of {delay} needs a multiple of {history}")
    size = N_STATES[cell] * hidden
    state = torch.zeros(n_streams, history, size) if state is None else state
    y = torch.empty(n_streams, n)
    _share(
        _library(hidden, cell).render, n_streams, n, first, len(taps), (ctypes.c_float * len(taps))(*taps),
        _pointer(x, n_streams, n), _pointer(theta, n_streams, theta_layout.size(hidden, cell)),
        _pointer(out_weight, hidden), ctypes.c_float(float(out_bias)), _pointer(state, n_streams, history, size),
        _pointer(y, n_streams, n))
    return y, state


class _Cell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, theta, out_weight, out_bias, state, cell):
        n_streams, n = x.shape
        hidden = len(out_weight)
        size, n_kept = N_STATES[cell] * hidden, N_KEPT[cell] * hidden
        states = torch.empty(n_streams, n + 1, size)
        states[:, 0] = state
        kept = torch.empty(n_streams, n, n_kept)
        y = torch.empty(n_streams, n)
        _share(
            _library(hidden, cell).forward, n_streams, n, _pointer(x, n_streams, n),
            _pointer(theta, n_streams, theta_layout.size(hidden, cell)), _pointer(out_weight, hidden),
            ctypes.c_float(float(out_bias)), _pointer(states, n_streams, n + 1, size),
            _pointer(kept, n_streams, n, n_kept), _pointer(y, n_streams, n))
        ctx.cell = cell
        ctx.save_for_backward(x, theta, out_weight, states, kept)
        last = states[:, -1].clone()
        ctx.mark_non_differentiable(last)
        return y, last

    @staticmethod
    def backward(ctx, dy, _):
        x, theta, out_weight, states, kept = ctx.saved_tensors
        n_streams, n = x.shape
        hidden, n_theta = len(out_weight), theta.shape[1]
        dtheta = torch.zeros_like(theta)
        dout_weight = torch.zeros(n_streams, hidden)
        dout_bias = torch.zeros(n_streams)
        dy = dy.contiguous()
        statuses = _share(
            _library(hidden, ctx.cell).backward, n_streams, n, _pointer(x, n_streams, n),
            _pointer(theta, n_streams, n_theta), _pointer(out_weight, hidden),
            _pointer(states, n_streams, n + 1, states.shape[2]), _pointer(kept, n_streams, n, kept.shape[2]),
            _pointer(dy, n_streams, n), _pointer(dtheta, n_streams, n_theta), _pointer(dout_weight, n_streams, hidden),
            _pointer(dout_bias, n_streams))
        if any(statuses):
            n_bytes = 4 * theta_layout.matrix_size(hidden, ctx.cell)
            raise MemoryError(f"the backward pass has no memory for {n_bytes} bytes, the hidden matrix of {hidden} "
                              "units")
        scale = _stream_scale(dtheta)[:, None]
        dtheta.mul_(scale)
        return None, dtheta, (dout_weight * scale).sum(0), (dout_bias * scale[:, 0]).sum(), None, None


def _stream_scale(dtheta):
    """The factor for each stream's gradient: 1, less for an outlier. A gradient that is not finite is set to 0.

    At some knob positions the network is nearly unstable, and gradients overflow within one buffer.
    """
    norm = dtheta.norm(dim=1)
    finite = torch.isfinite(norm)
    if not finite.all():
        dtheta[~finite] = 0.0
    limit = CLIP_FACTOR * norm[finite].median() if finite.any() else norm.new_tensor(0.0)
    return torch.where(finite, (limit / (norm + 1e-20)).clamp(max=1.0), torch.zeros_like(norm))


@torch.jit.script
def _scan_gru(side, hidden_bias, hidden_matrix, state):
    """The states [streams][n][H] of a GRU. side [streams][n][3H] is the input's part of the pre-activations,
    hidden_bias [streams][H] the bias of n that r multiplies, hidden_matrix [streams][H][3H]."""
    size = state.shape[1]
    states = []
    for t in range(side.shape[1]):
        sums = torch.bmm(state[:, None], hidden_matrix)[:, 0]
        gates = torch.sigmoid(side[:, t, :2 * size] + sums[:, :2 * size])
        n = torch.tanh(side[:, t, 2 * size:] + gates[:, :size] * (hidden_bias + sums[:, 2 * size:]))
        state = n + gates[:, size:] * (state - n)
        states.append(state)
    return torch.stack(states, 1)


@torch.jit.script
def _scan_lstm(side, hidden_matrix, state):
    """The states [streams][n][2H] of an LSTM; as _scan_gru, with 4H in place of 3H."""
    size = state.shape[1] // 2
    states = []
    for t in range(side.shape[1]):
        sums = side[:, t] + torch.bmm(state[:, None, :size], hidden_matrix)[:, 0]
        i, f, g, o = sums.chunk(4, 1)
        c = torch.sigmoid(f) * state[:, size:] + torch.sigmoid(i) * torch.tanh(g)
        state = torch.cat([torch.sigmoid(o) * torch.tanh(c), c], 1)
        states.append(state)
    return torch.stack(states, 1)


def split_theta(theta, size, cell=theta_layout.GRU):
    """Biases [streams][4H], input weights [streams][G] and hidden matrix [streams][H][G], as views of theta.

    G is the number of gates times H.
    """
    matrix = theta[:, theta_layout.hidden_matrix(size, cell)].reshape(len(theta), size, -1)
    return theta[:, theta_layout.biases(size, cell)], theta[:, theta_layout.input_weights(size, cell)], matrix


def _steps(x, theta, out_weight, out_bias, state, cell):
    """Does the C kernel's work in torch: y [streams][n] from state [streams][S], and the last state."""
    size = len(out_weight)
    bias, input_weight, hidden_matrix = split_theta(theta, size, cell)
    side = bias[:, None, :input_weight.shape[1]] + x[:, :, None] * input_weight[:, None]
    if cell == theta_layout.LSTM:
        states = _scan_lstm(side, hidden_matrix, state)
    else:
        states = _scan_gru(side, bias[:, -size:], hidden_matrix, state)
    return states[..., :size] @ out_weight + out_bias, states[:, -1]


def play_torch(x, theta, out_weight, out_bias, state, cell=theta_layout.GRU):
    """As play, in torch and on any device; a GPU needs hundreds of streams to be worth it."""
    if theta.requires_grad:
        # A view, whose gradient is clipped before it is passed on.
        theta = theta.view_as(theta)
        theta.register_hook(lambda gradient: gradient * _stream_scale(gradient)[:, None])
    y, last = _steps(x, theta, out_weight, out_bias, state, cell)
    return y, last.detach()


def play(x, theta, out_weight, out_bias, state, cell=theta_layout.GRU):
    """As render at delay 1, but differentiable; returns (y, state). Clips the gradient of each stream."""
    if theta.is_cuda:
        return play_torch(x, theta, out_weight, out_bias, state, cell)
    theta, out_weight = _pad(theta, out_weight, cell)
    return _Cell.apply(x, theta, out_weight, out_bias, state, cell)
