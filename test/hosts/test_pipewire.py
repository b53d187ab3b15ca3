#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""PipeWire's filter chain, without a sound card or session manager, renders the same sound as lv2apply."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest

import numpy as np
import soundfile
from scipy.signal import correlate

import common

sys.path.insert(0, str(common.TOP / "ttl"))

from plugin_definition import URI  # noqa: E402 # found through the line above

RATE_HZ = 48000
N_FRAMES = 2 * RATE_HZ
PERIOD_FRAMES = 4096  # long, so that a busy machine drops none
SILENT_FRAMES = RATE_HZ // 2  # before and after the clip, where the player may lose some
TIMEOUT_S = 30
LIMIT_DB = -100
CONTROLS = {"gain": 7.0, "tone": 3.5, "level": -2.0, "oversampling": 1.0, "enabled": 1.0}  # of doc/hosts.md
# Replaces the system's pipewire.conf by the least that the filter chain needs.
DAEMON = f"""
context.properties = {{ core.daemon = true core.name = pipewire-0 support.dbus = false
    default.clock.rate = {RATE_HZ} default.clock.quantum = {PERIOD_FRAMES}
    default.clock.min-quantum = {PERIOD_FRAMES} default.clock.max-quantum = {PERIOD_FRAMES} }}
context.spa-libs = {{ audio.convert.* = audioconvert/libspa-audioconvert support.* = support/libspa-support }}
context.modules = [
    {{ name = libpipewire-module-protocol-native }}
    {{ name = libpipewire-module-metadata }}
    {{ name = libpipewire-module-spa-node-factory }}
    {{ name = libpipewire-module-client-node }}
    {{ name = libpipewire-module-access }}
    {{ name = libpipewire-module-adapter }}
    {{ name = libpipewire-module-link-factory }}
]
context.objects = [
    {{ factory = metadata args = {{ metadata.name = default }} }}
    {{ factory = spa-node-factory args = {{ factory.name = support.node.driver node.name = Dummy-Driver
        priority.driver = 20000 }} }}
]
"""
PORTS = """{{ direction: {direction} mode: dsp monitor: false control: false format: {{
    mediaType: audio mediaSubtype: raw format: F32P rate: {rate_hz} channels: 1 position: [ MONO ] }} }}"""


class PipeWire(unittest.TestCase):
    def setUp(self):
        self.folder = common.scratch_folder(self.addCleanup)
        os.chmod(self.folder, 0o700)
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder), "PIPEWIRE_RUNTIME_DIR": str(self.folder),
                            "XDG_CONFIG_HOME": str(self.folder)}
        clip, _ = soundfile.read(common.TOP / "test/data/guitar.flac", frames=N_FRAMES, dtype="float32")
        soundfile.write(self.folder / "in.wav", np.pad(clip, SILENT_FRAMES), RATE_HZ,
                        "FLOAT")
        (filter_chain,) = re.findall(r"^```\n(context\.modules.*?)^```", (common.TOP / "doc/hosts.md").read_text(),
                                     re.DOTALL | re.MULTILINE)
        (self.folder / "pipewire/pipewire.conf.d").mkdir(parents=True)
        (self.folder / "pipewire/pipewire.conf").write_text(DAEMON)
        (self.folder / "pipewire/pipewire.conf.d/od3.conf").write_text(filter_chain)

    def start(self, *command):
        """A process that ends with the test."""
        log = open(self.folder / "log", "a", encoding="utf-8")  # closed by the cleanup
        process = subprocess.Popen([str(word) for word in command], env=self.environment, stdout=log, stderr=log)

        def stop():
            process.kill()
            process.wait(TIMEOUT_S)
            log.close()

        self.addCleanup(stop)
        return process

    def until(self, condition, what):
        """Waits for a condition."""
        end = time.monotonic() + TIMEOUT_S
        while not condition():
            if time.monotonic() > end:
                self.fail(f"{what} did not come within {TIMEOUT_S} s:\n{(self.folder / 'log').read_text()[-3000:]}")
            time.sleep(0.05)

    def tool(self, *command):
        """One of PipeWire's tools; its output, or None when it fails."""
        result = subprocess.run([str(word) for word in command], env=self.environment, capture_output=True, text=True,
                                timeout=TIMEOUT_S, check=False)
        return None if result.returncode else result.stdout

    def nodes(self):
        """{name: id} of all nodes."""
        dump = self.tool("pw-dump")
        return {node["info"]["props"].get("node.name"): node["id"] for node in json.loads(dump or "[]")
                if node["type"] == "PipeWire:Interface:Node"}

    def make_ports(self, name, direction):
        """Gives a node its ports, which is the session manager's work elsewhere."""
        self.until(lambda: name in self.nodes(), name)
        ports = PORTS.format(direction=direction, rate_hz=RATE_HZ)
        flag = "-i" if direction == "Input" else "-o"
        self.assertIsNotNone(self.tool("pw-cli", "set-param", self.nodes()[name], "PortConfig", ports))
        self.until(lambda: f"{name}:" in (self.tool("pw-link", flag) or ""), f"a port of {name}")

    def link(self, output, target):
        self.assertIsNotNone(self.tool("pw-link", output, target), f"{output} to {target}")

    def test_render(self):
        """the filter chain of doc/hosts.md loads, and its controls are heard"""
        self.start("pipewire")
        self.make_ports("od3.in", "Input")
        self.make_ports("od3.out", "Output")
        recorder = self.start("pw-cat", "-r", "--target", 0, "--channels", 1, "--rate", RATE_HZ, "--format", "f32",
                              "-P", "{ node.name = recorder }", self.folder / "out.wav")
        self.make_ports("recorder", "Input")
        self.link("od3.out:capture_MONO", "recorder:input_MONO")
        player = self.start("pw-cat", "-p", "--target", 0, "-P", "{ node.name = player node.want-driver = false }",
                            self.folder / "in.wav")  # without a driver, it waits for its link
        self.make_ports("player", "Output")
        self.link("player:output_MONO", "od3.in:playback_MONO")
        self.assertEqual(player.wait(TIMEOUT_S), 0)
        recorder.send_signal(signal.SIGINT)
        recorder.wait(TIMEOUT_S)
        self.compare(*soundfile.read(self.folder / "out.wav", dtype="float32"))

    def compare(self, recorded, rate_hz):
        """The recording has the sound of lv2apply's render."""
        self.assertEqual(rate_hz, RATE_HZ)
        words = [word for name, value in CONTROLS.items() for word in ("-c", name, value)]
        common.run("lv2apply", "-i", self.folder / "in.wav", "-o", self.folder / "lv2apply.wav", *words, URI)
        wanted = soundfile.read(self.folder / "lv2apply.wav")[0][SILENT_FRAMES:-SILENT_FRAMES]
        (played,) = np.nonzero(np.abs(recorded) > 0.01)
        self.assertGreater(len(played), 0, "the recording is silent")
        recorded = recorded[max(played[0] - RATE_HZ, 0):played[0] + 2 * N_FRAMES].astype(np.float64)
        start = int(np.argmax(correlate(recorded, wanted, method="fft", mode="valid")))
        difference = recorded[start:start + len(wanted)] - wanted
        difference_db = 10 * np.log10(np.sum(difference ** 2) / np.sum(wanted ** 2) + 1e-20)
        common.note(f"{difference_db:.1f} dB from lv2apply, limit {LIMIT_DB} dB")
        self.assertLess(difference_db, LIMIT_DB)


if __name__ == "__main__":
    common.main()
