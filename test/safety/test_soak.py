#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The built plugin plays for long with moving controls without drift or growth, equal for all block sizes.

usage: PYTHONPATH=test/support test/safety/test_soak.py [--hours H]

It plays H hours of audio at each rate, and at 48 kHz with each other kernel; the default is a minute.
"""

import argparse
import os
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

import common

RATES_HZ = (44100, 48000, 88200, 96000, 176400, 192000)
SECONDS = 60
SAME_DB = -100  # limit of the difference from a fresh instance; parameter ramps round differently
COUNTED = "glibc.malloc.tcache_count=0"  # otherwise malloc counts its cached blocks as used
LATE_PAGES_KB = 256  # library pages that the system loads on first use


def soak(rate_hz, kernel=""):
    """Runs soak; returns its numbers by name."""
    said = common.run(common.BUILD / "test/safety/soak", rate_hz, round(SECONDS),
                      env={**os.environ, "GLIBC_TUNABLES": COUNTED, **({"OD3_KERNEL": kernel} if kernel else {})})
    return {name: float(number) for name, number in (line.split() for line in said.splitlines())}


class Soak(unittest.TestCase):
    def check(self, rate_hz, kernel, told):
        common.note(f"{rate_hz} Hz, {kernel or 'chosen kernel'}, {SECONDS:.0f} s at "
                    f"{told['times-real-time']:.0f} times real time, {told['control-changes']:.0f} control changes, "
                    f"{told['blocks']:.0f} blocks")
        common.note(f"  from a fresh instance {told['from-fresh-db']:.1f} dB; level {told['level-db-first']:.4f}, then "
                    f"{told['level-db-last']:.4f} dB; DC {told['dc-first']:.3e}, then {told['dc-last']:.3e}")
        common.note(f"  malloc {told['malloc-bytes-first']:.0f}, then {told['malloc-bytes-last']:.0f} bytes; resident "
                    f"{told['resident-kb-first']:.0f}, then {told['resident-kb-last']:.0f} kB")
        self.assertGreater(told["control-changes"], 5 * SECONDS)
        self.assertEqual(told["frames-different"], 0)
        self.assertEqual(told["frames-not-finite"], 0)
        self.assertLess(told["largest"], 16)
        self.assertGreater(told["level-db-first"], -40)
        self.assertLess(told["from-fresh-db"], SAME_DB)
        self.assertAlmostEqual(told["level-db-last"], told["level-db-first"], delta=1e-4)
        self.assertAlmostEqual(told["dc-last"], told["dc-first"], delta=1e-7)
        self.assertEqual(told["malloc-bytes-last"], told["malloc-bytes-first"])
        self.assertGreater(told["resident-kb-first"], 0)
        self.assertLess(told["resident-kb-last"], told["resident-kb-first"] + LATE_PAGES_KB)

    def test_soak(self):
        """at each rate, and with each kernel, the output and memory stay the same over time and for all block sizes"""
        cases = [*((rate_hz, "") for rate_hz in RATES_HZ), *((48000, name) for name in common.native_kernels()[:-1])]
        with ThreadPoolExecutor(2) as pool:
            for case, told in zip(cases, pool.map(lambda case: soak(*case), cases)):
                with self.subTest(case):
                    self.check(*case, told)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float)
    arguments, sys.argv[1:] = parser.parse_known_args()
    SECONDS = arguments.hours * 3600 if arguments.hours else SECONDS
    common.main()
