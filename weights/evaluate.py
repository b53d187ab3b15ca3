#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How far a model is from its teacher over the knob plane, as error-to-signal ratio (ESR).

usage: evaluate.py MODEL.gru TEACHER.pt TEACHER.yml CLIP.wav... [--random N] [--gain-db DB] [--picture OUT.png]

Each clip is resampled to the teacher's rate and played by both at every position of a 5 x 5 grid of
the first two knobs (the others in the middle), and at N random ones. ESR is the energy of the
difference over the teacher's energy, after the first 50 ms and with the mean removed. The picture is
of the first clip: ESR over the knobs, and the sound at the grid's worst position.
"""

import argparse
import math
import sys
from pathlib import Path

import numpy as np
import soundfile
import torch
from scipy.signal import resample_poly

import gru_file
import kernel
import picture
import pyneuralfx

GRID = np.linspace(-1, 1, 5, dtype=np.float32)
SKIP_S = 0.05
RANDOM_SEED = 5


def read_clip(path, rate_hz):
    """The first channel of a sound file at rate_hz, float32."""
    audio, clip_rate_hz = soundfile.read(path, always_2d=True)
    common = math.gcd(clip_rate_hz, rate_hz)
    return resample_poly(audio[:, 0], rate_hz // common, clip_rate_hz // common).astype(np.float32)


def knob_positions(n_knobs, n_random):
    """Knobs [positions][n_knobs]: the grid's 25, gain by gain, then the random ones."""
    grid = np.stack(np.meshgrid(GRID, GRID, indexing="ij"), -1).reshape(-1, 2)
    drawn = np.random.default_rng(RANDOM_SEED).uniform(-1, 1, (n_random, 2)).astype(np.float32)
    positions = np.zeros((len(grid) + n_random, max(n_knobs, 2)), np.float32)
    positions[:, :2] = np.concatenate([grid, drawn])
    return torch.from_numpy(positions[:, :n_knobs])


def play(model, clip, knobs):
    x = torch.from_numpy(np.repeat(clip[None], len(knobs), 0))
    y, _ = kernel.render(x, model.theta(knobs), model.out_weight, model.out_bias)
    return y.double().numpy()


def esr(y, target, rate_hz):
    """ESR of each row of y against target [positions][n]."""
    skip = int(SKIP_S * rate_hz)
    y, target = (signal[:, skip:] - signal[:, skip:].mean(1, keepdims=True) for signal in (y, target))
    return ((y - target) ** 2).sum(1) / ((target ** 2).sum(1) + 1e-12)


def grid_table(ratios):
    """The 25 grid ESRs in percent, gain down, tone across, each from -1 to +1."""
    lines = ["| gain \\ tone | " + " | ".join(f"{tone:+.1f}" for tone in GRID) + " |", "|" + " --- |" * 6]
    for gain, row in zip(GRID, np.reshape(ratios, (5, 5))):
        lines.append(f"| {gain:+.1f} | " + " | ".join(f"{100 * ratio:.3f}" for ratio in row) + " |")
    return "\n".join(lines)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("teacher")
    parser.add_argument("teacher_config")
    parser.add_argument("clips", nargs="+")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="random knob positions besides")
    parser.add_argument("--gain-db", type=float, default=0.0, help="input level")
    parser.add_argument("--picture", metavar="OUT.png", help="draw the first clip")
    options = parser.parse_args(arguments)
    try:
        model, rate_hz, knob_names, _ = gru_file.read(options.model)
        config = pyneuralfx.read_config(options.teacher_config)
        teacher = pyneuralfx.affine_form(pyneuralfx.read_parameters(options.teacher, config), config)
        if (config.sample_rate_hz, config.n_knobs) != (rate_hz, len(knob_names)):
            raise pyneuralfx.ModelError("model and teacher differ in rate or knobs")
        clips = {path: read_clip(path, rate_hz) for path in options.clips}
    except (OSError, RuntimeError, pyneuralfx.ModelError) as error:
        print(f"evaluate.py: {error}", file=sys.stderr)
        return 2
    knobs = knob_positions(len(knob_names), options.random)
    everything = []
    for path, clip in clips.items():
        clip = clip * np.float32(10 ** (options.gain_db / 20))
        played, target = play(model, clip, knobs), play(teacher, clip, knobs)
        ratios = esr(played, target, rate_hz)
        if options.picture and not everything:
            worst = int(np.argmax(ratios[:25]))
            position = ", ".join(f"{knob[0]} {float(value):+.1f}" for knob, value in zip(knob_names, knobs[worst]))
            picture.draw(options.picture, rate_hz, GRID, ratios[:25].reshape(5, 5), target[worst], played[worst],
                         f"{Path(options.model).name} against its teacher, {Path(path).name}; sound at {position}")
        everything.append(ratios)
        print(f"{path}\nESR in %: mean {100 * ratios.mean():.3f}, worst {100 * ratios.max():.3f}\n"
              f"{grid_table(ratios[:25])}\n")
    ratios = np.concatenate(everything)
    print(f"all: mean {100 * ratios.mean():.3f} %, worst {100 * ratios.max():.3f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
