#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The latency of simulated pedals is the onset of their response, and a pair without a latency is refused."""

import re
import unittest

import numpy as np

import common
import latency
import simulated_pedals
from simulated_pedals import LATENCY, PEDALS, RATE_HZ

EARLIEST = LATENCY - 8


class Latency(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.x = simulated_pedals.playing()

    def record(self, name="amp and cabinet"):
        return simulated_pedals.record(PEDALS[name], self.x)

    def find(self, y):
        return latency.find(self.x, y, RATE_HZ)

    def fault(self, y):
        text = latency.fault(self.find(y), RATE_HZ)
        common.note(text)
        return text

    def test_pedals(self):
        """a causal model can follow each pedal at its latency, and has at most 8 samples to wait"""
        for name in PEDALS:
            found = self.find(self.record(name))
            common.note(f"{name}: {found.samples}")
            self.assertTrue(EARLIEST <= found.samples <= LATENCY, name)
            self.assertEqual(latency.fault(found, RATE_HZ), "")
            self.assertEqual(found.is_inverted, name == "inverting overdrive", name)

    def test_noise_alone(self):
        """a response that is noise has an onset somewhere"""
        response = np.random.default_rng(1).standard_normal(latency.BEFORE + latency.AFTER + 1)
        self.assertLess(np.abs(response).max(), latency.ABOVE_NOISE)
        self.assertTrue(0 <= latency._onset(response) < len(response))

    def test_correlation(self):
        """the correlation in blocks is that of whole signals, negative lags included"""
        rng = np.random.default_rng(2)
        x, y = rng.standard_normal((2, latency.BLOCK + 1000))
        x[0] = 100  # each sample counts, at either end of a block
        wanted = [np.dot(x[max(0, -lag):len(x) - max(0, lag)], y[max(0, lag):len(y) + min(0, lag)])
                  for lag in range(-5, 8)]
        np.testing.assert_allclose(latency._correlate(x, y, -5, 7), wanted, rtol=0, atol=1e-6)

    def test_table(self):
        """the table in weights/README.md names every simulated pedal and its true latency"""
        text = (common.TOP / "weights/README.md").read_text()
        rows = re.findall(r"^\| (.+) \| 200 \| \d+ \| [\d.]+ \| \d+ \|$", text, re.M)
        self.assertEqual(rows, list(PEDALS))

    def test_far(self):
        """a latency of 5 s is found, in both directions"""
        y = self.record()
        n = 5 * RATE_HZ
        late = self.find(np.concatenate([np.zeros(n), y])[:len(y)])
        self.assertTrue(EARLIEST <= late.samples - n <= LATENCY, late.samples)
        early = self.find(y[n:])
        self.assertTrue(EARLIEST <= early.samples + n <= LATENCY, early.samples)

    def test_noise_and_dc(self):
        """noise at -34 dB, or a DC offset with hum, makes a latency at most 48 samples too short, and not too long"""
        y = self.record()
        noise = np.random.default_rng(1).standard_normal(len(y))
        hum = 0.1 + 0.02 * np.sin(2 * np.pi * 50 * np.arange(len(y)) / RATE_HZ)
        for changed in (y + 0.01 * noise, y + hum):
            samples = self.find(changed).samples
            common.note(f"{samples}")
            self.assertTrue(LATENCY - 48 <= samples <= LATENCY, samples)

    def test_clocks(self):
        """clocks 20 and 100 ppm apart are refused with the figure"""
        t = np.arange(len(self.x))
        for ppm in (20, 100):
            y = np.interp(t * (1 + 1e-6 * ppm), t, self.record("tape with wow of 0.6 samples"), right=0)
            told = re.search(r"differ by about (\d+) ppm", self.fault(y))
            self.assertIsNotNone(told)
            self.assertAlmostEqual(int(told[1]), ppm, delta=0.35 * ppm)

    def test_dropped_samples(self):
        """a recorder that dropped 64 samples is refused with their number"""
        self.assertIn("moves by 64 samples", self.fault(np.delete(self.record(), slice(6 * RATE_HZ, 6 * RATE_HZ + 64))))

    def test_foreign(self):
        """a recording of other playing, a repeated loop, and parts that are silent or foreign are refused"""
        y = self.record()
        other = simulated_pedals.record(PEDALS["amp and cabinet"], simulated_pedals.playing(seed=7))
        self.assertIn("no latency explains y", self.fault(other))
        half = y.copy()
        half[len(y) // 2:] = 0
        self.assertIn("does not follow x from 6 to", self.fault(half))
        middle = y.copy()
        middle[4 * RATE_HZ:8 * RATE_HZ] = other[4 * RATE_HZ:8 * RATE_HZ]
        self.assertIn("does not follow x from 4 to 8 s", self.fault(middle))
        loop = np.tile(self.x[:3 * RATE_HZ], 4)
        found = latency.find(loop, simulated_pedals.record(PEDALS["wire"], loop), RATE_HZ)
        self.assertIn("x repeats itself", latency.fault(found, RATE_HZ))


if __name__ == "__main__":
    common.main()
