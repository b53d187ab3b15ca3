#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests the web page in three engines: those of Chromium, Firefox and WebKitGTK. A missing browser is a failure."""

import base64
import os
import tempfile
import time
import unittest
from pathlib import Path

import numpy as np
import soundfile

import browser
import common
import engines
import page
import pulse
import xvfb

TIMEOUT_S = 40
# Gives the page a file as its file field does.
CHOOSE = """
  const [name, base64] = arguments
  const list = new DataTransfer()
  list.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name))
  const field = document.getElementById('files')
  field.files = list.files
  field.dispatchEvent(new Event('change'))
"""
# Keeps the rendered file instead of downloading it.
KEEP_RENDERED = """
  const { createObjectURL } = URL
  URL.createObjectURL = (blob) => {
    window.rendered = blob.type === 'audio/wav' ? blob : window.rendered
    return createObjectURL(blob)
  }
  HTMLAnchorElement.prototype.click = () => {}
"""
READ_RENDERED = """
  const reader = new FileReader()
  reader.onload = () => arguments[0](reader.result.split(',')[1])
  reader.readAsDataURL(window.rendered)
"""
FOREIGN_SCRIPTS = """<script>window.ran = 'inline'</script><script src="foreign.js"></script>
<script src="data:text/javascript,window.ran='data'"></script>"""


def setUpModule():
    os.environ["DISPLAY"] = xvfb.start(unittest.addModuleCleanup)
    os.environ["PULSE_SERVER"] = pulse.start(unittest.addModuleCleanup)


def find_file(path):
    """Returns a file of the page; /marked is the page with scripts in its markup that are not its own."""
    if path == "/marked":
        return (page.PAGE / "index.html").read_text().replace("<main>", FOREIGN_SCRIPTS + "<main>")
    return "window.ran = 'a file'" if path == "/foreign.js" else page.PAGE / (path[1:] or "index.html")


class Features:
    """The tests, which run once for each engine."""

    engine = None

    @classmethod
    def setUpClass(cls):
        began = time.monotonic()
        cls.server = browser.Server(find_file)
        cls.addClassCleanup(cls.server.close)
        cls.browser = engines.ENGINES[cls.engine]()
        cls.addClassCleanup(cls.browser.quit)
        cls.browser.set_script_timeout(TIMEOUT_S)
        cls.browser.set_window_size(1120, 900)
        common.note(f"{cls.engine} started in {time.monotonic() - began:.1f} s: "
                    f"{cls.browser.execute_script('return navigator.userAgent')}")

    def shortDescription(self):  # noqa: N802 # unittest's name
        return f"{self.engine}: {super().shortDescription()}"

    def open(self, address="", **settings):
        self.browser.get("about:blank")
        link = "&".join(f"{name}={value}" for name, value in settings.items())
        self.browser.get(address or f"{self.server.url}/#{link}")
        self.browser.execute_script(KEEP_RENDERED)

    def text(self, name):
        return self.browser.execute_script("return document.getElementById(arguments[0]).textContent", name)

    def wait_for(self, condition):
        """Returns the first true result of a condition; shows the page's message when there is none in time."""
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end:
            result = condition()
            if result:
                return result
            time.sleep(0.05)
        raise AssertionError(f"the page says: {self.text('message')!r}")

    def message(self, part):
        return self.wait_for(lambda: part in self.text("message") and self.text("message"))

    def choose(self, name, data):
        self.browser.execute_script(CHOOSE, name, base64.b64encode(data).decode())

    def choose_sound(self, sound, rate_hz):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "noise.wav"
            soundfile.write(file, sound, rate_hz, "FLOAT")
            self.choose("noise.wav", file.read_bytes())
        self.message("noise.wav: ")

    def level(self, side):
        text = self.text(f"db-{side}").replace("−", "-").removesuffix(" dB")
        return -np.inf if "∞" in text else float(text)

    def play(self):
        self.browser.find_element("id", "play").click()
        self.wait_for(lambda: self.level("after") > -60)
        self.assertEqual(self.text("play"), "Stop")

    def test_link(self):
        """the page loads without an error, and a link sets every control"""
        self.open(gain=7, tone=2, level=-3, oversampling=4, input=6, blend=50, on=0)
        told = self.browser.execute_script("""
          const of = (selector, name) => document.querySelector(selector).getAttribute(name)
          return [...['gain', 'tone', 'level'].map((symbol) => of(`[mod-port-symbol=${symbol}]`, 'aria-valuenow')),
            document.querySelector('.od3-option.selected').textContent,
            ...['input', 'blend'].map((name) => document.getElementById(name).value), of('#bypass', 'aria-pressed')]""")
        self.assertEqual(told, ["7", "2", "-3", "4x", "6", "50", "true"])
        self.assertEqual(self.text("message"), "")

    def test_plays(self):
        """a clip plays through the pedal, and its position moves"""
        self.open()
        self.play()
        self.assertIn("guitar.flac: 9.0 s", self.text("message"))
        first = self.browser.execute_script("return document.getElementById('position').value")
        self.wait_for(lambda: self.browser.execute_script("return document.getElementById('position').value") != first)
        self.browser.find_element("id", "play").click()
        self.assertEqual(self.text("play"), "Play")

    def test_from_disk(self):
        """a page that was opened from a disk plays"""
        self.open((page.PAGE / "index.html").as_uri())
        self.play()

    def test_foreign_scripts(self):
        """a script in the page's markup that is not the page's own does not run, wherever it comes from"""
        self.open(f"{self.server.url}/marked")
        # The page's own script comes after the others and adds the manifest's link last.
        self.wait_for(lambda: self.browser.execute_script("return document.querySelector('link[rel=manifest]')"))
        self.assertEqual(self.browser.execute_script("return [window.ran || 'none', typeof od3Clip]"),
                         ["none", "function"])

    def test_renders(self):
        """a stereo file renders as the native core plays it"""
        sound = np.stack([common.playing(24000 + 77, seed) for seed in range(2)], 1)
        self.open(**page.KNOBS, oversampling=2)
        self.choose_sound(sound, 96000)
        self.browser.execute_script("document.getElementById('format').value = 'float32'")
        self.browser.find_element("id", "render").click()
        self.message("done in")
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            file.write(base64.b64decode(self.browser.execute_async_script(READ_RENDERED)))
            file.flush()
            rendered, rate_hz = soundfile.read(file.name)
        self.assertEqual((rate_hz, rendered.shape), (96000, sound.shape))
        for channel in range(2):
            expected = page.native(page.MODEL, sound[:, channel], 96000, 2, **page.KNOBS, kernel=page.SIMD_KERNEL)
            error = page.db(np.std(rendered[:, channel] - expected) / np.std(expected))
            common.note(f"{self.engine}, channel {channel + 1}: {error:.1f} dB from the native core")
            self.assertLess(error, page.LIMITS_DB[page.SIMD_KERNEL])

    def test_errors(self):
        """the page says why it refuses a file, and what no other code has caught"""
        self.open()
        self.choose("text.wav", b"no sound at all\n" * 1000)
        self.assertRegex(self.message("text.wav holds no sound"), r"\(.+\)")
        self.browser.execute_script("dispatchEvent(new ErrorEvent('error', { error: new Error('stuck') }))")
        self.message("stuck")


class Chromium(Features, unittest.TestCase):
    engine = "Chromium"


class Firefox(Features, unittest.TestCase):
    engine = "Firefox"


class WebKit(Features, unittest.TestCase):
    engine = "WebKit"


if __name__ == "__main__":
    common.main()
