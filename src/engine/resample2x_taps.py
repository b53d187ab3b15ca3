#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Designs the filters of src/engine/resample2x.c and prints them as C.

usage: src/engine/resample2x_taps.py > src/engine/resample2x_taps.h

All have 4 * pairs - 1 taps. Those with linear phase are symmetric, and their middle tap has an odd
index: those of even index come in `pairs` equal pairs, and those of odd index in pairs - 1 beside the
middle.

A halfband filter is 1/2 in its middle and 0 at all other odd indices, so it takes half the work, but
it lets half of what lies at the lower rate's Nyquist frequency through, and most of what lies a
little above. That is no harm where nothing lies there: before the network, and far above the host's
band. The last filter on the way down meets the network's harmonics there, which would come back as
aliases, so it is a lowpass filter that stops from the Nyquist frequency on. Both are Parks-McClellan
designs. The halfband ones start from a filter without a stop band at half the rate (Vaidyanathan and
Nguyen, "A trick for the design of FIR half-band filters", IEEE Trans. Circuits Syst. 34(3), 1987).

Each has a minimum-phase twin with the same magnitude at every frequency and the least delay that this
magnitude allows: the zeros outside the unit circle are reflected into it. It is neither symmetric nor zero at odd
indices.
"""

import numpy as np
from scipy import signal

STOP_WEIGHT = 10.0  # of the lowpass filter's stop band, against its pass band
GRID = 1 << 16


def halfband(pairs, edge):
    whole = np.zeros(4 * pairs - 1)
    whole[::2] = signal.remez(2 * pairs, [0, edge], [1], fs=1, grid_density=64) / 2
    whole /= 2 * whole.sum()
    whole[2 * pairs - 1] = 0.5
    return whole


def lowpass(pairs, edge):
    whole = signal.remez(4 * pairs - 1, [0, edge, 0.5, 1], [1, 0], weight=[1, STOP_WEIGHT], fs=2, grid_density=64)
    return whole / whole.sum()


def minimum_phase(whole):
    zeros = np.roots(whole)
    zeros[np.abs(zeros + 1) < 1e-4] = -1  # the halfband filters' double zero, which rounding splits
    zeros = np.where(np.abs(zeros) > 1, 1 / zeros.conj(), zeros)
    points = np.exp(2j * np.pi * np.arange(len(whole)) / len(whole))
    taps = np.fft.fft(np.prod(points[:, None] - zeros, axis=1)).real[::-1]
    return taps / taps.sum()


# name, design, pairs, pass band's edge as a part of the lower of the two rates, stop band's, purpose
FILTERS = (("up", halfband, 16, 0.4, 0.6, "up from the host's rate"),
           ("down", lowpass, 24, 0.4, 0.5, "down to the host's rate"),
           ("wide", halfband, 8, 0.25, 0.75, "between higher rates, where the upper half of the band may be lost"))


def describe(whole, edge, stop):
    magnitude = np.abs(np.fft.rfft(whole, 2 * GRID))
    frequency = np.linspace(0, 1, GRID + 1)  # as a part of the lower rate
    ripple_db = 20 * np.log10(np.abs(magnitude[frequency <= edge] - 1).max() + 1)
    stop_db = 20 * np.log10(magnitude[frequency >= stop].max())
    return (f"// {len(whole)} taps; ripple {ripple_db:.1g} dB up to {edge:g} of the lower rate, "
            f"{stop_db:.1f} dB from {stop:g} on.")


def table(name, taps, form="+.9e"):
    words = [f"{tap:{form}}f," for tap in taps]
    lines = ["    " + " ".join(words[start:start + 4]) for start in range(0, len(words), 4)]
    return "\n".join([f"static const float {name}[{len(taps)}] = {{", *lines, "};"])


def main():
    print("// SPDX-License-Identifier: MIT\n"
          "// Written by: src/engine/resample2x_taps.py > src/engine/resample2x_taps.h\n"
          "// clang-format off\n"
          "#ifndef OD3_RESAMPLE2X_TAPS_H\n#define OD3_RESAMPLE2X_TAPS_H\n")
    constants = ", ".join(f"{name.upper()}_PAIRS = {pairs}" for name, _, pairs, *_ in FILTERS)
    print(f"enum {{ {constants} }};")
    for name, design, pairs, edge, stop, purpose in FILTERS:
        whole = design(pairs, edge)
        print(f"\n// {purpose.capitalize()}: {design.__name__}.\n{describe(whole, edge, stop)}")
        print(table(f"{name}_even", np.float32(whole[:2 * pairs:2])))
        if design is lowpass:
            print(table(f"{name}_odd", np.float32(whole[1:2 * pairs:2])))
        twin = minimum_phase(whole).round(8)
        delay = (np.arange(len(twin)) * twin).sum()
        print(f"// The minimum-phase twin delays low frequencies by {delay:.4f} samples of the higher rate.\n"
              f"{describe(twin, edge, stop)}")
        print(table(f"{name}_minimum", twin, "+.8f"))
    print("\n#endif")


if __name__ == "__main__":
    main()
