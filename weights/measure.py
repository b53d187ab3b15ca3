# SPDX-License-Identifier: MIT
"""What can be measured of a model by playing it: error, aliasing, harmonics, response, rest, cost.

Models are pyneuralfx.AffineGru. Signals are float32 or float64 numpy arrays [lanes][n] or [n] at
rate_hz, the model's own unless told otherwise; knobs are [lanes][n_knobs], -1...+1.
"""

import math
import time

import numpy as np
import soundfile
import torch
from scipy.signal import resample_poly

import kernel

GRID = np.linspace(-1, 1, 5, dtype=np.float32)
SKIP_S = 0.05
RANDOM_SEED = 5
SETTLE_S = 0.25
LANES_AT_ONCE = 256
TEST_TONES_HZ = (1245, 2500, 5000)
TONE_LEVELS_DB = (-20, -10, 0)
REST_LIMIT = 1e-5
REST_RATES_HZ = (44100, 48000, 88200, 96000, 192000)


def read_clip(path, rate_hz):
    """The first channel of a sound file at rate_hz, float32."""
    audio, clip_rate_hz = soundfile.read(path, always_2d=True)
    common = math.gcd(clip_rate_hz, rate_hz)
    return resample_poly(audio[:, 0], rate_hz // common, clip_rate_hz // common).astype(np.float32)


def grid_shape(n_knobs):
    """Positions of the first and of the second knob in the grid."""
    return (len(GRID) if n_knobs > 0 else 1, len(GRID) if n_knobs > 1 else 1)


def grid_axes(names):
    """(name, values) of the grid's rows and of its columns."""
    rows, columns = grid_shape(len(names))
    first, second = [*names, "", ""][:2]
    return (first, GRID[:rows]), (second, GRID[:columns])


def knob_positions(n_knobs, n_random=0):
    """Knobs [positions][n_knobs]: the grid of the first two, the others in the middle, then random ones."""
    n_moved = min(2, n_knobs)
    grid = np.stack(np.meshgrid(*[GRID] * n_moved, indexing="ij"), -1).reshape(-1, n_moved) if n_moved else [[]]
    drawn = np.random.default_rng(RANDOM_SEED).uniform(-1, 1, (n_random if n_moved else 0, n_moved))
    positions = np.zeros((len(grid) + len(drawn), n_knobs), np.float32)
    positions[:, :n_moved] = np.concatenate([grid, drawn])
    return positions


def play(model, x, knobs, delay=1):
    """The model's output [lanes][n], from rest, for one x [n] or one for each lane; float64.

    The state fed back is `delay` samples old: at `delay` times its rate, a model sounds the same.
    """
    knobs = torch.from_numpy(np.asarray(knobs, np.float32))
    x = np.broadcast_to(np.asarray(x, np.float32), (len(knobs), np.shape(x)[-1]))
    first, taps = kernel.lagrange_taps(delay)
    history = first + len(taps) - 1
    n_settle = int(SETTLE_S * 48000 * delay) // history * history
    padding = -x.shape[1] % history
    parts = []
    for start in range(0, len(knobs), LANES_AT_ONCE):
        rows = slice(start, start + LANES_AT_ONCE)
        theta = model.theta(knobs[rows])
        lanes = len(theta)
        _, state = kernel.render(torch.zeros(lanes, n_settle), theta, model.out_weight, model.out_bias, delay=delay)
        padded = torch.from_numpy(np.pad(x[rows], ((0, 0), (0, padding))))
        y, _ = kernel.render(padded, theta, model.out_weight, model.out_bias, state, delay)
        parts.append(y[:, :x.shape[1]].double().numpy())
    return np.concatenate(parts)


def esr(y, target, rate_hz):
    """Error-to-signal ratio of each row of y, after the first 50 ms and with means removed."""
    skip = int(SKIP_S * rate_hz)
    y, target = (signal[:, skip:] - signal[:, skip:].mean(1, keepdims=True) for signal in (y, target))
    return ((y - target) ** 2).sum(1) / ((target ** 2).sum(1) + 1e-12)


def tone(frequency_hz, level_db, rate_hz, seconds=1.0):
    """A sine whose peak is level_db below full scale."""
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * frequency_hz * np.arange(int(seconds * rate_hz)) / rate_hz)


