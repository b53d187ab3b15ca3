#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The test signal and its sheet are written, and recordings of it are recognised, checked and aligned."""

import contextlib
import io
import re
import unittest

import numpy as np
import soundfile

import common
import alignment
import click_track
import plan
import record
import recordings
import simulated_pedals

RATE_HZ = 48000
LATENCY = simulated_pedals.LATENCY


class Sheet(unittest.TestCase):
    def setUp(self):
        self.folder = common.scratch_folder(self.addCleanup) / "pedal"

    def record(self, *words):
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()) as told:
            status = record.main([str(self.folder), "--minutes", "0.1", *words])
        return status, said.getvalue() + told.getvalue()

    def test_writes(self):
        """the folder has the test signal, a line for each position, and a configuration that train.py reads"""
        self.assertEqual(self.record("--knob", "drive", "0", "10", "--knob", "tone", "-1", "0.5")[0], 0)
        x, rate_hz = soundfile.read(self.folder / "x/x.wav")
        self.assertEqual(rate_hz, RATE_HZ)
        tracks = click_track.tracks(x, RATE_HZ)
        self.assertEqual((tracks.start, tracks.end), (0, len(x) - round(click_track.TRACK_S * RATE_HZ)))
        self.assertLess(np.abs(x).max(), 0.8)
        config, _ = plan.read(self.folder / "config.yml")
        self.assertEqual(config.knob_ranges, ((0, 10), (-1, 0.5)))
        names = re.findall(r"y/y(_\S+)\.wav", (self.folder / "sheet.txt").read_text())
        self.assertEqual(len(set(names)), 9)
        self.assertIn("_drive5_tone-0.25", names)
        for name in names:
            letters, values = recordings._knobs(name, name, config)  # pylint: disable=protected-access
            self.assertEqual(letters, ("drive", "tone"))
            self.assertEqual(len(values), 2)

    def test_positions(self):
        """one knob turns from line to line; three knobs have their ends, the middle and the faces"""
        two = record.positions([(0, 10), (0, 10)], 4)
        self.assertEqual(len(set(two)), 16)
        for a, b in zip(two, two[1:]):
            self.assertEqual(sum(p != q for p, q in zip(a, b)), 1)
        self.assertEqual(record.positions([]), [()])
        self.assertEqual(len(record.positions([(0, 1)])), 5)
        self.assertEqual(len(set(record.positions([(0, 1)] * 3))), 15)
        self.assertEqual(len(set(record.positions([(0, 1)] * 4))), 25)

    def test_refuses(self):
        """absurd options give one line, and no folder"""
        for words, told in ((("--knob", "Drive", "0", "1"), "small letters"),
                            (("--knob", "a", "0", "1", "--knob", "a", "0", "1"), "occurs once"),
                            (("--knob", "a", "x", "1"), "two numbers"),
                            (("--knob", "a", "1", "1"), "empty range"),
                            (("--knob", "a", "nan", "1"), "finite"),
                            (("--steps", "3"), "one or two knobs"),
                            (("--knob", "a", "0", "1", "--steps", "1"), "--steps is 1; the limits are 2 and"),
                            (("--minutes", "0"), "--minutes is 0; the limits are"),
                            (("--rate", "99"), "--rate is 99; the limits are"),
                            (("--knob", "a", "0", "1") * 5, "occurs once")):
            status, said = self.record(*words)
            self.assertEqual((status, len(said.splitlines())), (2, 1), said)
            self.assertIn(told, said)
            self.assertFalse(list(self.folder.parent.iterdir()))


class Clicks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        clicks = click_track.track(RATE_HZ)
        cls.x = np.concatenate([clicks, simulated_pedals.playing(8), clicks])
        cls.tracks = click_track.tracks(cls.x, RATE_HZ)

    def recorded(self, pedal=np.tanh, before=0, after=1000):
        return simulated_pedals.record(pedal, np.concatenate([np.zeros(before), self.x, np.zeros(after)]))

    def fault(self, y):
        return click_track.measure(self.x, y, self.tracks, RATE_HZ)[1]

    def test_latency(self):
        """the clicks give the latency of each simulated pedal, never too late and at most 8 samples early"""
        for name, pedal in simulated_pedals.PEDALS.items():
            samples, fault = click_track.measure(self.x, self.recorded(pedal), self.tracks, RATE_HZ)
            common.note(f"{name}: {samples}")
            self.assertEqual(fault, "", name)
            self.assertTrue(LATENCY - 8 <= samples <= LATENCY, f"{name}: {samples}")

    def test_offset(self):
        """an offset that follows the sound, as asymmetric clipping at full drive gives, hides no clicks"""
        samples, fault = click_track.measure(self.x, self.recorded(lambda x: np.clip(100 * x, -0.3, 0.7)), self.tracks,
                                             RATE_HZ)
        self.assertEqual((samples, fault), (LATENCY, ""))

    def test_early_recorder(self):
        """a recorder that started earlier only adds to the latency"""
        self.assertEqual(click_track.measure(self.x, self.recorded(before=30000), self.tracks, RATE_HZ),
                         (LATENCY + 30000, ""))

    def test_faults(self):
        """a part that is missing, another recording, lost samples and silence are told"""
        y = self.recorded()
        self.assertIn("has them once", self.fault(y[:-RATE_HZ]))
        self.assertIn("has them once", self.fault(y[RATE_HZ:]))
        self.assertIn("not at all", self.fault(simulated_pedals.playing(8)))
        self.assertIn("y takes -40 samples more", self.fault(np.delete(y, slice(200000, 200040))))
        y[190000:320000] = 0
        self.assertRegex(self.fault(y), "y is silent from [345] to")
        self.assertIsNone(click_track.tracks(simulated_pedals.playing(8), RATE_HZ))

    def test_alignment(self):
        """a recorded test signal is aligned by its clicks; polarity and level are told"""
        y = -0.02 * self.recorded()
        with contextlib.redirect_stdout(io.StringIO()) as said:
            pair = recordings.Recording("y.wav", (), (), self.x, y)
            (x, y), = alignment.align([pair], RATE_HZ, alignment.DEVICE)
        self.assertIn(f"y.wav: y comes {LATENCY} samples after x (by the clicks), y is inverted", said.getvalue())
        self.assertIn("y is soft: its peak is -40 dBFS", said.getvalue())
        self.assertEqual(len(x), len(y))
        expected = -0.02 * simulated_pedals.record(np.tanh, np.concatenate([self.x, np.zeros(1000)]))[LATENCY:]
        self.assertLess(np.abs(y - expected[:len(y)]).max(), 1e-6)


if __name__ == "__main__":
    common.main()
