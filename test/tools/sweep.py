#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws spectrograms of a sine sweep through the pedal at 48 kHz with 1x, 2x and 4x oversampling.

usage: sweep.py OUT.png     after ./waf bench, which builds the player
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402 # after the choice of a backend
import numpy as np  # noqa: E402
from scipy import signal  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

import rates  # noqa: E402 # found through the line above

SECONDS, LOW_HZ, HIGH_HZ, LEVEL_DB = 4, 200, 12000, -10
KNOBS = (1, 0.5)
FLOOR_DB, TOP_DB = -105, -20
NFFT = 2048


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.splitlines()[2])
    t = np.arange(SECONDS * rates.MODEL_HZ) / rates.MODEL_HZ
    sweep = 10 ** (LEVEL_DB / 20) * signal.chirp(t, LOW_HZ, SECONDS, HIGH_HZ)
    figure, axes = plt.subplots(1, 3, figsize=(12, 4.2), sharey=True, layout="constrained")
    for axis, times in zip(axes, (1, 2, 4)):
        played, _ = rates.play(sweep, rates.MODEL_HZ, times, KNOBS)
        image = axis.specgram(played, NFFT=NFFT, Fs=rates.MODEL_HZ / 1000, noverlap=NFFT * 3 // 4, scale="dB",
                              window=np.blackman(NFFT), mode="magnitude", cmap="magma", vmin=FLOOR_DB, vmax=TOP_DB)[3]
        axis.set(title=f"{times}x", xlabel="seconds", ylim=(0, rates.MODEL_HZ / 2000))
        axis.set_xticks(np.arange(SECONDS + 1) * 1000, range(SECONDS + 1))
    axes[0].set(ylabel="kHz")
    figure.colorbar(image, ax=axes, label="dB")
    figure.suptitle(f"a sine from {LOW_HZ / 1000:g} to {HIGH_HZ / 1000:g} kHz at {LEVEL_DB} dBFS, gain "
                    f"{5 + 5 * KNOBS[0]:g}, tone {5 + 5 * KNOBS[1]:g}; falling lines are aliases")
    figure.savefig(sys.argv[1], dpi=80)


if __name__ == "__main__":
    main()
