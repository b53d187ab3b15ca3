#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes a folder to record a pedal in: the test signal, a sheet of what to record, and a configuration.

usage: record.py FOLDER [--knob NAME LOW HIGH]... [--steps N] [--minutes M] [--rate HZ]

FOLDER must not exist. It gets x/x.wav, the test signal, which is played into the pedal; y/, where the
recordings belong; sheet.txt, which says what to record at which positions of the knobs, and under
which names; and config.yml, for prepare.py, train.py and export.py, with comments.

Each --knob names one knob of the pedal, in small letters, with the values at its two ends. With up to
two knobs, --steps N positions of each are recorded in all combinations (5 of one knob, 3 of each of
two). With three or four, all their ends are, the middle, and each knob's ends with the others there.
"""

import argparse
import math
import os
import re
import shutil
import sys
from pathlib import Path
from string import Template

import soundfile

import plan as plans
import test_signal
from gru_file import write_atomically
from model_error import ModelError
from pyneuralfx import MAX_KNOBS

STEPS = {0: 1, 1: 5, 2: 3}
MOST_STEPS, LONGEST_MIN = 21, 60
RATES_HZ = (8000, 192000)
SHEET = Template("""How to record the pedal: $n recordings of $length, $total in all

Connect   an output of the audio interface to the pedal's input, and the pedal's output to an input of
          the interface. A reamp box between output and pedal makes the level and the impedance a guitar's.
          Turn the interface's direct monitoring off.
Level     Set the knobs to the loudest position. Play x/x.wav: after the first clicks and a second and a
          half of silence comes a steady tone, as loud as the loudest playing. Let the recording peak
          between -12 and -3 dBFS there. From now on, change no level.
Record    $rate Hz, mono, one track, for each line below: set the knobs, start to record, play x/x.wav
          from start to end, stop. Start recorder and player together, as a DAW does; if you cannot, say
          --align-each below instead of --align. Save the track under the name in the line.

$lines

Then      weights/prepare.py recordings $folder $folder/config.yml data --align
          weights/train.py $folder/config.yml data run --minutes 60
          weights/export.py run/best_params.pt $folder/config.yml mine.gru$names
          weights/report.py mine.gru report --data data --loss run/loss.csv
""")
CONFIG = Template("""# What the model is, and how to train it. weights/README.md has all values.
data:
  sampling_rate: $rate          # Hz; the recordings' rate
  inp_channels: 1
  out_channels: 1
  num_conds: $n_knobs                  # the number of knobs
  norm_tensor: $ranges  # [lowest, highest] of each knob, in the order of the files' names
  buffer_size: 2048             # samples between two steps of the optimiser
model:
  arch: $arch        # snapshot- without knobs; concat-, film- or statichyper-; with -gru or -lstm
  main_rnn_hidden_size: 32      # 4 to 80; fewer cost less processor time, and accuracy
  layer_norm: False
  rnn_bias: True
  n_mlp_blocks: 3               # the size of the part that the knobs drive; film and statichyper only
  mlp_size: 16
train:
  batch_size: 16                # segments side by side; fewer if memory is short
  lr: 0.001                     # the learning rate; a third of it if training diverges
# epochs: 100                   # how often all recordings are heard; or say --minutes
""")


def _knob_positions(low, high, steps):
    return [low + (high - low) * step / (steps - 1) for step in range(steps)] if steps > 1 else [(low + high) / 2]


def _snake(axes):
    """All combinations of the axes' values; from one to the next, one knob turns."""
    if not axes:
        return [()]
    rest = _snake(axes[1:])
    return [(value, *other) for number, value in enumerate(axes[0]) for other in (rest[::-1] if number % 2 else rest)]