def steady_spectrum(model, x_second, knobs, delay=1):
    """Amplitudes [lanes][1 Hz bins] that a signal of one second, repeated, comes out with."""
    n = len(x_second)
    y = play(model, np.concatenate([x_second[-n // 4:], x_second]), knobs, delay)[:, -n:]
    return np.abs(np.fft.rfft(y)) * 2 / n


def aliasing_db(model, knobs, rate_hz, factor, frequency_hz, level_db):
    """ASR [lanes]: what lies beside the sine's harmonics below half of rate_hz, over them.

    The model runs at `factor` times rate_hz. All frequencies are whole, in Hz (arXiv 2505.04082).
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
    """Levels [lanes][count] of the first harmonics of a sine, in dB of full scale."""
    spectrum = steady_spectrum(model, tone(frequency_hz, level_db, rate_hz), knobs)
    return 20 * np.log10(spectrum[:, frequency_hz:frequency_hz * (count + 1):frequency_hz] + 1e-12)


def transfer(model, knobs, rate_hz, frequency_hz=100, peak=0.5):
    """x [n] and y [lanes][n] of one period of a slow sine."""
    x = peak * np.sin(2 * np.pi * frequency_hz * np.arange(rate_hz // 2) / rate_hz)
    period = rate_hz // frequency_hz
    return x[-period:], play(model, x, knobs)[:, -period:]


def response_db(model, knobs, rate_hz, peak=1e-3):
    """Frequencies [bins] and small-signal gain [lanes][bins] in dB, from an impulse."""
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
    """The state delay with which the plugin plays at a rate: below the model's own it is ignored."""
    return max(1.0, rate_hz / model_rate_hz)


def _unrest(model, model_rate_hz, rate_hz, knobs, wait_s):
    """How much the output of each lane moves, peak to peak, in the 50 ms before wait_s after noise of 50 ms."""
    part = int(0.05 * rate_hz)
    x = np.zeros(part + int(wait_s * rate_hz))
    x[:part] = np.random.default_rng(1).uniform(-1, 1, part)
    moves = [np.ptp(play(model, x, some, rest_delay(rate_hz, model_rate_hz))[:, -part:], axis=1)
             for some in np.array_split(knobs, -(-len(knobs) // LANES_AT_ONCE))]
    return np.concatenate(moves)


def unrest(model, model_rate_hz, rate_hz, n_knobs, n_positions=81):
    """How much the output still moves after noise, peak to peak, over the plane of the first two knobs.

    0.3 s after; where that is more than REST_LIMIT, a second later: what is slow comes to rest then,
    and what whistles goes on.
    """
    axis = np.linspace(-1, 1, n_positions, dtype=np.float32)
    moved = min(2, n_knobs)
    knobs = np.zeros((n_positions ** moved, n_knobs), np.float32)
    if moved:
        knobs[:, :moved] = np.stack(np.meshgrid(*[axis] * moved, indexing="ij"), -1).reshape(-1, moved)
    moves = _unrest(model, model_rate_hz, rate_hz, knobs, 0.3)
    slow = moves > REST_LIMIT
    if slow.any():
        moves[slow] = _unrest(model, model_rate_hz, rate_hz, knobs[slow], 1.3)
    return moves.reshape(n_positions if moved > 0 else 1, n_positions if moved > 1 else 1)


def multiplications(model):
    """Of the network, for one sample."""
    size = len(model.out_weight)
    return 3 * size * size + 3 * size + 3 * size + size


def times_faster_than_torch(model, knobs, n=4800, rounds=5):
    """How many times faster the training kernel plays than torch's nn.GRU: the median of rounds."""
    theta = model.theta(torch.from_numpy(np.asarray(knobs[:1], np.float32)))
    x = torch.randn(1, n, generator=torch.Generator().manual_seed(1))
    network = torch.nn.GRU(1, len(model.out_weight), batch_first=True)
    ratios = []
    with torch.no_grad():
        for _ in range(rounds):
            start = time.perf_counter()
            kernel.render(x, theta, model.out_weight, model.out_bias)
            middle = time.perf_counter()
            network(x[..., None])
            ratios.append((time.perf_counter() - middle) / (middle - start))
    return float(np.median(ratios))
