#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prepares training pairs: from a teacher's checkpoint, or from recordings of a pedal.

usage: prepare.py teacher CHECKPOINT.pt CONFIG.yml DIR [--segments N] [--seed N] [--jobs N]
       prepare.py recordings FOLDER CONFIG.yml DIR [--align]

teacher: random playing and test signals through the model at random knob positions. It runs at 8
times its rate with a state delay of 8 samples, and its output is decimated: the targets hold what
the pedal does and none of the model's aliasing.
recordings: FOLDER/x/x_d0_t0.wav and FOLDER/y/y_d0_t0.wav as PyNeuralFx names them: what went in and
what came out, a pair for each knob position, whose values may be fractions. CONFIG.yml tells the
rate, the knobs' ranges (norm_tensor) and the buffer_size. Each pair's first 60 % are to train on,
the next 10 % to validate, the rest to test. How much later y comes than x is measured and told;
--align takes it out.

DIR is new; pairs.py says what it gets.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

import alias_free
import guitar
import plan as plans
import pyneuralfx
import recordings
from pairs import SHORTEST, WARM_UP, Writer

LENGTH, TAIL = SHORTEST, 512
N_VALID = 512  # segments
FADE, ATTACK = 256, 16
LANES = 16
POOL_S = 1200
LEVELLED = 0.5  # this part of the playing is brought to its level by its own peak, not by that of the whole pool
STARTS, STOPS = 0.2, 0.08  # these parts of all inputs begin in silence and break off into it
KNOB_OVERSHOOT = 1.12  # knobs are drawn this far and clipped, so that the ends are met often


def _glide(rng, t, low_hz, high_hz):
    start, end = np.exp(rng.uniform(np.log(low_hz), np.log(high_hz), 2))
    rate = np.log(end / start) / t[-1] + 1e-9
    return np.sin(2 * np.pi * start / rate * np.expm1(rate * t))


def _sines(rng, t, count):
    frequency = np.exp(rng.uniform(np.log(60), np.log(9000), (count, 1)))
    phase = rng.uniform(0, 2 * np.pi, (count, 1))
    return np.sin(2 * np.pi * frequency * t + phase).sum(0) / np.sqrt(count)


def _ramp(n):
    return np.sin(np.linspace(0, np.pi / 2, n)) ** 2


def excitation(rng, pool, n):
    """One input of n samples: mostly playing, at many levels, and sines, glides, noise and silence."""
    t = np.arange(n) / guitar.SAMPLE_RATE_HZ
    kind = rng.random()
    low_db, high_db = -40, 0
    if kind < 0.80:
        start = rng.integers(len(pool) - n)
        x = pool[start:start + n] * rng.choice([-1, 1])
        low_db, high_db = (-60, -24) if rng.random() < 0.2 else (-24, 3)
        if rng.random() < LEVELLED:
            x = x / (np.abs(x).max() + 1e-3)
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
    begin = rng.integers(WARM_UP, n - SHORTEST // 2) if rng.random() < STARTS else 0
    end = rng.integers(begin + WARM_UP, n) if rng.random() < STOPS else n
    n_ramp = ATTACK if begin else FADE
    x[:begin] = 0
    x[begin:begin + n_ramp] *= _ramp(n_ramp)
    x[end - FADE:end] *= _ramp(FADE)[::-1]
    x[end:] = 0
    return x


def segments(model, n_knobs, pool, seed, sample_rate_hz):
    """LANES pairs (x, y, knobs), the same for the same seed."""
    rng = np.random.default_rng(seed)
    x = np.stack([excitation(rng, pool, WARM_UP + LENGTH + TAIL) for _ in range(LANES)])
    knobs = rng.uniform(-KNOB_OVERSHOOT, KNOB_OVERSHOOT, (LANES, n_knobs)).clip(-1, 1).astype(np.float32)
    y = alias_free.play(model, x, knobs, sample_rate_hz)
    return x[:, :-TAIL], y[:, :-TAIL], knobs


def render(options):
    """The pairs of a teacher."""
    config = pyneuralfx.read_config(options.config)
    model = pyneuralfx.affine_form(pyneuralfx.read_parameters(options.checkpoint, config), config)
    torch.set_num_threads(1)
    print("making the playing ...", flush=True)
    pool = guitar.playing(options.seed, POOL_S)
    n_train = -(-options.segments // LANES)
    n_batches = n_train + N_VALID // LANES
    with Writer(options.directory) as writer:
        train = writer.part("train", n_train * LANES, LENGTH, config.n_knobs)
        valid = writer.part("valid", N_VALID, LENGTH, config.n_knobs)

        def work(batch):
            arrays, place = (train, batch) if batch < n_train else (valid, batch - n_train)
            made = segments(model, config.n_knobs, pool, (options.seed, batch), config.sample_rate_hz)
            for array, rows in zip(arrays, made):
                array[place * LANES:(place + 1) * LANES] = rows

        with ThreadPoolExecutor(options.jobs) as executor:
            list(tqdm(executor.map(work, range(n_batches)), total=n_batches,
                      mininterval=1 if sys.stderr.isatty() else 60))


def split(options):
    """The pairs of recordings."""
    config, plan = plans.read(options.config)
    recordings.split(options.recordings, config, plan.buffer_size, options.directory, options.align)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sources = parser.add_subparsers(required=True)
    teacher = sources.add_parser("teacher")
    teacher.set_defaults(work=render)
    teacher.add_argument("checkpoint")
    teacher.add_argument("config")
    teacher.add_argument("--segments", type=int, default=65024, help="85 ms of sound each")
    teacher.add_argument("--seed", type=int, default=1)
    teacher.add_argument("--jobs", type=int, default=1)
    recorded = sources.add_parser("recordings")
    recorded.set_defaults(work=split)
    recorded.add_argument("recordings", type=Path)
    recorded.add_argument("config")
    recorded.add_argument("--align", action="store_true", help="shift each y by the lag that is measured")
    for source in (teacher, recorded):
        source.add_argument("directory", type=Path)
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    try:
        options.work(options)
    except (OSError, pyneuralfx.ModelError) as error:
        print(f"prepare.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
