#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The player in Ardour without a display: a session keeps its model when it is saved, moved and loaded."""

import os
import re
import sys

import common
import model_preset
import numpy as np
import soundfile
from ardour_host import CREATE, RATE_HZ, ArdourCase

sys.path.insert(0, str(common.TOP / "ttl"))

from plugin_definition import PLAYER_URI, URI  # noqa: E402 # found through the line above

GAIN = 8
LOAD_PRESET = f"""
local plugin = pedal:to_insert():plugin(0)
local preset = plugin:preset_by_label("{model_preset.LABEL}")
assert(preset and plugin:load_preset(preset))
"""
TELL = """
local pedal = s:route_by_name("Guitar"):nth_plugin(0)
print("knob", ARDOUR.LuaAPI.get_processor_param(pedal, 0))
print("latency", pedal:to_insert():signal_latency())
"""


class PlayerInArdour(ArdourCase):
    def setUp(self):
        super().setUp()
        self.work = self.folder / "work"
        self.session = self.work / "session"
        model_preset.write(self.work / "lv2", PLAYER_URI, GAIN)
        old_path = os.environ.get("LV2_PATH", "")
        os.environ["LV2_PATH"] = f"{old_path}:{self.work / 'lv2'}"
        self.addCleanup(os.environ.update, LV2_PATH=old_path)

    def expected(self, latency_frames):
        """The clip through the preset's model, without the latency."""
        path = self.folder / "in.wav"
        soundfile.write(path, np.concatenate([self.clip, np.zeros(latency_frames, np.float32)]), RATE_HZ, "FLOAT")
        return model_preset.expected(self.folder, path, URI, gain=GAIN)[latency_frames:]

    def test_session(self):
        """a preset's model is saved with the session, and plays after both have moved: Ardour's links are relative"""
        self.lua(CREATE.format(uri=PLAYER_URI) + LOAD_PRESET,
                 how=f'create_session("{self.session}", "session", {RATE_HZ})')
        self.place_clip()
        self.session = self.work.rename(self.folder / "trabalho e gravações") / "session"
        said = self.lua(TELL)
        self.assertRegex(said, rf"knob\s+{GAIN}\.0")
        latency_frames = int(re.search(r"latency\s+(\d+)", said).group(1))
        self.compare(self.export("moved"), self.expected(latency_frames), "moved session")


if __name__ == "__main__":
    common.main()
