# SPDX-License-Identifier: MIT
"""The bundle's windows under Xvfb, in a host of our own, with a real mouse and keyboard as far as X knows.

A test with --draw writes the screenshots anew that it compares.
"""

import os
import subprocess
import sys
import unittest

import numpy as np
from PIL import Image

import common
import xvfb

DRAW = "--draw" in sys.argv
SHOTS = common.TOP / "test/ui"
BUNDLE = common.BUILD / "lv2/od3.lv2"
SANITIZED = common.BUILD / "test/ui/sanitized"
ENVIRONMENT = {"LANG": "C", "LC_ALL": "C"}


class Host:
    """The host program as a child."""

    def __init__(self, display, bundle=BUNDLE, scale=1, program="host", wrap=(), plugin=None, **environment):
        self.display = {**os.environ, **ENVIRONMENT, "DISPLAY": display, **environment}
        words = [*wrap, common.BUILD / "test/ui" / program, bundle, str(scale), *([plugin] if plugin else [])]
        self.process = subprocess.Popen(words, text=True, env=self.display, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def __call__(self, command=""):
        """Sends a command; the lines that it and what came before it caused."""
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        lines = []
        while True:
            line = self.process.stdout.readline().strip()
            if line == "done":
                return lines
            if not line:
                raise AssertionError(f"the host ended: {self.process.stderr.read()[-3000:]}")
            lines.append(line)

    def until(self, condition):
        """What the host said, once condition(it) holds or after a while."""
        lines = []
        for _ in range(100):
            lines += self()
            if condition(lines):
                break
        return lines

    def xdotool(self, *words):
        """Moves the mouse and presses keys; what the host said of it."""
        subprocess.run(["xdotool", *map(str, words)], env=self.display, check=True, capture_output=True)
        return self()

    def written(self, port, *words):
        """The values that a port was set to by the mouse and keys."""
        return [float(line.split()[2]) for line in self.xdotool(*words) if line.startswith(f"write {port} ")]

    def close(self):
        """Ends the host; its exit status, last words and standard error."""
        out, error = self.process.communicate("quit\n", timeout=120)
        return self.process.returncode, out, error


class WindowCase(unittest.TestCase):
    plugin = None  # its URI; None for the pedal

    @classmethod
    def setUpClass(cls):
        cls.folder = common.scratch_folder(cls.addClassCleanup)
        cls.display = xvfb.start(cls.addClassCleanup)

    def host(self, *words, **options):
        """A host with its first window; it must end well and have seen no X error."""
        host = Host(self.display, *words, plugin=self.plugin, **options)

        def end():
            status, out, error = host.close()
            self.assertEqual((status, error), (0, ""))
            self.assertIn("handler kept", out)
            self.assertNotIn("error", out)

        self.addCleanup(end)
        self.opened = host("open")
        return host

    def shot(self, host, name="shot"):
        """The window's pixels."""
        path = self.folder / f"{name}.png"
        host(f"shot {path}")
        return np.asarray(Image.open(path).convert("RGB"), np.int16)

    def compare(self, pixels, name):
        """Asserts that pixels are those of a tracked screenshot, but for what another cairo rounds differently."""
        path = SHOTS / f"{name}.png"
        if DRAW:
            Image.fromarray(pixels.astype(np.uint8)).quantize(256, Image.Quantize.MAXCOVERAGE).save(path, optimize=True)
        wanted = np.asarray(Image.open(path).convert("RGB"), np.int16)
        self.assertEqual(pixels.shape, wanted.shape, name)
        difference = np.abs(pixels - wanted).max(axis=2)
        common.note(f"{name}: {np.mean(difference > 48):.5f} of the pixels differ, mean {difference.mean():.2f}")
        self.assertLess(np.mean(difference > 48), 0.002, name)


def main():
    """Runs the program's tests."""
    sys.argv = [word for word in sys.argv if word != "--draw"]
    common.main()
