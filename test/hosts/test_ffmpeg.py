#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""FFmpeg and mpv, which uses FFmpeg's filters, render the same sound as lv2apply."""

import subprocess
import sys
import unittest

import numpy as np
import soundfile

import common

sys.path.insert(0, str(common.TOP / "ttl"))

from plugin_definition import URI  # noqa: E402 # found through the line above

ESCAPED_URI = URI.replace(":", r"\\:")  # for a filter graph
RATE_HZ = 48000
N_FRAMES = 2 * RATE_HZ
LIMIT_DB = -100
FFMPEG = ("ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-y")


class FFmpeg(unittest.TestCase):
    def setUp(self):
        self.folder = common.scratch_folder(self.addCleanup)
        self.clip, _ = soundfile.read(common.TOP / "test/data/guitar.flac", frames=N_FRAMES, dtype="float32")
        self.input = self.folder / "in.wav"
        soundfile.write(self.input, self.clip, RATE_HZ, "FLOAT")

    def ffmpeg(self, name, controls, *more, before=""):
        """The clip through other filters and the plugin, written to a file of that name."""
        common.run(*FFMPEG, "-i", self.input, "-af", f"{before}lv2=p={ESCAPED_URI}:c={controls},channelmap=0:mono",
                   *more, self.folder / name)
        return self.rendered(name)

    def rendered(self, name):
        audio, rate_hz = soundfile.read(self.folder / name, always_2d=True)
        self.assertEqual((rate_hz, audio.shape[1]), (RATE_HZ, 1))
        return audio[:, 0]

    def offline(self, **controls):
        """The clip through lv2apply."""
        words = [word for name, value in controls.items() for word in ("-c", name, value)]
        common.run("lv2apply", "-i", self.input, "-o", self.folder / "lv2apply.wav", *words, URI)
        return soundfile.read(self.folder / "lv2apply.wav")[0]

    def assert_same(self, rendered, wanted):
        difference_db = 10 * np.log10(np.sum((rendered - wanted) ** 2) / np.sum(wanted ** 2) + 1e-20)
        common.note(f"{difference_db:.1f} dB from lv2apply, limit {LIMIT_DB} dB")
        self.assertLess(difference_db, LIMIT_DB)

    def test_render(self):
        """ffmpeg's controls are heard; the output has the plugin's latency, as lv2apply's has"""
        float_wav = ("-c:a", "pcm_f32le")
        self.assert_same(self.ffmpeg("2x.wav", "gain=7|tone=3.5", *float_wav), self.offline(gain=7, tone=3.5))
        self.assert_same(self.ffmpeg("1x.wav", "gain=1|level=-6|oversampling=1", *float_wav),
                         self.offline(gain=1, level=-6, oversampling=1))

    def test_stereo(self):
        """pan takes the first channel of a stereo file"""
        wanted = self.offline(gain=7)
        soundfile.write(self.input, np.stack([self.clip, self.clip[::-1]], axis=1), RATE_HZ, "FLOAT")
        self.assert_same(self.ffmpeg("first.wav", "gain=7", "-c:a", "pcm_f32le", before="pan=mono|c0=c0,"), wanted)

    def test_mp3(self):
        """an encoder that needs a channel layout works with channelmap=0:mono, and not without"""
        encoded = self.ffmpeg("out.mp3", "gain=7|oversampling=1")
        level_db = 10 * np.log10(np.mean(encoded ** 2) / np.mean(self.offline(gain=7, oversampling=1) ** 2))
        self.assertAlmostEqual(level_db, 0, delta=1)
        result = subprocess.run([*FFMPEG, "-i", self.input, "-af", f"lv2=p={ESCAPED_URI}:c=gain=7",
                                 self.folder / "no_layout.mp3"], capture_output=True, text=True, check=False)
        self.assertIn("Channel layout change is not supported", result.stderr)

    def test_mpv(self):
        """mpv's controls are heard"""
        graph = f"lavfi=[lv2=p={ESCAPED_URI}:c=gain=7|tone=3.5,channelmap=0:mono]"
        common.run("mpv", "--no-config", "--really-quiet", "--no-video", f"--o={self.folder / 'mpv.wav'}",
                   "--oac=pcm_f32le", f"--af={graph}", self.input, stdin=subprocess.DEVNULL)
        rendered = self.rendered("mpv.wav")
        self.assertGreaterEqual(len(rendered), N_FRAMES)
        self.assert_same(rendered[:N_FRAMES], self.offline(gain=7, tone=3.5))
        self.assertFalse(np.any(rendered[N_FRAMES:]), "mpv pads with silence")


if __name__ == "__main__":
    common.main()
