#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""jalv under a freewheeling JACK server without a sound card: sound, controls, a preset, latency."""

import os
import re
import subprocess
import sys

import numpy as np
import soundfile
from scipy.signal import correlate

import common
import xvfb
from jalv_host import PERIOD, RATE_HZ, TIMEOUT_S, JalvCase, wait_for

sys.path.insert(0, str(common.TOP / "ttl"))

from plugin_definition import URI  # noqa: E402 # found through the line above


class Jalv(JalvCase):
    def offline(self, **controls):
        """The clip through lv2apply, with the plugin's latency."""
        padded = np.concatenate([self.clip, np.zeros(8 * PERIOD, np.float32)])
        soundfile.write(self.folder / "in.wav", padded, RATE_HZ, "FLOAT")
        words = [word for name, value in controls.items() for word in ("-c", name, str(value))]
        subprocess.run(["lv2apply", "-i", self.folder / "in.wav", "-o", self.folder / "out.wav", *words, URI],
                       check=True, capture_output=True)
        return soundfile.read(self.folder / "out.wav")[0]

    def test_plays(self):
        """controls set on the command line and at the prompt are heard"""
        process = self.jalv(URI, "gain=7", "oversampling=1")
        self.compare(self.player.play(), self.offline(gain=7, oversampling=1))
        process.stdin.write("set 2 1.5\n")
        process.stdin.flush()
        wait_for(lambda: "gain = 1.5" in self.said())
        self.player.play()  # the knob's ramp
        self.compare(self.player.play(), self.offline(gain=1.5, oversampling=1))

    def test_preset(self):
        """a preset of the bundle loads, and is heard"""
        process = self.jalv(URI, "oversampling=1")
        for command, answer in (("presets", r"preset-blues-lead \(05 Blues Lead\)"),
                                (f"preset {URI}#preset-blues-lead\ncontrols", r"gain = 6\.5.*level = \S+\n")):
            process.stdin.write(f"{command}\n")
            process.stdin.flush()
            wait_for(lambda answer=answer: re.search(answer, self.said(), re.DOTALL))
        level_db = float(re.findall(r"level = (\S+)", self.said())[-1])
        self.player.play()
        self.compare(self.player.play(), self.offline(gain=6.5, tone=4, level=level_db, oversampling=1))

    def test_latency(self):
        """the delay at 2x and 4x is the latency that jalv reports to JACK"""
        base = None
        for times in (1, 2, 4):
            process = self.jalv(URI, f"oversampling={times}")
            played = self.player.play()
            lag = int(np.argmax(correlate(played, self.offline(oversampling=1), method="fft")))
            base = lag if base is None else base
            reported = self.reported_frames("od3:")
            common.note(f"{times}x: reported {reported} frames, heard {lag - base}")
            self.assertEqual(lag - base, reported)
            self.assertEqual(reported > 0, times > 1)
            process.stdin.close()
            process.terminate()
            process.wait(TIMEOUT_S)

    def test_window(self):
        """in jalv's window a click on 1x reaches the plugin, whose latency falls to 0, and the window has its size"""
        os.environ["DISPLAY"] = xvfb.start(self.addCleanup)
        self.start("jalv.gtk3", "--no-menu", URI)
        search = ("xdotool", "search", "--name", "OD3")
        wait_for(lambda: subprocess.run(search, capture_output=True, check=False).stdout)
        wait_for(lambda: self.reported_frames("OD3:") > 0)
        window = subprocess.run([*search, "getwindowgeometry"], check=True, capture_output=True, text=True).stdout
        self.assertIn("Geometry: 240x496", window)

        def has_clicked():
            subprocess.run(["xdotool", "mousemove", "150", "289", "click", "1"], check=True)
            return self.reported_frames("OD3:") == 0

        wait_for(has_clicked)


if __name__ == "__main__":
    common.main()
