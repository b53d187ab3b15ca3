#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The web page in a browser: it plays, renders what the native core renders, and says what is wrong."""

import gzip
import os
import platform
import re
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import numpy as np
import soundfile
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import browser
import common

PAGE = common.BUILD / "web"
MODEL = common.TOP / "weights/od3.gru"
PATIENCE_S = 60
LONGEST_LATENCY = 100
# Gain and tone become -1 ... 1 without rounding, which would be heard: at -110 dB.
KNOBS = {"gain": 7.5, "tone": 2.5, "level": -4.5}


# The native kernel that is most like the page's SIMD: no fused multiplication and addition. Its sums are in another
# order, which the network makes louder; without SIMD, page and native core do the same, but for the last bit of Level.
SIMD_KERNEL = "sse2" if platform.machine() == "x86_64" else "plain"
LIMITS_DB = {"plain": -140, SIMD_KERNEL: -110}


def native(model, x, rate_hz, oversampling, gain, tone, level, kernel):
    """What the native core makes of one channel, in time."""
    knobs = [knob / 5 - 1 for knob in (gain, tone)]
    command = [str(word) for word in (common.BUILD / "test/play", model, rate_hz, oversampling, *knobs)]
    x = np.append(x, np.zeros(LONGEST_LATENCY)).astype("<f4")
    result = subprocess.run(command, input=x.tobytes(), capture_output=True, check=True,
                            env={**os.environ, "OD3_KERNEL": kernel})
    latency = int(re.search(rb"latency (\d+)", result.stderr).group(1))
    played = np.frombuffer(result.stdout, "<f4").astype(float)
    return 10 ** (level / 20) * played[latency:len(x) - LONGEST_LATENCY + latency]


def db(ratio):
    return 20 * np.log10(ratio + 1e-15)


class Shared:
    """One server, browser and folder for all tests."""

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        self.downloads = self.folder / "downloads"
        self.downloads.mkdir()
        self.server = browser.Server(self.find_file)
        self.browser = browser.Browser(self.downloads)

    def find_file(self, path):
        """The page's files."""
        file = PAGE / (path[1:] + "index.html" if path.endswith("/") else path[1:])
        return file if file.is_file() else None

    def close(self):
        self.browser.quit()
        self.server.close()
        self.temporary.cleanup()


def setUpModule():  # noqa: N802 # unittest's name
    Page.shared = Shared()


def tearDownModule():  # noqa: N802 # unittest's name
    Page.shared.close()


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
        return WebDriverWait(self.browser, PATIENCE_S, 0.05).until(lambda _: condition())

    def says(self, part):
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
        self.says(" Hz.")
        self.browser.find_element("css selector", "#format option[value=float32]").click()
        self.get("render").click()
        (rendered,) = self.download()
        return soundfile.read(rendered, always_2d=True)


