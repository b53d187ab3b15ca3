#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prepares training pairs: from a teacher's checkpoint, or from recordings of a pedal.

usage: prepare.py teacher CHECKPOINT.pt CONFIG.yml DIR [--segments N] [--seed N] [--jobs N]
       prepare.py recordings FOLDER CONFIG.yml DIR [--align | --align-each] [--channel N] [--resample]

teacher: plays random guitar and test signals through the model at random knob positions. The model
runs at 8 times its rate with a state delay of 8 samples, and its output is decimated, so that the
targets have none of the model's aliasing.

recordings: reads pairs named as PyNeuralFx names them: FOLDER/x/x_d0_t0.wav is the pedal's input and
FOLDER/y/y_d0_t0.wav its output, one pair for each knob position; y_d0_t0-2.wav is a second take. One
FOLDER/x/x.wav may serve for all. CONFIG.yml gives the sample rate, the knobs' ranges (norm_tensor) and
the buffer_size. The first 60 % of each pair are for training, the next 10 % for validation, the rest
for tests; or FOLDER has train/x, train/y, valid/x and so on, and is split already. It measures how much
later y comes than x, for each pair, and refuses a pair that no latency explains. --align cuts the
latency of the device; --align-each cuts each pair's own. --channel N takes one channel of several, and
--resample converts other sample rates.

DIR must not exist; pairs.py describes its contents.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

import alias_free
import alignment
import guitar
import plan as plans
import pyneuralfx
import recordings
from pairs import SHORTEST, WARM_UP, Writer

LENGTH, TAIL = SHORTEST, 512
N_VALID = 512  # segments
FADE, ATTACK = 256, 16
N_STREAMS = 16  # segments that one job plays side by side
POOL_S = 2400
LEVELLED = 0.5  # this part of the playing is scaled by its own peak; the rest by the peak of the whole pool
STARTS, STOPS = 0.2, 0.08  # the parts of all inputs that begin in silence, and that break off into it
KNOB_OVERSHOOT = 1.12  # knobs are drawn up to this and clipped to 1, so that the ends are frequent


def _sweep(rng, t, low_hz, high_hz):
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
    """One input of n samples: mostly playing, at many levels; also sines, sweeps, noise and silence."""
    t = np.arange(n) / guitar.SAMPLE_RATE_HZ
    kind = rng.random()
    low_db, high_db = -40, 0
    if kind < 0.80:
        start = rng.integers(len(pool) - n)
        x = pool[start:start + n] * rng.choice([-1, 1])
        low_db, high_db = (-60, -24) if rng.random() < 0.2 else (-24, 6)
        if rng.random() < LEVELLED:
            x = x / (np.abs(x).max() + 1e-3)
    elif kind < 0.87:
        x = _sines(rng, t, 1)
    elif kind < 0.91:
        x = _sines(rng, t, rng.integers(2, 5))
    elif kind < 0.95:
        x = _sweep(rng, t, 40, 16000)
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
    """N_STREAMS pairs (x, y, knobs), the same for the same seed."""
    rng = np.random.default_rng(seed)
    x = np.stack([excitation(rng, pool, WARM_UP + LENGTH + TAIL) for _ in range(N_STREAMS)])
    knobs = rng.uniform(-KNOB_OVERSHOOT, KNOB_OVERSHOOT, (N_STREAMS, n_knobs)).clip(-1, 1).astype(np.float32)
    y = alias_free.play(model, x, knobs, sample_rate_hz)
    return x[:, :-TAIL], y[:, :-TAIL], knobs


def render(options):
    """Makes the pairs of a teacher."""
    config = pyneuralfx.read_config(options.config)
    model = pyneuralfx.affine_form(pyneuralfx.read_parameters(options.checkpoint, config), config)
    torch.set_num_threads(1)
    print("making the playing ...", flush=True)
    pool = guitar.playing(options.seed, POOL_S)
    n_train = -(-options.segments // N_STREAMS)
    n_batches = n_train + N_VALID // N_STREAMS
    with Writer(options.directory) as writer:
        train = writer.part("train", n_train * N_STREAMS, LENGTH, config.n_knobs)
        valid = writer.part("valid", N_VALID, LENGTH, config.n_knobs)

        def work(batch):
            arrays, place = (train, batch) if batch < n_train else (valid, batch - n_train)
            made = segments(model, config.n_knobs, pool, (options.seed, batch), config.sample_rate_hz)
            for array, rows in zip(arrays, made):
                array[place * N_STREAMS:(place + 1) * N_STREAMS] = rows

        with ThreadPoolExecutor(options.jobs) as executor:
            list(tqdm(executor.map(work, range(n_batches)), total=n_batches,
                      mininterval=1 if sys.stderr.isatty() else 60))


def split(options):
    """Makes the pairs of recordings."""
    config, plan = plans.read(options.config)
    recordings.split(options.recordings, config, plan.buffer_size, options.directory,
                     recordings.Source(options.channel, options.resample), options.mode)


def at_least_one(text):
    """A whole number from 1 on, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"is {number}; the limit is 1")
    return number


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sources = parser.add_subparsers(required=True)
    teacher = sources.add_parser("teacher")
    teacher.set_defaults(work=render)
    teacher.add_argument("checkpoint")
    teacher.add_argument("config")
    teacher.add_argument("--segments", type=at_least_one, default=65024, help="85 ms of sound each")
    teacher.add_argument("--seed", type=int, default=1)
    teacher.add_argument("--jobs", type=at_least_one, default=1)
    recorded = sources.add_parser("recordings")
    recorded.set_defaults(work=split)
    recorded.add_argument("recordings", type=Path)
    recorded.add_argument("config")
    recorded.add_argument("--channel", type=at_least_one, help="of files that have several, from 1 on")
    recorded.add_argument("--resample", action="store_true", help="convert files of other sample rates")
    modes = recorded.add_mutually_exclusive_group()
    modes.add_argument("--align", dest="mode", action="store_const", const=alignment.DEVICE, default=alignment.KEEP,
                       help="cut the latency, one value for all pairs")
    modes.add_argument("--align-each", dest="mode", action="store_const", const=alignment.EACH,
                       help="cut the latency of each pair")
    for source in (teacher, recorded):
        source.add_argument("directory", type=Path)
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    try:
        options.work(options)
    except (OSError, MemoryError, pyneuralfx.ModelError) as error:
        print(f"prepare.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