def positions(ranges, steps=None):
    """The knob positions to record, each a tuple in the pedal's units; ranges are (low, high) of each knob."""
    if len(ranges) <= 2:
        return _snake([_knob_positions(low, high, steps or STEPS[len(ranges)]) for low, high in ranges])
    middle = tuple((low + high) / 2 for low, high in ranges)
    faces = [(*middle[:k], end, *middle[k + 1:]) for k, ends in enumerate(ranges) for end in ends]
    return [*_snake(ranges), middle, *faces]


def _text(value):
    """A knob's value as a file's name has it: at most 3 decimals, no exponent."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _clock(seconds):
    return f"{int(seconds) // 60}:{math.ceil(seconds) % 60:02}"


def _sheet(options, names, wanted, seconds):
    lines = []
    for number, position in enumerate(wanted, 1):
        knobs = "".join(f"  {name} {_text(value):>5}" for name, value in zip(names, position))
        file = "".join(f"_{name}{_text(value)}" for name, value in zip(names, position))
        lines.append(f"[ ] {number:3}{knobs}   y/y{file}.wav")
    return SHEET.substitute(n=len(wanted), length=_clock(seconds), total=_clock(len(wanted) * seconds),
                            rate=options.rate, lines="\n".join(lines), folder=options.folder,
                            names="".join(f" --knob {name}" for name in names))


def _knobs(given):
    """(names, ranges) of the knobs in the command; ModelError for the first that cannot be."""
    names, ranges = [], []
    for name, low, high in given:
        if not re.fullmatch("[a-z]+", name) or name in names:
            raise ModelError(f"--knob {name}: a name has small letters only, and occurs once")
        try:
            ends = float(low), float(high)
        except ValueError as error:
            raise ModelError(f"--knob {name} {low} {high}: its ends must be two numbers") from error
        names.append(name)
        ranges.append(ends)
    if len(names) > MAX_KNOBS:
        raise ModelError(f"--knob names {len(names)} knobs; the limit is {MAX_KNOBS}")
    return names, ranges


def _check(name, value, low, high):
    if value is not None and not low <= value <= high:
        raise ModelError(f"{name} is {value:g}; the limits are {low:g} and {high:g}")


def make(options):
    """Writes the folder; after any failure it does not exist."""
    _check("--steps", options.steps, 2, MOST_STEPS)
    _check("--minutes", options.minutes, 0.1, LONGEST_MIN)
    _check("--rate", options.rate, *RATES_HZ)
    names, ranges = _knobs(options.knobs)
    if options.steps and not 1 <= len(names) <= 2:
        raise ModelError(f"--steps goes with one or two knobs; --knob names {len(names)}")
    if options.folder.exists():
        raise FileExistsError(f"{options.folder} exists already; choose a new folder")
    x = test_signal.make(options.rate, options.minutes)
    config = CONFIG.substitute(rate=options.rate, n_knobs=len(names), ranges=[[*ends] for ends in ranges],
                               arch="statichyper-gru" if names else "snapshot-gru")
    sheet = _sheet(options, names, positions(ranges, options.steps), len(x) / options.rate)
    new = options.folder.with_name(options.folder.name + ".new")
    try:
        for side in "xy":
            (new / side).mkdir(parents=True)
        soundfile.write(new / "x/x.wav", x, options.rate, "PCM_24")
        write_atomically(new / "config.yml", config.encode())
        plans.read(new / "config.yml")
        write_atomically(new / "sheet.txt", sheet.encode())
        os.rename(new, options.folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    print(f"Next: follow {options.folder}/sheet.txt")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--knob", dest="knobs", nargs=3, action="append", default=[], metavar=("NAME", "LOW", "HIGH"))
    parser.add_argument("--steps", type=int, help="recorded positions of each knob, of one or two")
    parser.add_argument("--minutes", type=float, default=3, help="of playing in the test signal (3)")
    parser.add_argument("--rate", type=int, default=48000, help="of the test signal, in Hz (48000)")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    try:
        make(options)
    except (OSError, MemoryError, ModelError) as error:
        print(f"record.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
