#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""report.py writes its page for each kind of model, and measure.py is right for models with known output."""

import contextlib
import io
import re
import shutil
import unittest
from unittest import mock

import numpy as np
import soundfile
import torch

import common
import export
import measure
import pairs
import pyneuralfx
import report
import report_page


def nearly_linear(hidden=8):
    """Returns a GRU without memory whose output is nearly its input."""
    config = pyneuralfx.parse_config(common.config_text("snapshot-gru", hidden=hidden))
    parameters = {name: torch.zeros_like(t) for name, t in common.random_parameters(config, 1).items()}
    parameters["main_rnn.bias_ih_l0"][hidden:2 * hidden] = -30  # the update gate takes all of the new
    parameters["main_rnn.weight_ih_l0"][2 * hidden:] = 0.03
    parameters["linear_out.weight"][:] = 1 / (0.03 * hidden)
    return pyneuralfx.affine_form(parameters, config)


def limiter(hidden=8):
    """Returns a GRU without memory whose output is tanh(8 x)."""
    model = nearly_linear(hidden)
    model.theta0[6 * hidden:7 * hidden] = 8
    model.out_weight[:] = 1 / hidden
    return model


def oscillator(hidden=8):
    """Returns a GRU that oscillates for ever: y becomes tanh(x - 3 y)."""
    model = limiter(hidden)
    model.theta0[:hidden] = 30
    model.theta0[7 * hidden:].reshape(hidden, 3 * hidden)[:, 2 * hidden:] = -3 * torch.eye(hidden)
    return model


NO_KNOBS = np.zeros((1, 0), np.float32)


class Measure(unittest.TestCase):
    def test_plays(self):
        """a linear model gives its input at every state delay"""
        x = 0.1 * common.playing(3000, 1)
        for delay in (1, 2, 1.8375):
            self.assertLess(np.abs(measure.play(nearly_linear(), x, NO_KNOBS, delay) - x).max(), 1e-4)

    def test_esr(self):
        """an added hundredth of the signal gives an ESR of 0.01 %, and DC does not count"""
        t = np.arange(48000) / 48000
        target = np.sin(2 * np.pi * 100 * t)[None]
        error = 0.01 * np.cos(2 * np.pi * 100 * t)
        self.assertAlmostEqual(measure.esr(target + error + 5, target, 48000)[0], 1e-4, delta=1e-6)

    def test_response(self):
        """the response of a linear model is flat"""
        frequency, gain_db = measure.response_db(nearly_linear(), NO_KNOBS, 48000)
        self.assertEqual(frequency[-1], 24000)
        self.assertLess(np.abs(gain_db).max(), 0.01)

    def test_no_response(self):
        """a model that is silent has a response of -180 dB"""
        silent = nearly_linear()
        silent.out_weight[:] = 0
        np.testing.assert_allclose(measure.response_db(silent, NO_KNOBS, 48000)[1], -180)

    def test_harmonics(self):
        """the harmonics of tanh are odd and equal its Fourier series"""
        levels_db = measure.harmonics_db(limiter(), NO_KNOBS, 48000, 100, 0, 5)[0]
        wave = np.tanh(8 * np.sin(2 * np.pi * np.arange(480) / 480))
        series = 2 / 480 * np.abs(np.fft.rfft(wave))
        for odd in (1, 3, 5):
            self.assertAlmostEqual(levels_db[odd - 1], 20 * np.log10(series[odd]), delta=0.01)
        for even in (2, 4):
            self.assertLess(levels_db[even - 1], -80)

    def test_aliasing(self):
        """the aliasing of tanh equals a direct computation, and falls at 2x and again at 4x"""
        wave = np.tanh(8 * np.sin(2 * np.pi * 5000 * np.arange(48000) / 48000))
        power = np.abs(np.fft.rfft(wave))[1:24000] ** 2
        harmonics = power[4999::5000].sum()
        by_hand_db = 10 * np.log10((power.sum() - harmonics) / harmonics)
        ratios_db = [measure.aliasing_db(limiter(), NO_KNOBS, 48000, factor, 5000, 0)[0] for factor in (1, 2, 4)]
        common.note(f"{ratios_db} dB")
        self.assertAlmostEqual(ratios_db[0], by_hand_db, delta=0.05)
        self.assertLess(ratios_db[1], ratios_db[0] - 5)
        self.assertLess(ratios_db[2], ratios_db[1] - 5)

    def test_rest(self):
        """an oscillation is found at every rate, and so is silence"""
        for rate_hz in measure.REST_RATES_HZ:
            self.assertGreater(measure.unrest(oscillator(), 48000, rate_hz, 0).max(), 0.5)
            self.assertLess(measure.unrest(limiter(), 48000, rate_hz, 0).max(), 1e-6)

    def test_times_faster(self):
        """how many times faster the kernel is than torch is the median of the rounds' ratios of times"""
        ratios, clock = [3, 50, 4], []
        for second, ratio in enumerate(ratios):
            clock += [1000 * second, 1000 * second + 10, 1000 * second + 10 + 10 * ratio]
        for model in (limiter(), limiter(16)):
            with mock.patch.object(measure.time, "perf_counter", side_effect=clock):
                self.assertEqual(measure.times_faster_than_torch(model, NO_KNOBS, n=10, rounds=3), 4)


