#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ThreadSanitizer finds no data race between instances that share a model, nor between the threads of the player."""

import unittest

import common
import variant

HOST = variant.SAFE / "thread/plugin/test_threads"
PLAYER_HOST = variant.SAFE / "thread/plugin/test_player_threads"


class Threads(unittest.TestCase):
    def test_have_no_race(self):
        """instances that start, play and end on five threads have no data race"""
        variant.run_all(self, "thread", [HOST] * 3, variant.SAFE / "thread/od3.so")

    def test_player_has_no_race(self):
        """the player's audio thread, its worker, and saving and restoring have no data race"""
        variant.run_all(self, "thread", [PLAYER_HOST] * 3, variant.SAFE / "thread/od3.so")

    def test_finds_a_race(self):
        """without the order of memory that shared_model.c demands, a data race is found"""
        result = variant.run(HOST, variant.SAFE / "thread/faulty.so", OD3_FAULT="race")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("WARNING: ThreadSanitizer: data race", result.stdout)


if __name__ == "__main__":
    common.main()
