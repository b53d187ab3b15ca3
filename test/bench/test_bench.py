#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The benchmark reports every measurement, with torch and without it. No speed is required."""

import json
import math
import os
import subprocess
import sys
import unittest

import bench
import common

SIZES = (8, 12, 16, 20, 24, 32, 40, 48, 64, 80)
BLOCKS = tuple(2 ** k for k in range(4, 12))


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = common.scratch_folder(cls.addClassCleanup)

    def measure(self, **environment):
        """Runs one round; returns its output and its JSON."""
        path = self.folder / "bench.json"
        told = subprocess.run([sys.executable, common.TOP / "test/bench/bench.py", "--rounds=1", f"--json={path}"],
                              env={**os.environ, **environment}, check=True, stdout=subprocess.PIPE, text=True).stdout
        return told, json.loads(path.read_text(encoding="utf-8"))

    def assert_measured(self, found):
        """Asserts that every number is finite and above 0."""
        numbers = [found]
        while numbers:
            value = numbers.pop()
            if isinstance(value, (dict, list)):
                numbers += value.values() if isinstance(value, dict) else value
            elif value is not None and not isinstance(value, str):
                self.assertTrue(math.isfinite(value) and value > 0, value)

    def test_complete(self):
        """every size, kernel, stream count, block, case, signal and instance count is measured"""
        told, found = self.measure()
        kernels = list(dict.fromkeys(entry["kernel"] for entry in found["blocks"]))
        self.assertIn(found["kernel"], kernels)
        self.assertIn("plain", kernels)
        for cell in ("network", "lstm"):
            self.assertEqual([(e["units"], e["streams"], e["kernel"]) for e in found[cell]],
                             [(size, n_streams, kernel) for size in SIZES for n_streams in (1, 2)
                              for kernel in kernels])
        self.assertEqual([(e["kernel"], e["factor"]) for e in found["factors"]],
                         [(kernel, factor) for kernel in kernels for factor in (1, 2, 4)])
        self.assertEqual([(e["kernel"], e["block"]) for e in found["blocks"]],
                         [(kernel, block) for kernel in kernels for block in BLOCKS])
        self.assertEqual(set(found["cases"]), {"1x-2x-change", *(f"{times}x{case}" for times in (1, 2, 4)
                                                                 for case in bench.OVERSAMPLING_CASES)})
        self.assertEqual(tuple(found["signals"]), bench.SIGNALS)
        self.assertEqual(list(found["instances"]), ["1", "8", "64"])
        self.assertEqual(list(found["stereo"]), ["1x", "2x", "4x"])
        self.assertEqual(set(found["start_ns"]), {"first-instantiate", "next-instantiate", "activate"})
        self.assertEqual(set(found["bytes"]), {"instance", "model"})
        self.assertTrue(all(e["times_faster_than_torch"] for e in found["network"]))
        self.assert_measured({key: value for key, value in found.items() if key != "load_average"})
        for title in ("The bare network", "The bare LSTM", "The whole plugin", "Block of 64", "Instances", "Start",
                      "Memory"):
            self.assertIn(title, told)

    def test_without_torch(self):
        """without torch its column says so and the others are measured"""
        (self.folder / "sitecustomize.py").write_text("import sys\nsys.modules['torch'] = None\n")
        told, found = self.measure(PYTHONPATH=str(self.folder))
        self.assertIsNone(found["torch"])
        self.assertIn("torch is missing", told)
        self.assertTrue(all(e["times_faster_than_plain"] for e in found["network"]))


class RunTimes(unittest.TestCase):
    def rows(self, what, number):
        """Returns the cells of each row that run_times.py prints."""
        told = subprocess.run([sys.executable, common.TOP / "test/bench/run_times.py", what, str(number)], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        self.assertIn(bench.processor(), told)
        return [line.strip("| ").split(" | ") for line in told.splitlines() if line.startswith("| ")][2:]

    def test_worst(self):
        """the longest calls are measured in every state of the pedal, and quantiles rise from the median on"""
        rows = self.rows("worst", 2000)
        self.assertEqual([row[0] for row in rows], ["held-knobs", "automation", "oversampling", "bypass", "first-run",
                                                    "first-run-late-knobs"])
        for _, _, *multiples in rows:
            quantiles = [float(multiple) for multiple in multiples]
            self.assertEqual(quantiles, sorted(quantiles))
            self.assertEqual(len(quantiles), 4)
        self.assertEqual(rows[0][2], "1.00")

    def test_kernels(self):
        """each kernel is timed at each oversampling, and no time is 0"""
        rows = self.rows("kernels", 3)
        kernels = sorted({row[1] for row in rows})
        self.assertTrue(kernels)
        self.assertEqual(sorted((row[1], row[0]) for row in rows),
                         [(kernel, f"{factor}x") for kernel in kernels for factor in (1, 2, 4)])
        for row in rows:
            self.assertTrue(all(float(cell) > 0 for cell in row[2:] if cell), row)

    def test_phases(self):
        """minimum phase rejects aliases as linear phase does, and a tenth of its latency is reported"""
        told = subprocess.run([sys.executable, common.TOP / "test/bench/phases.py", "3"], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        found = [line.strip("| ").split(" | ") for line in told.splitlines() if line.startswith("| ")][2:]
        self.assertEqual([row[:4] for row in found],
                         [["2x", "linear", "-91.3 dB", "39"], ["2x", "minimum", "-91.3 dB", "4"],
                          ["4x", "linear", "-91.3 dB", "47"], ["4x", "minimum", "-91.3 dB", "5"]])
        self.assertEqual([row[5].split(", ")[0] for row in found], ["39.0", "3.5", "47.0", "5.0"])
        self.assertTrue(all(float(row[-1]) > 0 for row in found))


if __name__ == "__main__":
    common.main()
