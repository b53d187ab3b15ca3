# SPDX-License-Identifier: MIT
"""Measures a model by playing it: error, aliasing, harmonics, response, silence, cost.

Models are pyneuralfx.AffineCell. Signals are float32 or float64 numpy arrays [streams][n] or [n] at
rate_hz, which is the model's own rate by default; knobs are [streams][n_knobs], each from -1 to +1.
"""

import math
import time

import numpy as np
import soundfile
import torch
from scipy.signal import resample_poly

import training_kernel
from shared_modules import theta_layout

GRID = np.linspace(-1, 1, 5, dtype=np.float32)
SKIP_S = 0.05
RANDOM_SEED = 5
PRIME_S = 0.25  # silence that is played first, so that the state is steady
STREAMS_AT_ONCE = 256
TEST_TONES_HZ = (1245, 2500, 5000)
TONE_LEVELS_DB = (-20, -10, 0)
REST_LIMIT = 1e-5  # peak to peak; an output that moves less is silent
REST_RATES_HZ = (44100, 48000, 88200, 96000, 192000)


def read_clip(path, rate_hz):
    """The first channel of a sound file at rate_hz, float32."""
    audio, clip_rate_hz = soundfile.read(path, always_2d=True)
    common = math.gcd(clip_rate_hz, rate_hz)
    return resample_poly(audio[:, 0], rate_hz // common, clip_rate_hz // common).astype(np.float32)


def grid_shape(n_knobs):
    """Positions of the first and of the second knob in the grid."""
    return (len(GRID) if n_knobs > 0 else 1, len(GRID) if n_knobs > 1 else 1)


def in_own_units(knob, values):
    """Values from -1 to +1 of a knob (name, low, high), in the pedal's own units."""
    _, low, high = knob
    return low + (np.asarray(values) + 1) * (high - low) / 2


def knob_axes(knobs, values, pair=(0, 1)):
    """(name, values in own units) of two knobs, of which the second or both may be missing; values are -1...+1."""
    return [(knobs[k][0], in_own_units(knobs[k], some)) if k < len(knobs) else ("", some[:1])
            for k, some in zip(pair, values)]


def knob_positions(n_knobs, n_random=0):
    """Knobs [positions][n_knobs]: a grid of the first two with other knobs in the middle, then random positions."""
    grid = pair_positions(n_knobs, (0, 1))
    drawn = np.random.default_rng(RANDOM_SEED).uniform(-1, 1, (n_random if n_knobs else 0, n_knobs))
    return np.concatenate([grid, drawn]).astype(np.float32)


def pair_positions(n_knobs, pair):
    """A grid [positions][n_knobs] of two knobs, the first slowest, with other knobs in the middle."""
    varied = [k for k in pair if k < n_knobs]
    grid = plane(GRID, len(varied))
    positions = np.zeros((len(grid), n_knobs), np.float32)
    positions[:, varied] = grid
    return positions


def plane(axis, n_varied):
    """All combinations [positions][n_varied] of the axis's values; the first knob varies slowest."""
    if n_varied == 0:
        return np.zeros((1, 0), np.float32)
    return np.stack(np.meshgrid(*[axis] * n_varied, indexing="ij"), -1).reshape(-1, n_varied)


def play(model, x, knobs, delay=1):
    """The model's output [streams][n], after silence, for one x [n] or one for each stream; float64.

    The state fed back is `delay` samples old: a model at `delay` times its rate needs this to sound the same.
    """
    knobs = torch.from_numpy(np.asarray(knobs, np.float32))
    x = np.broadcast_to(np.asarray(x, np.float32), (len(knobs), np.shape(x)[-1]))
    first, taps = training_kernel.lagrange_taps(delay)
    history = first + len(taps) - 1
    n_silent = int(PRIME_S * 48000 * delay) // history * history
    padding = -x.shape[1] % history
    parts = []
    for start in range(0, len(knobs), STREAMS_AT_ONCE):
        rows = slice(start, start + STREAMS_AT_ONCE)
        theta = model.theta(knobs[rows])
        silence = torch.zeros(len(theta), n_silent)
        network = theta, model.out_weight, model.out_bias
        _, state = training_kernel.render(silence, *network, delay=delay, cell=model.cell)
        padded = torch.from_numpy(np.pad(x[rows], ((0, 0), (0, padding))))
        y, _ = training_kernel.render(padded, *network, state, delay, model.cell)
        parts.append(y[:, :x.shape[1]].double().numpy())
    return np.concatenate(parts) + float(model.direct) * x


def esr(y, target, rate_hz):
    """Error-to-signal ratio of each row of y, after the first 50 ms and with means removed."""
    skip = int(SKIP_S * rate_hz)
    y, target = (signal[:, skip:] - signal[:, skip:].mean(1, keepdims=True) for signal in (y, target))
    return ((y - target) ** 2).sum(1) / ((target ** 2).sum(1) + 1e-12)


def tone(frequency_hz, level_db, rate_hz, seconds=1.0):
    """A sine whose peak is level_db below full scale."""
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * frequency_hz * np.arange(int(seconds * rate_hz)) / rate_hz)