class Exactness(Page):
    def compare(self, channels, rate_hz, oversampling, kernel=SIMD_KERNEL):
        self.open("/", **KNOBS, oversampling=oversampling)
        sound = np.stack([common.playing(2 * rate_hz + 77, seed) for seed in range(channels)], 1)
        played, played_hz = self.render(self.write("noise.wav", sound, rate_hz))
        self.assertEqual((played_hz, played.shape), (rate_hz, sound.shape))
        for channel in range(channels):
            expected = native(MODEL, sound[:, channel], rate_hz, oversampling, **KNOBS, kernel=kernel)
            error = db(np.std(played[:, channel] - expected) / np.std(expected))
            common.note(f"{rate_hz} Hz, {oversampling}x, channel {channel + 1}: {error:.1f} dB from the native core")
            self.assertGreater(np.std(expected), 0.01)
            self.assertLess(error, LIMITS_DB[kernel])

    def test_mono(self):
        """mono at 48 kHz renders as the native core does, oversampled or not"""
        for oversampling in (1, 2, 4):
            self.compare(1, 48000, oversampling)
            self.clear()

    def test_stereo(self):
        """stereo at 96 kHz is two pedals at 96 kHz"""
        self.compare(2, 96000, 4)

    def test_without_simd(self):
        """a browser without SIMD renders the same, oversampled or not"""
        script = "WebAssembly.validate = () => false"
        added = self.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
        try:
            for oversampling in (1, 2, 4):
                self.compare(1, 44100, oversampling, "plain")
                self.clear()
        finally:
            self.browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)

    def test_bypassed(self):
        """bypassed, the sound is what it was"""
        sound = common.playing(48000, 3)
        self.open("/", **KNOBS, on=0)
        played, _ = self.render(self.write("noise.wav", sound, 48000))
        self.assertLess(np.abs(played[:, 0] - sound).max(), 1e-7)

    def test_24_bits(self):
        """24 bits are the sound rounded, and clip with a warning"""
        sound = 2 * common.playing(48001, 4)
        self.open("/", on=0)
        self.choose(self.write("noise.wav", sound, 48000))
        self.says("noise.wav: 1.0 s")
        self.get("render").click()
        self.says("clipped")
        (file,) = self.download()
        rounded, _ = soundfile.read(file)
        self.assertGreater(np.abs(sound).max(), 1)
        self.assertLess(np.abs(rounded - np.clip(sound, -1, 1 - 2 ** -23)).max(), 1.001 * 2 ** -24)
        # Tag, channels, frames and bytes a second, bytes a frame, bits: readers differ in which of them they believe.
        self.assertEqual(struct.unpack("<HHIIHH", file.read_bytes()[20:36]), (1, 1, 48000, 144000, 3, 24))

    def test_speed(self):
        """how fast the page renders at 1x, told and not judged"""
        sound = common.playing(10 * 48000, 5)
        self.open("/", **KNOBS, oversampling=1)
        played, _ = self.render(self.write("noise.wav", sound, 48000))
        times = int(re.search(r"(\d+) times", self.says(" times ")).group(1))
        began = time.perf_counter()
        expected = native(MODEL, sound, 48000, 1, **KNOBS, kernel=SIMD_KERNEL)
        native_times = 10 / (time.perf_counter() - began)
        common.note(f"{times} times real time in the browser, {native_times:.0f} natively, "
                    f"a ratio of {times / native_times:.2f}")
        self.assertLess(db(np.std(played[:, 0] - expected) / np.std(expected)), LIMITS_DB[SIMD_KERNEL])


class Files(Page):
    def test_wrong_files(self):
        """an empty file and a text that is called .wav are refused in words"""
        empty, text = self.folder / "empty.wav", self.folder / "text.wav"
        empty.write_bytes(b"")
        text.write_text("no sound at all\n" * 1000)
        self.choose(empty)
        self.says("empty.wav is empty")
        self.choose(text)
        self.says("text.wav holds no sound")
        self.choose(self.write("nothing.wav", np.zeros(0), 48000))
        self.says("nothing.wav holds no sound")
        self.get("render").click()
        self.says("nothing.wav holds no sound")
        self.assertEqual(list(self.downloads.iterdir()), [])

    def test_low_rate(self):
        """5 seconds at 8 kHz give 5 seconds at 48 kHz"""
        sound = 0.3 * np.sin(2 * np.pi * 440 * np.arange(5 * 8000) / 8000)
        played, rate_hz = self.render(self.write("low.wav", sound, 8000, "PCM_16"))
        self.assertEqual((rate_hz, played.shape), (48000, (5 * 48000, 1)))
        self.assertGreater(np.std(played), 0.1)

    def test_several(self):
        """several files make a download each, named after them and the settings"""
        files = [self.write(name, common.playing(9600, 1), 48000, "PCM_16") for name in ("one.wav", "two.flac")]
        self.open("/", gain=6.4, tone=2, level=-3.5, oversampling=4)
        self.choose(*files)
        self.says("two.flac: 0.2 s")
        self.get("render-all").click()
        self.assertEqual([file.name for file in self.download(2)],
                         [f"{name}-od3-gain6.4-tone2.0-level-3.5dB-4x.wav" for name in ("one", "two")])
        self.open("/", gain=1)
        self.choose(files[0])
        self.says("one.wav: 0.2 s")
        self.get("render").click()
        self.download(3)
        self.choose(files[1])
        self.says("two.flac: 0.2 s")
        self.get("render").click()
        self.download(4)
        self.assertEqual(len(self.browser.find_elements("css selector", "#done a")), 2)

    def test_cancel(self):
        """a long file shows its progress and can be cancelled"""
        sound = np.tile(common.playing(96000, 1), (20, 1)).ravel()
        self.choose(self.write("long.wav", np.stack([sound, -sound], 1), 96000, "PCM_24"))
        self.says("long.wav: 20.0 s, stereo, a pedal a side at 96000 Hz.")
        self.get("render").click()
        self.wait(lambda: float(self.get("progress").get_attribute("value")) > 0)
        self.get("cancel").click()
        self.says("Cancelled.")
        self.wait(lambda: not self.get("rendering").is_displayed())
        self.assertEqual(list(self.downloads.iterdir()), [])

    def test_size(self):
        """the page takes at most 400 KiB over the wire, without its clips"""
        size = len(gzip.compress((PAGE / "index.html").read_bytes()))
        common.note(f"{size / 1024:.0f} KiB")
        self.assertLess(size, 400 * 1024)


