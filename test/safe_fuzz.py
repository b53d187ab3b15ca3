#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The corpus breaks nothing, nor does what a short fuzzing makes of it; planted bugs are found."""

import unittest

import common
import fuzz

SECONDS = 15
PATIENCE_S = 120  # for a planted bug


class Fuzz(unittest.TestCase):
    def replay(self, name):
        files = sorted(fuzz.corpus(name).iterdir())
        self.assertGreater(len(files), 10)
        status, said = fuzz.call(f"fuzz_{name}", *files)
        self.assertEqual(status, 0, said[-6000:])
        self.assertEqual(said.count("Executed "), len(files))
        common.note(f"{name}: {len(files)} inputs, {sum(file.stat().st_size for file in files)} bytes")

    def fuzz(self, name):
        status, said = fuzz.fuzz(name, SECONDS)
        common.note(f"{name}: {fuzz.summary(said)}")
        self.assertEqual(status, 0, said[-6000:])

    def find(self, name, sign):
        status, said = fuzz.fuzz(name, PATIENCE_S, f"planted_{name}")
        common.note(f"{name}: {fuzz.summary(said)}")
        self.assertNotEqual(status, 0)
        self.assertRegex(said, sign)

    def test_model_corpus(self):
        """every file of the parser's corpus"""
        self.replay("model")

    def test_model(self):
        """the parser, fuzzed"""
        self.fuzz("model")

    def test_planted_in_model(self):
        """a limit that is off by one in the parser is found"""
        self.find("model", "Sanitizer|runtime error")

    def test_run_corpus(self):
        """every file of run()'s corpus"""
        self.replay("run")

    def test_run(self):
        """run(), fuzzed"""
        self.fuzz("run")

    def test_planted_in_run(self):
        """what activate() forgets to clear is found"""
        self.find("run", "does not hold")


if __name__ == "__main__":
    common.main()
