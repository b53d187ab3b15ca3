#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the oversampling's phases at 48 kHz: rejection, latency, group delay, Blend's comb, and cost.

usage: phases.py [N_ROUNDS]

run() with each phase takes turns in one process. All but the times are computed from the resampler's responses.
"""

import subprocess
import sys

import numpy as np

import bench
import run_times

N_ROUNDS = 400
DELAYS_HZ = (100, 5000, 10000, 15000)
COMB_HZ = (5000, 10000, 15000)
RESOLUTION = 1 << 16


def responses():
    """Returns by (phase, factor, way) the latency in frames and the response."""
    said = subprocess.run([bench.BUILD / "test/bench/responses"], check=True, capture_output=True, text=True).stdout
    found = {}
    for line in said.splitlines():
        phase, factor, way, latency, *samples = line.split()
        found[phase, int(factor), way] = int(latency), np.array(samples, float)
    return found


def rejection_db(down, factor):
    """The loudest alias, from half of the host's rate on, in dB."""
    spectrum = np.abs(np.fft.rfft(down, RESOLUTION * factor))
    return 20 * np.log10(spectrum[RESOLUTION // 2:].max())


def at(values, hz):
    """The value at a frequency, of those of a spectrum."""
    return values[round(hz * RESOLUTION / bench.RATE_HZ)]


def group_delay(response):
    """The group delay in frames at each frequency."""
    frames = np.arange(len(response))
    return (np.fft.rfft(response * frames, RESOLUTION) / np.fft.rfft(response, RESOLUTION)).real


def comb_db(response, latency):
    """What equal parts of the oversampled sound and of the input, delayed by the latency, have of either, in dB."""
    turns = np.arange(RESOLUTION // 2 + 1) * latency / RESOLUTION
    both = np.fft.rfft(response, RESOLUTION) + np.exp(-2j * np.pi * turns)
    return 20 * np.log10(np.abs(both) / 2 + 1e-9)


def rows(times):
    """Yields the table's rows; `times` are the quickest rounds in ns by (phase, factor as a word)."""
    found = responses()
    for phase, factor in sorted({key[:2] for key in found}, key=lambda key: (key[1], key[0])):
        latency, response = found[phase, factor, "there-and-back"]
        _, down = found[phase, factor, "down"]
        delay, comb = group_delay(response), comb_db(response, latency)
        yield (f"{factor}x", phase, f"{rejection_db(down, factor):.1f} dB", latency,
               f"{1000 * latency / bench.RATE_HZ:.2f} ms",
               ", ".join(f"{at(delay, hz):.1f}" for hz in DELAYS_HZ),
               ", ".join(f"{at(comb, hz):.1f}" for hz in COMB_HZ),
               f"{times[phase, str(factor)] / times['linear', str(factor)]:.3f}")


def main():
    n_rounds = int(sys.argv[1]) if len(sys.argv) > 1 else N_ROUNDS
    scheduling, found = run_times.measured("phases", n_rounds)
    print(f"{bench.processor()}; {n_rounds} rounds, {scheduling}")
    kilohertz = (", ".join(f"{hz / 1000:g}" for hz in all_hz) for all_hz in (DELAYS_HZ, COMB_HZ))
    delays, comb = kilohertz
    bench.table("The oversampling's phases",
                ("oversampling", "phase", "loudest alias", "latency in frames", "latency",
                 f"group delay in frames at {delays} kHz", f"Blend at 50 % at {comb} kHz, in dB",
                 "time of run() over linear"),
                list(rows({key: times[0] for key, times in found.items()})))


if __name__ == "__main__":
    main()
