#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pictures of a model show its numbers: each curve, map and axis holds what it was given, in its unit."""

import unittest
from unittest import mock

import common  # noqa: F401 # finds weights/
import numpy as np

import picture

RATE_HZ = 48000
TONE_HZ = 3000  # a bin of the spectrum, 128 times its resolution
KNOBS = [("drive", np.linspace(0, 10, 3)), ("tone", np.linspace(-1, 1, 2))]
RATIOS = np.array([[0.5, 0.001], [0.02, 1e-8], [np.nan, 0.004]])


def tone(amplitude, n=RATE_HZ):
    return amplitude * np.sin(2 * np.pi * TONE_HZ * np.arange(n) / RATE_HZ)


class Pictures(unittest.TestCase):
    def figure(self, draw, *arguments):
        """Returns the figure that a function draws, and keeps it open until the test ends."""
        with mock.patch("picture._save") as save:
            draw("out.png", *arguments)
        figure, path = save.call_args.args
        self.addCleanup(picture.plt.close, figure)
        self.assertEqual(path, "out.png")
        return figure

    def labels(self, axis):
        return [text.get_text() for text in axis.get_ticklabels()]

    def assert_line(self, line, x, y):
        np.testing.assert_allclose(line.get_xdata(), x)
        np.testing.assert_allclose(line.get_ydata(), y)

    def test_heat(self):
        """a heat map has the ESR in percent, and the knobs at their values"""
        axes = self.figure(picture.heats, [(RATIOS, KNOBS)]).axes[0]
        drawn = np.ma.filled(axes.images[0].get_array(), np.nan)
        np.testing.assert_allclose(drawn, [[50, 0.1], [2, picture.LEAST_PERCENT], [np.nan, 0.4]])
        self.assertEqual((axes.get_ylabel(), axes.get_xlabel()), ("drive", "tone"))
        self.assertEqual((self.labels(axes.yaxis), self.labels(axes.xaxis)), (["0", "5", "10"], ["-1", "1"]))
        written = {text.get_position(): text.get_text() for text in axes.texts}
        self.assertEqual(written, {(0, 0): "50", (1, 0): "0.1", (0, 1): "2", (1, 1): "1e-06", (1, 2): "0.4"})
        colors = {text.get_text(): text.get_color() for text in axes.texts}
        self.assertEqual((colors["50"], colors["1e-06"]), ("black", "white"))

    def test_heat_of_one_knob(self):
        """the axis of a missing knob has no name and no value"""
        axes = self.figure(picture.heats, [(RATIOS[:, 1:], [KNOBS[0], ("", [0.0])])]).axes[0]
        self.assertEqual((axes.get_xlabel(), self.labels(axes.xaxis)), ("", [""]))

    def test_many_heats(self):
        """four maps have two rows, and a large map has no numbers"""
        large = np.full((12, 12), 0.01)
        knobs = [("a", range(12)), ("b", range(12))]
        figure = self.figure(picture.heats, [(large, knobs)] * 4)
        self.assertEqual(figure.axes[3].get_subplotspec().rowspan.start, 1)
        self.assertEqual(len(figure.axes[0].texts), 0)

    def test_draw(self):
        """the picture shows target, model and difference: close, as spectra and as spectrograms"""
        target = tone(0.1)
        target[24000] = 0.9
        played = 0.5 * target
        figure = self.figure(picture.draw, RATE_HZ, RATIOS, KNOBS, target, played, "a title")
        _, close, spectra, *spectrograms = figure.axes[:6]
        n = int(picture.CLOSE_UP_S * RATE_HZ)
        first = 24000 - n // 2
        milliseconds = np.arange(first, first + n) / 48
        for line, sound in zip(close.lines, (target, played), strict=True):
            self.assert_line(line, milliseconds, sound[first:first + n])
        levels = []
        for line in spectra.lines:
            loudest = np.argmax(line.get_ydata())
            self.assertAlmostEqual(line.get_xdata()[loudest], TONE_HZ)
            levels.append(line.get_ydata()[loudest])
        np.testing.assert_allclose(np.subtract(levels[0], levels[1:]), 20 * np.log10([2, 2]), atol=1e-6)
        for axes, name in zip(spectrograms, ("target", "model", "difference"), strict=True):
            self.assertEqual(axes.get_title(), name)
            rows = np.flipud(axes.images[0].get_array())  # the lowest frequency first
            self.assertEqual(np.argmax(rows.mean(1)), TONE_HZ * picture.NFFT // RATE_HZ)
            self.assertAlmostEqual(axes.images[0].get_extent()[1], 1, delta=0.05)

    def test_losses(self):
        """the loss curve has the step, and both errors"""
        log = np.array([[0.5, 50, 0.3, 0.4], [1, 100, 0.2, 0.25]])
        axes = self.figure(picture.losses, log).axes[0]
        self.assert_line(axes.lines[0], [50, 100], [0.3, 0.2])
        self.assert_line(axes.lines[1], [50, 100], [0.4, 0.25])
        self.assertEqual([line.get_label() for line in axes.lines], ["train", "valid"])

    def test_curves(self):
        """each curve has its own color, and its target is black"""
        x = np.arange(4)
        lines = [("a", x, x + 1, x + 2), ("b", x, x + 3, None)]
        figure = self.figure(picture.curves, [("one", "Hz", "dB", lines), ("two", "Hz", "dB", lines[1:])], True)
        drawn = figure.axes[0].lines
        for line, y, color in zip(drawn, (x + 1, x + 2, x + 3), ("C0", "black", "C1"), strict=True):
            self.assert_line(line, x, y)
            self.assertEqual(line.get_color(), color)
        self.assertEqual([axes.get_title() for axes in figure.axes], ["one", "two"])
        self.assertEqual(figure.axes[0].get_xscale(), "log")

    def test_sweeps(self):
        """a spectrogram's frequencies are those of its own rate"""
        figure = self.figure(picture.sweeps, [("slow", tone(0.1), RATE_HZ), ("fast", tone(0.1), 2 * RATE_HZ)])
        for axes, rate_hz in zip(figure.axes, (RATE_HZ, 2 * RATE_HZ)):
            extent = axes.images[0].get_extent()
            self.assertAlmostEqual(extent[3], rate_hz / 2, delta=rate_hz / picture.NFFT)

    def test_rest_maps(self):
        """a map of the rest spans the knobs, and shows the power of ten"""
        moves = np.array([[1e-5, 1e-3], [0, 1], [0.1, 0.1]])
        axes = self.figure(picture.rest_maps, [("48 kHz", moves)], KNOBS, 1e-5).axes[0]
        np.testing.assert_allclose(axes.images[0].get_array(), [[-5, -3], [-9, 0], [-1, -1]], atol=1e-3)
        self.assertEqual(list(axes.images[0].get_extent()), [-1, 1, 0, 10])
        self.assertEqual(axes.images[0].get_clim(), (-8, -3))


if __name__ == "__main__":
    common.main()
