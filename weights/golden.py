#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes the golden vectors of a model: a test input, and the checkpoint's output for it.

usage: golden.py CHECKPOINT.pt CONFIG.yml CLIP.flac DIR

DIR gets probe.wav (a part of the clip, noise, and an impulse in silence) and one wav file for each of
four knob positions, with the position as its name. This is the network's output from a state of zeros.
reference.py computes it in double precision; the files hold float32.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import soundfile

import pyneuralfx
import reference

PART = 2400  # samples
CLIP_FROM = 150000
KNOBS = ((-1.0, 1.0), (0.0, 0.0), (0.5, -0.5), (1.0, 1.0))


def probe(clip):
    """A part of the clip, noise that fades, and an impulse in silence; float32."""
    moment = clip[CLIP_FROM:CLIP_FROM + 3 * PART]
    noise = np.random.default_rng(1).standard_normal(PART) * np.geomspace(0.3, 0.001, PART)
    silence = np.zeros(PART)
    silence[PART // 2] = 0.3
    return np.concatenate([moment, noise, silence]).astype(np.float32)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("config")
    parser.add_argument("clip")
    parser.add_argument("directory", type=Path)
    options = parser.parse_args(arguments)
    try:
        config = pyneuralfx.read_config(options.config)
        parameters = pyneuralfx.read_parameters(options.checkpoint, config)
        clip, _ = soundfile.read(options.clip)
    except (OSError, RuntimeError, pyneuralfx.ModelError) as error:
        print(f"golden.py: {error}", file=sys.stderr)
        return 2
    x = probe(clip)
    knobs = np.array(KNOBS)[:, :config.n_knobs]
    options.directory.mkdir(parents=True, exist_ok=True)
    soundfile.write(options.directory / "probe.wav", x, config.sample_rate_hz, "FLOAT")
    for position, y in zip(knobs, reference.play(parameters, config, x, knobs)):
        name = "_".join(f"{knob:+.2f}" for knob in position)
        soundfile.write(options.directory / f"{name}.wav", y, config.sample_rate_hz, "FLOAT")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
