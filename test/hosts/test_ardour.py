#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ardour without a display: a session with the pedal is set, automated, saved, loaded and exported."""

import re
import shutil
import subprocess
import sys

import common
import numpy as np
import soundfile
from ardour_host import CREATE, N, RATE_HZ, ArdourCase

sys.path.insert(0, str(common.TOP / "ttl"))

from plugin_definition import URI  # noqa: E402 # found through the line above

SET = """
assert(ARDOUR.LuaAPI.set_processor_param(pedal, 0, 7.0))
assert(ARDOUR.LuaAPI.set_processor_param(pedal, 1, 3.5))
"""
AUTOMATE = """
local pedal = s:route_by_name("Guitar"):nth_plugin(0)
print("saved gain", ARDOUR.LuaAPI.get_processor_param(pedal, 0))
print("latency", pedal:to_insert():signal_latency())
local list, control = ARDOUR.LuaAPI.plugin_automation(pedal, 0)
control:add(Temporal.timepos_t(0), 2.0, false, true)
control:add(Temporal.timepos_t(48000), 2.0, false, true)
control:add(Temporal.timepos_t(50400), 9.0, false, true)
list:set_interpolation(Evoral.InterpolationStyle.Linear)
local gain = Evoral.Parameter(ARDOUR.AutomationType.PluginAutomation, 0, 2)
pedal:to_automatable():automation_control(gain, true):set_automation_state(ARDOUR.AutoState.Play)
"""
LOAD_PRESET = """
local pedal = s:route_by_name("Guitar"):nth_plugin(0)
local plugin = pedal:to_insert():plugin(0)
local preset = plugin:preset_by_label("07 Cutting Lead")
assert(preset and plugin:load_preset(preset))
print("preset", ARDOUR.LuaAPI.get_processor_param(pedal, 0), ARDOUR.LuaAPI.get_processor_param(pedal, 1))
"""


class Ardour(ArdourCase):
    def offline(self, gain, latency_frames):
        """lv2apply's render, without the latency."""
        padded = np.concatenate([self.clip, np.zeros(latency_frames, np.float32)])
        soundfile.write(self.folder / "in.wav", padded, RATE_HZ, "FLOAT")
        subprocess.run(["lv2apply", "-i", self.folder / "in.wav", "-o", self.folder / "out.wav", "-c", "gain",
                        str(gain), "-c", "tone", "3.5", URI], check=True, capture_output=True)
        return soundfile.read(self.folder / "out.wav")[0][latency_frames:]

    def test_session(self):
        """knobs and automation survive saving and loading; exports equal offline renders, latency compensated"""
        self.lua(CREATE.format(uri=URI) + SET, how=f'create_session("{self.folder}/session", "session", {RATE_HZ})')
        self.place_clip()
        fixed = self.export("fixed")
        said = self.lua(AUTOMATE)
        self.assertRegex(said, r"saved gain\s+7\.0")
        latency_frames = int(re.search(r"latency\s+(\d+)", said).group(1))
        common.note(f"Ardour sees a latency of {latency_frames} frames")
        shutil.copy(self.folder / "session/session.ardour", self.folder / "saved.xml")
        self.assertIn('parameter-2"', (self.folder / "saved.xml").read_text())
        automated = self.export("automated")
        self.assertRegex(self.lua(LOAD_PRESET), r"preset\s+7\.5.*\s7\.5")
        self.compare(fixed, self.offline(7.0, latency_frames), "fixed knobs")
        for start, end, gain in ((4800, 47000, 2.0), (80000, N, 9.0)):
            self.compare(automated[start:end], self.offline(gain, latency_frames)[start:end], f"gain {gain}")


if __name__ == "__main__":
    common.main()
