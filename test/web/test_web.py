#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests the web page in a browser: what it plays, what it renders, and what it says when something fails."""

import base64
import gzip
import json
import re
import struct
import time

import numpy as np
import soundfile
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

import browser
import common
import modgui
import page  # which finds the next
import assemble
from page import KNOBS, LIMITS_DB, MODEL, PAGE, SIMD_KERNEL, Page, db, native

setUpModule = page.start  # noqa: N816 # unittest's name
tearDownModule = page.stop  # noqa: N816 # unittest's name


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
        """a mono file at 48 kHz renders as the native core plays it at each oversampling"""
        for oversampling in (1, 2, 4):
            self.compare(1, 48000, oversampling)
            self.clear()

    def test_stereo(self):
        """each side of a stereo file at 96 kHz renders as the native core plays it"""
        self.compare(2, 96000, 4)

    def test_without_simd(self):
        """a browser without SIMD renders the same at each oversampling"""
        script = "WebAssembly.validate = () => false"
        added = self.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
        try:
            for oversampling in (1, 2, 4):
                self.compare(1, 44100, oversampling, "plain")
                self.clear()
        finally:
            self.browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)

    def test_bypassed(self):
        """a bypassed pedal renders its input"""
        sound = common.playing(48000, 3)
        self.open("/", **KNOBS, on=0)
        played, _ = self.render(self.write("noise.wav", sound, 48000))
        self.assertLess(np.abs(played[:, 0] - sound).max(), 1e-7)

    def test_24_bits(self):
        """a file of 24 bits holds the rounded sound; when samples clip, the page says so"""
        sound = 2 * common.playing(48001, 4)
        self.open("/", on=0)
        self.choose(self.write("noise.wav", sound, 48000))
        self.message("noise.wav: 1.0 s")
        self.get("render").click()
        self.assertIn(f"Its peak of {20 * np.log10(np.abs(sound).max()):.1f} dB", self.message("clipped"))
        (file,) = self.download()
        rounded, _ = soundfile.read(file)
        self.assertGreater(np.abs(sound).max(), 1)
        self.assertLess(np.abs(rounded - np.clip(sound, -1, 1 - 2 ** -23)).max(), 1.001 * 2 ** -24)
        # Tag, channels, frames and bytes a second, bytes a frame, bits: readers differ in which of them they believe.
        self.assertEqual(struct.unpack("<HHIIHH", file.read_bytes()[20:36]), (1, 1, 48000, 144000, 3, 24))

    def test_time(self):
        """the page says how long a rendering took and how fast that is"""
        self.open("/", on=0)
        self.choose(self.write("noise.wav", common.playing(5 * 48000, 4), 48000))
        self.message("noise.wav: 5.0 s")
        self.browser.execute_script("let nowMs = 5000; performance.now = () => { nowMs += 2500; return nowMs }")
        self.get("render").click()
        self.message("noise.wav: done in 2.5 s, 2 times as fast as it plays.")

    def test_speed(self):
        """the page prints how fast it renders at 1x; this test does not judge the speed"""
        sound = common.playing(10 * 48000, 5)
        self.open("/", **KNOBS, oversampling=1)
        played, _ = self.render(self.write("noise.wav", sound, 48000))
        times = int(re.search(r"(\d+) times", self.message(" times ")).group(1))
        began = time.perf_counter()
        expected = native(MODEL, sound, 48000, 1, **KNOBS, kernel=SIMD_KERNEL)
        native_times = 10 / (time.perf_counter() - began)
        common.note(f"{times} times real time in the browser, {native_times:.0f} natively, "
                    f"a ratio of {times / native_times:.2f}")
        self.assertLess(db(np.std(played[:, 0] - expected) / np.std(expected)), LIMITS_DB[SIMD_KERNEL])


