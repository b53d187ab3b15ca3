#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests that the web page plays models that a visitor gives it."""

import json

import numpy as np

import captures
import common
import page
from page import Page

setUpModule = page.start  # noqa: N816 # unittest's name
tearDownModule = page.stop  # noqa: N816 # unittest's name
DROP = """
  const [name, content] = arguments
  const list = new DataTransfer()
  list.items.add(new File([content], name))
  dispatchEvent(new DragEvent('drop', { dataTransfer: list, cancelable: true }))
"""


class Models(Page):
    def capture(self, name, **changes):
        """Writes an LSTM of 12 units with two knobs as AIDA-X saves it; the path."""
        document = captures.document(captures.draw("keras", "lstm", 12, knobs=2))
        path = self.folder / name
        path.write_text(json.dumps({**document, "samplerate": 48000, **changes}))
        return path

    def add(self, path):
        self.browser.execute_script(DROP, path.name, path.read_text())

    def set_knob(self, number, value):
        self.browser.execute_script("""
          const [slider, value] = arguments
          slider.value = value
          slider.dispatchEvent(new Event('input'))""", self.get(f"model-knob{number}"), value)

    def rendered(self, sound):
        self.browser.find_element("css selector", "#source option[value=guitar]").click()
        return self.render(self.write("noise.wav", sound, 48000))[0][:, 0]

    def check(self, sound, rendered, model, knobs):
        expected = page.play_natively(model, sound, 48000, 2, knobs, page.SIMD_KERNEL)
        self.assertGreater(np.std(expected), 0.001)
        error = page.db(np.std(rendered - expected) / np.std(expected))
        common.note(f"{model.name}: {error:.1f} dB from the native core")
        self.assertLess(error, page.LIMITS_DB[page.SIMD_KERNEL])

    def test_capture(self):
        """a capture in JSON, dropped on the page, renders as the native core plays it, at the model's own knobs"""
        model, sound = self.capture("amp.json"), common.playing(48000, 7)
        self.add(model)
        self.message("amp.json plays in place of the pedal")
        self.assertEqual(self.get("model-kind").text, "LSTM, 12 units, 48000 Hz")
        self.assertFalse(self.browser.find_element("css selector", ".od3").is_displayed())
        self.assertEqual(len(self.browser.find_elements("css selector", "#model-knobs input")), 2)
        self.set_knob(0, 1)
        self.set_knob(1, 0.25)
        self.check(sound, self.rendered(sound), model, (1, -0.5))
        self.clear()
        self.get("remove-model").click()
        self.assertTrue(self.browser.find_element("css selector", ".od3").is_displayed())
        self.check(sound, self.rendered(sound), page.MODEL, (0, 0))

    def test_own_format(self):
        """a .gru file plays with the names and ranges of its knobs"""
        self.choose(common.TOP / "weights/od3-eco.gru")
        self.message("od3-eco.gru plays")
        labels = [label.text for label in self.browser.find_elements("css selector", "#model-knobs label")]
        self.assertEqual(labels, ["gain", "tone"])
        self.play()
        loud = self.level("after")
        level = self.get("level")
        self.browser.execute_script("arguments[0].value = -30; arguments[0].dispatchEvent(new Event('input'))", level)
        self.wait(lambda: self.level("after") < loud - 20)

    def test_refused(self):
        """the page names the file and the reason when a model cannot be played"""
        self.add(self.capture("bad.json", samplerate=1))
        self.assertRegex(self.message("bad.json is no model"), r"\(bad\.json: sample rate is 1; .* 8000 .*\)")
        wavenet = self.folder / "amp.nam"
        wavenet.write_text(json.dumps({"version": "0.5.2", "architecture": "WaveNet", "config": {}, "weights": []}))
        self.add(wavenet)
        self.assertIn("Neural Amp Modeler", self.message("amp.nam is no model"))
        self.assertFalse(self.get("model-row").is_displayed())


if __name__ == "__main__":
    common.main()
