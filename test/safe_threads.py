#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ThreadSanitizer: no data race in the plugin, whose instances share a model."""

import unittest

import common
import variant

HOST = variant.SAFE / "thread/host_threads"


class Threads(unittest.TestCase):
    def test_have_no_race(self):
        """instances that play, come and go on five threads"""
        variant.run_all(self, "thread", [HOST] * 3, variant.SAFE / "thread/od3.so")

    def test_finds_a_race(self):
        """the same without the lock of shared_model.c"""
        result = variant.run(HOST, variant.SAFE / "thread/faulty.so", OD3_FAULT="race")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("WARNING: ThreadSanitizer: data race", result.stdout)


if __name__ == "__main__":
    common.main()
