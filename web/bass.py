#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Synthesises the page's second clip: a bass line in E on plucked strings.

usage: bass.py OUT.flac
"""

import sys
from pathlib import Path

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "weights"))

import guitar  # noqa: E402 # found through the line above

SECONDS = 8.0
BEAT_S = 0.5
# (beat, pitch, velocity)
LINE = [(0, 28, 118), (0.75, 28, 80), (1, 35, 105), (1.5, 40, 100), (2, 38, 108), (2.75, 28, 85), (3, 31, 105),
        (3.5, 33, 100), (4, 33, 118), (4.75, 33, 80), (5, 40, 105), (5.5, 45, 100), (6, 43, 108), (6.75, 33, 85),
        (7, 31, 105), (7.5, 30, 100), (8, 28, 118), (8.75, 28, 80), (9, 35, 105), (9.5, 40, 112), (10, 42, 100),
        (10.5, 43, 108), (11, 40, 100), (11.5, 35, 100), (12, 28, 120)]


def main():
    notes = [(0.1 + BEAT_S * beat, 0, pitch, velocity) for beat, pitch, velocity in LINE]
    audio = guitar.plucked(np.random.default_rng(3), notes, SECONDS)
    fade = int(0.3 * guitar.SAMPLE_RATE_HZ)
    audio[-fade:] *= np.cos(np.linspace(0, np.pi / 2, fade)) ** 2
    soundfile.write(sys.argv[1], 0.5 * audio / np.abs(audio).max(), guitar.SAMPLE_RATE_HZ, "PCM_16")


if __name__ == "__main__":
    main()
