#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Neural Pedal's window under Xvfb: what the plugin tells, the arrows, the list of models, and how it looks.

`test_player_window.py --draw` writes the screenshots anew that the tests compare.
"""

import sys
import time

import numpy as np

import common
import window_host
from window_host import SANITIZED, WindowCase

sys.path.insert(0, str(common.TOP / "ttl"))

from plugin_definition import PLAYER_CONTROLS, PLAYER_URI  # noqa: E402 # found through the line above

PORT = {symbol: control.index for symbol, control in PLAYER_CONTROLS.items()}
PREVIOUS, NAME, NEXT, ONE_KNOB, TWO_KNOBS = (39, 47), (180, 47), (321, 47), (180, 172), (109, 172)
ROWS = 150  # the y of the list's first row
KNOBS_ROW = slice(128, 244)
MODELS = ("bright.json", "São João.gru")


class PlayerWindow(WindowCase):
    plugin = PLAYER_URI

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "models/Amps").mkdir(parents=True)
        for name in MODELS:
            (cls.folder / "models" / name).touch()

    def tell(self, host, **facts):
        """Sends what the plugin would tell."""
        for name, value in facts.items():
            host(f"rate {value}" if name == "modelRate" else f"tell {name} {value}")

    def tell_model(self, host):
        self.tell(host, model=self.folder / "models" / MODELS[1], modelName="Fuzzy TS-9: Ação",
                  modelKnobs=r"Drive: 0 to 1\nTom: 0 to 1\nPresença: 0 to 1", modelKind="LSTM, 40 units",
                  modelRate=44100, modelCost="about 2.1 times the bundle's own model", modelLevel="peaks up to +3 dBFS")

    def test_start(self):
        """the window has its size at once and asks the plugin to tell everything"""
        self.host(scale=1.5)
        self.assertEqual(self.opened, ["resized 540 660", "get"])

    def test_arrows(self):
        """a click on an arrow or Enter sets its trigger, which returns by itself"""
        host = self.host()
        for port, place in ((PORT["next"], NEXT), (PORT["previous"], PREVIOUS)):
            said = host.xdotool("mousemove", *place, "click", 1)
            end = time.monotonic() + 10
            while f"write {port} 0" not in said and time.monotonic() < end:
                said += host()
            self.assertEqual([line for line in said if "write" in line], [f"write {port} 1", f"write {port} 0"])
        said = host.xdotool("key", "Tab", "shift+Tab", "Return")
        self.assertIn(f"write {PORT['previous']} 1", said)

    def test_knobs(self):
        """what the plugin tells names and places the knobs, and hides the others"""
        host = self.host()
        four = self.shot(host)
        self.tell(host, modelKnobs="Drive: 0 to 1")
        one = self.shot(host)
        self.assertGreater(np.abs(one - four)[KNOBS_ROW, :90].max(), 100)
        self.assertEqual(host.written(PORT["knob1"], "mousemove", *ONE_KNOB, "click", 4), [5.25])
        self.tell(host, modelKnobs=r"Drive: 0 to 1\nTone: 0 to 1")
        self.assertEqual(host.written(PORT["knob1"], "mousemove", *TWO_KNOBS, "click", 4), [5.5])
        self.tell(host, modelKnobs=r"1: 0 to 1\n2: 0 to 1\n3: 0 to 1\n4: 0 to 1")
        self.tell(host, modelKnobs="\\")  # none
        none = self.shot(host)[KNOBS_ROW, 20:340]
        self.assertLess(np.abs(np.diff(none, axis=1)).max(), 8)  # nothing is left of them

    def test_list(self):
        """a click on the name opens the list of the folder; a row asks for its file, the own or the host's"""
        host = self.host()
        self.tell_model(host)

        def choose(row):
            host.xdotool("mousemove", *NAME, "click", 1)
            return host.xdotool("mousemove", 100, ROWS + 10 + 22 * row, "click", 1)

        self.assertEqual(choose(5), [f"set {self.folder}/models/{MODELS[0]}"])
        self.assertEqual(choose(0), ["asked 1 1"])
        (said,) = choose(1)
        self.assertRegex(said, "^set .*/od3.lv2/od3.gru$")
        self.assertEqual(choose(3), [])  # opens the folder Amps
        self.assertEqual(host.xdotool("mousemove", 100, ROWS + 10 + 22 * 2, "click", 1), [])  # and the one above
        self.assertEqual(host.xdotool("key", "End", "Up", "Return"), [f"set {self.folder}/models/{MODELS[1]}"])
        before = self.shot(host)
        host.xdotool("mousemove", *NAME, "click", 1, "key", "Escape")
        host.xdotool("mousemove", 5, 5, "click", 1)
        self.assertEqual(np.abs(self.shot(host) - before).max(), 0)  # all is drawn again

    def test_looks(self):
        """the window looks as in the tracked screenshots: a model, an error in Portuguese, the list"""
        host = self.host()
        self.tell_model(host)
        for port, value in (("input_peak", -9), ("output_peak", 4), ("knob2", 8), ("blend", 50)):
            host(f"port {PORT[port]} {value}")
        host.xdotool("mousemove", 5, 5)
        self.compare(self.shot(host), "player")
        other = self.host(LANG="pt_BR.UTF-8", LC_ALL="")
        self.tell_model(other)
        error = "/home/ana/Modelos/Lead 漢.json: layer 1: weights has 512 numbers; the limit is 256; "
        self.tell(other, modelError=error + "this line is longer than those that the plugin writes, " * 2)
        other(f"port {PORT['enabled']} 0")
        other(f"port {PORT['normalize']} 1")
        self.compare(self.shot(other), "player_error")
        other.xdotool("mousemove", *NAME, "click", 1, "mousemove", 5, 5)
        listed = self.shot(other)
        listed[129:148, 20:340] = 27  # the folder's name differs
        self.compare(listed, "player_list")

    def test_warning(self):
        """a warning stands in the error's place, unless there is an error, and goes with it"""
        host = self.host()
        self.tell_model(host)
        plain = self.shot(host)

        def differs_from(before, **facts):
            self.tell(host, **facts)
            return np.abs(self.shot(host) - before).max() > 100

        self.assertTrue(differs_from(plain, modelWarning="the model does not come to rest"))
        warning = self.shot(host)
        self.assertTrue(differs_from(warning, modelError="no model"))
        self.assertFalse(differs_from(warning, modelError="\\"))
        self.assertFalse(differs_from(warning, modelError="the model does not come to rest", modelWarning="\\"))
        self.assertFalse(differs_from(plain, modelError="\\"))

    def test_contrast(self):
        """a theme of high contrast gives a window in black and white"""
        host = self.host(GTK_THEME="HighContrast")
        self.tell_model(host)
        host(f"port {PORT['enabled']} 0")
        host.xdotool("mousemove", *TWO_KNOBS, "click", 1, "key", "Tab", "shift+Tab")
        self.compare(self.shot(host), "player_contrast")

    def test_leaks(self):
        """the sanitizers find nothing in windows opened and closed with a trigger pulled or the list open"""
        host = self.host(SANITIZED, program="host-sanitized", ASAN_OPTIONS="detect_leaks=1")
        said = host("cycle 40")
        self.assertEqual([said.count(f"write {PORT['previous']} {value}") for value in (1, 0)], [40, 40])
        self.tell_model(host)
        host.xdotool("mousemove", *NAME, "click", 1)
        self.shot(host)
        host("destroy")

    def test_valgrind(self):
        """valgrind finds no error and nothing lost in windows opened and closed"""
        wrap = ("valgrind", "-q", "--leak-check=full", "--error-exitcode=9", "--errors-for-leak-kinds=definite",
                "--show-leak-kinds=definite")
        self.host(wrap=wrap)("cycle 3")

    def test_cost(self):
        """an idle call at rest draws nothing"""
        host = self.host()
        self.tell_model(host)
        for command, what in (("idle 10000", "at rest"), ("turn 2000", "that draws a knob at 1x")):
            took_us = float(host(command)[0].split()[1]) / int(command.split()[1])
            common.note(f"{took_us:.1f} microseconds of CPU for an idle call {what}")


if __name__ == "__main__":
    window_host.main()
