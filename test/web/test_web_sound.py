#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests that the web page plays the sound that a file, an input or a link holds, and says when it cannot."""

import time

import numpy as np
import soundfile

import common
import page
from page import Page

setUpModule = page.start  # noqa: N816 # unittest's name
tearDownModule = page.stop  # noqa: N816 # unittest's name

# Keeps the page's audio contexts, and an analyser for each side of what it sends to the speakers.
WATCH_OUTPUT = """
  const Context = AudioContext
  window.contexts = []
  window.AudioContext = class extends Context {
    constructor (options) {
      super(options)
      contexts.push(this)
    }
  }
  const { connect } = AudioNode.prototype
  AudioNode.prototype.connect = function (node, ...others) {
    if (node instanceof AudioDestinationNode && this.context instanceof AudioContext) {
      const splitter = this.context.createChannelSplitter(2)
      connect.call(this, splitter)
      window.sides = [0, 1].map((side) => {
        const analyser = this.context.createAnalyser()
        connect.call(splitter, analyser, side)
        return analyser
      })
    }
    return connect.call(this, node, ...others)
  }
"""
# An interface with two inputs: the first is silent, and on the second there is a tone with a peak of -20 dB.
TWO_INPUTS = """
  navigator.mediaDevices.getUserMedia = async () => {
    const context = new Context()
    const merger = context.createChannelMerger(2)
    const volume = new GainNode(context, { gain: 0.1 })
    const tone = new OscillatorNode(context, { frequency: 500 })
    tone.connect(volume).connect(merger, 0, 1)
    const output = new MediaStreamAudioDestinationNode(context, { channelCount: 2 })
    merger.connect(output)
    tone.start()
    return output.stream
  }
"""
PEAKS_DB = """
  return sides.map((side) => {
    const wave = new Float32Array(side.fftSize)
    side.getFloatTimeDomainData(wave)
    return Math.max(-200, 20 * Math.log10(Math.max(...wave.map(Math.abs))))
  })
"""


def tone(seconds=1, rate_hz=48000, peak=0.5):
    """Returns a sine of 500 Hz."""
    return peak * np.sin(2 * np.pi * 500 * np.arange(int(seconds * rate_hz)) / rate_hz)


class Files(Page):
    def bypassed(self, file):
        """Returns what the page renders of a file with the pedal bypassed, its rate, and the message on loading."""
        self.open("/", on=0)
        self.choose(file)
        loaded = self.message(" Hz.")
        self.browser.find_element("css selector", "#format option[value=float32]").click()
        self.get("render").click()
        (rendered,) = self.download()
        sound, rate_hz = soundfile.read(rendered, always_2d=True)
        self.clear()
        return sound, rate_hz, loaded

    def check(self, file, expected, rate_hz, limit=1e-7):
        sound, rendered_hz, _ = self.bypassed(file)
        self.assertEqual((rendered_hz, sound.shape), (rate_hz, expected.shape))
        self.assertLess(np.abs(sound - expected).max(), limit)

    def test_sample_formats(self):
        """WAV files of all sample formats render as other programs read them"""
        sound = np.stack([common.playing(44100, 1), common.playing(44100, 2)], 1)
        for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"):
            file = self.write(f"{subtype}.wav", sound, 44100, subtype)
            self.check(file, soundfile.read(file)[0], 44100)
        file = self.write("ULAW.wav", sound, 44100, "ULAW")
        self.check(file, soundfile.read(file)[0], 44100, 1e-4)  # browsers decode it, with another full scale

    def test_headers(self):
        """WAV files of the 64-bit kinds, and files with chunks of any size before the samples, keep their own rate"""
        sound = common.playing(96000, 3)
        plain = self.write("plain.wav", sound, 96000).read_bytes()
        soundfile.write(self.folder / "rf64.wav", sound, 96000, "FLOAT", format="RF64")
        rf64 = (self.folder / "rf64.wav").read_bytes()
        long = plain[:12] + b"junk" + (200001).to_bytes(4, "little") + bytes(200002) + plain[12:]
        at = plain.index(b"data") + 4
        unfinished = plain[:4] + bytes(4) + plain[8:at] + bytes(4) + plain[at + 4:]
        self.assertEqual(rf64[:4], b"RF64")
        for name, data in (("rf64", rf64), ("bw64", b"BW64" + rf64[4:]), ("long", long), ("unfinished", unfinished)):
            file = self.folder / f"{name}.wav"
            file.write_bytes(data)
            self.check(file, sound[:, None], 96000)

    def test_surround(self):
        """a file of 5.1 channels is mixed down to stereo, and the page says so"""
        centre, left = common.playing(48000, 4), common.playing(48000, 5)
        sound = np.zeros((48000, 6))
        sound[:, 2], sound[:, 4] = centre, left
        mixed, _, loaded = self.bypassed(self.write("surround.wav", sound, 48000))
        self.assertIn("6 channels, mixed down to stereo", loaded)
        expected = np.sqrt(0.5) * np.stack([centre + left, centre], 1)
        self.assertLess(np.abs(mixed - expected).max(), 1e-6)

    def test_not_numbers(self):
        """samples that are not numbers become silence, the page says how many, and drawing goes on"""
        sound = tone()
        sound[[1000, 2000, 3000]] = np.nan, np.inf, -np.inf
        file = self.write("nan.wav", sound, 48000)
        self.choose(file)
        self.message("3 samples that are not numbers")
        self.play()
        self.wait(lambda: abs(self.level("before") + 6) < 0.5)
        self.assertEqual(self.level("before"), self.level("before"))


