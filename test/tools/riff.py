#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes guitar.flac, a blues in E composed for this project, for the demo and the tests.

usage: riff.py OUT.flac

FluidSynth plays it with the FluidR3 sound font's clean electric guitar, dry.
"""

import sys
from pathlib import Path

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "weights"))

import guitar  # noqa: E402 # found through the line above

CLEAN_GUITAR = 27
SECONDS = 9.0
BEAT_S = 0.5
STRUM_S = 0.012
# (beat, length in beats, pitches, velocity)
SHUFFLE = [(0.0, 0.6, (40, 47), 105), (0.66, 0.3, (40, 47), 80), (1.0, 0.6, (40, 49), 100), (1.66, 0.3, (40, 49), 80),
           (2.0, 0.6, (40, 47), 105), (2.66, 0.3, (40, 47), 80), (3.0, 0.6, (40, 50), 100), (3.66, 0.3, (40, 49), 80)]
LICK = [(4.0, 0.35, (67,), 110), (4.33, 0.35, (69,), 100), (4.66, 0.5, (71,), 118), (5.0, 0.9, (74,), 120),
        (6.0, 0.35, (71,), 100), (6.33, 0.35, (69,), 95), (6.66, 0.35, (67,), 90), (7.0, 0.45, (64,), 105),
        (7.5, 0.45, (62,), 85)]
CHORDS = [(8.0, 0.9, (45, 52, 57, 60, 64), 112), (9.0, 0.3, (45, 52, 57, 60, 64), 70),
          (9.5, 1.3, (45, 52, 55, 61, 64), 100), (11.0, 0.3, (47, 54, 57, 63), 108), (11.5, 0.3, (46, 53, 56, 62), 100)]
END = [(12.0, 4.5, (40, 47, 52, 56, 62, 66), 118), (14.0, 2.5, (76,), 60)]


def main():
    notes = []
    for beat, length, pitches, velocity in SHUFFLE + LICK + CHORDS + END:
        notes.extend((0.1 + BEAT_S * beat + STRUM_S * i, BEAT_S * length, pitch, velocity - 3 * i)
                     for i, pitch in enumerate(pitches))
    audio = guitar.fluid(notes, CLEAN_GUITAR, SECONDS)
    fade = int(0.3 * guitar.SAMPLE_RATE_HZ)
    audio[-fade:] *= np.cos(np.linspace(0, np.pi / 2, fade)) ** 2
    soundfile.write(sys.argv[1], 0.5 * audio / np.abs(audio).max(), guitar.SAMPLE_RATE_HZ, "PCM_16")


if __name__ == "__main__":
    main()
