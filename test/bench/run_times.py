#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints how long run() takes in blocks of 64 frames at 48 kHz: in the worst case, or with each kernel.

usage: run_times.py worst [N_CALLS]        a million calls in each state of the pedal, at 2x; two minutes
       run_times.py kernels [N_ROUNDS]     all kernels at 1x, 2x and 4x, which take turns
"""

import os
import subprocess
import sys

import bench

CALLS, ROUNDS = 1000000, 400


def measured(*words):
    """Returns the scheduling class and, by the names in a line, its numbers in ns."""
    said = subprocess.run([bench.BUILD / "test/bench/run_times", bench.BUNDLE, *map(str, words)], check=True,
                          capture_output=True, text=True).stdout
    scheduling, *lines = said.splitlines()
    found = {}
    for line in lines:
        *names, a, b, c, d = line.split()
        found[tuple(names)] = [float(number) for number in (a, b, c, d)]
    return scheduling, found


def print_worst(found):
    (held, *_), *_ = found.values()
    bench.table("run() at 2x; multiples are of the median with held knobs",
                ("state", "median in µs", "median", "99 %", "99.99 %", "longest"),
                [(name, f"{times[0] / 1000:.1f}", *(f"{ns / held:.2f}" for ns in times))
                 for (name,), times in found.items()])


def print_kernels(found):
    bench.table("run() by kernel, ns in a frame: the quickest round, quartiles, and the quickest over AVX2's",
                ("oversampling", "kernel", "quickest", "lower quartile", "median", "upper quartile", "over avx2"),
                [(f"{factor}x", kernel, *(f"{ns:.1f}" for ns in times),
                  f"{times[0] / found['avx2', factor][0]:.3f}" if ("avx2", factor) in found else "")
                 for (kernel, factor), times in sorted(found.items(), key=lambda item: item[0][1])])


def main():
    what, *number = sys.argv[1:]
    n = int(number[0]) if number else CALLS if what == "worst" else ROUNDS
    before = os.getloadavg()[0]
    scheduling, found = measured(what, n)
    print(f"{bench.processor()}; {n} {'calls' if what == 'worst' else 'rounds'}, {scheduling}; load of the machine "
          f"{before:.1f}, then {os.getloadavg()[0]:.1f}")
    (print_worst if what == "worst" else print_kernels)(found)


if __name__ == "__main__":
    main()