class Playing(Page):
    def open(self, path, **settings):
        super().open(path, **settings)
        self.browser.execute_script(WATCH_OUTPUT + TWO_INPUTS)

    def peaks(self):
        return self.browser.execute_script(PEAKS_DB)

    def test_surround(self):
        """a file of 5.1 channels plays on both sides"""
        self.choose(self.write("surround.wav", np.stack(6 * [tone(peak=0.2)], 1), 48000))
        self.message("surround.wav: 1.0 s")
        self.play()
        self.wait(lambda: min(self.peaks()) > -30)

    def test_antiphase(self):
        """the meters show a stereo file whose sides cancel each other"""
        self.choose(self.write("antiphase.wav", np.stack([tone(), -tone()], 1), 48000))
        self.message("antiphase.wav: 1.0 s")
        self.play()
        self.wait(lambda: abs(self.level("before") + 6) < 0.5)

    def test_inputs(self):
        """a guitar on one input of a stereo interface plays on both sides, and the visitor chooses the input"""
        self.browser.find_element("css selector", "#source option[value=microphone]").click()
        self.play()
        self.message("The input plays at ")
        expected = {"first": (False, False), "second": (True, True), "stereo": (False, True), "sum": (True, True)}
        for name, sides in expected.items():
            self.browser.find_element("css selector", f"#input-channels option[value={name}]").click()
            self.wait(lambda heard=sides: tuple(peak > -30 for peak in self.peaks()) == heard)
            self.wait(lambda heard=sides: abs(self.level("before") + 20) < 1 or not any(heard))

    def test_rate(self):
        """a file plays at its own rate, also after one of another rate"""
        for rate_hz in (44100, 96000):
            file = self.write(f"tone-{rate_hz}.wav", tone(1, rate_hz), rate_hz)
            self.choose(file)
            self.message(f"{file.name}: 1.0 s, mono at {rate_hz} Hz.")
            if self.get("play").text == "Play":
                self.play()
            self.wait(lambda hz=rate_hz: self.browser.execute_script("return contexts.at(-1).sampleRate") == hz)

    def test_lost_output(self):
        """when the sound output goes away, the page says so, and Play works again"""
        self.play()
        self.browser.execute_script("contexts.at(-1).dispatchEvent(new Event('error'))")
        self.message("was interrupted")
        self.assertEqual(self.get("play").text, "Play")
        self.play()

    def test_no_output(self):
        """when the sound output never starts, the page says so, and Play works again"""
        self.browser.execute_script("const { resume } = Context.prototype; window.mend = () => {"
                                    "Context.prototype.resume = resume };"
                                    "Context.prototype.resume = () => new Promise(() => {})"
                                    .replace("Context", "AudioContext"))
        self.get("play").click()
        self.message("gave no answer for 5 s")
        self.assertEqual(self.get("play").text, "Play")
        self.browser.execute_script("mend()")
        self.play()

    def test_stop_while_starting(self):
        """Stop works while the sound output starts"""
        self.browser.execute_script("AudioContext.prototype.resume = () => new Promise(() => {})")
        self.get("play").click()
        self.wait(lambda: self.get("play").text == "Stop")
        self.get("play").click()
        self.assertEqual(self.get("play").text, "Play")

    def test_pedal_error(self):
        """when the pedal fails in the audio thread, the page says so with the reason"""
        self.changed_page("/failing/", (r"this\.core\.run\(channel,output\[channel\]\)",
                                        "(() => { throw new Error('stuck') })()"))
        self.shared.pages["/failing/clips/guitar.js"] = (page.PAGE / "clips/guitar.js").read_text()
        self.open("/failing/")
        self.get("play").click()
        self.assertIn("(stuck)", self.message("The pedal stopped because of an error"))
        self.assertEqual(self.get("play").text, "Play")

    def test_stop(self):
        """after Stop the meters are empty and the audio context rests"""
        self.play()
        self.get("play").click()
        self.assertEqual([self.level("before"), self.level("after")], [-np.inf, -np.inf])
        self.wait(lambda: self.browser.execute_script("return contexts.every((one) => one.state !== 'running')"))
        self.play()

    def test_seek(self):
        """after a seek by mouse the position goes on, and the page draws once a frame"""
        self.choose(self.write("long.wav", tone(60), 48000))
        self.message("long.wav: 60.0 s")
        self.assertEqual(self.get("time").text, "0:00 / 1:00")
        self.play()
        position = self.get("position")

        def value():
            return 60 * float(position.get_attribute("value"))

        for _ in range(3):
            position.click()  # in its middle
            self.wait(lambda: 29 < value() < 40)
        before = value()
        self.wait(lambda: value() > before + 0.2)
        draws = self.browser.execute_async_script("""
          const done = arguments[0]
          const request = window.requestAnimationFrame
          let draws = 0
          window.requestAnimationFrame = (callback) => {
            ++draws
            return request(callback)
          }
          let frames = 0
          const count = () => ++frames < 20 ? request(count) : done(draws)
          request(count)""")
        self.assertIn(draws, (18, 19, 20, 21))

    def loudness(self, side):
        text = self.get(f"lufs-{side}").text.replace("−", "-").removesuffix(" LUFS")
        return -np.inf if "∞" in text else float(text)

    def test_loudness(self):
        """the page shows the loudness that ITU-R BS.1770 gives a sine of 997 Hz: -3.0 LUFS at full scale"""
        for rate_hz in (44100, 96000):
            seconds = np.arange(3 * rate_hz) / rate_hz
            sine = 0.1 * np.sin(2 * np.pi * 997 * seconds)
            for channels, expected in ((1, -23.0), (2, -20.0)):
                file = self.write(f"sine{channels}-{rate_hz}.wav", np.stack(channels * [sine], 1), rate_hz)
                self.choose(file)
                self.message(f"{file.name}: 3.0 s")
                if self.get("play").text == "Play":
                    self.get("play").click()
                self.wait(lambda lufs=expected: abs(self.loudness("before") - lufs) < 0.15)
                self.wait(lambda: "good level" in self.get("input-level").text)

    def test_match(self):
        """bypass is as loud as the pedal was, unless the visitor wants true levels"""
        sound = tone(peak=0.05)
        self.choose(self.write("tone.wav", sound, 48000))
        self.message("tone.wav: 1.0 s")
        self.play()
        time.sleep(4)  # until the loudness of 3 seconds is measured
        self.assertIn("Too quiet", self.get("input-level").text)
        on, dry = self.loudness("after"), self.loudness("before")
        self.assertGreater(on, dry + 3)
        self.get("bypass").click()
        time.sleep(4)
        self.assertLess(abs(self.loudness("after") - on), 1)
        self.get("match").click()
        self.wait(lambda: abs(self.loudness("after") - dry) < 0.2)

    def test_new_file(self):
        """another file starts at its beginning"""
        self.choose(self.write("long.wav", tone(60), 48000), self.write("other.wav", tone(60), 48000))
        self.message("other.wav: 60.0 s")
        self.play()
        self.get("position").click()
        self.wait(lambda: float(self.get("position").get_attribute("value")) > 0.4)
        self.browser.find_element("css selector", "#source option[value=file0]").click()
        self.message("long.wav: 60.0 s")
        self.wait(lambda: self.level("after") > -60)
        self.assertLess(float(self.get("position").get_attribute("value")), 0.4)