class Playing(Page):
    def level(self, side):
        text = self.get(f"db-{side}").text.replace("−", "-").removesuffix(" dB")
        return -np.inf if "∞" in text else float(text)

    def play(self):
        self.get("play").click()
        self.wait(lambda: self.level("after") > -60)

    def knob(self, symbol):
        return self.browser.find_element("css selector", f'[mod-port-symbol="{symbol}"]')

    def drawn(self, name):
        """The colours, other than none, on a canvas."""
        script = """
          const canvas = arguments[0]
          return new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size"""
        return self.browser.execute_script(script, self.get(name))

    def test_clips(self):
        """both clips play, and wave and spectrum are drawn"""
        self.play()
        self.assertGreater(self.drawn("wave"), 3)
        self.assertGreater(self.drawn("spectrum"), 3)
        self.get("play").click()
        self.assertEqual(self.get("play").text, "Play")
        self.browser.find_element("css selector", "#source option[value=bass]").click()
        self.says("bass.flac: 8.0 s")
        self.play()

    def test_from_disk(self):
        """opened from a disk, the page plays and renders"""
        self.open((PAGE / "index.html").as_uri())
        self.play()
        self.get("render").click()
        self.download()

    def test_knobs(self):
        """a knob that is dragged is heard, and the address follows"""
        self.choose(self.write("tone.wav", 0.05 * np.sin(2 * np.pi * 500 * np.arange(48000) / 48000), 48000))
        self.says("tone.wav: 1.0 s")
        self.play()
        self.wait(lambda: self.level("before") > -27)
        before = self.level("after")
        drag = ActionChains(self.browser, duration=50)
        drag.click_and_hold(self.knob("level")).move_by_offset(0, 100).release().perform()
        self.wait(lambda: abs(self.level("after") - before + 21) < 2)
        self.wait(lambda: "level=-21&" in self.browser.current_url)
        self.assertEqual(self.knob("level").get_attribute("aria-valuetext"), "−21.0 dB")
        drag.double_click(self.knob("level")).perform()
        self.wait(lambda: "level=0&" in self.browser.current_url)
        self.knob("gain").send_keys(Keys.HOME)
        self.wait(lambda: "gain=0&" in self.browser.current_url)

    def test_bypass(self):
        """bypass gives the input unchanged; switch, light and button agree"""
        self.choose(self.write("tone.wav", 0.05 * np.sin(2 * np.pi * 500 * np.arange(48000) / 48000), 48000))
        self.says("tone.wav: 1.0 s")
        self.play()
        self.wait(lambda: self.level("after") > self.level("before") + 6)
        self.browser.find_element("css selector", ".od3-switch").click()
        self.wait(lambda: abs(self.level("after") - self.level("before")) < 0.2)
        self.assertEqual(self.get("bypass").get_attribute("aria-pressed"), "true")
        self.assertNotIn("on", self.browser.find_element("css selector", ".od3-light").get_attribute("class").split())
        self.wait(lambda: self.browser.current_url.endswith("on=0"))
        self.get("bypass").click()
        self.wait(lambda: self.level("after") > self.level("before") + 6)

    def test_microphone(self):
        """the microphone plays, below a warning"""
        self.browser.find_element("css selector", "#source option[value=microphone]").click()
        self.assertTrue(self.get("warning").is_displayed())
        self.assertFalse(self.get("render").is_enabled())
        self.play()

    def test_address(self):
        """an address puts the knobs in their places; nonsense in it does no harm"""
        self.open("/", gain=2, tone="nix", level=99, oversampling=4, on=0)
        texts = {name: self.knob(name).get_attribute("aria-valuetext") for name in ("gain", "tone", "level")}
        self.assertEqual(texts, {"gain": "9 o'clock", "tone": "12 o'clock", "level": "+12.0 dB"})
        self.browser.execute_script("location.hash = 'gain=10&oversampling=3'")
        self.wait(lambda: self.knob("gain").get_attribute("aria-valuetext") == "5 o'clock")
        self.assertEqual(self.browser.find_element("css selector", ".od3-option.selected").text, "2x")

    def test_presets(self):
        """each of the bundle's presets turns the knobs, and is named wherever its settings come from"""
        value = r'.*?pset:value (\S+)'
        presets = re.findall(f'rdfs:label "(.*?)" , "(.*?)"@pt ;{3 * value}',
                             (common.TOP / "ttl/presets.ttl").read_text(), flags=re.S)
        self.assertEqual(len(presets), 10)
        options = self.browser.find_elements("css selector", "#preset option")
        self.assertEqual([option.text for option in options[1:]], [label for label, *_ in presets])

        def chosen():
            return self.browser.find_element("css selector", "#preset option:checked").text

        for option, (label, label_pt, *values) in zip(options[1:], presets):
            option.click()
            turned = [float(self.knob(symbol).get_attribute("aria-valuenow")) for symbol in ("gain", "tone", "level")]
            self.assertEqual((chosen(), turned), (label, [float(value) for value in values]))
        self.wait(lambda: "gain=10&tone=10&" in self.browser.current_url)
        self.get("language").click()
        self.assertEqual((chosen(), self.get("purpose").text), (presets[-1][1], "Os dois botões no fim."))
        self.knob("tone").send_keys(Keys.ARROW_DOWN)
        self.assertEqual(chosen(), "Nenhum")
        address = dict(zip(("gain", "tone", "level"), presets[4][2:]))
        self.open("/", **address, oversampling=4)
        self.assertEqual(chosen(), presets[4][0])

    def test_touch(self):
        """a finger turns a knob, and the page does not scroll under it"""
        self.browser.resize(360, 740, 2, mobile=True)
        self.browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
        try:
            box = self.browser.execute_script(
                "const b = arguments[0].getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]",
                self.knob("tone"))
            for kind, y in (("touchStart", 0), *(("touchMove", y) for y in range(-10, -60, -10)), ("touchEnd", None)):
                points = [] if y is None else [{"x": box[0], "y": box[1] + y}]
                self.browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            self.wait(lambda: float(self.knob("tone").get_attribute("aria-valuenow")) > 6.5)
            self.assertEqual(self.browser.execute_script("return scrollY"), 0)
        finally:
            self.browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


