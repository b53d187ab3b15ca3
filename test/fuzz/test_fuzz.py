#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The corpus and a short fuzzing run find no failure, and planted bugs are found.

The short runs begin from one seed and end after a number of inputs, so that a failure comes again. Other inputs are
tried by `./waf fuzz`.
"""

import tempfile
import unittest
from pathlib import Path

import common
import fuzz

N_INPUTS = {"model": 500_000, "json": 300_000, "run": 700}
SEED = "-seed=1"
PATIENCE_S = 300  # for a planted bug


class Fuzz(unittest.TestCase):
    def replay(self, name):
        files = sorted(fuzz.corpus(name).iterdir())
        self.assertGreater(len(files), 10)
        status, said = fuzz.call(f"fuzz_{name}", *files)
        self.assertEqual(status, 0, said[-6000:])
        self.assertEqual(said.count("Executed "), len(files))
        common.note(f"{name}: {len(files)} inputs, {sum(file.stat().st_size for file in files)} bytes")

    def search(self, name, limit, program=None):
        with tempfile.TemporaryDirectory() as new:
            return fuzz.fuzz(name, Path(new), [SEED, limit], program)

    def fuzz(self, name):
        status, said = self.search(name, f"-runs={N_INPUTS[name]}")
        common.note(f"{name}: {fuzz.summary(said)}")
        self.assertEqual(status, 0, said[-6000:])

    def find(self, name, sign):
        status, said = self.search(name, f"-max_total_time={PATIENCE_S}", f"planted_{name}")
        common.note(f"{name}: {fuzz.summary(said)}")
        self.assertNotEqual(status, 0)
        self.assertRegex(said, sign)

    def test_model_corpus(self):
        """every file of the parser's corpus passes"""
        self.replay("model")

    def test_model(self):
        """a short fuzzing of the parser finds no failure"""
        self.fuzz("model")

    def test_planted_in_model(self):
        """fuzzing finds a limit in the parser that is off by one"""
        self.find("model", "Sanitizer|runtime error")

    def test_json_corpus(self):
        """every file of the corpus of JSON passes"""
        self.replay("json")

    def test_json(self):
        """a short fuzzing of the readers of JSON finds no failure"""
        self.fuzz("json")

    def test_planted_in_json(self):
        """fuzzing finds a row of numbers that is written beyond its end"""
        self.find("json", "Sanitizer|runtime error")

    def test_run_corpus(self):
        """every file of the corpus of run() passes"""
        self.replay("run")

    def test_run(self):
        """a short fuzzing of run() finds no failure"""
        self.fuzz("run")

    def test_planted_in_run(self):
        """fuzzing finds a state that activate() does not clear"""
        self.find("run", "requirement failed")


if __name__ == "__main__":
    common.main()