class Links(Page):
    def values(self):
        return [float(self.knob(symbol).get_attribute("aria-valuenow")) for symbol in ("gain", "tone", "level")]

    def test_encoded(self):
        """links that other programs have encoded set every control"""
        links = ("gain=7&tone=2&level=-3&oversampling=4&input=6&blend=50&on=0",
                 "gain%3D7%26tone%3D2%26level%3D-3%26oversampling%3D4%26input%3D6%26blend%3D50%26on%3D0",
                 "gain%253D7%2526tone%253D2%2526level%253D-3%2526oversampling%253D4%2526input%253D6%2526blend%253D50"
                 "%2526on%253D0",
                 "gain=7&amp;tone=2&amp;level=-3&amp;oversampling=4&amp;input=6&amp;blend=50&amp;on=0")
        for link in links:
            self.browser.get("about:blank")
            self.browser.get(f"{self.server.url}/#{link}")
            self.assertEqual(self.values(), [7, 2, -3], link)
            self.assertEqual(self.browser.find_element("css selector", ".od3-option.selected").text, "4x", link)
            self.assertEqual([self.get(name).get_attribute("value") for name in ("input", "blend")], ["6", "50"])
            self.assertEqual(self.get("bypass").get_attribute("aria-pressed"), "true", link)
            self.assertEqual(self.get("message").text, "")

    def test_problems(self):
        """the page names what it cannot use of a link"""
        self.open("/", gain=2, tone="loud", level=99, volume=3)
        message = self.message("Not all of this link can be used")
        self.assertIn("tone=loud, level=99, volume=3", message)
        self.assertEqual(self.values(), [2, 5, 12])
        self.browser.execute_script("location.hash = 'gain=100%'")
        self.message("gain=100%")


if __name__ == "__main__":
    common.main()