class Looks(Page):
    def test_languages(self):
        """every text is there in both languages, and the button changes all of them"""
        said = (common.TOP / "web/text.js").read_text()
        keys = [re.findall(r"^    (\w+):", part, flags=re.M) for part in said.split("  pt: {")]
        self.assertEqual(keys[0], keys[1])
        asked = set(re.findall(r'data-(?:text|label)="(\w+)"', (common.TOP / "web/page.html").read_text()))
        self.assertLessEqual(asked, set(keys[0]))
        before = self.browser.find_element("tag name", "main").text
        self.get("language").click()
        self.assertEqual(self.browser.find_element("tag name", "html").get_attribute("lang"), "pt")
        self.assertEqual(self.get("play").text, "Tocar")
        knobs = {symbol: self.browser.find_element("css selector", f'[mod-port-symbol="{symbol}"]')
                 for symbol in ("gain", "level")}
        for knob in knobs.values():
            knob.send_keys(Keys.HOME)
        told = {symbol: knob.get_attribute("aria-valuetext") for symbol, knob in knobs.items()}
        self.assertEqual(told, {"gain": "7 h", "level": "−30,0 dB"})
        shared = set(before.splitlines()) & set(self.browser.find_element("tag name", "main").text.splitlines())
        self.assertLessEqual({line for line in shared if line.islower() and " " in line}, set())

    def test_contrast(self):
        """text has 4.5 to 1 in the light and the dark"""
        for theme in ("light", "dark"):
            self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                         {"features": [{"name": "prefers-color-scheme", "value": theme}]})
            colours = self.browser.execute_script("""
              const style = getComputedStyle(document.documentElement)
              const hex = (name) => style.getPropertyValue('--' + name).trim().slice(1).match(/../g)
              return Object.fromEntries(['paper', 'card', 'ink', 'quiet', 'before', 'after', 'warning', 'edge'].map(
                (name) => [name, hex(name).map((two) => parseInt(two, 16))]))""")
            for front, back, least in (("ink", "paper", 4.5), ("ink", "card", 4.5), ("quiet", "paper", 4.5),
                                       ("before", "card", 4.5), ("before", "paper", 4.5), ("after", "card", 4.5),
                                       ("after", "paper", 4.5), ("warning", "paper", 4.5), ("edge", "paper", 3),
                                       ("edge", "card", 3)):
                ratio = browser.contrast(colours[front], colours[back])
                common.note(f"{theme}: {front} on {back} {ratio:.1f} to 1")
                self.assertGreaterEqual(ratio, least, (theme, front, back))

    def test_narrow(self):
        """nothing is wider than a small phone, and what is pressed is large enough for a finger"""
        self.browser.resize(320, 700, 2, mobile=True)
        width = self.browser.execute_script("return document.documentElement.scrollWidth")
        self.assertLessEqual(width, 320)
        pressed = "button, select, .od3-knob, .od3-option, .od3-switch"
        for element in self.browser.find_elements("css selector", pressed):
            if element.is_displayed():
                self.assertGreaterEqual(min(element.size.values()), 24, element.get_attribute("outerHTML"))

    def test_styles(self):
        """the browser knows every property and value in the styles"""
        for name in ("web/style.css", "modgui/stylesheet.css"):
            text = re.sub(r"/\*.*?\*/|\{\{\{\w+\}\}\}", "", (common.TOP / name).read_text(), flags=re.S)
            pairs = re.findall(r"[{;]\s*([a-z-]+):\s*([^;{}]+?)\s*(?:!important)?\s*(?=;)", text)
            self.assertGreater(len(pairs), 50)
            script = "return arguments[0].filter(([name, value]) => !CSS.supports(name, value))"
            self.assertEqual(self.browser.execute_script(script, pairs), [])

    def test_policy(self):
        """the policy stops a script and a request that are not the page's"""
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', (PAGE / "index.html").read_text()).group(1)
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe-inline", policy)
        self.assertNotIn("'unsafe-eval'", policy)
        self.browser.execute_script("const s = document.createElement('script'); s.textContent = 'window.bad = 1';"
                                    "document.body.append(s); fetch('/').catch(() => 0)")
        self.wait(lambda: len(self.browser.get_log("browser")) > 0)
        self.assertIsNone(self.browser.execute_script("return window.bad"))


if __name__ == "__main__":
    common.main()
