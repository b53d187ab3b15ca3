#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The benchmark measures all that it should, with torch and without; no word of how fast."""

import json
import math
import os
import subprocess
import sys
import unittest

import bench
import common

SIZES = (8, 12, 16, 20, 24, 32, 40, 48, 64)
BLOCKS = tuple(2 ** k for k in range(4, 12))


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = common.scratch_folder(cls.addClassCleanup)

    def measure(self, **environment):
        """One round: what it prints, and its JSON."""
        path = self.folder / "bench.json"
        told = subprocess.run([sys.executable, common.TOP / "test/bench.py", "--rounds=1", f"--json={path}"],
                              env={**os.environ, **environment}, check=True, stdout=subprocess.PIPE, text=True).stdout
        return told, json.loads(path.read_text(encoding="utf-8"))

    def assert_measured(self, found):
        """Every number in it is one, and above 0."""
        numbers = [found]
        while numbers:
            value = numbers.pop()
            if isinstance(value, (dict, list)):
                numbers += value.values() if isinstance(value, dict) else value
            elif value is not None and not isinstance(value, str):
                self.assertTrue(math.isfinite(value) and value > 0, value)

    def test_complete(self):
        """every size, kernel, lane, block, choice, signal and count"""
        told, found = self.measure()
        kernels = list(dict.fromkeys(entry["kernel"] for entry in found["blocks"]))
        self.assertIn(found["kernel"], kernels)
        self.assertIn("plain", kernels)
        self.assertEqual([(e["units"], e["lanes"], e["kernel"]) for e in found["network"]],
                         [(size, lanes, kernel) for size in SIZES for lanes in (1, 2) for kernel in kernels])
        self.assertEqual([(e["kernel"], e["block"]) for e in found["blocks"]],
                         [(kernel, block) for kernel in kernels for block in BLOCKS])
        self.assertEqual(set(found["cases"]), {"1x-2x-change", *(f"{times}x{case}" for times in (1, 2, 4)
                                                                 for case in bench.OVERSAMPLING_CASES)})
        self.assertEqual(tuple(found["signals"]), bench.SIGNALS)
        self.assertEqual(list(found["instances"]), ["1", "8", "64"])
        self.assertEqual(set(found["start_ns"]), {"first-instantiate", "next-instantiate", "activate"})
        self.assertEqual(set(found["bytes"]), {"instance", "model"})
        self.assertTrue(all(e["times_faster_than_torch"] for e in found["network"]))
        self.assert_measured({key: value for key, value in found.items() if key != "load_average"})
        for title in ("The bare network", "The whole plugin", "Block of 64", "Instances", "Begin", "Memory"):
            self.assertIn(title, told)

    def test_without_torch(self):
        """the other columns are there, and that of torch says why it is not"""
        (self.folder / "sitecustomize.py").write_text("import sys\nsys.modules['torch'] = None\n")
        told, found = self.measure(PYTHONPATH=str(self.folder))
        self.assertIsNone(found["torch"])
        self.assertIn("no torch here", told)
        self.assertTrue(all(e["times_faster_than_plain"] for e in found["network"]))


if __name__ == "__main__":
    common.main()
