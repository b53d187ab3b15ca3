#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests modules of the web page one by one, in a page that holds nothing else."""

import base64
import io
import unittest

import numpy as np
import soundfile
from scipy.signal import lfilter

import browser
import common
import page

import assemble  # page.py knows where it is

# ITU-R BS.1770-5, tables 1 and 2: the K weighting at 48 kHz.
K_WEIGHTING = (([1.53512485958697, -2.69169618940638, 1.19839281085285], [1, -1.69065929318241, 0.73248077421585]),
               ([1, -2, 1], [1, -1.99004745483398, 0.99007225036621]))
# Every script below begins with these. They take numbers as base64 of float32, and a sound as its channels.
HELPERS = """
  const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  const floatsOf = (base64) => new Float32Array(bytesOf(base64).buffer)
  const fileOf = (base64, name = 'sound') => new File([bytesOf(base64)], name)
  const sound = (sampleRate, ...channels) => {
    const buffer = new AudioBuffer({ length: channels[0].length, numberOfChannels: channels.length, sampleRate })
    channels.forEach((samples, channel) => buffer.copyToChannel(Float32Array.from(samples), channel))
    return buffer
  }
  const channelsOf = (buffer) =>
    Array.from({ length: buffer.numberOfChannels }, (_, i) => Array.from(buffer.getChannelData(i)))
"""


def find_file(path):
    """Returns a module of the page, or an empty page."""
    if path == "/controls.js":
        return assemble.controls()
    return common.TOP / "web" / path[1:] if path.endswith(".js") else "<!DOCTYPE html><title>modules</title>"


def k_weighted(sound):
    """Returns a sound at 48 kHz with the K weighting."""
    for b, a in K_WEIGHTING:
        sound = lfilter(b, a, sound)
    return sound


def floats(sound):
    return base64.b64encode(np.asarray(sound, "<f4").tobytes()).decode()


def chunk(name, content):
    return name.encode() + len(content).to_bytes(4, "little") + content


def wav(*chunks):
    """Returns a WAV file of chunks."""
    content = b"WAVE" + b"".join(chunks)
    return b"RIFF" + len(content).to_bytes(4, "little") + content


def flac(sound):
    file = io.BytesIO()
    soundfile.write(file, sound, 48000, "PCM_16", format="FLAC")
    return base64.b64encode(file.getvalue()).decode()


# The chunk says 16 bits and one channel at 48 kHz.
FORMAT = chunk("fmt ", bytes.fromhex("01000100 80bb0000 00770100 02001000"))


