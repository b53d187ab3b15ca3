#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures a model's error against its teacher over the knob plane, as error-to-signal ratio (ESR).

usage: evaluate.py MODEL.gru TEACHER.pt TEACHER.yml CLIP.wav... [--random N] [--gain-db DB] [--alias-free]
                   [--picture OUT.png]

Each clip is resampled to the teacher's rate. Both models play it at every position of a 5 x 5 grid of
the first two knobs, with other knobs in the middle, and at N random positions. The ESR is the energy of
the difference over the teacher's energy, after the first 50 ms and with the mean removed. --alias-free
plays the teacher at 8 times its rate, without its aliasing. The picture shows the first clip: the ESR
over the knobs, and the sound at the worst position of the grid.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import alias_free
import gru_file
import measure
import picture
import pyneuralfx


def read_models(path, teacher_path, teacher_config_path):
    """(model, rate, knobs, teacher); OSError or ModelError when they can't be compared."""
    model, rate_hz, knobs, _ = gru_file.read(path)
    config = pyneuralfx.read_config(teacher_config_path)
    teacher = pyneuralfx.affine_form(pyneuralfx.read_parameters(teacher_path, config), config)
    if (config.sample_rate_hz, config.n_knobs) != (rate_hz, len(knobs)):
        raise pyneuralfx.ModelError(f"{path} has {rate_hz} Hz and {len(knobs)} knobs; {teacher_config_path} has "
                                    f"{config.sample_rate_hz} Hz and {config.n_knobs} knobs")
    return model, rate_hz, knobs, teacher


def grid_table(ratios, n_knobs):
    """A Markdown table of the grid's ESRs in percent: rows are the first knob, columns the second."""
    rows, columns = measure.grid_shape(n_knobs)
    heads = " | ".join(f"{value:+.1f}" for value in measure.GRID[:columns])
    lines = [f"| | {heads} |", "|" + " --- |" * (columns + 1)]
    for value, row in zip(measure.GRID, np.reshape(ratios, (rows, columns))):
        lines.append(f"| {value:+.1f} | " + " | ".join(f"{100 * ratio:.3f}" for ratio in row) + " |")
    return "\n".join(lines)


def position_text(knobs, position):
    """A position, from -1 to +1, as text in the knobs' own units, for example 'gain 10, tone 2.5'."""
    return ", ".join(f"{knob[0]} {measure.in_own_units(knob, value):.3g}" for knob, value in zip(knobs, position))


def play_teacher(teacher, clip, positions, rate_hz, is_alias_free):
    """The teacher's output [positions][n] for one clip."""
    if is_alias_free:
        return alias_free.play(teacher, np.repeat(clip[None], len(positions), 0), positions, rate_hz)
    return measure.play(teacher, clip, positions)


def draw(path, title, rate_hz, knobs, positions, ratios, target, played):
    """Draws the ESRs of the grid, and the sounds [positions][n] at its worst position."""
    worst = int(np.argmax(ratios))
    picture.draw(path, rate_hz, ratios.reshape(measure.grid_shape(len(knobs))),
                 measure.knob_axes(knobs, (measure.GRID, measure.GRID)), target[worst], played[worst],
                 f"{title}; sound at {position_text(knobs, positions[worst])}")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("teacher")
    parser.add_argument("teacher_config")
    parser.add_argument("clips", nargs="+")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="random knob positions besides")
    parser.add_argument("--gain-db", type=float, default=0.0, help="input level")
    parser.add_argument("--alias-free", action="store_true", help="compare with the teacher without its aliasing")
    parser.add_argument("--picture", metavar="OUT.png", help="draw the first clip")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    try:
        model, rate_hz, knobs, teacher = read_models(options.model, options.teacher, options.teacher_config)
        clips = {path: measure.read_clip(path, rate_hz) for path in options.clips}
    except (OSError, RuntimeError, pyneuralfx.ModelError) as error:
        print(f"evaluate.py: {error}", file=sys.stderr)
        return 2
    positions = measure.knob_positions(len(knobs), options.random)
    n_grid = np.prod(measure.grid_shape(len(knobs)))
    everything = []
    for path, clip in clips.items():
        clip = clip * np.float32(10 ** (options.gain_db / 20))
        played = measure.play(model, clip, positions)
        target = play_teacher(teacher, clip, positions, rate_hz, options.alias_free)
        ratios = measure.esr(played, target, rate_hz)
        if options.picture and not everything:
            title = f"{Path(options.model).name} against its teacher, {Path(path).name}"
            draw(options.picture, title, rate_hz, knobs, positions[:n_grid], ratios[:n_grid], target, played)
        everything.append(ratios)
        print(f"{path}\nESR in %: mean {100 * ratios.mean():.3f}, worst {100 * ratios.max():.3f}\n"
              f"{grid_table(ratios[:n_grid], len(knobs))}\n")
    ratios = np.concatenate(everything)
    print(f"all: mean {100 * ratios.mean():.3f} %, worst {100 * ratios.max():.3f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
