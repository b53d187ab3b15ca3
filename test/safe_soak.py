#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The built plugin over time, its controls moving: no drift, no growth, and block sizes make no difference.

usage: safe_soak.py [--hours H]     of audio at each rate; without, a minute
"""

import argparse
import os
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

import common

RATES_HZ = (44100, 48000, 88200, 96000, 176400, 192000)
SECONDS = 60
SAME_DB = -100  # of a fresh instance, from one that has played: they differ by the rounding of a glide
COUNTED = "glibc.malloc.tcache_count=0"  # else malloc counts what it keeps for later as taken
LATE_PAGES_KB = 256  # of libraries, which the system reads when they are first used


def soak(rate_hz):
    """What test/soak.c says, by name."""
    said = common.run(common.BUILD / "test/soak", rate_hz, round(SECONDS),
                      env={**os.environ, "GLIBC_TUNABLES": COUNTED})
    return {name: float(number) for name, number in (line.split() for line in said.splitlines())}


class Soak(unittest.TestCase):
    def check(self, rate_hz, told):
        common.note(f"{rate_hz} Hz, {SECONDS:.0f} s at {told['times-real-time']:.0f} times real time, "
                    f"{told['control-changes']:.0f} control changes, {told['blocks']:.0f} blocks")
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
        """at each rate"""
        with ThreadPoolExecutor(2) as pool:
            for rate_hz, told in zip(RATES_HZ, pool.map(soak, RATES_HZ)):
                with self.subTest(rate_hz):
                    self.check(rate_hz, told)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float)
    arguments, sys.argv[1:] = parser.parse_known_args()
    SECONDS = arguments.hours * 3600 if arguments.hours else SECONDS
    common.main()
