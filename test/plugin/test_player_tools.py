#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Command-line hosts, which load no model, play the player with its own."""

import os
import re
import subprocess
import sys
import unittest

import common
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
        self.environment = {**os.environ, "LV2_PATH": str(common.BUILD / "lv2")}

    def play(self, uri, knob):
        """Renders the clip with lv2apply and one knob turned; the samples."""
        path = self.folder / "played.wav"
        result = subprocess.run(["lv2apply", "-c", knob, str(GAIN), "-i", self.clip, "-o", path, uri],
                                env=self.environment, check=False, capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        return soundfile.read(path)[0]

    def test_lv2apply(self):
        """lv2apply, which offers no feature, plays the bundle's own model as the pedal does"""
        wanted = self.play(URI, "gain")
        self.assertGreater(np.std(wanted), 0.01)
        played = self.play(PLAYER_URI, "knob1")
        difference_db = 10 * np.log10(np.sum((played - wanted) ** 2) / np.sum(wanted ** 2) + 1e-20)
        common.note(f"{difference_db:.1f} dB from the pedal")
        self.assertLess(difference_db, -140)

    def test_lv2bench(self):
        """lv2bench runs it; it would skip a plugin that it cannot run"""
        said = subprocess.run(["lv2bench", "-b", "64", "-n", "48000", PLAYER_URI], check=True, capture_output=True,
                              text=True, env=self.environment).stdout
        self.assertRegex(said, rf"^[\d.]+ {re.escape(PLAYER_URI)}\n$")


if __name__ == "__main__":
    common.main()
