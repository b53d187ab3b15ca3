#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Command-line hosts play the player: with its own model, and with the model of a preset."""

import os
import re
import subprocess
import sys
import unittest

import common
import model_preset
import numpy as np
import soundfile

sys.path.insert(0, str(common.TOP / "ttl"))

from plugin_definition import PLAYER_URI, URI  # noqa: E402 # found through the line above

RATE_HZ = 48000
N = 2 * RATE_HZ
GAIN = 8


class Tools(unittest.TestCase):
    def setUp(self):
        self.folder = common.scratch_folder(self.addCleanup)
        samples, _ = soundfile.read(common.TOP / "test/data/guitar.flac", frames=N, dtype="float32")
        self.clip = self.folder / "clip.wav"
        soundfile.write(self.clip, samples, RATE_HZ, "FLOAT")
        model_preset.write(self.folder / "lv2", PLAYER_URI, GAIN)
        self.environment = {**os.environ, "LV2_PATH": f"{common.BUILD / 'lv2'}:{self.folder / 'lv2'}"}

    def play(self, tool, *words, uri=PLAYER_URI):
        """Renders the clip with a tool; the samples."""
        path = self.folder / f"{tool}.wav"
        result = subprocess.run([tool, *words, "-i", self.clip, "-o", path, uri], env=self.environment, check=False,
                                capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        return soundfile.read(path)[0]

    def compare(self, played, wanted, limit_db):
        difference_db = 10 * np.log10(np.sum((played - wanted) ** 2) / np.sum(wanted ** 2) + 1e-20)
        common.note(f"{difference_db:.1f} dB from the pedal with that model")
        self.assertLess(difference_db, limit_db)

    def test_lv2apply(self):
        """lv2apply, which offers no feature, plays the bundle's own model as the pedal does"""
        self.compare(self.play("lv2apply", "-c", "knob1", str(GAIN)),
                     self.play("lv2apply", "-c", "gain", str(GAIN), uri=URI), -140)

    def test_lv2file(self):
        """lv2file, which offers a feature without a URI, plays the model of a preset"""
        wanted = model_preset.expected(self.folder, self.clip, URI, gain=GAIN)
        own = self.play("lv2file", "-b", "64", "-p", f"knob1:{GAIN}")
        self.assertGreater(np.sum((own - wanted) ** 2), 1e-4 * np.sum(wanted ** 2))
        self.compare(self.play("lv2file", "-b", "64", "-P", model_preset.LABEL), wanted, -100)

    def test_lv2bench(self):
        """lv2bench runs it; it would skip a plugin that it cannot run"""
        said = subprocess.run(["lv2bench", "-b", "64", "-n", "48000", PLAYER_URI], check=True, capture_output=True,
                              text=True, env=self.environment).stdout
        self.assertRegex(said, rf"^[\d.]+ {re.escape(PLAYER_URI)}\n$")


if __name__ == "__main__":
    common.main()
