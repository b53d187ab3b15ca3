#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints tables of accuracy, latency, aliasing and idle output at all sample rates and oversampling factors.

usage: quality.py [CLIP]     a second clip to measure accuracy on, besides guitar.flac
"""

import concurrent.futures
import os
import sys
from pathlib import Path

import numpy as np

import rates

GUITAR = rates.TOP / "test/data/guitar.flac"
OTHER_GUITAR = rates.TOP.parent / "shared/reference/guitar_di_44100.wav"
SECONDS = 4
GRID = 5
IDLE_GRID = 81
COMMON_HZ = (44100, 48000, 88200, 96000, 176400, 192000)
ODD_HZ = (8000, 22050, 32000, 64000, 128000, 384000, 768000)


def everywhere(function, tasks):
    """Returns function(*task) for each task, run on all processors that this process may use."""
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as executor:
        return list(executor.map(lambda task: function(*task), tasks))


def configurations(rates_hz):
    return [(rate_hz, times) for rate_hz in rates_hz for times in rates.choices(rate_hz)]


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def head(title, *cells):
    print(f"\n{title}\n")
    row(*cells)
    row(*["---"] * len(cells))


def accuracy(path, rates_hz):
    """Prints the mean and worst ESR over the knobs for each rate."""
    head(f"Accuracy: {path.name}, {GRID} x {GRID} knob positions, below {rates.LIMIT_HZ / 1000:g} kHz. ESR against the "
         "model's own output at 48 kHz 1x, which aliases, and against that without aliasing",
         "rate", "oversampling", "own: mean", "worst", "without aliasing: mean", "worst")
    knobs = rates.knob_grid(GRID)
    for rate_hz, times in configurations(rates_hz):
        ratios = np.array(everywhere(rates.accuracy, [(path, SECONDS, k, rate_hz, times) for k in knobs]))
        (own, free), (own_worst, free_worst) = ratios.mean(0), ratios.max(0)
        row(f"{rate_hz / 1000:g} kHz", f"{times}x", f"{own:.1e}", f"{own_worst:.1e}", f"{free:.1e}",
            f"{free_worst:.1e}")


def latency():
    head("Latency, reported and measured from the sound", "rate", "oversampling", "frames", "measured", "ms")
    for rate_hz, times in configurations(COMMON_HZ):
        told, measured = rates.measured_latency(GUITAR, SECONDS, (0.5, 0.5), rate_hz, times)
        row(f"{rate_hz / 1000:g} kHz", f"{times}x", told, f"{measured:.3f}", f"{1000 * told / rate_hz:.2f}")


def aliasing():
    head(f"Aliasing-to-signal ratio in dB, mean over sines of {', '.join(map(str, rates.PROBE_HZ))} Hz and "
         f"{len(rates.PROBE_KNOBS)} knob positions", "rate", "oversampling",
         *(f"{level_db} dBFS" for level_db in rates.PROBE_DB))
    for rate_hz, times in configurations((44100, 48000)):
        row(f"{rate_hz / 1000:g} kHz", f"{times}x",
            *(f"{v:.1f}" for v in everywhere(rates.aliasing, [(rate_hz, times, db) for db in rates.PROBE_DB])))
    for factor in (2, 4, 8):
        row("48 kHz", f"{factor}x, ideal filters",
            *(f"{v:.1f}" for v in everywhere(rates.least_aliasing, [(factor, db) for db in rates.PROBE_DB])))


def idle():
    head(f"Largest idle output after noise, peak to peak, over {IDLE_GRID} x {IDLE_GRID} knob positions",
         "rate", "oversampling", "peak to peak", "at gain", "at tone", "after s, at most")
    tasks = [(rate_hz, times, IDLE_GRID) for rate_hz, times in configurations(COMMON_HZ)]
    for (rate_hz, times, _), (loudest, gain, tone, silence_s) in zip(tasks, everywhere(rates.loudest_idle, tasks)):
        row(f"{rate_hz / 1000:g} kHz", f"{times}x", f"{loudest:.1e}", f"{5 + 5 * gain:.2f}", f"{5 + 5 * tone:.2f}",
            f"{silence_s:.2f}")


def main():
    other = Path(sys.argv[1]) if len(sys.argv) > 1 else OTHER_GUITAR
    accuracy(GUITAR, COMMON_HZ + ODD_HZ)
    if other.is_file():
        accuracy(other, COMMON_HZ)
    else:
        print(f"\nAccuracy on a second guitar: skipped, there is no {other}")
    latency()
    aliasing()
    idle()


if __name__ == "__main__":
    main()
