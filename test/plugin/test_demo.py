#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""./waf demo --input plays files as people have them: stereo, one-sided, of any rate and format; or says why not."""

import contextlib
import io
import os
import subprocess
import sys
import unittest

import numpy as np
import soundfile

import common

sys.path.insert(0, str(common.TOP / "test/tools"))

import demo  # noqa: E402 # found through the line above

RATE_HZ = 96000
N_FRAMES = RATE_HZ // 4


def guitar(n_frames=N_FRAMES, rate_hz=RATE_HZ):
    t = np.arange(n_frames) / rate_hz
    return 0.3 * np.sin(2 * np.pi * 220 * t) * np.exp(-3 * t)


class Demo(unittest.TestCase):
    def setUp(self):
        self.folder = common.scratch_folder(self.addCleanup)

    def write(self, name, *channels, rate_hz=RATE_HZ, subtype=None):
        path = self.folder / name
        soundfile.write(path, np.stack(channels, axis=1), rate_hz, subtype)
        return path

    def mono(self, path):
        """Returns (the samples that the demo plays, what it prints or, when it refuses the file, its last words)."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            try:
                samples, rate_hz = demo.mono(path)
            except SystemExit as refusal:
                self.assertNotIn("\n", refusal.code)
                common.note(refusal.code)
                return None, refusal.code
        self.assertEqual(rate_hz, soundfile.info(path).samplerate)
        return samples, said.getvalue()

    def assert_plays(self, path, wanted, words):
        samples, said = self.mono(path)
        self.assertIsNotNone(samples, said)
        self.assertLess(np.abs(samples - wanted).max(), 1e-6)
        self.assertEqual(said, f"{path}: {words}\n" if words else "")

    def test_whole(self):
        """a one-sided file of 24 bits at 96 kHz is played at its full level and rate, and drawn"""
        x = guitar()
        path = self.write("my guitar.WAV", x, 0 * x, subtype="PCM_24")
        lone = self.write("lone.wav", soundfile.read(path)[0][:, 0], subtype="FLOAT")
        for source in (path, lone):
            result = subprocess.run([sys.executable, common.TOP / "test/tools/demo.py", source], check=False, text=True,
                                    capture_output=True, env={**os.environ, "OD3_TOP": str(self.folder)})
            self.assertEqual(result.returncode, 0, result.stderr)
        heard, rate_hz = soundfile.read(self.folder / "demo/my guitar-od3.wav")
        wanted, _ = soundfile.read(self.folder / "demo/lone-od3.wav")
        self.assertEqual((rate_hz, heard.shape), (RATE_HZ, (N_FRAMES,)))
        self.assertGreater(np.std(wanted), 0.01)
        np.testing.assert_array_equal(heard, wanted)
        self.assertTrue((self.folder / "demo/my guitar-od3.png").read_bytes().startswith(b"\x89PNG"))

    def test_channels(self):
        """channels are mixed, silent ones do not count, and channels that cancel each other are not mixed"""
        x, z = guitar(), guitar()[::-1]
        hiss = 1e-4 * np.random.default_rng(1).standard_normal(N_FRAMES)
        self.assert_plays(self.write("mono.wav", x, subtype="FLOAT"), x, "")
        self.assert_plays(self.write("stereo.wav", x, z, subtype="FLOAT"), (x + z) / 2,
                          "2 channels are mixed to one, since the pedal is mono")
        self.assert_plays(self.write("right.wav", hiss, x, subtype="FLOAT"), x,
                          "of 2 channels, 2 is played; the others are silent")
        self.assert_plays(self.write("four.wav", x, hiss, z, 0 * x, subtype="FLOAT"), (x + z) / 2,
                          "of 4 channels, 1, 3 are played; the others are silent")
        self.assert_plays(self.write("balanced.wav", x, -x, subtype="FLOAT"), x,
                          "the channels cancel each other; channel 1 of 2 is played")

    def test_formats(self):
        """FLAC, AIFF, floats above full scale, other rates and MP3 are played"""
        for name, subtype, rate_hz in (("a.flac", "PCM_16", 44100), ("a.aiff", "PCM_24", 22050),
                                       ("a.wav", "DOUBLE", 192000)):
            self.assert_plays(self.write(name, np.full(999, 0.5), rate_hz=rate_hz, subtype=subtype), 0.5, "")
        self.assert_plays(self.write("loud.wav", np.full(999, 4.0), subtype="FLOAT"), 4.0, "")
        x = guitar(44100, 44100)
        samples, said = self.mono(self.write("a.mp3", x, rate_hz=44100))
        self.assertIsNotNone(samples, said)
        self.assertAlmostEqual(np.std(samples) / np.std(x), 1, delta=0.05)

    def test_refuses(self):
        """what cannot be played is refused in one line that names the file and the reason"""
        text = self.folder / "text.wav"
        text.write_text("<html>")
        x = guitar()
        for path, reason in ((text, "no sound file that can be read"),
                             (self.write("empty.wav", np.zeros(0)), "has no samples"),
                             (self.write("zeros.wav", 0 * x), "is silent"),
                             (self.write("nan.wav", np.where(np.arange(N_FRAMES) == 9, np.nan, x), subtype="FLOAT"),
                              "sample 9 is not finite")):
            samples, said = self.mono(path)
            self.assertIsNone(samples, path)
            self.assertIn(f"{path}", said)
            self.assertIn(reason, said)


if __name__ == "__main__":
    common.main()
