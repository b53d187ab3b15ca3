#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests what the web page offers besides the pedal: loops, a cabinet, devices, and the blind test."""

import base64

import numpy as np
import soundfile
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

import browser
import common
import page
from page import Page

setUpModule = page.start  # noqa: N816 # unittest's name
tearDownModule = page.stop  # noqa: N816 # unittest's name
# Keeps the sounds that the page plays, and the gains that it makes.
WATCH_BUFFERS = """
  const Source = AudioBufferSourceNode
  window.buffers = []
  window.AudioBufferSourceNode = class extends Source {
    constructor (context, options) {
      super(context, options)
      buffers.push(options.buffer)
    }
  }
  const Gain = GainNode
  window.levels = []
  window.GainNode = class extends Gain {
    constructor (context, options) {
      super(context, options)
      levels.push(options.gain)
    }
  }"""
READ_BUFFERS = """
  return buffers.map((buffer) => {
    const bytes = new Uint8Array(buffer.getChannelData(0).buffer)
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  })"""


class Tools(Page):
    def choose_option(self, name, value):
        self.browser.find_element("css selector", f"#{name} option[value='{value}']").click()

    def move_to(self, part):
        self.browser.execute_script("""
          const [slider, part] = arguments
          slider.value = part
          slider.dispatchEvent(new Event('input'))
          slider.dispatchEvent(new Event('change'))""", self.get("position"), part)

    def position(self):
        return float(self.get("position").get_attribute("value"))

    def rendered(self):
        self.get("render").click()
        (file,) = self.download()
        sound = soundfile.read(file)[0]
        self.clear()
        return sound

    def test_overview(self):
        """the waveform of the clip and the axes are drawn before anything plays, and that of a file is drawn anew"""
        script = """
          return [...document.querySelectorAll('canvas')].map((canvas) =>
            canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.filter((x) => x > 0).length)"""
        self.wait(lambda: self.get("time").text == "0:00 / 0:09")
        drawn = self.browser.execute_script(script)
        self.assertGreater(min(drawn), 500)
        marks = self.browser.execute_script("""
          const { width, height } = document.getElementById('spectrum')
          const pen = document.getElementById('spectrum').getContext('2d')
          const isLine = (x) => [0.4, 0.6, 0.95].every((part) =>
            pen.getImageData(x, Math.round(part * height), 1, 1).data[3] > 0)
          return Array.from({ length: width }, (_, x) => x / width).filter((x) => isLine(Math.round(x * width)))""")
        for hz in (100, 1000, 10000):
            place = np.log(hz / 40) / np.log(20000 / 40)
            self.assertLess(min(abs(place - mark) for mark in marks), 0.01, hz)
        self.assertLess(len(marks), 20)
        self.choose(self.write("half.wav", np.repeat([0.0, 0.5], 24000), 48000))
        self.message("half.wav: 1.0 s")
        left, right = self.browser.execute_script("""
          const canvas = document.querySelector('#overview canvas')
          const { width, height } = canvas
          const pen = canvas.getContext('2d')
          const count = (x) => pen.getImageData(x, 0, width / 2, height).data.filter((value) => value > 0).length
          return [count(0), count(width / 2)]""")
        self.assertGreater(right, 10 * left)
        self.browser.complaints()  # that pictures are read

    def test_loop(self):
        """a loop plays its part of the sound only, until all is looped again"""
        self.choose(self.write("long.wav", 0.1 * common.playing(10 * 48000, 1), 48000))
        self.message("long.wav: 10.0 s")
        self.move_to(0.5)
        self.get("loop-from").click()
        self.move_to(0.53)
        self.get("loop-to").click()
        self.move_to(0.9)
        self.play()
        seen = self.browser.execute_async_script("""
          const seen = []
          const look = () => {
            seen.push(Number(document.getElementById('position').value))
            seen.length < 40 ? setTimeout(look, 25) : arguments[0](seen)
          }
          setTimeout(look, 100)""")
        self.assertGreaterEqual(min(seen), 0.499)
        self.assertLessEqual(max(seen), 0.531)
        self.assertGreater(sum(after < before for before, after in zip(seen, seen[1:])), 1)
        self.get("loop-all").click()
        self.wait(lambda: self.position() > 0.54)

    def test_cabinet(self):
        """renders have the cabinet only where that is ticked: the page's own removes treble, a file's convolves"""
        self.open("/", on=0)
        sound = 0.1 * common.playing(48000, 2)
        self.choose(self.write("noise.wav", sound, 48000))
        self.message("noise.wav: 1.0 s")
        self.choose_option("format", "float32")
        self.choose_option("cabinet", "designed")
        self.assertLess(np.abs(self.rendered() - sound).max(), 1e-7)
        self.get("cabinet-renders").click()
        power = np.abs(np.fft.rfft(self.rendered())) ** 2 / np.abs(np.fft.rfft(sound)) ** 2
        bands = [10 * np.log10(np.median(power[low:high])) for low, high in ((20, 40), (200, 2000), (9000, 12000))]
        common.note("cabinet: " + ", ".join(f"{db:.1f} dB" for db in bands))
        self.assertLess(bands[0], bands[1] - 6)
        self.assertLess(bands[2], bands[1] - 25)
        response = np.zeros(3000)
        response[[10, 2900]] = 0.5, -0.25
        self.get("response").send_keys(str(self.write("room.wav", response, 48000)))
        self.wait(lambda: self.get("cabinet").get_attribute("value") == "own")
        expected = np.convolve(sound, response)[:len(sound)]
        played = self.rendered()
        gain = np.dot(played, expected) / np.dot(expected, expected)
        self.assertTrue(0.5 < gain < 4, gain)
        self.assertLess(np.abs(played - gain * expected).max(), 1e-5)

    def test_cabinet_plays(self):
        """the cabinet plays live, and a file that holds no response is refused"""
        self.browser.execute_script("""
          const Node = ConvolverNode
          window.made = 0
          window.ConvolverNode = class extends Node { constructor (...all) { super(...all); ++window.made } }""")
        self.play()
        self.choose_option("cabinet", "designed")
        self.wait(lambda: self.browser.execute_script("return made") == 1)
        self.get("response").send_keys(str(self.write("nothing.wav", np.zeros(100), 48000)))
        self.message("nothing.wav is silent")
        self.assertEqual(self.get("cabinet").get_attribute("value"), "none")
        self.assertEqual(self.get("play").text, "Stop")

    def test_devices(self):
        """the visitor chooses among the named devices; the page says when one cannot be used"""
        self.choose_option("source", "microphone")
        self.play()
        self.message("The input plays at ")
        self.wait(lambda: len(self.browser.find_elements("css selector", "#input-device option")) > 1)
        self.browser.find_elements("css selector", "#input-device option")[-1].click()
        self.wait(lambda: self.get("play").text == "Stop" and self.level("after") > -60)
        self.browser.execute_script("""
          AudioContext.prototype.setSinkId = async () => { throw new Error('gone') }
          document.getElementById('output-device').append(new Option('Speakers', 'speakers'))""")
        self.browser.execute_script("""
          const list = document.getElementById('output-device')
          list.value = 'speakers'
          list.dispatchEvent(new Event('change'))""")
        self.message("cannot use this output. (gone)")
        self.assertEqual(self.get("play").text, "Play")

    def test_blind(self):
        """the blind test plays what X is, at equal loudness, and counts the answers"""
        self.browser.execute_script("""
          const { setTargetAtTime } = AudioParam.prototype
          window.targets = []
          AudioParam.prototype.setTargetAtTime = function (value, ...others) {
            targets.push(value)
            return setTargetAtTime.call(this, value, ...others)
          }""")
        self.browser.execute_script(WATCH_BUFFERS)
        self.get("blind").find_element("tag name", "summary").click()
        self.choose_option("blind-a", "bypassed")
        self.choose_option("blind-b", "now")
        self.get("blind-start").click()
        self.wait(lambda: self.get("blind-listen").is_displayed())
        quiet, loud = sorted(level for level in self.browser.execute_script("return levels") if level)
        self.assertEqual(loud, 1)  # the bypassed guitar is the quieter one
        self.assertTrue(0.3 < quiet < 0.7, quiet)
        for trial in range(1, 7):
            x = self.browser.execute_script("return targets.slice(-2)").index(1)
            ActionChains(self.browser).key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL).perform()
            self.assertEqual(self.browser.execute_script("return targets.slice(-2)").index(1), x)  # not A's key
            self.browser.switch_to.active_element.send_keys("b")
            self.assertEqual(self.browser.execute_script("return targets.slice(-2)"), [0, 1])
            self.browser.switch_to.active_element.send_keys("12"[x if trial < 6 else 1 - x])
            self.wait(lambda n=trial: f"of {n} right" in self.get("blind-score").text)
        # 1 or 0 wrong of 6 by chance: 7 of 64 ways
        self.assertEqual(self.get("blind-score").text,
                         "Wrong. 5 of 6 right. Guessing does as well or better with a chance of 11 %.")
        self.get("play").click()
        self.wait(lambda: not self.get("blind-listen").is_displayed())

    def test_teacher(self):
        """against the network that it learned from, the pedal plays the same part, to the sample and to 0.1 dB"""
        self.browser.execute_script(WATCH_BUFFERS)
        self.get("blind").find_element("tag name", "summary").click()
        self.choose_option("blind-a", "1")
        self.choose_option("blind-b", "teacher")
        self.get("blind-start").click()
        self.wait(lambda: self.get("blind-listen").is_displayed())
        sounds = [np.frombuffer(base64.b64decode(sound), "<f4").astype(float)
                  for sound in self.browser.execute_script(READ_BUFFERS)]
        teacher, rate_hz = soundfile.read(common.TOP / "web/teacher.flac")
        self.assertEqual((rate_hz, len(teacher)), (48000, len(sounds[1])))
        self.assertLess(np.abs(sounds[1] - teacher).max(), 2 ** -15)
        gains = [level for level in self.browser.execute_script("return levels") if level]
        self.assertEqual(max(gains), 1)
        pedal = gains[0] * sounds[0]
        teacher *= gains[1]
        errors = {shift: np.mean((pedal[100:-100] - teacher[100 + shift:len(teacher) - 100 + shift]) ** 2)
                  for shift in range(-50, 51)}
        self.assertEqual(min(errors, key=errors.get), 0)
        level_db = page.db(np.std(pedal) / np.std(teacher))
        ratio = np.var(pedal - teacher) / np.var(teacher)
        common.note(f"ESR {100 * ratio:.2f} %, {level_db:+.2f} dB")
        self.assertLess(abs(level_db), 0.1)
        self.assertTrue(0.0003 < ratio < 0.0015, ratio)

    def test_live_regions(self):
        """while a sound plays, knobs turn and a file renders, screen readers are told of the rendered file only"""
        self.choose(self.write("noise.wav", 0.1 * common.playing(96000, 2), 48000))
        self.message("noise.wav: 2.0 s")
        self.play()
        self.browser.execute_script("""
          window.told = []
          const regions = document.querySelectorAll('output, [role=status], [role=alert], [aria-live]')
          const observer = new MutationObserver((list) => list.forEach(({ target }) => told.push(target.textContent)))
          regions.forEach((region) =>
            observer.observe(region, { childList: true, characterData: true, subtree: true }))""")
        self.knob("gain").send_keys(10 * Keys.ARROW_UP)
        self.get("blend").send_keys(10 * Keys.ARROW_LEFT)
        self.browser.execute_async_script("setTimeout(arguments[0], 1000)")
        self.assertEqual(self.browser.execute_script("return told"), [])
        self.get("render").click()
        self.message("done in")
        told = self.browser.execute_script("return told")
        self.assertEqual(len(told), 1, told)

    def test_little_motion(self):
        """for visitors who want little motion, pictures and levels change twice a second, else with each frame"""
        # Each frame takes 0.1 s on the page's clock.
        self.browser.execute_script("""
          let nowMs = 1e6
          performance.now = () => nowMs
          const { clearRect } = CanvasRenderingContext2D.prototype
          let draws = 0
          CanvasRenderingContext2D.prototype.clearRect = function (...box) {
            draws += this.canvas.id === 'wave'
            clearRect.apply(this, box)
          }
          window.drawsIn = (frames, done) => {
            const before = draws
            const count = () => {
              nowMs += 100
              frames-- > 0 ? requestAnimationFrame(count) : done(draws - before)
            }
            requestAnimationFrame(count)
          }""")
        self.play()
        for motion, expected in (("no-preference", (49, 51)), ("reduce", (9, 11))):
            self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                         {"features": [{"name": "prefers-reduced-motion", "value": motion}]})
            draws = self.browser.execute_async_script("drawsIn(50, arguments[0])")
            self.assertTrue(expected[0] <= draws <= expected[1], (motion, draws))
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def test_words(self):
        """sliders say their values in words, with the time for the position, and arrows choose the oversampling"""
        self.choose(self.write("long.wav", np.zeros(90 * 48000), 48000, "PCM_16"))
        self.message("long.wav: 90.0 s")

        def said(name):
            return self.get(name).get_attribute("aria-valuetext")

        self.assertEqual([said(name) for name in ("position", "input", "blend")], ["0:00 / 1:30", "0.0 dB", "100 %"])
        self.move_to(0.75)
        self.get("input").send_keys(5 * Keys.ARROW_LEFT)
        self.get("blend").send_keys(Keys.HOME)
        self.assertEqual([said(name) for name in ("position", "input", "blend")], ["1:07 / 1:30", "−0.5 dB", "0 %"])
        chosen = self.browser.find_element("css selector", ".od3-option[aria-checked=true]")
        self.assertEqual(chosen.text, "2x")
        for key, name in ((Keys.ARROW_RIGHT, "4x"), (Keys.ARROW_DOWN, "1x"), (Keys.ARROW_LEFT, "4x"),
                          (Keys.ARROW_UP, "2x"), (Keys.ARROW_UP, "1x")):
            chosen.send_keys(key)
            chosen = self.browser.switch_to.active_element
            self.assertEqual((chosen.text, chosen.get_attribute("aria-checked")), (name, "true"))
            self.assertEqual(self.browser.find_element("css selector", ".od3-option.selected").text, name)
        self.wait(lambda: "oversampling=1&" in self.browser.current_url)


class Offline(Page):
    def test_offline(self):
        """a page that was served once opens and plays without its server, and browsers may install it"""
        server = browser.Server(self.shared.find_file)
        self.browser.get(server.url + "/")
        self.browser.execute_async_script("navigator.serviceWorker.ready.then(() => arguments[0]())")
        self.assertEqual(self.browser.execute_cdp_cmd("Page.getInstallabilityErrors", {})["installabilityErrors"], [])
        self.wait(lambda: self.browser.execute_script("return navigator.serviceWorker.controller !== null"))
        server.close()
        self.browser.get("about:blank")
        self.browser.complaints()
        self.browser.get(server.url + "/#gain=7")
        self.assertEqual(self.knob("gain").get_attribute("aria-valuenow"), "7")
        self.play()
        self.browser.complaints()  # that the server is away


if __name__ == "__main__":
    common.main()
