#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GStreamer's tools: the plugin has one audio channel and its controls, and renders the same sound as lv2apply."""

import os
import re
import sys
import unittest

import numpy as np
import soundfile

import common

sys.path.insert(0, str(common.TOP / "ttl"))

from plugin_definition import URI  # noqa: E402 # found through the line above

ELEMENT = URI.replace(":", "-")
RATE_HZ = 48000
N_FRAMES = 2 * RATE_HZ
LIMIT_DB = -140


class GStreamer(unittest.TestCase):
    def setUp(self):
        self.folder = common.scratch_folder(self.addCleanup)
        # GStreamer caches what it reads of plugins; a registry of the test's own holds this bundle.
        self.environment = {**os.environ, "GST_REGISTRY": str(self.folder / "registry.bin")}
        self.clip, _ = soundfile.read(common.TOP / "test/data/guitar.flac", frames=N_FRAMES, dtype="float32")
        soundfile.write(self.folder / "in.wav", self.clip, RATE_HZ, "FLOAT")

    def inspect(self):
        """gst-inspect-1.0's description of the element."""
        return common.run("gst-inspect-1.0", ELEMENT, env=self.environment)

    def launch(self, *properties):
        """The clip through the element in gst-launch-1.0."""
        common.run("gst-launch-1.0", "-q", "filesrc", f"location={self.folder / 'in.wav'}", "!", "wavparse", "!",
                   "audioconvert", "!", ELEMENT, *properties, "!", "wavenc", "!", "filesink",
                   f"location={self.folder / 'out.wav'}", env=self.environment)
        rendered, rate_hz = soundfile.read(self.folder / "out.wav")
        self.assertEqual((rate_hz, rendered.shape), (RATE_HZ, (N_FRAMES,)))
        return rendered

    def offline(self, **controls):
        """The clip through lv2apply."""
        words = [word for name, value in controls.items() for word in ("-c", name, value)]
        common.run("lv2apply", "-i", self.folder / "in.wav", "-o", self.folder / "lv2apply.wav", *words, URI)
        return soundfile.read(self.folder / "lv2apply.wav")[0]

    def assert_same(self, rendered, wanted):
        difference_db = 10 * np.log10(np.sum((rendered - wanted) ** 2) / np.sum(wanted ** 2) + 1e-20)
        common.note(f"{difference_db:.1f} dB from lv2apply, limit {LIMIT_DB} dB")
        self.assertLess(difference_db, LIMIT_DB)

    def test_channels(self):
        """one audio channel in and one out"""
        templates = self.inspect().split("Pad Templates:")[1].split("Element has no clocking")[0]
        self.assertEqual(re.findall(r"(SINK|SRC) template", templates), ["SINK", "SRC"])
        self.assertEqual(re.findall(r"channels: (\S+)", templates), ["1", "1"])

    def test_controls(self):
        """knobs are floats of the full range, oversampling is an enumeration"""
        described = " ".join(self.inspect().split("Element Properties:")[1].split())
        flags = "flags: readable, writable, controllable"
        self.assertIn(f"gain : Gain {flags} Float. Range: 0 - 10 Default: 5 ", described)
        self.assertIn(f"tone : Tone {flags} Float. Range: 0 - 10 Default: 5 ", described)
        self.assertIn(f"level : Level {flags} Float. Range: -30 - 12 Default: 0 ", described)
        self.assertRegex(described, f'oversampling : Oversampling {flags} Enum .* Default: 2, "2x" '
                                    r"\(1\): 1x - 1x \(2\): 2x - 2x \(4\): 4x - 4x")

    def test_render(self):
        """controls are heard; the output has the plugin's latency, as lv2apply's has"""
        self.assert_same(self.launch("gain=7", "tone=3.5", "enabled=true"), self.offline(gain=7, tone=3.5))
        self.assert_same(self.launch("gain=1", "level=-6", "oversampling=1", "enabled=true"),
                         self.offline(gain=1, level=-6, oversampling=1))

    def test_disabled(self):
        """without enabled=true the input passes: GStreamer has no defaults for toggles"""
        self.assertTrue(np.array_equal(self.launch("gain=7", "oversampling=1"), self.clip))


if __name__ == "__main__":
    common.main()
