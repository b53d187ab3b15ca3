#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes clips of hard playing, to measure a model with evaluate.py; training hears others.

usage: hard_clips.py DIR

DIR gets WAV files of 6 s at 48 kHz. Each string is struck by a burst of white noise at full bandwidth,
harder than a plectrum can. hot.wav exceeds full scale by 6 dB.
"""

import sys
from pathlib import Path

import numpy as np
import soundfile

import strings

SECONDS, SEED = 6, 999
LOW_STRINGS, ALL_STRINGS, BASS_STRINGS = (35, 38, 40), (40, 45, 50, 55, 59, 64), (28, 33, 38)
E_MAJOR = (40, 47, 52, 56, 59, 64)


def struck(rng, every_s, pitches, decays_s, strum_s=None):
    """Strings struck every_s: one random pitch, or all of them strum_s apart; float64 with a peak of 1."""
    audio = np.zeros((SECONDS + 3) * strings.SAMPLE_RATE_HZ)
    for start_s in np.arange(0.1, SECONDS - 0.2, every_s):
        chord = pitches if strum_s is not None else [rng.choice(pitches)]
        decay_s = rng.choice(decays_s)
        for i, pitch in enumerate(chord):
            first = int((start_s + i * (strum_s or 0)) * strings.SAMPLE_RATE_HZ)
            string = strings.pluck(rng, pitch, min(2, 1.5 * decay_s), decay_s, brightness=1, position=None)
            audio[first:first + len(string)] += string
    audio = audio[:SECONDS * strings.SAMPLE_RATE_HZ]
    return audio / np.abs(audio).max()


def clips():
    """The clips by name."""
    rng = np.random.default_rng(SEED)
    chords = struck(rng, 0.9, E_MAJOR, [2], 0.008)
    return {
        "bursts": 0.6 * struck(rng, 0.35, ALL_STRINGS, [0.6, 1.6, 2.6]),
        "chords": 0.9 * chords,
        "hot": 2 * chords,
        "palm-mutes": 0.8 * struck(rng, 0.14, LOW_STRINGS, [0.08]),
        "bass": 0.9 * struck(rng, 0.4, BASS_STRINGS, [3]),
    }


def main(arguments):
    if len(arguments) != 1:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, audio in clips().items():
            soundfile.write(folder / f"{name}.wav", audio, strings.SAMPLE_RATE_HZ, "FLOAT")
    except (OSError, RuntimeError) as error:
        print(f"hard_clips.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
