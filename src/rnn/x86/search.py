#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Searches the constants of gru_sse2.py that make its loop fastest on this processor: src/rnn/x86/search.py --minutes N

The constants are LAST_ROWS, SUMS and the processor's `waits`. The search is hill climbing: it changes one constant at
random, generates the header, compiles the kernel and times it. A change that seems faster is measured again in rounds
where the old and the new program alternate. The search keeps it when the median is lower by more than MIN_GAIN and the
new program won MIN_WINS of N_ROUNDS rounds. Better constants are printed; write them into gru_sse2.py and run the tests
of the kernels. A new LAST_ROWS adds numbers in another order, which changes the output by rounding errors.

--compare times the assembly against the same kernel in C (kernel_vector.c without HAVE_ASSEMBLY) instead.
"""

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import assembly
import gru_sse2

SRC = Path(__file__).resolve().parents[2]
MIN_GAIN = 0.003  # of the time; less is noise
N_ROUNDS = 15
MIN_WINS = 13  # rounds in which a better program is the faster one
MAX_WAIT_CYCLES = 12
# The build's flags for this kernel (wscript).
FLAGS = ["-std=c11", "-D_POSIX_C_SOURCE=200809L", "-fvisibility=hidden", "-fPIC", "-O3", "-fno-math-errno",
         "-fno-trapping-math", "-ffp-contract=fast", "-DKERNEL=sse2", "-DVECTOR_FLOATS=4"]
# Prints the median time of a frame in nanoseconds, over many short runs. All of theta carries the kernel's scale.
TIMER = r"""
#include "rnn/kernel.h"
#include "rnn/theta_layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <xmmintrin.h>

enum { N_UNITS = 32, N_FRAMES = 128, N_RUNS = 400 };

extern const Kernel kernel_sse2;

