#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Presets: hosts find them by name, all are as loud as each other; names in Portuguese too."""

import os
import re
import subprocess
import sys
import unittest

import common

sys.path.insert(0, str(common.TOP / "ttl"))

import presets  # noqa: E402 # found through the line above

MOST_APART_DB = 1.5


def lv2info(language):
    """What lilv knows of the plugin, told in a language."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LC_")}
    return subprocess.run(["lv2info", presets.URI], check=True, capture_output=True, text=True,
                          env={**environment, "LANG": language}).stdout


class Presets(unittest.TestCase):
    def shipped(self):
        """(symbol, {port: value}) of each preset in the bundle."""
        text = (common.TOP / "od3.lv2/presets.ttl").read_text()
        blocks = re.findall(rf"<{presets.URI}#preset-([a-z-]+)>(.*?) \.\n", text, re.DOTALL)
        return [(symbol, {port: float(value) for port, value in
                          re.findall(r'lv2:symbol "(\w+)" ;\s+pset:value (\S+)', block)}) for symbol, block in blocks]

    def test_listed(self):
        """at least eight, each what the script says, each found by hosts under its names"""
        shipped = self.shipped()
        self.assertGreaterEqual(len(shipped), 8)
        self.assertEqual([symbol for symbol, _ in shipped], [preset.symbol for preset in presets.PRESETS])
        for (_, values), preset in zip(shipped, presets.PRESETS):
            self.assertEqual((values["gain"], values["tone"]), (preset.gain, preset.tone))
            self.assertEqual(set(values), {"gain", "tone", "level"})
            self.assertTrue(-30 <= values["level"] <= 12)
        for language, label in (("C.UTF-8", "label"), ("pt_BR.UTF-8", "label_pt")):
            told = lv2info(language).split("Presets:")[1].split("Port 0:")[0]
            self.assertEqual({line.strip() for line in told.splitlines() if line.strip()},
                             {getattr(preset, label) for preset in presets.PRESETS})

    def test_loudness(self):
        """as loud as each other, by ITU-R BS.1770, on the guitar"""
        loudness = {symbol: presets.played_loudness_db(values["gain"], values["tone"], values["level"])
                    for symbol, values in self.shipped()}
        for symbol, loudness_db in loudness.items():
            common.note(f"{symbol}: {loudness_db:.1f} LUFS")
        self.assertLess(max(loudness.values()) - min(loudness.values()), MOST_APART_DB)

    def test_meter(self):
        """a sine of 997 Hz at 0 dBFS has -3.01 LUFS, and half of it 6.02 less"""
        t = presets.np.arange(3 * 48000) / 48000
        sine = presets.np.sin(2 * presets.np.pi * 997 * t)
        self.assertAlmostEqual(presets.loudness_db(sine, 48000), -3.01, delta=0.05)
        self.assertAlmostEqual(presets.loudness_db(0.5 * sine, 48000), -9.03, delta=0.05)

    def test_portuguese(self):
        """ports, and the clock on the knobs, have Portuguese names"""
        told = lv2info("pt_BR.UTF-8")
        for name in ("Ganho", "Tonalidade", "Nível", "Sobreamostragem", "Ligado", "Latência"):
            self.assertRegex(told, rf"Name:\s+{name}\n")
        self.assertIn('5.0 = "12 h"', told)
        self.assertIn('5.0 = "12 o\'clock"', lv2info("C.UTF-8"))


if __name__ == "__main__":
    common.main()
