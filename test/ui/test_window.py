#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The window under Xvfb, in a host of our own, with a real mouse and keyboard as far as X knows.

`test_window.py --draw` writes the screenshots anew that the tests compare.
"""

import os
import subprocess
import sys

import numpy as np
from PIL import Image

import common
import window_host
from window_host import SANITIZED, WindowCase

sys.path.insert(0, str(common.TOP / "ttl"))

from stereo import N_MONO, N_STEREO, STEREO  # noqa: E402 # found through the line above

GAIN, TONE, LEVEL, OVERSAMPLING, ENABLED, INPUT, BLEND, INPUT_PEAK, INPUT_LEVEL = 2, 3, 4, 5, 6, 8, 9, 10, 13
KNOBS = {LEVEL: (44, 58), TONE: (120, 58), GAIN: (196, 58), BLEND: (44, 444), INPUT: (196, 444)}


class Window(WindowCase):
    def test_drag(self):
        """dragging a knob up or right turns it up, Shift makes it fine, and the host is told of the touch"""
        host = self.host()
        for port, (x, y) in KNOBS.items():
            said = host.xdotool("mousemove", x, y, "mousedown", 1, "mousemove_relative", "--sync", "--", 0, 30)
            self.assertEqual(said[0], f"touch {port} 1")
            first = float(said[-1].split()[2])
            (second,) = host.written(port, "mousemove_relative", "--sync", 20, 0)[-1:]
            (third,) = host.written(port, "keydown", "shift", "mousemove_relative", "--sync", "--", 0, 10)[-1:]
            self.assertIn(f"touch {port} 0", host.xdotool("mouseup", 1, "keyup", "shift"))
            self.assertAlmostEqual((third - second) / (second - first), -0.05, 2)

    def test_wheel_and_double_click(self):
        """the wheel steps a knob, and a double click sets its default"""
        host = self.host()
        x, y = KNOBS[TONE]
        self.assertEqual(host.written(TONE, "mousemove", x, y, "click", 4, "click", 4, "click", 5), [5.25, 5.5, 5.25])
        self.assertEqual(host.written(TONE, "click", "--repeat", 2, "--delay", 40, 1), [5])

    def test_clicks(self):
        """the footswitch turns the pedal off and on, and a click chooses oversampling"""
        host = self.host()
        self.assertEqual(host.written(ENABLED, "mousemove", 120, 357, "click", 1, "click", 1), [0, 1])
        self.assertEqual(host.written(OVERSAMPLING, "mousemove", 207, 289, "click", 1), [4])
        self.assertEqual(host.written(OVERSAMPLING, "mousemove", 150, 289, "click", 1), [1])

    def test_keys(self):
        """a click gives the window the keyboard; arrows, Page, Home, End and typing set values"""
        host = self.host()
        self.assertEqual(host("focus"), ["focus 0"])  # opening takes it from nobody
        host.xdotool("mousemove", *KNOBS[LEVEL], "click", 1)
        self.assertEqual(host("focus"), ["focus 1"])
        for key, value in (("Up", .5), ("Left", 0), ("Prior", 2), ("Next", 0), ("Home", -30), ("End", 12),
                           ("Delete", 0)):
            self.assertEqual(host.written(LEVEL, "key", key), [value], key)
        self.assertEqual(host.written(TONE, "key", "Tab", "Up"), [5.25])
        self.assertEqual(host.written(LEVEL, "key", "shift+Tab", "minus", "7", "comma", "5", "Return"), [-7.5])

    def test_unused_keys(self):
        """keys that the window has no use for reach the host, space and shortcuts too; used ones don't"""
        host = self.host()
        host.xdotool("mousemove", *KNOBS[LEVEL], "click", 1)
        used = host.xdotool("key", "Tab", "Up", "5", "Escape") + host.until(lambda said: False)
        self.assertNotIn("key ", "".join(used))
        for key in ("space", "q", "F5", "ctrl+z"):
            said = host.xdotool("key", key)
            said += host.until(lambda more, said=said: "key " in "".join(said + more))
            self.assertIn("key ", "".join(said), key)

    def test_follows(self):
        """a value of the host is drawn at once and not sent back, and only its own part of the window changes"""
        host = self.host()
        before = self.shot(host)
        self.assertEqual(host(f"port {GAIN} 9"), [])
        changed = np.argwhere(np.abs(self.shot(host) - before).max(axis=2) > 0)
        self.assertGreater(len(changed), 100)
        self.assertGreaterEqual(changed[:, 1].min(), 158)
        self.assertLess(changed[:, 0].max(), 131)

    def test_looks(self):
        """the window looks as in the tracked screenshots: at rest, in Portuguese, off, turned, typed and loud"""
        host = self.host()
        host.xdotool("mousemove", 5, 5)
        self.compare(self.shot(host), "window")
        host.xdotool("mousemove", *KNOBS[GAIN], "mousedown", 1, "mousemove_relative", "--sync", "--", 0, -30)
        host("port 6 0")
        host("port 10 9")
        host("port 11 -12")
        self.compare(self.shot(host), "turned")
        host.xdotool("mouseup", 1)
        other = self.host(LANG="pt_BR.UTF-8", LC_ALL="")
        other.xdotool("mousemove", *KNOBS[LEVEL], "click", 1, "key", "Tab", "shift+Tab", "minus", "4")
        self.compare(self.shot(other), "portugues")

    def test_contrast(self):
        """a theme of high contrast, the desktop's or GTK_THEME, gives a window in black and white, its focus yellow"""
        host = self.host()
        normal = self.shot(host)
        host("theme Adwaita")
        host("open")
        self.assertEqual(np.abs(self.shot(host) - normal).max(), 0)
        host("close")
        host("theme HighContrastInverse")
        host("open")
        host(f"port {GAIN} 8")
        host("port 10 9")
        host("port 11 -12")
        host.xdotool("mousemove", 300 + KNOBS[LEVEL][0], KNOBS[LEVEL][1], "click", 1, "key", "Tab", "shift+Tab", "Up")
        pixels = self.shot(host)
        self.compare(pixels, "contrast")
        colourful = np.ptp(pixels, axis=2) > 64
        self.assertGreater(np.mean(colourful[20:100, :90]), 0.05)  # the ring of Level's focus
        self.assertLess(np.mean(colourful[:, 90:]), 0.002)  # and the part of a meter above its limit
        other = self.host(GTK_THEME="HighContrast:dark")
        self.assertEqual(self.shot(other)[3, 120].tolist(), [0, 0, 0])

    def test_contrast_changes(self):
        """an open window follows the desktop's theme, of a new manager of settings too, and keeps its values"""
        for _ in range(2):
            host = self.host()  # it has its own manager of settings
            normal = self.shot(host)
            host(f"port {GAIN} 8")
            turned = self.shot(host)
            self.assertGreater(np.abs(turned - normal).max(), 0)
            host("theme HighContrast")
            high = self.shot(host)
            self.assertEqual(high[3, 120].tolist(), [0, 0, 0])
            host("open")
            host(f"port {GAIN} 8")
            self.assertEqual(np.abs(self.shot(host) - high).max(), 0)
            host("close")
            host("theme Adwaita")
            self.assertEqual(np.abs(self.shot(host) - turned).max(), 0)

    def test_sizes(self):
        """the host's scale and size are kept, the aspect too, and the drawing is sharp at each scale"""
        for scale in (1, 1.5, 2, 3):
            host = self.host(scale=scale)
            size = [round(scale * 240), round(scale * 496)]
            self.assertEqual(self.opened, [f"resized {size[0]} {size[1]}"])
            pixels = self.shot(host)
            self.assertEqual(pixels.shape[:2], (size[1], size[0]))
            # The edge of the L of LEVEL is as steep at each scale.
            row = pixels[round(scale * 114), :round(scale * 20), 0]
            self.assertGreater(np.abs(np.diff(row)).max(), 80, scale)
        host("resize 400 496")
        wide = self.shot(host)
        self.assertEqual(wide.shape[:2], (496, 400))
        normal = self.shot(self.host())
        self.assertLess(np.abs(wide[:, 80:320] - normal).mean(), 1)
        self.assertLess(np.ptp(wide[:, :75, 0]), 8)  # nothing beside it

    def test_desktop_scale(self):
        """without the host's scale the desktop's Xft.dpi counts, and no resources at all are no fault"""
        xrdb = ["xprop", "-root", "-f", "RESOURCE_MANAGER", "8s"]
        environment = {**os.environ, "DISPLAY": self.display}

        def resources(*words):
            subprocess.run([*xrdb, words[0], "RESOURCE_MANAGER", *words[1:]], env=environment, check=True)

        resources("-set", "Xft.dpi:\t144\n")
        self.addCleanup(resources, "-remove")
        first = self.host(scale=0)
        self.assertEqual(self.opened, ["resized 360 744"])
        resources("-remove")
        self.assertEqual(first(), ["resized 240 496"])
        second = self.host(scale=0)
        self.assertEqual(self.opened, ["resized 240 496"])
        resources("-set", "Xft.dpi:\t192\n")
        self.assertEqual((first(), second()), (["resized 480 992"], ["resized 480 992"]))
        first()
        self.assertEqual(self.shot(first).shape[:2], (992, 480))
        own = self.host(scale=1.5)
        resources("-remove")
        self.assertEqual(own(), [])  # the host's scale stays

    def test_two_windows(self):
        """two windows at once keep their own values, and the one left goes on"""
        host = self.host()
        first = self.shot(host)
        host("open")
        host(f"port {GAIN} 9")
        self.assertGreater(np.abs(self.shot(host) - first).max(), 0)
        host("close")
        self.assertEqual(np.abs(self.shot(host) - first).max(), 0)

    def test_closed_in_a_drag(self):
        """a window closes during a drag, and after its parent, and ends the touch"""
        for close in ("close", "destroy"):
            host = self.host()
            host.xdotool("mousemove", *KNOBS[GAIN], "mousedown", 1, "mousemove_relative", "--sync", 3, 3)
            self.assertEqual(host(close), [f"touch {GAIN} 0"])
            host.xdotool("mouseup", 1)

    def test_leaks(self):
        """the sanitizers find nothing in a hundred windows opened and closed with the button held"""
        host = self.host(SANITIZED, program="host-sanitized", ASAN_OPTIONS="detect_leaks=1")
        said = host("cycle 100")
        self.assertEqual(said.count(f"touch {LEVEL} 0"), 100)

    def test_valgrind(self):
        """valgrind finds no error and nothing lost in ten windows opened and closed"""
        wrap = ("valgrind", "-q", "--leak-check=full", "--error-exitcode=9", "--errors-for-leak-kinds=definite",
                "--show-leak-kinds=definite")
        self.host(wrap=wrap)("cycle 10")

    def test_face(self):
        """the face is the one of the MOD interface: librsvg draws modgui/face.svg alike"""
        host = self.host(scale=2)
        drawn = self.shot(host)[:824, :480]
        common.run("rsvg-convert", "-z", 2, "-b", "#2c2a26", "-o", self.folder / "face.png",
                   common.TOP / "modgui/face.svg")
        face = np.asarray(Image.open(self.folder / "face.png").convert("RGB"), np.int16)
        same = np.abs(drawn - face).max(axis=2) <= 8
        same[32:200] = same[400:620, 260:] = same[640:800, 160:330] = True  # where knobs, light and switches lie
        common.note(f"{np.mean(~same):.5f} of the pixels differ")
        self.assertLess(np.mean(~same), 0.001)

    def test_cost(self):
        """an idle call draws a knob that the host has turned; at rest it draws nothing"""
        host = self.host()
        for command, what in (("idle 10000", "at rest"), ("turn 2000", "that draws a knob at 1x")):
            took_us = float(host(command)[0].split()[1]) / int(command.split()[1])
            common.note(f"{took_us:.1f} microseconds of CPU for an idle call {what}")