class Modules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = browser.Server(find_file)
        cls.addClassCleanup(cls.server.close)
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.quit)
        cls.browser.get(cls.server.url + "/")

    def run_in_page(self, module, script, *arguments):
        """Runs a script with the module `its`; returns what it returns."""
        result = self.browser.execute_async_script(f"""
          const done = arguments[arguments.length - 1]
          {HELPERS}
          import('/{module}.js').then(async (its) => {{ {script} }})
            .then((value) => done([value]), (error) => done(String(error.stack)))""", *arguments)
        self.assertIsInstance(result, list, result)
        return result[0]

    def test_chance(self):
        """the chance to be right by guessing is the binomial distribution's tail"""
        told = self.run_in_page("abx", """
          return [[0, 0], [0, 5], [5, 5], [5, 6], [12, 16]].map(([right, trials]) => its.chanceOf(right, trials))""")
        np.testing.assert_allclose(told, [1, 1, 1 / 32, 7 / 64, 2517 / 65536], rtol=1e-12)

    def test_matching(self):
        """the louder of two sounds gets a gain below 1, and silence gets 1"""
        loud, quiet = (common.playing(4800, 1) * gain for gain in (1, 0.25))
        gains = self.run_in_page("abx", f"""
          const [loud, quiet, silent] = [floatsOf('{floats(loud)}'), floatsOf('{floats(quiet)}'), [0, 0, 0]]
          return [[loud, quiet], [silent, silent]].map((pair) => its.matchingGains(pair.map((x) => sound(48000, x))))
        """)
        np.testing.assert_allclose(gains, [[0.25, 1], [1, 1]], rtol=1e-6)

    def test_weighting(self):
        """the K weighting is that of ITU-R BS.1770, at 48 kHz, from the first sample on"""
        noise = common.playing(480, 2)
        noise[0] = 1
        energies = self.run_in_page("loudness", f"""
          const weighting = new its.Weighting(48000)
          const noise = floatsOf('{floats(noise)}')
          return [weighting.energy(noise.subarray(0, 100)), weighting.energy(noise.subarray(100))]""")
        weighted = k_weighted(noise.astype(float)) ** 2
        np.testing.assert_allclose(energies, [weighted[:100].sum(), weighted[100:].sum()], rtol=1e-7)

    def test_weighting_at_other_rates(self):
        """at 96 kHz, the K weighting has the gains that it has at 48 kHz, to 0.05 dB below 4 kHz"""
        levels = self.run_in_page("loudness", """
          const gain = (rateHz, hz) => {
            const weighting = new its.Weighting(rateHz)
            const sine = Float32Array.from({ length: rateHz }, (_, i) => Math.sin(2 * Math.PI * hz * i / rateHz))
            weighting.energy(sine)
            return 10 * Math.log10(weighting.energy(sine) / rateHz)
          }
          return [48000, 96000].map((rateHz) => [30, 60, 200, 1000, 2000, 4000].map((hz) => gain(rateHz, hz)))""")
        np.testing.assert_allclose(levels[1], levels[0], atol=0.05)

    def test_loudness_meter(self):
        """a block has 0.1 s; the gain is that of the blocks with the pedal on that are not silent"""
        told = self.run_in_page("loudness", """
          const meter = new its.LoudnessMeter(48000, 1)
          const add = (before, after, frames, isOn) => {
            const tone = Float32Array.from({ length: frames }, (_, i) => Math.sin(2 * Math.PI * i / 48))
            meter.add(0, 0, tone.map((x) => before * x))
            meter.add(1, 0, tone.map((x) => after * x))
            return meter.advance(frames, isOn)
          }
          const first = [add(1e-4, 1e-1, 4799, true), add(1e-4, 1e-1, 1, true) !== null, meter.gain]
          add(0.1, 0.1, 4800, false)
          const second = meter.gain
          for (let i = 0; i < 9; ++i) {
            add(0.1, 0.3, 4800, true)
          }
          return [...first, second, meter.gain, add(0.1, 0.3, 4800, true)]""")
        self.assertEqual(told[:4], [None, True, 1, 1])
        self.assertAlmostEqual(told[4], 3, delta=0.02)
        # A sine of 1 kHz and 0 dBFS has -3.0 LUFS. Of the 12 blocks, 11 have 0.1 before; 10 have 0.3 after, 2 have 0.1.
        self.assertAlmostEqual(told[5]["before"], -23.0 + 10 * np.log10(11 / 12), delta=0.1)
        difference_db = 10 * np.log10((10 * 0.09 + 2 * 0.01) / (11 * 0.01))
        self.assertAlmostEqual(told[5]["after"] - told[5]["before"], difference_db, delta=0.05)

    def test_mixdown(self):
        """each speaker's channel has its gains of ITU-R BS.775; channels of an unknown arrangement go to both sides"""
        half = np.sqrt(0.5)
        surround = [[1, 0], [0, 1], [half, half], [0, 0], [half, 0], [0, half]]
        gains = self.run_in_page("mixdown", """
          return [its.mixdownGains(6, 0), its.mixdownGains(6, 0x60F), its.mixdownGains(4, 0x107),
            its.mixdownGains(3, 0x3F), its.mixdownGains(10, 0)]""")
        expected = [surround, [*surround[:4], [half, 0], [0, half]], [*surround[:3], [0.5, 0.5]], surround[:3],
                    10 * [[0.1, 0.1]]]
        for told, of_itu in zip(gains, expected):
            np.testing.assert_allclose(told, of_itu, rtol=1e-12)

    def test_prepare(self):
        """three channels are mixed down to two, and samples that are not numbers become 0, from the first on"""
        told = self.run_in_page("mixdown", """
          const { buffer, channels, invalid } = its.prepare(sound(48000, [NaN, 1], [0, 0.5], [Infinity, 0.25]), 0)
          return [channelsOf(buffer), channels, invalid]""")
        half = np.sqrt(0.5)
        np.testing.assert_allclose(told[0], [[0, 1 + 0.25 * half], [0, 0.5 + 0.25 * half]], rtol=1e-6)
        self.assertEqual(told[1:], [3, 2])

    def header(self, file):
        return self.run_in_page("pcm", f"return its.readWavHeader(fileOf('{base64.b64encode(file).decode()}'))")

    def test_wav_headers(self):
        """the samples of a WAV file end where its header or the file ends, and 1000 chunks may be in it"""
        data, more = chunk("data", bytes(8)), chunk("LIST", bytes(6))
        many = [chunk("junk", b"")] * 998
        cut = wav(FORMAT, data)[:-4]
        for file, start, size in ((wav(FORMAT, data, more), 44, 8), (wav(FORMAT, chunk("data", b""), more), 44, 0),
                                  (wav(FORMAT, *many, data), 44 + 8 * len(many), 8), (cut, 44, 4)):
            told = self.header(file)
            self.assertEqual((told["start"], told["size"]), (start, size))
        self.assertNotIn("start", self.header(wav(FORMAT, *many, chunk("junk", b""), data)))
        self.assertEqual(told, {"tag": 1, "channels": 1, "rateHz": 48000, "bytes": 2, "mask": 0, "start": 44,
                                "size": 4})
        self.assertIsNone(self.header(wav(FORMAT, data).replace(b"WAVE", b"AVI ")))

    def test_one_frame(self):
        """a sound of one frame is a sound"""
        told = self.run_in_page("sources", f"return channelsOf((await its.decode(fileOf('{flac([0.5])}'))).buffer)")
        np.testing.assert_allclose(told, [[0.5]], atol=1e-4)

    def test_cabinet(self):
        """the cabinet keeps the loudness of a sound that falls above 300 Hz, its own response as a file's"""
        rng = np.random.default_rng(1)
        pole = np.exp(-2 * np.pi * 300 / 48000)
        response = rng.standard_normal(2000) * np.geomspace(1, 1e-3, 2000)
        file = io.BytesIO()
        soundfile.write(file, response, 48000, "FLOAT", format="WAV")
        own = f"fileOf('{base64.b64encode(file.getvalue()).decode()}')"
        responses = self.run_in_page("cabinet", f"""
          const responses = [await its.cabinetResponse(null, 48000), await its.cabinetResponse({own}, 48000)]
          return responses.map((response) => channelsOf(response)[0])""")
        self.assertEqual([len(one) for one in responses], [1920, 2000])
        np.testing.assert_allclose(responses[1] / response, np.full(2000, responses[1][0] / response[0]), rtol=1e-4)
        for played in responses:
            loudness, without = (np.linalg.norm(k_weighted(lfilter([1 - pole], [1, -pole], one)))
                                 for one in (played, np.eye(1, len(played))[0]))
            self.assertAlmostEqual(page.db(loudness / without), 0, delta=0.001)

    def test_cabinet_sound(self):
        """the designed cabinet's curve: closed below 60 Hz, a resonance at 110 Hz, a peak at 2.5 kHz, steep above"""
        (response,) = self.run_in_page("cabinet", "return channelsOf(await its.cabinetResponse(null, 48000))")
        curve = 20 * np.log10(np.abs(np.fft.rfft(response, 48000)))
        at = {hz: curve[hz] - curve[1000] for hz in (30, 110, 420, 2500, 6000, 10000)}
        common.note(", ".join(f"{hz} Hz {level:+.4f} dB" for hz, level in at.items()))
        for hz, level in ((30, -15.7583), (110, 3.4109), (420, -3.781), (2500, 6.8021), (6000, -5.808),
                          (10000, -28.069)):
            self.assertAlmostEqual(at[hz], level, delta=0.001, msg=hz)

    def test_cabinet_rate(self):
        """a response in a file of another rate is resampled"""
        file = io.BytesIO()
        soundfile.write(file, np.eye(1, 960)[0], 96000, "FLOAT", format="WAV")
        length = self.run_in_page("cabinet", f"return (await its.cabinetResponse(fileOf("
                                  f"'{base64.b64encode(file.getvalue()).decode()}'), 48000)).length")
        self.assertEqual(length, 480)

    def test_devices(self):
        """a list has the named devices of its kind after the system's default, and the choice stays"""
        told = self.run_in_page("devices", """
          const device = (kind, deviceId, label) => ({ kind, deviceId, label })
          const devices = [device('audioinput', 'default', 'Default'), device('audioinput', 'a', 'A'),
            device('audiooutput', 'b', 'B'), device('audioinput', 'c', ''), device('audioinput', 'd', 'D')]
          navigator.mediaDevices.enumerateDevices = async () => devices
          const select = document.createElement('select')
          select.append(new Option('System', ''))
          const list = async () => [await its.listDevices(select, 'audioinput'), select.value,
            ...[...select.options].map(({ text }) => text)]
          const first = await list()
          select.value = 'd'
          const second = await list()
          devices.pop()
          return [first, second, await list()]""")
        self.assertEqual(told, [[2, "", "System", "A", "D"], [2, "d", "System", "A", "D"], [1, "", "System", "A"]])

    def test_spectrum(self):
        """a meter's spectrum is the mean power of both channels"""
        told = self.run_in_page("meter", """
          const meter = new its.Meter(new OfflineAudioContext(2, 128, 48000))
          meter.analysers.forEach((analyser, side) => {
            analyser.getFloatFrequencyData = (levels) => levels.fill(side ? -Infinity : -20)
          })
          return [meter.spectrum()[5], meter.spectrum().length, meter.binHz]""")
        np.testing.assert_allclose(told, [-20 - 10 * np.log10(2), 2048, 48000 / 4096], rtol=1e-6)

    def test_reasons(self):
        """an error's reasons are its message and those of the errors behind it"""
        told = self.run_in_page("errors", """
          const cause = new TypeError('deep')
          cause.cause = 'a text'
          const refusal = new its.Refusal('isEmpty', { cause, values: { n: 1 } })
          return [its.reasonOf(refusal), its.reasonOf(new RangeError()), its.reasonOf(null), refusal.values]""")
        self.assertEqual(told, ["isEmpty: deep: a text", "RangeError", "", {"n": 1}])


if __name__ == "__main__":
    common.main()
