#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Audacity without a screen, driven by its scripting pipe: it finds the plugins, and renders defaults and a preset.

Audacity 3.2 offers scripts no parameter of any LV2 effect, so a script can set controls through presets only.
"""

import configparser
import os
import select
import subprocess
import sys
import time
import unittest
from pathlib import Path

import numpy as np
import rdflib
import soundfile

import common
import xvfb

sys.path.insert(0, str(common.TOP / "ttl"))

from plugin_definition import LV2, PLAYER_URI, URI  # noqa: E402 # found through the line above

PSET = rdflib.Namespace("http://lv2plug.in/ns/ext/presets#")
RATE_HZ = 48000
N_FRAMES = 2 * RATE_HZ
TIMEOUT_S = 60
LIMIT_DB = -140
PRESET = "05 Blues Lead"
PIPES = [Path(f"/tmp/audacity_script_pipe.{way}.{os.getuid()}") for way in ("to", "from")]
(MODULE,) = Path("/usr/lib").glob("**/audacity/modules/mod-script-pipe.so")
# Without a version, Audacity begins with settings of its own; without the module's date, it asks whether to load it.
SETTINGS = f"""PrefsVersion=1.1.1r1
[Version]
Major=3
Minor=2
[Directories]
TempDir={{folder}}
[GUI]
ShowSplashScreen=0
[Locale]
Language=en
[SamplingRate]
DefaultProjectSampleRate={RATE_HZ}
[FileFormats]
ExportFormat_SF1={0x10000}
[FileFormats/ExportFormat_SF1_Type]
WAV_10000=6
[Module]
mod-script-pipe=1
[ModulePath]
mod-script-pipe={MODULE}
[ModuleDateTime]
mod-script-pipe={time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(MODULE.stat().st_mtime))}
"""


def preset_values(label):
    """Returns {symbol: value} of a preset of the bundle."""
    graph = rdflib.Graph().parse(common.TOP / "od3.lv2/presets.ttl")
    preset = graph.value(predicate=rdflib.RDFS.label, object=rdflib.Literal(label))
    return {str(graph.value(port, LV2.symbol)): float(graph.value(port, PSET.value))
            for port in graph.objects(preset, LV2.port)}


class Audacity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = common.scratch_folder(cls.addClassCleanup)
        cls.settings = cls.folder / ".config/audacity"
        cls.settings.mkdir(parents=True)
        (cls.settings / "audacity.cfg").write_text(SETTINGS.format(folder=cls.folder))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        environment.update(HOME=str(cls.folder), DISPLAY=xvfb.start(cls.addClassCleanup))
        clip, _ = soundfile.read(common.TOP / "test/data/guitar.flac", frames=N_FRAMES, dtype="float32")
        soundfile.write(cls.folder / "in.wav", clip, RATE_HZ, "FLOAT")
        for pipe in PIPES:
            pipe.unlink(missing_ok=True)
        with open(cls.folder / "log", "w", encoding="utf-8") as log:
            process = subprocess.Popen(["audacity"], env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.kill)
        cls.wait_for(lambda: all(pipe.exists() for pipe in PIPES))
        cls.requests = os.open(PIPES[0], os.O_WRONLY)
        cls.answers = os.open(PIPES[1], os.O_RDONLY)
        for pipe in (cls.requests, cls.answers):
            cls.addClassCleanup(os.close, pipe)
        # It answers with an empty line until it has looked at all plugins.
        cls.wait_for(lambda: "finished: OK" in cls.say("Help: Command=Help"))

    @classmethod
    def wait_for(cls, condition):
        end = time.monotonic() + TIMEOUT_S
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"Audacity is not ready: {(cls.folder / 'log').read_text()[-1000:]}")
            time.sleep(0.2)

    @classmethod
    def say(cls, command):
        """Sends a command; the answer, which ends with an empty line."""
        os.write(cls.requests, f"{command}\n".encode())
        answer = ""
        while not answer.endswith("\n\n") and answer != "\n":
            if not select.select([cls.answers], [], [], TIMEOUT_S)[0]:
                raise AssertionError(f"{command}: no end of the answer {answer!r}")
            answer += os.read(cls.answers, 1 << 16).decode()
        return answer

    def must(self, command):
        answer = self.say(command)
        self.assertIn("finished: OK", answer, command)
        return answer

    def render(self, command):
        """The clip through an effect."""
        for step in (f"Import2: Filename={self.folder / 'in.wav'}", "SelectAll:", command,
                     f"Export2: Filename={self.folder / 'out.wav'} NumChannels=1", "RemoveTracks:"):
            self.must(step)
        audio, rate_hz = soundfile.read(self.folder / "out.wav")
        self.assertEqual((rate_hz, audio.shape), (RATE_HZ, (N_FRAMES,)))
        return audio

    def assert_same(self, rendered, **controls):
        """The rendered sound is that of lv2apply, with the plugin's latency."""
        words = [word for name, value in controls.items() for word in ("-c", name, value)]
        common.run("lv2apply", "-i", self.folder / "in.wav", "-o", self.folder / "lv2apply.wav", *words, URI)
        wanted, _ = soundfile.read(self.folder / "lv2apply.wav")
        difference_db = 10 * np.log10(np.sum((rendered - wanted) ** 2) / np.sum(wanted ** 2) + 1e-20)
        common.note(f"{difference_db:.1f} dB from lv2apply, limit {LIMIT_DB} dB")
        self.assertLess(difference_db, LIMIT_DB)

    def test_found(self):
        """both plugins are valid, enabled effects that can play in real time"""
        registry = configparser.ConfigParser(strict=False, interpolation=None)
        registry.read_string("[top]\n" + (self.settings / "pluginregistry.cfg").read_text(encoding="utf-8"))
        effects = {effect["path"]: effect for effect in registry.values() if "path" in effect}
        for uri in (URI, PLAYER_URI):
            effect = effects[uri]
            self.assertEqual([effect[key] for key in ("Valid", "Enabled", "EffectRealtime", "EffectType")],
                             ["1", "1", "1", "Process"])
        self.assertIn('"name":"OD3"', self.must("Help: Command=Od3"))

    def test_sound(self):
        """the defaults and then a preset are heard, with the plugin's latency, which Audacity does not take out"""
        self.assert_same(self.render("Od3:"))
        values = preset_values(PRESET)
        self.assertNotEqual(values["gain"], 5)
        self.assert_same(self.render(f'Od3: Use_Preset="Factory Preset:{PRESET}"'), **values)


if __name__ == "__main__":
    common.main()