class StereoWindow(WindowCase):
    plugin = STEREO
    shift = N_STEREO - N_MONO

    def test_turns(self):
        """each control is as many ports further as there are more audio ports, its touch too"""
        host = self.host()
        for port, place in KNOBS.items():
            index = port + self.shift
            said = host.xdotool("mousemove", *place, "click", 5)
            self.assertEqual([line.rsplit(" ", 1)[0] for line in said],
                             [f"touch {index}", f"write {index}", f"touch {index}"])
        self.assertEqual(host.written(ENABLED + self.shift, "mousemove", 120, 357, "click", 1), [0])

    def shots(self, plugin, values, **environment):
        """The pixels of a plugin's window at rest, and after each of the values of ports was sent."""
        host = window_host.Host(self.display, plugin=plugin, **environment)
        host("open")
        pixels = [self.shot(host)]
        for port, value in values:
            host(f"port {port} {value}")
            pixels.append(self.shot(host))
        host.close()
        return pixels

    def test_follows(self):
        """it looks as the mono pedal's window does with the same values, and ignores audio ports"""
        values = ((GAIN, 8), (OVERSAMPLING, 4), (ENABLED, 0), (INPUT_PEAK, -9), (INPUT_LEVEL, 3))
        mono = self.shots(None, values)
        audio = [(port, 9) for port in range(N_STEREO)]
        stereo = self.shots(STEREO, audio + [(port + self.shift, value) for port, value in values])
        for pixels in stereo[:N_STEREO + 1]:
            self.assertEqual(np.abs(pixels - mono[0]).max(), 0)
        for before, now, wanted in zip(stereo[N_STEREO:], stereo[N_STEREO + 1:], mono[1:]):
            self.assertGreater(np.abs(now - before).max(), 0)
            self.assertEqual(np.abs(now - wanted).max(), 0)

    def test_name(self):
        """its window is called OD3 Stereo, and so is the pedal in high contrast"""
        self.host().xdotool("search", "--name", "^OD3 Stereo$")
        pixels = self.shots(STEREO, (), GTK_THEME="HighContrast")[0]
        self.compare(pixels[210:262], "stereo_name")


if __name__ == "__main__":
    window_host.main()