def steady_spectrum(model, x_second, knobs, delay=1):
    """Amplitudes [streams][bins of 1 Hz] of the output when a signal of one second repeats."""
    n = len(x_second)
    y = play(model, np.concatenate([x_second[-n // 4:], x_second]), knobs, delay)[:, -n:]
    return np.abs(np.fft.rfft(y)) * 2 / n


def aliasing_db(model, knobs, rate_hz, factor, frequency_hz, level_db):
    """Aliasing-to-signal ratio [streams]: the power beside the sine's harmonics over the power in them.

    It counts what lies below half of rate_hz. The model runs at `factor` times rate_hz. All
    frequencies are whole, in Hz (arXiv 2505.04082).
    """
    x = tone(frequency_hz, level_db, rate_hz * factor)
    power = steady_spectrum(model, x, knobs, factor)[:, 1:rate_hz // 2] ** 2
    harmonics = power[:, frequency_hz - 1::frequency_hz].sum(1)
    return 10 * np.log10((power.sum(1) - harmonics) / harmonics + 1e-20)


def mean_aliasing_db(model, knobs, rate_hz, factor):
    """The mean of aliasing_db over the test tones and knobs, for each of TONE_LEVELS_DB."""
    return [np.mean([aliasing_db(model, knobs, rate_hz, factor, f, level_db) for f in TEST_TONES_HZ])
            for level_db in TONE_LEVELS_DB]


def harmonics_db(model, knobs, rate_hz, frequency_hz, level_db, count):
    """Levels [streams][count] of the first harmonics of a sine, in dB of full scale."""
    spectrum = steady_spectrum(model, tone(frequency_hz, level_db, rate_hz), knobs)
    return 20 * np.log10(spectrum[:, frequency_hz:frequency_hz * (count + 1):frequency_hz] + 1e-12)


def transfer(model, knobs, rate_hz, frequency_hz=100, peak=0.5):
    """x [n] and y [streams][n] of one period of a slow sine."""
    x = peak * np.sin(2 * np.pi * frequency_hz * np.arange(rate_hz // 2) / rate_hz)
    period = rate_hz // frequency_hz
    return x[-period:], play(model, x, knobs)[:, -period:]


def response_db(model, knobs, rate_hz, peak=1e-3):
    """Frequencies [bins] and small-signal gain [streams][bins] in dB, from an impulse."""
    impulse = np.zeros(8192)
    impulse[0] = peak
    y = play(model, impulse, knobs) - play(model, 0 * impulse, knobs)
    return np.fft.rfftfreq(8192, 1 / rate_hz)[1:], 20 * np.log10(np.abs(np.fft.rfft(y))[:, 1:] / peak + 1e-9)


def sweep(rate_hz, seconds=4.0, low_hz=40.0, level_db=-10.0):
    """A sine from low_hz to 20 kHz, its frequency rising exponentially."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    growth = math.log(20000 / low_hz) / seconds
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * low_hz / growth * np.expm1(growth * t))


def rest_delay(rate_hz, model_rate_hz):
    """The state delay, in samples, with which the plugin plays at a rate; at least 1."""
    return max(1.0, rate_hz / model_rate_hz)


def _unrest(model, model_rate_hz, rate_hz, knobs, wait_s):
    """Peak to peak of each stream's output in the last 50 ms of wait_s of silence after 50 ms of noise."""
    part = int(0.05 * rate_hz)
    x = np.zeros(part + int(wait_s * rate_hz))
    x[:part] = np.random.default_rng(1).uniform(-1, 1, part)
    moves = [np.ptp(play(model, x, some, rest_delay(rate_hz, model_rate_hz))[:, -part:], axis=1)
             for some in np.array_split(knobs, -(-len(knobs) // STREAMS_AT_ONCE))]
    return np.concatenate(moves)


def unrest(model, model_rate_hz, rate_hz, n_knobs, n_positions=81):
    """Peak to peak of the output after noise has ended, over the plane of the first two knobs; others are at random.

    It is measured 0.3 s after the noise; where that is above REST_LIMIT, a second later. A slow
    model is silent by then, and one that whistles is not.
    """
    n_varied = min(2, n_knobs)
    drawn = np.random.default_rng(RANDOM_SEED).uniform(-1, 1, (n_positions ** n_varied, n_knobs))
    knobs = drawn.astype(np.float32)
    knobs[:, :n_varied] = plane(np.linspace(-1, 1, n_positions, dtype=np.float32), n_varied)
    moves = _unrest(model, model_rate_hz, rate_hz, knobs, 0.3)
    slow = moves > REST_LIMIT
    if slow.any():
        moves[slow] = _unrest(model, model_rate_hz, rate_hz, knobs[slow], 1.3)
    return moves.reshape(n_positions if n_varied > 0 else 1, n_positions if n_varied > 1 else 1)


def multiplications(model):
    """The number of multiplications that the network needs for one sample."""
    hidden = len(model.out_weight)
    input_weights = theta_layout.n_gates(model.cell) * hidden
    per_unit = 3 * hidden  # r, z and the new state of a GRU; i, f and o of an LSTM
    return theta_layout.matrix_size(hidden, model.cell) + input_weights + per_unit + hidden


def times_faster_than_torch(model, knobs, n=4800, rounds=5):
    """How many times faster the training kernel plays than torch's nn.GRU or nn.LSTM: the median of rounds."""
    theta = model.theta(torch.from_numpy(np.asarray(knobs[:1], np.float32)))
    x = torch.randn(1, n, generator=torch.Generator().manual_seed(1))
    kind = torch.nn.LSTM if model.cell == theta_layout.LSTM else torch.nn.GRU
    network = kind(1, len(model.out_weight), batch_first=True)
    ratios = []
    with torch.no_grad():
        for _ in range(rounds):
            start = time.perf_counter()
            training_kernel.render(x, theta, model.out_weight, model.out_bias, cell=model.cell)
            middle = time.perf_counter()
            network(x[..., None])
            ratios.append((time.perf_counter() - middle) / (middle - start))
    return float(np.median(ratios))
