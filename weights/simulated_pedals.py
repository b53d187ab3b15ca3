#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Simulates pedals with a known latency, and prints what latency.py and click_track.py find for each.

usage: simulated_pedals.py
       simulated_pedals.py FOLDER PEDAL

The second form records what sheet.txt in FOLDER, which record.py made for two knobs from 0 to 10, asks
for; PEDAL is overdrive, distortion or amp.
"""

import re
import sys
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import butter, lfilter, resample_poly, sosfilt

import click_track
import latency
import strings

RATE_HZ = strings.SAMPLE_RATE_HZ
LATENCY = 200
INPUT_S = 12
INPUT_NOISE = 1e-5  # -100 dBFS


def _filter(x, order, edges_hz, kind):
    return sosfilt(butter(order, edges_hz, kind, fs=RATE_HZ, output="sos"), x)


def _cabinet(x):
    """A second resonance and a steep edge, as a loudspeaker in a box has."""
    low = _filter(x, 4, 4500, "low")
    return _filter(low + 0.7 * _filter(low, 1, (90, 140), "band"), 2, 75, "high")


def _amp(x):
    first = _filter(np.tanh(30 * x + 0.2) - np.tanh(0.2), 1, 60, "high")
    return _cabinet(np.tanh(4 * _filter(first, 1, 6000, "low")))


def _moved(x, later):
    """x, with sample t later by later[t] samples."""
    t = np.arange(len(x))
    return np.interp(t - later, t, x, left=0)


def _wow(x):
    return _moved(np.tanh(2 * x), 0.3 + 0.3 * np.sin(2 * np.pi * 0.7 * np.arange(len(x)) / RATE_HZ))


def _late_effect(x):
    """The dry sound, and a distortion that digital circuits delay by 2 ms."""
    return 0.5 * x + _moved(0.2 * np.tanh(8 * x), 96)


def _gate(x):
    level = lfilter([0.002], [1, -0.998], np.abs(x))
    return np.tanh(8 * x) * np.clip(40 * level - 0.2, 0, 1)


PEDALS = {
    "wire": lambda x: x,
    "low-pass, 700 Hz, 1 pole": lambda x: _filter(x, 1, 700, "low"),
    "low-pass, 2 kHz, 2 poles": lambda x: _filter(x, 2, 2000, "low"),
    "low-pass, 5 kHz, 4 poles": lambda x: _filter(x, 4, 5000, "low"),
    "high-pass, 1.5 kHz, 2 poles": lambda x: _filter(x, 2, 1500, "high"),
    "tanh, then band-pass 300 to 1200 Hz": lambda x: _filter(np.tanh(5 * x), 2, (300, 1200), "band"),
    "band-pass 500 to 900 Hz, then tanh": lambda x: np.tanh(20 * _filter(x, 1, (500, 900), "band")),
    "hard clipping": lambda x: np.clip(20 * x, -0.5, 0.5),
    "fuzz, 60 dB": lambda x: _filter(np.tanh(1000 * x), 1, 3000, "low"),
    "octave fuzz": lambda x: _filter(np.tanh(20 * np.abs(x)), 1, 30, "high"),
    "inverting overdrive": lambda x: -_filter(np.tanh(8 * _filter(x, 1, 720, "high")), 1, 723, "low"),
    "amp and cabinet": _amp,
    "noise gate": _gate,
    "dry sound, 2 ms before the distortion": _late_effect,
    "tape with wow of 0.6 samples": _wow,
}


def _at_4x(pedal):
    """The pedal at 4 times its rate, where its distortion hardly aliases."""
    def play(x, *knobs):
        return resample_poly(pedal(resample_poly(x, 4, 1), *knobs), 1, 4)[:len(x)]
    return play


def _wide(x, order, edges_hz, kind):
    return sosfilt(butter(order, edges_hz, kind, fs=4 * RATE_HZ, output="sos"), x)


@_at_4x
def _overdrive(x, drive, tone):
    """Soft clipping of what is above 720 Hz, beside the clean sound; then a low-pass."""
    driven = np.tanh(10 ** (1.8 * drive) * _wide(x, 1, 720, "high"))
    return _wide(0.4 * x + 0.5 * driven, 1, 700 * 12 ** tone, "low")


@_at_4x
def _distortion(x, drive, tone):
    """Hard clipping, then a blend of a low-pass and a high-pass."""
    clipped = np.clip(10 ** (0.5 + 1.7 * drive) * _wide(x, 1, 60, "high"), -0.5, 0.7)
    return (1 - tone) * _wide(clipped, 1, 500, "low") + tone * _wide(clipped, 1, (1000, 9000), "band")


@_at_4x
def _tube_amp(x, drive, tone):
    """Two stages whose bias follows the sound, and a cabinet."""
    first = np.tanh(10 ** (0.4 + 1.4 * drive) * x + 0.2) - np.tanh(0.2)
    bias = lfilter([0.0005], [1, -0.9995], np.abs(first))
    second = np.tanh(2 * _wide(first, 1, 50, "high") - 0.5 * bias)
    bright = _wide(second, 1, 2000 + 6000 * tone, "low")
    return _wide(_wide(bright, 2, 5000, "low"), 1, 80, "high")


KNOB_PEDALS = {"overdrive": _overdrive, "distortion": _distortion, "amp": _tube_amp}


def playing(seconds=INPUT_S, seed=1):
    """Plucked strings, peak 0.5, with a recorder's noise."""
    rng = np.random.default_rng(seed)
    x = strings.plucked(rng, strings.phrases(rng, seconds), seconds)
    return 0.5 * x / np.abs(x).max() + INPUT_NOISE * rng.standard_normal(len(x))


def record(pedal, x, seed=2):
    """The output of a pedal, later by LATENCY samples, with a recorder's noise."""
    y = np.concatenate([np.zeros(LATENCY), pedal(x)])[:len(x)]
    y = 0.5 * y / np.abs(y).max()
    return y + INPUT_NOISE * np.random.default_rng(seed).standard_normal(len(x))


def record_sheet(folder, pedal):
    """Writes the recordings that the sheet in a folder asks for, at its knobs from 0 to 10."""
    x, rate_hz = soundfile.read(folder / "x/x.wav")
    assert rate_hz == RATE_HZ
    x = np.concatenate([x, np.zeros(2 * LATENCY)])
    for path in re.findall(r"y/y\S+", (folder / "sheet.txt").read_text()):
        knobs = [float(value) / 10 for value in re.findall(r"_[a-z]+([\d.]+)(?=_|\.wav)", path)]
        y = record(lambda x, knobs=knobs: KNOB_PEDALS[pedal](x, *knobs), x)
        soundfile.write(folder / path, y, rate_hz, "FLOAT")


def main(arguments):
    if arguments:
        record_sheet(Path(arguments[0]), arguments[1])
        return 0
    x = playing()
    clicks = click_track.track(RATE_HZ)
    x_with_clicks = np.concatenate([clicks, x, clicks])
    tracks = click_track.tracks(x_with_clicks, RATE_HZ)
    print("| simulated pedal | true | found | confidence | by clicks |\n| --- | --- | --- | --- | --- |")
    for name, pedal in PEDALS.items():
        found = latency.find(x, record(pedal, x), RATE_HZ)
        recorded = record(pedal, np.concatenate([x_with_clicks, np.zeros(2 * LATENCY)]))
        by_clicks, _ = click_track.measure(x_with_clicks, recorded, tracks, RATE_HZ)
        print(f"| {name} | {LATENCY} | {found.samples} | {found.confidence:.1f} | {by_clicks} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
