#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The C network equals captures in JSON, in double precision, to 2e-6; and holds them against their own tests."""

import itertools
import json
import subprocess
import unittest

import numpy as np

import captures
import common
import export
import gru_file

TOLERANCE = 2e-6
N = 1200
KNOBS = ((0.0, 1.0, 0.25, 0.0), (0.7, 0.3, 1.0, 0.5))  # from 0 to 1


class JsonExactness(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = common.scratch_folder(cls.addClassCleanup)

    def write(self, document, indent=None):
        path = self.folder / "model.txt"  # the name says nothing
        path.write_text(json.dumps(document, indent=indent))
        return path

    def compare(self, capture, n_test=0):
        path = self.write(captures.document(capture, n_test), indent=4 if n_test else None)
        x = common.playing(N, len(capture.out_weight))
        n_knobs = len(capture.in_weight) - 1
        for knobs in KNOBS if n_knobs else KNOBS[:1]:
            expected = captures.play(capture, x, knobs[:n_knobs])
            played = common.render(path, x, [2 * knob - 1 for knob in knobs[:n_knobs]])
            error = np.abs(played - expected).max()
            common.note(f"{capture.style} {capture.cell} {len(capture.out_weight)}, {n_knobs} knobs, skip "
                        f"{capture.skip}: largest error {error:.2g} of {np.abs(expected).max():.2g}")
            self.assertGreater(np.abs(expected).max(), 0.01)
            self.assertLessEqual(error, TOLERANCE)

    def check(self, style, cell):
        sizes = itertools.cycle((8, 12, 16, 20, 24, 32, 33, 40, 64, 80, 4))
        for knobs, skip in itertools.product(range(5), (0, 1)):
            for hidden in itertools.islice(sizes, 2):
                with self.subTest(hidden=hidden, knobs=knobs, skip=skip):
                    self.compare(captures.draw(style, cell, hidden, knobs, skip, seed=hidden + knobs),
                                 n_test=100 * (style == "keras" and skip))

    def test_keras_gru(self):
        """Keras style, GRU, 0 to 4 knobs, with and without skip"""
        self.check("keras", "gru")

    def test_keras_lstm(self):
        """Keras style, LSTM, 0 to 4 knobs, with and without skip"""
        self.check("keras", "lstm")

    def test_torch_gru(self):
        """style of Automated-GuitarAmpModelling, GRU"""
        self.check("torch", "gru")

    def test_torch_lstm(self):
        """style of Automated-GuitarAmpModelling, LSTM"""
        self.check("torch", "lstm")

    def test_gains(self):
        """gains before and after act on the network and on the path past it, and not on the test"""
        for cell, skip in itertools.product(("gru", "lstm"), (0, 1)):
            self.compare(captures.draw("keras", cell, 16, 1, skip, (-4.5, 3.0)), n_test=64)

    def test_converted(self):
        """export.py's .gru files of captures, plain and wrapped in JSON, play as the captures do"""
        for style, cell in itertools.product(("keras", "torch"), ("gru", "lstm")):
            gains = (6.0, -3.0) if style == "keras" else (0.0, 0.0)
            capture = captures.draw(style, cell, 16, 2, 1, gains, seed=9)
            path = self.write({**captures.document(capture, 50 * (style == "keras")), "metadata": {"name": "Ümlaut"}})
            plain, wrapped, again = (self.folder / name for name in ("plain.gru", "wrapped.json", "again.aidax"))
            self.assertEqual(export.main([str(path), str(plain), "--knob", "drive", "--knob", "tone"]), 0)
            self.assertEqual(export.main([str(path), str(wrapped)]), 0)
            self.assertEqual(export.main([str(plain), str(again)]), 0)
            x = common.playing(N, 3)
            expected = captures.play(capture, x, KNOBS[1][:2])
            for converted in (plain, wrapped, again):
                played = common.render(converted, x, [2 * knob - 1 for knob in KNOBS[1][:2]])
                self.assertLessEqual(np.abs(played - expected).max(), TOLERANCE)
            _, rate_hz, knobs, text = gru_file.read(plain)
            self.assertEqual((rate_hz, [knob[0] for knob in knobs]), (48000 if style == "keras" else 44100,
                                                                      ["drive", "tone"]))
            self.assertIn("capture in JSON, 16 units", text)

    def refusal(self, document):
        """Returns what the program says about a model that it refuses."""
        path = self.write(document)
        result = subprocess.run([common.BUILD / "test/support/render", path, "1"], input=b"", capture_output=True,
                                check=False)
        self.assertEqual(result.returncode, 2)
        return result.stderr.decode()

    def test_contradiction(self):
        """a model that contradicts its own test is refused"""
        for cell in ("gru", "lstm"):
            document = captures.document(captures.draw("keras", cell, 8), 64)
            document["output_batch"][40] += 0.3
            self.assertRegex(self.refusal(document), r"contradicts itself: its test wants \S+ at sample 40, ")

    def test_wrong_order(self):
        """a GRU with exchanged gates or biases plays as its test says"""
        right = captures.draw("keras", "gru", 12, 1, seed=5)
        document = captures.document(right, 400)
        weights = document["layers"][0]["weights"]
        exchanged = [[list(np.concatenate([np.split(np.array(row), 3)[i] for i in (1, 0, 2)])) for row in part]
                     for part in weights]
        x = common.playing(4000, 2)
        expected = captures.play(right, x, [1.0])
        for wrong in (exchanged, [*weights[:2], weights[2][::-1]], [*exchanged[:2], exchanged[2][::-1]]):
            document["layers"][0]["weights"] = wrong
            played = common.render(self.write(document), x, [1.0])
            self.assertLessEqual(np.abs(played - expected).max(), TOLERANCE)


if __name__ == "__main__":
    common.main()
