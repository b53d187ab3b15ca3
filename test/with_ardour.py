#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ardour, without a screen: the pedal in a session is set, automated, saved, loaded again and exported."""

import os
import re
import shutil
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import soundfile

import common

URI = "urn:od3-lv2:od3"
RATE_HZ = 48000
N = 3 * RATE_HZ
SUPERCLOCKS = 282240000  # a second, in Ardour's sessions
FORMAT = Path("/usr/share/ardour7/export/BWAV 32float Export.format")
FORMAT_ID, PRESET_ID = "11111111-2222-4333-8444-555555555555", "aaaaaaaa-2222-4333-8444-555555555555"
PRESET = f"""<?xml version="1.0" encoding="UTF-8"?>
<ExportPreset id="{PRESET_ID}" name="float">
  <ExportFormat id="{FORMAT_ID}"/>
  <ExportFilename>
    <Folder relative="true" path="/export"/>
    <Field name="label" enabled="false"/> <Field name="session" enabled="false"/>
    <Field name="revision" enabled="false"/> <Field name="time" enabled="false" value="T_None"/>
    <Field name="date" enabled="false" value="D_None"/>
  </ExportFilename>
</ExportPreset>
"""
OPEN = 'AudioEngine:set_backend("None (Dummy)", "ardour", "")\nlocal s = {how}\nassert(s)\n'
CREATE = f"""
local track
for t in s:new_audio_track(1, 1, nil, 1, "Guitar", ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal,
                           true):iter() do track = t end
local pedal = ARDOUR.LuaAPI.new_plugin(s, "{URI}", ARDOUR.PluginType.LV2, "")
assert(not pedal:isnil())
track:add_processor_by_index(pedal, 0, nil, true)
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
local preset = plugin:preset_by_label("Cutting Lead")
assert(preset and plugin:load_preset(preset))
print("preset", ARDOUR.LuaAPI.get_processor_param(pedal, 0), ARDOUR.LuaAPI.get_processor_param(pedal, 1))
"""
EXPORT = f"""
local export = s:simple_export()
export:set_preset("{PRESET_ID}")
export:set_range(0, {N})
export:set_name("{{name}}")
assert(export:run_export())
"""


class Ardour(unittest.TestCase):
    def setUp(self):
        self.folder = common.scratch_folder(self.addCleanup)
        presets = self.folder / "home/.config/ardour7/export"
        presets.mkdir(parents=True)
        (presets / "float.preset").write_text(PRESET)
        text = re.sub(r'(<ExportFormatSpecification [^>]*id=")[^"]*', rf"\g<1>{FORMAT_ID}", FORMAT.read_text())
        (presets / "float.format").write_text(text.replace('<SampleRate rate="1"/>', f'<SampleRate rate="{RATE_HZ}"/>'))
        self.clip, _ = soundfile.read(common.TOP / "test/guitar.flac", frames=N, dtype="float32")

    def lua(self, *parts, how=None):
        """Runs Lua in the session, saves it, and returns what was printed."""
        how = how or f'load_session("{self.folder}/session", "session")'
        script = self.folder / "script.lua"
        script.write_text(OPEN.format(how=how) + "".join(parts) + 's:save_state("")\nclose_session()\nquit()\n')
        environment = {**os.environ, "HOME": str(self.folder / "home")}
        environment.pop("XDG_CONFIG_HOME", None)
        result = subprocess.run(["ardour7-lua", script], env=environment, capture_output=True, text=True, timeout=300,
                                check=False)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertNotIn("Error:", result.stdout + result.stderr)
        return result.stdout

    def place_clip(self):
        """Puts the clip on the track: Ardour's Lua can't import, so into the session's file."""
        folder = self.folder / "session/interchange/session/audiofiles"
        folder.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / "clip.wav", self.clip, RATE_HZ, "FLOAT")
        path = self.folder / "session/session.ardour"
        tree = ElementTree.parse(path)
        ElementTree.SubElement(tree.find("Sources"), "Source", {
            "name": "clip.wav", "type": "audio", "flags": "", "id": "9001", "channel": "0", "origin": "", "gain": "1"})
        ElementTree.SubElement(tree.find("Playlists/Playlist"), "Region", {
            "name": "clip", "type": "audio", "id": "9002", "start": "a0", "length": f"a{N * SUPERCLOCKS // RATE_HZ}@a0",
            "sync-position": "a0", "channels": "1", "source-0": "9001", "master-source-0": "9001", "muted": "0",
            "opaque": "1", "scale-amplitude": "1", "first-edit": "nothing", "default-fade-in": "0",
            "default-fade-out": "0", "fade-in-active": "0", "fade-out-active": "0"})
        tree.write(path)

    def offline(self, gain, latency_frames):
        """lv2apply's render, without the latency."""
        padded = np.concatenate([self.clip, np.zeros(latency_frames, np.float32)])
        soundfile.write(self.folder / "in.wav", padded, RATE_HZ, "FLOAT")
        subprocess.run(["lv2apply", "-i", self.folder / "in.wav", "-o", self.folder / "out.wav", "-c", "gain",
                        str(gain), "-c", "tone", "3.5", URI], check=True, capture_output=True)
        return soundfile.read(self.folder / "out.wav")[0][latency_frames:]

    def exported(self, name):
        """The left channel of an export, to which the track goes."""
        audio, rate_hz = soundfile.read(self.folder / f"session/export/{name}.wav")
        self.assertEqual((rate_hz, audio.shape), (RATE_HZ, (N, 2)))
        return audio[:, 0]

    def compare(self, played, wanted, what):
        difference_db = 10 * np.log10(np.sum((played - wanted) ** 2) / np.sum(wanted ** 2) + 1e-20)
        common.note(f"{what}: {difference_db:.1f} dB from an offline render")
        self.assertLess(difference_db, -100)

    def test_session(self):
        """knobs and automation survive saving and loading; exports equal offline renders, latency compensated"""
        self.lua(CREATE, how=f'create_session("{self.folder}/session", "session", {RATE_HZ})')
        self.place_clip()
        said = self.lua(EXPORT.format(name="fixed"), AUTOMATE)
        self.assertRegex(said, r"saved gain\s+7\.0")
        latency_frames = int(re.search(r"latency\s+(\d+)", said).group(1))
        common.note(f"Ardour sees a latency of {latency_frames} frames")
        shutil.copy(self.folder / "session/session.ardour", self.folder / "saved.xml")
        self.assertIn('parameter-2"', (self.folder / "saved.xml").read_text())
        self.lua(EXPORT.format(name="automated"))
        self.assertRegex(self.lua(LOAD_PRESET), r"preset\s+7\.5.*\s7\.5")
        self.compare(self.exported("fixed"), self.offline(7.0, latency_frames), "fixed knobs")
        automated = self.exported("automated")
        for start, end, gain in ((4800, 47000, 2.0), (80000, N, 9.0)):
            self.compare(automated[start:end], self.offline(gain, latency_frames)[start:end], f"gain {gain}")


if __name__ == "__main__":
    common.main()
