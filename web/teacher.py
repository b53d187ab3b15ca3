#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes teacher.flac, the blind test's clip: a part of the guitar, played by the network that OD3 learned from.

usage: teacher.py CHECKPOINT.pt CONFIG.yml OUT.flac

teacher.json says which part of the clip, and where Gain and Tone are. The network plays after silence, in double
precision; its DC offset is subtracted, as the plugin subtracts its own.
"""

import json
import sys
from pathlib import Path

import numpy as np
import soundfile

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "weights"))

import pyneuralfx  # noqa: E402 # found through the line above
import reference  # noqa: E402 # likewise

PART = json.loads((HERE / "teacher.json").read_text(encoding="utf-8"))
CLIP = HERE.parent / "test/data" / f"{PART['clip']}.flac"
SILENCE = 12000  # frames, after which the network is steady


def play(parameters, config, n_frames=PART["n_frames"]):
    """The first frames of the part, float64."""
    part, _ = soundfile.read(CLIP, n_frames, PART["first_frame"])
    knobs = [[PART["gain"] / 5 - 1, PART["tone"] / 5 - 1]]
    (played,) = reference.play(parameters, config, np.concatenate([np.zeros(SILENCE), part]), knobs)
    return played[SILENCE:] - played[SILENCE - 1]


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__.split("\n\n")[1])
    config = pyneuralfx.read_config(sys.argv[2])
    played = play(pyneuralfx.read_parameters(sys.argv[1], config), config)
    soundfile.write(sys.argv[3], played, config.sample_rate_hz, "PCM_16")


if __name__ == "__main__":
    main()
