# SPDX-License-Identifier: MIT
"""What the tests of the web page share: the page on a server, a browser, and folders for files and downloads."""

import os
import platform
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import soundfile
from selenium.webdriver.support.ui import WebDriverWait

import browser
import common

sys.path.append(str(common.TOP / "web"))

PAGE = common.BUILD / "web"
TIMEOUT_S = 60
MODEL = common.TOP / "weights/od3.gru"
LONGEST_LATENCY = 100
# Gain and tone become -1 ... 1 without rounding, which would be heard: at -110 dB.
KNOBS = {"gain": 7.5, "tone": 2.5, "level": -4.5}
# The native kernel that is most like the page's SIMD kernel: neither fuses multiplication and addition. They add in
# different orders, and the network amplifies the rounding errors. Without SIMD, page and native core differ only in the
# last bit of Level.
SIMD_KERNEL = "sse2" if platform.machine() == "x86_64" else "plain"
LIMITS_DB = {"plain": -140, SIMD_KERNEL: -110}


def play_natively(model, x, rate_hz, oversampling, knobs, kernel):
    """Returns one channel as the native core plays it with knobs from -1 to +1, without its latency."""
    command = [str(word) for word in (common.BUILD / "test/support/play", model, rate_hz, oversampling, *knobs)]
    x = np.append(x, np.zeros(LONGEST_LATENCY)).astype("<f4")
    result = subprocess.run(command, input=x.tobytes(), capture_output=True, check=True,
                            env={**os.environ, "OD3_KERNEL": kernel})
    latency = int(re.search(rb"latency (\d+)", result.stderr).group(1))
    played = np.frombuffer(result.stdout, "<f4").astype(float)
    return played[latency:len(x) - LONGEST_LATENCY + latency]


def native(model, x, rate_hz, oversampling, gain, tone, level, kernel):
    """Returns one channel as the native pedal plays it at controls as the page has them, without its latency."""
    return 10 ** (level / 20) * play_natively(model, x, rate_hz, oversampling, (gain / 5 - 1, tone / 5 - 1), kernel)


def db(ratio):
    return 20 * np.log10(ratio + 1e-15)


class Shared:
    """One server, browser and folder for all tests."""

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        self.downloads = self.folder / "downloads"
        self.downloads.mkdir()
        self.pages = {}  # texts by path
        self.server = browser.Server(self.find_file)
        self.browser = browser.Browser(self.downloads)

    def find_file(self, path):
        """Returns a file of the page, or the text of a page that was changed to fail."""
        if path in self.pages:
            return self.pages[path]
        folder, _, rest = path[1:].partition("/")
        if f"/{folder}/" in self.pages and not rest.startswith("clips/"):
            path = f"/{rest}"  # what belongs to a changed page, but for clips, which tests leave out
        file = PAGE / (path[1:] + "index.html" if path.endswith("/") else path[1:])
        return file if file.is_file() else None

    def close(self):
        self.browser.quit()
        self.server.close()
        self.temporary.cleanup()


class Page(unittest.TestCase):
    """Tests with a page in a browser, and a folder for files and downloads."""

    shared = None

    def setUp(self):
        self.folder, self.downloads = self.shared.folder, self.shared.downloads
        self.server, self.browser = self.shared.server, self.shared.browser
        self.clear()
        self.browser.resize(1120, 900)
        self.open("/")

    def tearDown(self):
        self.assertEqual(self.browser.complaints(), [])

    def clear(self):
        for file in self.downloads.iterdir():
            file.unlink()

    def open(self, path, **settings):
        address = path if ":" in path else self.server.url + path
        self.browser.get("about:blank")
        self.browser.get(address + "#" + "&".join(f"{name}={value}" for name, value in settings.items()))

    def get(self, name):
        return self.browser.find_element("id", name)

    def wait(self, condition):
        return WebDriverWait(self.browser, TIMEOUT_S, 0.05).until(lambda _: condition())

    def message(self, part):
        """Waits for a message that contains a text, and returns the whole message."""
        self.wait(lambda: part in self.get("message").text)
        return self.get("message").text

    def choose(self, *files):
        self.get("files").send_keys("\n".join(str(file) for file in files))

    def write(self, name, sound, rate_hz, subtype="FLOAT"):
        soundfile.write(self.folder / name, sound, rate_hz, subtype)
        return self.folder / name

    def download(self, count=1):
        """Paths of finished downloads, when so many are there."""
        def finished():
            files = sorted(self.downloads.iterdir())
            return files if len(files) == count and not any(f.suffix == ".crdownload" for f in files) else None

        return self.wait(finished)

    def render(self, file, **settings):
        """The one file that the page renders of a file, and its rate."""
        self.choose(file)
        self.message(" Hz.")
        self.browser.find_element("css selector", "#format option[value=float32]").click()
        self.get("render").click()
        (rendered,) = self.download()
        return soundfile.read(rendered, always_2d=True)

    def level(self, side):
        """Returns the peak that the page shows for a side, "before" or "after", in dB."""
        text = self.get(f"db-{side}").text.replace("−", "-").removesuffix(" dB")
        return -float("inf") if "∞" in text else float(text)

    def play(self):
        self.get("play").click()
        self.wait(lambda: self.level("after") > -60)

    def knob(self, symbol):
        return self.browser.find_element("css selector", f'[mod-port-symbol="{symbol}"]')

    def changed_page(self, path, *changes):
        """Puts a page at a path whose text is changed by (pattern, replacement) pairs."""
        text = (PAGE / "index.html").read_text()
        for pattern, replacement in changes:
            text, count = re.subn(pattern, lambda _, new=replacement: new, text)
            assert count == 1, (pattern, count)
        self.shared.pages[path] = text


def start():
    """Starts what the tests share; to be called as setUpModule."""
    Page.shared = Shared()


def stop():
    """Ends what start began; to be called as tearDownModule."""
    Page.shared.close()
