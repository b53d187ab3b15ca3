#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures each knob of a model, for knobs.md: draws the curves and prints the table.

usage: knobs.py MODEL.gru OUT.png
"""

import sys

import numpy as np

import gru_file
import measure
import picture
import pyneuralfx

POSITIONS = np.linspace(0, 10, 11)
SHOWN = (0, 2.5, 5, 7.5, 10)
LEVELS_DB = np.arange(-60, 1, 3)
TONE_HZ = 220
NOTE_DB = -20


def normalised(gain, tone):
    """Knobs [1][2], each from -1 to +1, at positions from 0 to 10."""
    return [[gain / 5 - 1, tone / 5 - 1]]


def at(frequencies, curve, hz):
    """The curve's value at the bin nearest to hz."""
    return curve[np.argmin(np.abs(frequencies - hz))]


def distortion(model, knobs, rate_hz, level_db):
    """The amplitude of harmonics 2 to 20 together over the first, in percent."""
    levels_db = measure.harmonics_db(model, knobs, rate_hz, TONE_HZ, level_db, 20)[0]
    power = 10 ** (levels_db / 10)
    return 100 * np.sqrt(power[1:].sum() / power[0])


def table(model, rate_hz):
    """A Markdown table of Gain with Tone in the middle, and of Tone with Gain in the middle."""
    lines = ["| position | Gain: a quiet 1 kHz | Gain: distortion of a note | Tone: 100 Hz | Tone: 5 kHz |",
             "| --- | --- | --- | --- | --- |"]
    for position in POSITIONS:
        by_gain, by_tone = normalised(position, 5), normalised(5, position)
        frequencies, (curve,) = measure.response_db(model, by_gain, rate_hz)
        _, (tone_curve,) = measure.response_db(model, by_tone, rate_hz)
        low_db, middle_db, high_db = (at(frequencies, tone_curve, hz) for hz in (100, 1000, 5000))
        lines.append(f"| {position:.0f} | {at(frequencies, curve, 1000):+.1f} dB | "
                     f"{distortion(model, by_gain, rate_hz, NOTE_DB):.1f} % | "
                     f"{low_db - middle_db:+.1f} dB | {high_db - middle_db:+.1f} dB |")
    return "\n".join(lines)


def draw(model, rate_hz, path):
    """Draws the frequency response along each knob, and the distortion over the level of a note."""
    gains, tones, levels = [], [], []
    for position in SHOWN:
        frequencies, (curve,) = measure.response_db(model, normalised(position, 5), rate_hz)
        gains.append((f"Gain {position:g}", frequencies, curve, None))
        _, (curve,) = measure.response_db(model, normalised(5, position), rate_hz)
        tones.append((f"Tone {position:g}", frequencies, curve, None))
        levels.append((f"Gain {position:g}", 10.0 ** (LEVELS_DB / 20),
                       [distortion(model, normalised(position, 5), rate_hz, level) for level in LEVELS_DB], None))
    picture.curves(path, [("Gain: small signals", "Hz", "dB", gains), ("Tone: small signals", "Hz", "dB", tones),
                          ("Gain: distortion of 220 Hz", "peak of the input", "%", levels)], is_log=True)


def main(arguments):
    if len(arguments) != 2:
        print("usage: knobs.py MODEL.gru OUT.png", file=sys.stderr)
        return 2
    try:
        model, rate_hz, knobs, _ = gru_file.read(arguments[0])
        if len(knobs) != 2:
            raise pyneuralfx.ModelError(f"{arguments[0]} has {len(knobs)} knobs; it must have 2, Gain and Tone")
        draw(model, rate_hz, arguments[1])
        print(table(model, rate_hz))
    except (OSError, pyneuralfx.ModelError) as error:
        print(f"knobs.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
