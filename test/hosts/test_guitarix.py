#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""guitarix without its window, driven by JSON-RPC under JACK: controls, presets and sound."""

import json
import os
import re
import socket
import sys

import numpy as np
import soundfile

import common
from jalv_host import RATE_HZ, TIMEOUT_S, JackCase, wait_for

sys.path.insert(0, str(common.TOP / "ttl"))

from plugin_definition import CONTROLS, URI  # noqa: E402 # found through the line above

UNIT = "lv2_" + URI.replace(":", "%3a")
KNOBS = ("gain", "tone", "level", "input", "blend")


def parameter(symbol):
    """Returns guitarix's name of a control, which holds its port's index."""
    return f"{UNIT}.{CONTROLS[symbol].index}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


class Guitarix(JackCase):
    def setUp(self):
        super().setUp()
        home = self.folder / "home"
        (home / ".config").mkdir(parents=True)
        before = dict(os.environ)
        self.addCleanup(os.environ.update, before)
        os.environ["HOME"] = str(home)
        for name in [name for name in os.environ if name.startswith("XDG_")]:
            del os.environ[name]
        port = free_port()
        self.start("guitarix", "--nogui", "--jack-no-connect", "--name", "guitarix", "--rpcport", str(port))
        wait_for(lambda: self.dial(port))
        self.answers = self.connection.makefile("r", encoding="utf-8")
        self.addCleanup(self.answers.close)
        wait_for(lambda: self.connect(self.player.output, "guitarix_amp:in_0"))
        wait_for(lambda: self.connect("guitarix_amp:out_0", self.player.input))
        self.load()

    def dial(self, port):
        """Connects to guitarix's server; whether it listens yet."""
        try:
            self.connection = socket.create_connection(("localhost", port), TIMEOUT_S)
        except OSError:
            return False
        self.addCleanup(self.connection.close)
        return True

    def ask(self, method, *parameters):
        """Calls a method; the line that guitarix answers."""
        request = {"jsonrpc": "2.0", "id": "1", "method": method, "params": parameters}
        self.connection.sendall(f"{json.dumps(request)}\n".encode())
        return self.answers.readline()

    def call(self, method, *parameters):
        """Calls a method; its result."""
        answer = json.loads(self.ask(method, *parameters))
        self.assertIn("result", answer, answer)
        return answer["result"]

    def tell(self, method, *parameters):
        """Calls a method that has no result, and waits until it is done."""
        request = {"jsonrpc": "2.0", "method": method, "params": parameters}
        self.connection.sendall(f"{json.dumps(request)}\n".encode())
        self.call("getstate")

    def load(self):
        """Chooses the pedal in guitarix's list of plugins, and puts it behind the amplifier, switched off."""
        answer = self.ask("load_ladspalist")  # two lists without the brackets that JSON wants around them
        plugins = json.loads(answer[answer.index("[],") + 3:answer.rindex("}")])
        (ours,) = [plugin for plugin in plugins if plugin["path"] == URI]
        ours.update(active=1, active_set=1)
        self.tell("save_ladspalist", plugins)
        self.call("ladspaloader_update_plugins")
        self.tell("insert_rack_unit", UNIT, "", 0)
        self.tell("set", "noiseshut.on_off", 0, f"{UNIT}.pp", 0)

    def test_controls(self):
        """knobs are continuous with their ranges and defaults, oversampling is a selector, enabled a switch"""
        unit = self.call("queryunit", UNIT)
        for symbol in KNOBS:
            name, control = parameter(symbol), CONTROLS[symbol]
            knob = unit[name]
            self.assertEqual((knob["name"], knob["lower_bound"], knob["upper_bound"], knob["value"][name]),
                             (symbol.capitalize(), control.minimum, control.maximum, control.default))
            self.assertIn("ctl_continous", knob)  # guitarix's spelling
            self.assertLessEqual(knob["step"], (control.maximum - control.minimum) / 100)
        selector = unit[parameter("oversampling")]
        self.assertIn("ctl_enum", selector)
        self.assertLessEqual({"1x", "2x", "4x"}, {label for _, label in selector["value_names"]})
        self.assertEqual(selector["value"][parameter("oversampling")], "2x")
        self.assertIn("ctl_switch", unit[parameter("enabled")])
        self.assertEqual(unit[parameter("enabled")]["value"][parameter("enabled")], 1)

    def test_presets(self):
        """the presets of the bundle are offered, and one sets the knobs"""
        labels = re.findall(r'rdfs:label "(\d\d [^"]+)"', (common.TOP / "od3.lv2/presets.ttl").read_text())
        offered = [name for name, _ in self.call("plugin_preset_list_load", UNIT) if name]
        self.assertGreater(len(labels), 5)
        self.assertEqual(sorted(offered), sorted(labels))
        self.tell("plugin_preset_list_set", UNIT, 1, "05 Blues Lead")
        gain, tone = parameter("gain"), parameter("tone")
        values = self.call("get", gain, tone)
        self.assertEqual((values[gain], values[tone]), (6.5, 4))

    def test_sound(self):
        """behind guitarix's amplifier, the pedal plays what lv2apply plays, and switched off it changes nothing"""
        self.player.play()  # the amplifier's first sound
        amplified = self.player.play()
        self.tell("set", f"{UNIT}.on_off", 1, parameter("gain"), 7.0, parameter("oversampling"), 1)
        self.player.play()  # the knobs' ramps
        played = self.player.play()
        self.assertGreater(np.std(played - amplified), 0.01)
        soundfile.write(self.folder / "in.wav", amplified.astype(np.float32), RATE_HZ, "FLOAT")
        common.run("lv2apply", "-i", self.folder / "in.wav", "-o", self.folder / "out.wav", "-c", "gain", 7, "-c",
                   "oversampling", 1, URI)
        self.assertEqual(self.compare(played, soundfile.read(self.folder / "out.wav")[0]), 0)
        self.tell("set", parameter("enabled"), 0)
        self.player.play()
        self.assertEqual(self.compare(self.player.play(), amplified), 0)


if __name__ == "__main__":
    common.main()