static double
now_ns(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static float
uniform(float limit)
{
  return limit * (2.0f * (float)rand() / (float)RAND_MAX - 1.0f);
}

static int
compare(const void* a, const void* b)
{
  const double x = *(const double*)a;
  const double y = *(const double*)b;
  return (x > y) - (x < y);
}

int
main(int argc, char** argv)
{
  static _Alignas(64) float theta[N_UNITS * (3 * N_UNITS + THETA_N_PARTS)];
  static _Alignas(64) float out_weight[N_UNITS];
  static _Alignas(64) float states[CELL_MAX_STREAMS * N_UNITS];
  static float in[N_FRAMES];
  static float out[N_FRAMES];
  static double times[N_RUNS];
  const uint32_t n_streams = argc > 1 ? (uint32_t)atoi(argv[1]) : 1;
  const CellShape shape = kernel_sse2.shape(N_UNITS);
  _mm_setcsr(_mm_getcsr() | 0x8040); // flush denormals
  for (size_t i = 0; i < sizeof theta / sizeof *theta; ++i) {
    theta[i] = shape.preactivation_scale * uniform(0.25f);
  }
  for (size_t i = 0; i < N_UNITS; ++i) {
    out_weight[i] = uniform(0.25f);
  }
  for (size_t i = 0; i < N_FRAMES; ++i) {
    in[i] = uniform(1.0f);
  }
  const Cell gru = {.shape = shape, .theta = theta, .out_weight = out_weight};
  for (int run = 0; run < N_RUNS; ++run) {
    const double start = now_ns();
    for (int i = 0; i < 4; ++i) {
      shape.process(&gru, n_streams, states, in, out, N_FRAMES);
    }
    times[run] = (now_ns() - start) / (4 * N_FRAMES);
  }
  qsort(times, N_RUNS, sizeof *times, compare);
  printf("%.3f\n", times[N_RUNS / 2]);
  return out[0] != out[0]; // NaN
}
"""


def build(folder, name, has_assembly=True):
    """Compiles the timing program; its assembly has the constants that gru_sse2 has now."""
    rnn = folder / name / "rnn/x86"
    rnn.mkdir(parents=True)
    assembly.write_header(rnn / "gru_sse2.h", "gru_sse2", gru_sse2.CONTRACT, gru_sse2.DECLARATIONS, gru_sse2.assembly())
    timer, program = folder / name / "timer.c", folder / name / "timer"
    timer.write_text(TIMER, encoding="utf-8")
    subprocess.run(["gcc", *FLAGS, *["-DHAVE_ASSEMBLY"] * has_assembly, "-I", folder / name, "-I", SRC,
                    "-o", program, timer, SRC / "rnn/vector/kernel_vector.c", "-lm"], check=True)
    return program


def time_ns(program, n_streams=1):
    """Returns the median time of a frame."""
    return float(subprocess.run([program, str(n_streams)], check=True, capture_output=True, text=True).stdout)


def alternate(programs, n_streams=1):
    """Returns each program's times in N_ROUNDS alternating rounds."""
    rounds = [[time_ns(program, n_streams) for program in programs] for _ in range(N_ROUNDS)]
    return list(zip(*rounds))


def constants():
    return gru_sse2.LAST_ROWS, gru_sse2.SUMS, gru_sse2.ZEN_3.waits


def use(last_rows, sums, waits):
    """Makes gru_sse2 generate with these constants."""
    gru_sse2.LAST_ROWS, gru_sse2.SUMS = last_rows, sums
    gru_sse2.ZEN_3 = gru_sse2.ZEN_3._replace(waits=waits)


def exchanged(values):
    """Returns the values with two of them exchanged."""
    i, j = random.sample(range(len(values)), 2)
    values = list(values)
    values[i], values[j] = values[j], values[i]
    return tuple(values)


def neighbour(last_rows, sums, waits):
    """Returns the constants with one of them changed at random."""
    choice = random.randrange(3)
    if choice == 0:
        return exchanged(last_rows), sums, waits
    if choice == 1:
        return last_rows, exchanged(sums), waits
    kind = random.choice(sorted(gru_sse2.ZEN_3.latencies))
    return last_rows, sums, {**waits, kind: random.randrange(MAX_WAIT_CYCLES + 1)}


def search(folder, minutes):
    """Climbs for so many minutes; prints the constants whenever they are better."""
    best = constants()
    best_program = build(folder, "start")
    print(f"start: {time_ns(best_program):.2f} ns a frame", flush=True)
    end, n_tried = time.monotonic() + 60 * minutes, 0
    while time.monotonic() < end:
        n_tried += 1
        candidate = neighbour(*best)
        use(*candidate)
        try:
            program = build(folder, str(n_tried))
        except RuntimeError:  # the scheduler runs out of registers
            continue
        if time_ns(program) > time_ns(best_program) * (1 - MIN_GAIN):
            continue
        rounds = alternate([best_program, program])
        old, new = map(statistics.median, rounds)
        n_wins = sum(b < a for a, b in zip(*rounds))
        if new < old * (1 - MIN_GAIN) and n_wins >= MIN_WINS:
            best, best_program = candidate, program
            print(f"{new:.2f} ns a frame, before {old:.2f}:\n"
                  f"LAST_ROWS = {best[0]}\nSUMS = {best[1]}\nwaits={best[2]}", flush=True)
    print(f"{n_tried} changes tried")


def compare(folder):
    """Prints quartiles of the time with and without assembly, for 1 and 2 streams."""
    programs = {"assembly": build(folder, "assembly"), "C": build(folder, "c", False)}
    for n_streams in (1, 2):
        rounds = alternate(list(programs.values()), n_streams)
        for name, times in zip(programs, rounds):
            low, median, high = statistics.quantiles(times, n=4)
            print(f"{n_streams} streams, {name}: {median:.1f} ns a frame; quartiles {low:.1f}, {high:.1f}", flush=True)
        ratio = statistics.median(c / a for a, c in zip(*rounds))
        print(f"{n_streams} streams: C takes {ratio:.3f} times the assembly's time (median of the rounds' ratios)")


def main():
    parser = argparse.ArgumentParser(description="Searches faster constants for gru_sse2.py.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--compare", action="store_true", help="time the assembly against C instead")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder)) if options.compare else search(Path(folder), options.minutes)


if __name__ == "__main__":
    sys.exit(main())
