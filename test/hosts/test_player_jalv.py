#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The player in jalv: a preset, a saved state and the window bring their model, before and while it plays."""

import os
import json
import re
import shutil
import subprocess
import sys

import captures
import common
import model_preset
import numpy as np
import soundfile
import xvfb
from jalv_host import PERIOD, RATE_HZ, JalvCase, wait_for

sys.path.insert(0, str(common.TOP / "ttl"))

from plugin_definition import PLAYER_URI, URI  # noqa: E402 # found through the line above

GAIN = 8


class PlayerInJalv(JalvCase):
    def setUp(self):
        super().setUp()
        model_preset.write(self.folder / "lv2", PLAYER_URI, GAIN)
        old_path = os.environ.get("LV2_PATH", "")
        os.environ["LV2_PATH"] = f"{old_path}:{self.folder / 'lv2'}"
        self.addCleanup(os.environ.update, LV2_PATH=old_path)

    def expected(self):
        """The clip through the preset's model, with the plugin's latency."""
        soundfile.write(self.folder / "in.wav", np.concatenate([self.clip, np.zeros(8 * PERIOD, np.float32)]), RATE_HZ,
                        "FLOAT")
        return model_preset.expected(self.folder, self.folder / "in.wav", URI, gain=GAIN)

    def test_preset(self):
        """a preset that names a model loads it while jalv plays"""
        process = self.jalv(PLAYER_URI, f"knob1={GAIN}")  # without a window, jalv loses the preset's knob
        before = self.player.play()
        self.tell(process, "presets", rf"{re.escape(model_preset.URI)} \({model_preset.LABEL}\)")  # jalv reads it here
        self.tell(process, f"preset {model_preset.URI}", "model = ")
        self.player.play()  # the change
        after = self.player.play()
        self.compare(after, self.expected())
        self.assertGreater(np.sum((after - before) ** 2), 1e-4 * np.sum(after ** 2))

    def test_state(self):
        """jalv loads a saved state, whose model lies beside it, before it plays"""
        state = self.folder / "lv2/eco.lv2"
        moved = self.folder / "a session"
        shutil.move(state, moved)
        text = (moved / "preset.ttl").read_text(encoding="utf-8").replace(f"<{model_preset.URI}>", "<>")
        (moved / "state.ttl").write_text(text, encoding="utf-8")
        self.jalv(PLAYER_URI, options=("-l", str(moved)))
        self.compare(self.player.play(), self.expected())

    def test_window(self):
        """in jalv's window the list loads a model, whose rate gives another latency, and an arrow loads the next"""
        os.environ["DISPLAY"] = xvfb.start(self.addCleanup)
        os.environ["HOME"], home = str(self.folder / "home"), os.environ["HOME"]
        self.addCleanup(os.environ.update, HOME=home)
        (self.folder / "home").mkdir()
        for name, rate_hz in (("a.json", 48000), ("b.json", 192000)):
            document = {**captures.document(captures.draw("keras", "gru", 8)), "samplerate": rate_hz}
            (self.folder / "home" / name).write_text(json.dumps(document))
        self.start("jalv.gtk3", "--no-menu", PLAYER_URI)
        search = ("xdotool", "search", "--name", "Neural Pedal")
        wait_for(lambda: subprocess.run(search, capture_output=True, check=False).stdout)
        wait_for(lambda: self.reported_frames("Neural Pedal:") > 0)
        window = subprocess.run([*search, "getwindowgeometry"], check=True, capture_output=True, text=True).stdout
        self.assertIn("Geometry: 360x440", window)
        at_48_khz = self.reported_frames("Neural Pedal:")
        subprocess.run(["xdotool", "mousemove", "180", "47", "click", "1", "sleep", "0.3", "key", "End", "Return"],
                       check=True)
        wait_for(lambda: self.reported_frames("Neural Pedal:") > at_48_khz)
        subprocess.run(["xdotool", "mousemove", "321", "47", "click", "1"], check=True)
        wait_for(lambda: self.reported_frames("Neural Pedal:") == at_48_khz)


if __name__ == "__main__":
    common.main()
