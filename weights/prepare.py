#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes training pairs: random playing and test signals through a teacher at random knob positions.

usage: prepare.py CHECKPOINT.pt CONFIG.yml DIR [--segments N] [--seed N] [--jobs N]

The teacher runs at 8 times its rate with a state delay of 8 samples, and its output is decimated:
the targets hold what the pedal does and none of the teacher's aliasing. DIR gets x.npy, y.npy
[segments][WARM_UP + LENGTH] and knobs.npy [segments][n_knobs], normalised to -1...+1.
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

import guitar
import kernel
import pyneuralfx

WARM_UP, LENGTH, TAIL = 1024, 4096, 512
FADE = 256
OVERSAMPLING = 8
LANES = 16
POOL_S = 1200
PASS_HZ = 21500  # the decimator's pass band; a raised cosine from there to half the rate
KNOB_OVERSHOOT = 1.12  # knobs are drawn this far and clipped, so that the ends are met often


def upsample(x, factor):
    """x [lanes][n] at `factor` times its rate, by its spectrum; it must fade at both ends."""
    spectrum = np.fft.rfft(x)
    spectrum[:, -1] = 0
    return np.fft.irfft(spectrum * factor, x.shape[1] * factor)


def downsample(y, factor, sample_rate_hz):
    """y [lanes][n] at 1/`factor` of its rate, by its spectrum, without phase shift."""
    n = y.shape[1] // factor
    spectrum = np.fft.rfft(y)[:, :n // 2 + 1] / factor
    frequency = np.linspace(0, sample_rate_hz / 2, n // 2 + 1)
    edge = (frequency - PASS_HZ) / (sample_rate_hz / 2 - PASS_HZ)
    return np.fft.irfft(spectrum * (0.5 + 0.5 * np.cos(np.pi * edge.clip(0, 1))), n)


def alias_free(model, x, knobs, sample_rate_hz):
    """The model's output for x [lanes][n] at knobs [lanes][n_knobs], without its aliasing."""
    wide = torch.from_numpy(upsample(x, OVERSAMPLING).astype(np.float32))
    y, _ = kernel.render(wide, model.theta(torch.from_numpy(knobs)), model.out_weight, model.out_bias,
                         delay=OVERSAMPLING)
    return downsample(y.numpy(), OVERSAMPLING, sample_rate_hz)


def _glide(rng, t, low_hz, high_hz):
    start, end = np.exp(rng.uniform(np.log(low_hz), np.log(high_hz), 2))
    rate = np.log(end / start) / t[-1] + 1e-9
    return np.sin(2 * np.pi * start / rate * np.expm1(rate * t))


def _sines(rng, t, count):
    frequency = np.exp(rng.uniform(np.log(60), np.log(9000), (count, 1)))
    phase = rng.uniform(0, 2 * np.pi, (count, 1))
    return np.sin(2 * np.pi * frequency * t + phase).sum(0) / np.sqrt(count)


def excitation(rng, pool, n):
    """One input of n samples: mostly playing, at many levels, and sines, glides, noise and silence."""
    t = np.arange(n) / guitar.SAMPLE_RATE_HZ
    kind = rng.random()
    low_db, high_db = -40, 0
    if kind < 0.80:
        start = rng.integers(len(pool) - n)
        x = pool[start:start + n] * rng.choice([-1, 1])
        low_db, high_db = (-60, -24) if rng.random() < 0.2 else (-24, 3)
    elif kind < 0.87:
        x = _sines(rng, t, 1)
    elif kind < 0.91:
        x = _sines(rng, t, rng.integers(2, 5))
    elif kind < 0.95:
        x = _glide(rng, t, 40, 16000)
    elif kind < 0.985:
        x = 0.25 * rng.standard_normal(n)
    else:
        x = np.zeros(n)
    x = x * 10 ** (rng.uniform(low_db, high_db) / 20)
    ramp = np.sin(np.linspace(0, np.pi / 2, FADE)) ** 2
    x[:FADE] *= ramp
    x[-FADE:] *= ramp[::-1]
    return x


def segments(model, n_knobs, pool, seed, sample_rate_hz):
    """LANES pairs (x, y, knobs), the same for the same seed."""
    rng = np.random.default_rng(seed)
    x = np.stack([excitation(rng, pool, WARM_UP + LENGTH + TAIL) for _ in range(LANES)])
    knobs = rng.uniform(-KNOB_OVERSHOOT, KNOB_OVERSHOOT, (LANES, n_knobs)).clip(-1, 1).astype(np.float32)
    y = alias_free(model, x, knobs, sample_rate_hz)
    return x[:, :-TAIL], y[:, :-TAIL], knobs


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("config")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--segments", type=int, default=49152, help="about 85 ms of sound each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args(arguments)
    try:
        config = pyneuralfx.read_config(options.config)
        model = pyneuralfx.affine_form(pyneuralfx.read_parameters(options.checkpoint, config), config)
    except (OSError, pyneuralfx.ModelError) as error:
        print(f"prepare.py: {error}", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    options.directory.mkdir(parents=True, exist_ok=True)
    print("making the playing ...", flush=True)
    pool = guitar.playing(options.seed, POOL_S)
    n_batches = -(-options.segments // LANES)
    shape = (n_batches * LANES, WARM_UP + LENGTH)
    x = np.lib.format.open_memmap(options.directory / "x.npy", "w+", np.float32, shape)
    y = np.lib.format.open_memmap(options.directory / "y.npy", "w+", np.float32, shape)
    knobs = np.lib.format.open_memmap(options.directory / "knobs.npy", "w+", np.float32,
                                      (shape[0], config.n_knobs))

    def work(batch):
        rows = slice(batch * LANES, (batch + 1) * LANES)
        x[rows], y[rows], knobs[rows] = segments(model, config.n_knobs, pool, (options.seed, batch),
                                                 config.sample_rate_hz)

    start = time.monotonic()
    with ThreadPoolExecutor(options.jobs) as executor:
        for done, _ in enumerate(executor.map(work, range(n_batches)), 1):
            if done % 64 == 0 or done == n_batches:
                left = (time.monotonic() - start) / done * (n_batches - done)
                print(f"{done * LANES}/{shape[0]} segments, {left:.0f} s left", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