class Files(Page):
    def test_wrong_files(self):
        """the page says why it refuses an empty file and a text file with the name .wav"""
        empty, text = self.folder / "empty.wav", self.folder / "text.wav"
        empty.write_bytes(b"")
        text.write_text("no sound at all\n" * 1000)
        self.choose(empty)
        self.message("empty.wav is empty")
        self.choose(text)
        self.message("text.wav holds no sound")
        self.assertRegex(self.get("message").text, r"\(.+\)")  # the reason that the browser gives
        self.choose(self.write("nothing.wav", np.zeros(0), 48000))
        self.message("nothing.wav holds no sound")
        self.get("render").click()
        self.message("nothing.wav holds no sound")
        self.assertEqual(list(self.downloads.iterdir()), [])

    def test_damaged_model(self):
        """when the model is damaged, playing and rendering name its file and the reason"""
        model = bytearray(MODEL.read_bytes())
        model[len(model) // 2] ^= 1
        packed = base64.b64encode(gzip.compress(model)).decode()
        self.changed_page("/damaged.html", ('id="model" data-name="od3.gru">([^<]*)<',
                                            f'id="model" data-name="od3.gru">{packed}<'))
        self.open("/damaged.html")
        self.get("render").click()
        self.assertRegex(self.message("od3.gru"), r"^Clip: electric guitar failed.*od3\.gru: the file is damaged")

    def test_broken_worker(self):
        """when the renderer's script is broken, the page says why"""
        self.changed_page("/broken.html", ('id="renderer">', 'id="renderer">throw new Error("stuck");'))
        self.open("/broken.html")
        self.get("render").click()
        self.message("renderer: Uncaught Error: stuck (line 1)")
        self.browser.complaints()

    def test_missing_clip(self):
        """when a clip is missing or broken, the page names its file and its address"""
        self.changed_page("/alone/")
        self.changed_page("/broken/")
        self.shared.pages["/broken/clips/guitar.js"] = "od3Clip('guitar', '!')"
        for path, reason in (("/alone/", "the browser cannot load the script"), ("/broken/", "atob")):
            self.open(path)
            self.get("play").click()
            message = self.message("clips/guitar.js could not be loaded")
            self.assertIn(f"{self.server.url}{path}clips/guitar.js: ", message)
            self.assertIn(reason, message)
        self.browser.complaints()

    def test_controls(self):
        """the page's controls have the ranges, defaults and choices of the plugin's ports"""
        controls = json.loads(assemble.controls().removeprefix("export const CONTROLS = "))
        ports = modgui.effect(modgui.description())["ports"]["control"]["input"]
        self.assertEqual({port["symbol"] for port in ports}, set(controls))
        for port in ports:
            told = controls[port["symbol"]]
            self.assertEqual([told["min"], told["max"], told["initial"]],
                             [port["ranges"][name] for name in ("minimum", "maximum", "default")])
            self.assertEqual(told.get("choices", []), [point["value"] for point in port["scalePoints"]])

    def test_low_rate(self):
        """a file at 8 kHz renders at 48 kHz with the same duration"""
        sound = 0.3 * np.sin(2 * np.pi * 440 * np.arange(5 * 8000) / 8000)
        played, rate_hz = self.render(self.write("low.wav", sound, 8000, "PCM_16"))
        self.assertEqual((rate_hz, played.shape), (48000, (5 * 48000, 1)))
        self.assertGreater(np.std(played), 0.1)

    def test_several(self):
        """each of several files is downloaded under a name that holds its own name and the settings"""
        files = [self.write(name, common.playing(9600, 1), 48000, "PCM_16") for name in ("one.wav", "two.flac")]
        self.open("/", gain=6.4, tone=2, level=-3.5, oversampling=4)
        self.choose(*files)
        self.message("two.flac: 0.2 s")
        self.get("render-all").click()
        self.assertEqual([file.name for file in self.download(2)],
                         [f"{name}-od3-gain6.4-tone2.0-level-3.5dB-4x.wav" for name in ("one", "two")])
        self.open("/", gain=1)
        self.choose(files[0])
        self.message("one.wav: 0.2 s")
        self.get("render").click()
        self.download(3)
        self.choose(files[1])
        self.message("two.flac: 0.2 s")
        self.get("render").click()
        self.download(4)
        self.assertEqual(len(self.browser.find_elements("css selector", "#done a")), 2)

    def test_cancel(self):
        """a rendering shows its progress and can be cancelled"""
        sound = np.tile(common.playing(96000, 1), (20, 1)).ravel()
        self.choose(self.write("long.wav", np.stack([sound, -sound], 1), 96000, "PCM_24"))
        self.message("long.wav: 20.0 s, stereo, one pedal for each side at 96000 Hz.")
        self.get("render").click()
        self.wait(lambda: float(self.get("progress").get_attribute("value")) > 0)
        self.get("cancel").click()
        self.message("long.wav: cancelled.")
        self.wait(lambda: not self.get("rendering").is_displayed())
        self.assertEqual(list(self.downloads.iterdir()), [])

    def test_removed(self):
        """a file can be removed from the list; the first clip takes its place"""
        self.choose(self.write("one.wav", common.playing(9600, 1), 48000),
                    self.write("two.wav", common.playing(9600, 2), 48000))
        self.message("two.wav: 0.2 s")
        self.assertTrue(self.get("render-all").is_displayed())
        self.get("remove").click()
        self.message("guitar.flac: ")
        names = [option.text for option in self.browser.find_elements("css selector", "#source option")]
        self.assertIn("one.wav", names)
        self.assertNotIn("two.wav", names)
        self.assertFalse(self.get("remove").is_displayed() or self.get("render-all").is_displayed())

    def test_size(self):
        """the page takes at most 400 KiB over the wire, without its clips"""
        size = len(gzip.compress((PAGE / "index.html").read_bytes()))
        common.note(f"{size / 1024:.0f} KiB")
        self.assertLess(size, 400 * 1024)


class Playing(Page):
    def drawn(self, name):
        """The colours, other than none, on a canvas."""
        script = """
          const canvas = arguments[0]
          return new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size"""
        return self.browser.execute_script(script, self.get(name))

    def test_clips(self):
        """both clips play, and the page draws waveform and spectrum"""
        self.play()
        self.assertGreater(self.drawn("wave"), 3)
        self.assertGreater(self.drawn("spectrum"), 3)
        self.get("play").click()
        self.assertEqual(self.get("play").text, "Play")
        self.browser.find_element("css selector", "#source option[value=bass]").click()
        self.message("bass.flac: 8.0 s")
        self.play()

    def test_from_disk(self):
        """a page that was opened from a disk plays and renders"""
        self.open((PAGE / "index.html").as_uri())
        self.play()
        self.get("render").click()
        self.download()

    def test_knobs(self):
        """a knob changes the sound and the address"""
        self.choose(self.write("tone.wav", 0.05 * np.sin(2 * np.pi * 500 * np.arange(48000) / 48000), 48000))
        self.message("tone.wav: 1.0 s")
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
        """bypass plays the input unchanged; switch, light and button show the same state"""
        self.choose(self.write("tone.wav", 0.05 * np.sin(2 * np.pi * 500 * np.arange(48000) / 48000), 48000))
        self.message("tone.wav: 1.0 s")
        self.get("match").click()
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
        """the microphone plays, and a warning is visible"""
        self.browser.find_element("css selector", "#source option[value=microphone]").click()
        self.assertTrue(self.get("warning").is_displayed())
        self.assertFalse(self.get("render").is_enabled())
        self.play()

    def test_address(self):
        """an address sets the knobs; values that are out of range or no numbers do no harm"""
        self.open("/", gain=2, tone="nix", level=99, oversampling=4, on=0)
        texts = {name: self.knob(name).get_attribute("aria-valuetext") for name in ("gain", "tone", "level")}
        self.assertEqual(texts, {"gain": "9 o'clock", "tone": "12 o'clock", "level": "+12.0 dB"})
        turns = [self.browser.execute_script("return arguments[0].style.transform", self.knob(symbol))
                 for symbol in ("gain", "tone", "level")]
        self.assertEqual(turns, ["rotate(-90deg)", "rotate(0deg)", "rotate(150deg)"])
        self.browser.execute_script("location.hash = 'gain=10&oversampling=3'")
        self.wait(lambda: self.knob("gain").get_attribute("aria-valuetext") == "5 o'clock")
        self.assertEqual(self.browser.find_element("css selector", ".od3-option.selected").text, "2x")

    def test_face(self):
        """the pedal has the choices of Oversampling but no Match: the page has its own, by measured loudness"""
        options = self.browser.find_elements("css selector", "#pedal .od3-option")
        self.assertEqual([option.text for option in options], ["1x", "2x", "4x"])

    def test_copy_link(self):
        """the copied link has the settings; when the browser does not copy it, the page says why"""
        self.browser.execute_script("navigator.clipboard.writeText = async (text) => { window.copied = text }")
        self.knob("gain").send_keys(Keys.END)
        self.get("copy-link").click()
        self.message("in the clipboard")
        self.assertIn("#gain=10&tone=5&", self.browser.execute_script("return window.copied"))
        self.browser.execute_script("navigator.clipboard.writeText = async () => { throw new Error('not allowed') }")
        self.get("copy-link").click()
        self.message("It is in the address bar. (not allowed)")

    def test_presets(self):
        """each preset sets the knobs; the list shows a preset wherever its settings come from"""
        value = r'.*?pset:value (\S+)'
        presets = re.findall(f'rdfs:label "(.*?)" , "(.*?)"@pt ;{3 * value}',
                             (common.TOP / "ttl/presets.ttl").read_text(), flags=re.S)
        self.assertEqual(len(presets), 11)
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
        self.assertEqual((chosen(), self.get("purpose").text), (presets[-1][1], "Ganho e Tonalidade no máximo."))
        self.knob("tone").send_keys(Keys.ARROW_DOWN)
        self.assertEqual(chosen(), "Nenhum")
        address = dict(zip(("gain", "tone", "level"), presets[4][2:]))
        self.open("/", **address, oversampling=4)
        self.assertEqual(chosen(), presets[4][0])

    def test_touch(self):
        """a finger turns a knob, and the page does not scroll"""
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
    def test_phone(self):
        """on a phone of 360 by 640 pixels, Play and the three knobs are on the first screen"""
        self.browser.resize(360, 640, 2, mobile=True)
        names = [f'[mod-port-symbol="{symbol}"]' for symbol in ("gain", "tone", "level")]
        for name in ("#play", "#bypass", "#position", *names):
            box = self.browser.execute_script("""
              const { left, top, right, bottom } = document.querySelector(arguments[0]).getBoundingClientRect()
              return [left, top, right, bottom]""", name)
            self.assertTrue(0 <= box[0] and 0 <= box[1] and box[2] <= 360 and box[3] <= 640, (name, box))

    def test_long_name(self):
        """a file with a long name does not make the page wider than a phone"""
        self.browser.resize(360, 640, 2, mobile=True)
        self.choose(self.write("x" * 120 + ".wav", common.playing(9600, 1), 48000))
        self.message("0.2 s")
        self.browser.execute_script("arguments[0].scrollIntoView({ block: 'center' })", self.get("render"))
        self.get("render").click()
        self.download()
        self.assertLessEqual(self.browser.execute_script("return document.documentElement.scrollWidth"), 360)

    def test_languages(self):
        """every text exists in both languages, and the button changes all of them"""
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
        """text has a contrast of 4.5 to 1 in the light and the dark theme"""
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
        """nothing is wider than a small phone, and on a phone every control is large enough for a finger"""
        self.browser.resize(320, 700, 2, mobile=True)
        self.assertLessEqual(self.browser.execute_script("return document.documentElement.scrollWidth"), 320)
        self.browser.resize(360, 640, 2, mobile=True)
        self.browser.execute_script("document.getElementById('blind').open = true")
        pressed = "button, select, summary, .button, .tick, input[type=range], .od3-knob, .od3-option, .od3-switch"
        sizes = self.browser.execute_script("""
          const shown = [...document.querySelectorAll(arguments[0])].filter((element) => element.offsetParent)
          return shown.map((element) => {
            const { width, height } = element.getBoundingClientRect()
            return [element.id || element.textContent || element.className, Math.min(width, height)]
          })""", pressed)
        self.assertGreater(len(sizes), 20)
        self.assertEqual([(name, size) for name, size in sizes if size < 43.99], [])

    def test_styles(self):
        """the browser knows every property and value in the styles"""
        for name in ("web/style.css", "modgui/stylesheet.css"):
            text = re.sub(r"/\*.*?\*/|\{\{\{\w+\}\}\}", "", (common.TOP / name).read_text(), flags=re.S)
            pairs = re.findall(r"[{;]\s*([a-z-]+):\s*([^;{}]+?)\s*(?:!important)?\s*(?=;)", text)
            self.assertGreater(len(pairs), 50)
            script = "return arguments[0].filter(([name, value]) => !CSS.supports(name, value))"
            self.assertEqual(self.browser.execute_script(script, pairs), [])

    def test_policy(self):
        """the policy blocks foreign scripts and requests"""
        policies = re.findall(r'Content-Security-Policy" content="([^"]*)"', (PAGE / "index.html").read_text())
        self.assertEqual(len(policies), 2)
        self.assertIn("default-src 'none'", policies[0])
        self.assertIn("'strict-dynamic'", policies[1])
        for policy in policies:
            self.assertNotIn("unsafe-inline", policy)
            self.assertNotIn("'unsafe-eval'", policy)
        self.browser.execute_script("const s = document.createElement('script'); s.textContent = 'window.bad = 1';"
                                    "document.body.append(s); fetch('/').catch(() => 0)")
        self.wait(lambda: len(self.browser.get_log("browser")) > 0)
        self.assertIsNone(self.browser.execute_script("return window.bad"))


if __name__ == "__main__":
    common.main()