class Report(unittest.TestCase):
    def setUp(self):
        self.folder = common.scratch_folder(self.addCleanup)
        soundfile.write(self.folder / "clip.wav", common.playing(22050, 3), 44100, "FLOAT")
        (self.folder / "loss.csv").write_text("minutes,step,train,valid\n0.1,9,0.5,0.4\n0.2,18,0.4,0.3\n")

    def model(self, arch, knobs=2):
        config = self.folder / "config.yml"
        config.write_text(common.config_text(arch, knobs=knobs))
        torch.save(common.random_parameters(pyneuralfx.read_config(config), 1), self.folder / "1.pt")
        export.export(self.folder / "1.pt", config, self.folder / "1.gru", source="<b>")

    def report(self, *options):
        shutil.rmtree(self.folder / "out", ignore_errors=True)
        words = [self.folder / "1.gru", self.folder / "out", "--positions", 3, *options]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as told:
            status = report.main([str(word) for word in words])
        return status, told.getvalue()

    def page(self, *options):
        status, told = self.report(*options)
        self.assertEqual((status, told), (0, ""))
        page = (self.folder / "out/index.html").read_text()
        files = set(re.findall(r'src="([^"]*)"', page))
        self.assertEqual(files, {path.name for path in (self.folder / "out").iterdir()} - {"index.html"})
        for name in files:
            start = {"png": b"\x89PNG", "flac": b"fLaC"}[name.split(".")[1]]
            self.assertEqual((self.folder / "out" / name).read_bytes()[:4], start)
        self.assertEqual(page.count("<img "), page.count("<figcaption>"))
        self.assertIn("source: &lt;b&gt;", page)
        return page

    def test_teacher(self):
        """the page has every section, and a model has no error against itself"""
        self.model("statichyper-gru")
        page = self.page("--teacher", self.folder / "1.pt", self.folder / "config.yml", "--clips",
                         self.folder / "clip.wav", "--loss", self.folder / "loss.csv")
        for title in ("Training", "Error against the teacher", "Harmonics", "Transfer curve", "Frequency response",
                      "Aliasing", "Rest", "Cost"):
            self.assertIn(f"<h2>{title}</h2>", page)
        self.assertRegex(page, r"<td>clip.wav</td><td>0.000</td><td>0.000</td><td>gain [^<]*</td><td>0.000</td>")
        self.assertIn("0.3000 at best", page)
        for number in range(1, report.N_HEARD + 1):
            difference, rate_hz = soundfile.read(self.folder / f"out/clip1-{number}-difference.flac")
            self.assertEqual((rate_hz, np.abs(difference).max()), (48000, 0))
            self.assertGreater(np.abs(soundfile.read(self.folder / f"out/clip1-{number}-model.flac")[0]).max(), 0.5)

    def test_worst_positions(self):
        """the page tells the knobs of a clip's largest error, and plays the three worst positions, the worst first"""
        self.model("concat-gru", 1)
        parameters = torch.load(self.folder / "1.pt")
        parameters["main_rnn.weight_ih_l0"][:, 1] += 0.3
        torch.save(parameters, self.folder / "2.pt")
        page = self.page("--teacher", self.folder / "2.pt", self.folder / "config.yml", "--clips",
                         self.folder / "clip.wav")
        mean, worst, where = re.search(r"<td>clip.wav</td><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td>", page).groups()
        told = re.findall(r"<p>(gain [^<:]*): ESR ([\d.]+) %, a difference (-?\d+) dB below", page)
        self.assertEqual(len(told), report.N_HEARD)
        self.assertEqual(told[0][:2], (where, worst))
        self.assertIn(where, ("gain 0", "gain 1"))
        self.assertLess(float(mean), float(worst))
        errors = [float(one[1]) for one in told]
        self.assertEqual(errors, sorted(errors, reverse=True))
        for number, (_, error, below_db) in enumerate(told, 1):
            target, difference = (soundfile.read(self.folder / f"out/clip1-{number}-{label}.flac")[0]
                                  for label in ("target", "difference"))
            heard = measure.esr((target + difference)[None], target[None], 48000)[0]
            self.assertAlmostEqual(100 * heard, float(error), delta=0.02 * float(error))
            self.assertAlmostEqual(-10 * np.log10(heard), float(below_db), delta=0.7)

    def test_longest_difference(self):
        """of a long clip, the page plays the seconds with most of the difference, and tells where they begin"""
        rate_hz, n = 8000, 8000 * report_page.PLAYED_S
        target = 0.1 * np.ones(3 * n)
        played = target.copy()
        played[n + 4000:2 * n + 4000] += 0.1
        said = report_page.players(self.folder, "long", rate_hz, target, played)
        self.assertIn(f"from second {report_page.PLAYED_S + 0.5} on", said)
        difference = soundfile.read(self.folder / "long-difference.flac")[0]
        self.assertEqual(len(difference), n)
        self.assertGreater(difference.min(), 0.4)
        self.assertNotIn("from second", report_page.players(self.folder, "short", rate_hz, target[:n], played[:n]))

    def curves(self, *options):
        """The panels of each picture of curves in the page, by its file's name."""
        with mock.patch.object(report.picture, "curves", side_effect=report.picture.curves) as curves:
            self.page(*options)
        return {call.args[0].name: call.args[1] for call in curves.call_args_list}

    def test_alone(self):
        """models without knobs and with three get a page without a comparison, and curves along each knob"""
        for arch, knobs, labels in (
                ("snapshot-gru", 2, [["all knobs in the middle"]]),
                ("concat-gru", 3, [["gain 0", "gain 0.5", "gain 1"], ["tone 0", "tone 1", "tone 2"],
                                   ["knob 3 0", "knob 3 1.5", "knob 3 3"]])):
            self.model(arch, knobs)
            drawn = self.curves()
            for name, count in (("response.png", len(labels)), ("transfer.png", 2), ("harmonics.png", 1)):
                told = [[line[0] for line in lines] for *_, lines in drawn[name][:count]]
                self.assertEqual(told, labels[:count], name)
            self.assertNotIn("Error against", (self.folder / "out/index.html").read_text())
            positions, _ = report.Report(report.parse([str(self.folder / "1.gru"), "out"])).along(0)
            np.testing.assert_array_equal(positions, [[-1, 0, 0], [0, 0, 0], [1, 0, 0]] if "concat" in arch else [[]])

    def test_recordings(self):
        """an error planted in recordings is found at its knobs, in the pedal's own units"""
        self.model("concat-lstm", 1)
        x, knobs = self.record(np.array([[-1], [-1], [1], [1]], np.float32), gain=1.1)
        page = self.page("--data", self.folder / "data")
        worst = float(re.search(r"worst ([\d.]+) % at gain 0\. ", page).group(1))
        mean = float(re.search(r"mean ([\d.]+) %", page).group(1))
        self.assertAlmostEqual(worst, 100 * (0.1 / 1.1) ** 2, delta=0.01)
        self.assertAlmostEqual(mean, worst / 2, delta=0.01)
        self.assertRegex(page, rf"<td>gain 0</td><td>{worst:.3f}</td></tr>\n<tr><td>gain 1</td><td>0.000</td>")
        self.assertEqual((x.shape[0], knobs.shape[0]), (4, 4))

    def test_levels(self):
        """the curves of levels have those of pedal and model at the ends and the middle of the first knob"""
        self.model("concat-gru", 2)
        x, _ = self.record(np.array([[-1, 0], [-1, 0], [-1, 1], [0, 0.5], [1, 1], [1, 0]], np.float32), gain=1.1)
        (*_, lines), = self.curves("--data", self.folder / "data")["levels.png"]
        self.assertEqual([line[0] for line in lines], ["gain 0, tone 1", "gain 0.5, tone 1.5", "gain 1, tone 1"])
        input_db = [10 * np.log10(one[pairs.WARM_UP:].var()) for one in x]
        for (_, steps_db, ours_db, theirs_db), rows, louder_db in zip(lines, ([0, 1], [3], [5]),
                                                                      (20 * np.log10(1.1), 0, 0)):
            near_db = sorted({report.LEVEL_STEP_DB * round(input_db[row] / report.LEVEL_STEP_DB) for row in rows})
            np.testing.assert_allclose(steps_db, near_db)
            np.testing.assert_allclose(np.subtract(theirs_db, ours_db), louder_db, atol=1e-3)

    def test_silent_recording(self):
        """a recording that is silent has a finite ESR: above 0 for a model that sounds, 0 for one that does not"""
        silence, sound = np.zeros((2, 8)), np.array([[1.0, -1.0] * 4] * 2)
        self.assertEqual(report.Report.joined_esr(silence, silence), 0)
        self.assertAlmostEqual(report.Report.joined_esr(1e-3 * sound, silence) * 1e-12, 16e-6)

    def test_many_knobs(self):
        """three knobs get a map of each pair, and recordings without knobs get a page"""
        self.model("concat-gru", 3)
        self.record(np.array([[-1, -1, -1], [-1, -1, 1], [1, 1, 0], [0, 0, 0]], np.float32), gain=1.1)
        page = self.page("--data", self.folder / "data")
        self.assertIn('src="knobs.png"', page)
        self.model("snapshot-gru")
        shutil.rmtree(self.folder / "data")
        self.record(np.zeros((4, 0), np.float32), gain=1.1)
        self.page("--data", self.folder / "data")

    def test_planes(self):
        """the map of two knobs of three has the mean over the third, in own units"""
        self.model("concat-gru", 3)
        made = report.Report(report.parse([str(self.folder / "1.gru"), str(self.folder / "out")]))
        positions = np.array([[-1, -1, -1], [-1, 1, -1], [1, 0, 0]], np.float32)
        ratios, axes = made.plane((0, 2), positions, np.array([1.0, 2.0, 5.0]))
        np.testing.assert_array_equal(ratios, [[1.5, np.nan], [np.nan, 5]])
        self.assertEqual([(name, list(values)) for name, values in axes], [("gain", [0, 1]), ("knob 3", [0, 1.5])])

    def record(self, knobs, gain):
        """Writes test pairs of the model, louder by `gain` in the first half; returns their x and knobs."""
        config = pyneuralfx.read_config(self.folder / "config.yml")
        model = pyneuralfx.affine_form(pyneuralfx.read_parameters(self.folder / "1.pt", config), config)
        x = np.stack([common.playing(pairs.WARM_UP + 4096, seed) for seed in range(len(knobs))])
        y = measure.play(model, x, knobs)
        y[:len(y) // 2] *= gain
        with pairs.Writer(self.folder / "data") as writer:
            for array, values in zip(writer.part("test", len(x), 4096, knobs.shape[1]), (x, y, knobs)):
                array[:] = values
        return x, knobs

    def test_refuses(self):
        """a missing file gives one line and exit status 2"""
        self.model("concat-gru")
        for options in (("--teacher", self.folder / "2.pt", self.folder / "config.yml", "--clips", "x.wav"),
                        ("--teacher", self.folder / "1.pt", self.folder / "config.yml", "--clips", "x.wav"),
                        ("--data", self.folder), ("--loss", self.folder / "no.csv")):
            status, told = self.report(*options)
            self.assertEqual((status, len(told.splitlines())), (2, 1), told)
            common.note(told.strip())


if __name__ == "__main__":
    common.main()
