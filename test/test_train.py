#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Training on a teacher's pairs: alias-free targets, a falling loss, going on after a kill, and what is refused."""

import signal
import subprocess
import sys
import time
import unittest
from unittest import mock

import numpy as np
import torch

import common
import alias_free
import export
import kernel
import loss
import pairs
import prepare
import pyneuralfx
import train

TEACHER = common.config_text("concat-gru", hidden=8)


def teacher():
    config = pyneuralfx.parse_config(TEACHER)
    return pyneuralfx.affine_form(common.random_parameters(config, 1), config)


class Prepare(unittest.TestCase):
    def test_resampling(self):
        """up and down again is the same, below the decimator's edge"""
        t = np.arange(4800) / 48000
        x = (np.hanning(4800) * (np.sin(2 * np.pi * 1000 * t) + np.sin(2 * np.pi * 20000 * t)))[None]
        wide = alias_free.upsample(x, 8)
        self.assertEqual(wide.shape, (1, 8 * 4800))
        self.assertLess(np.abs(wide[:, ::8] - x).max(), 1e-9)
        self.assertLess(np.abs(alias_free.downsample(wide, 8, 48000) - x).max(), 1e-6)

    def test_excitation(self):
        """inputs are loud and quiet; some begin in silence or break off into it, without a click"""
        rng = np.random.default_rng(1)
        pool, n = 0.1 * rng.standard_normal(48000), prepare.WARM_UP + prepare.LENGTH + prepare.TAIL
        inputs = np.stack([prepare.excitation(rng, pool, n) for _ in range(2000)])
        played = inputs[inputs.any(1)]
        begin, end = (played != 0).argmax(1), n - (played[:, ::-1] != 0).argmax(1)
        starts, stops = np.mean(begin > prepare.FADE), np.mean(end < n - prepare.FADE)
        common.note(f"{starts:.3f} begin in silence, {stops:.3f} end in it")
        self.assertAlmostEqual(starts, prepare.STARTS, delta=0.04)
        self.assertAlmostEqual(stops, prepare.STOPS, delta=0.03)
        self.assertLess(begin.max(), n - prepare.SHORTEST // 2 + prepare.ATTACK)
        peaks = np.abs(played).max(1)
        edges = np.abs(played[np.arange(len(played)), begin]), np.abs(played[np.arange(len(played)), end - 1])
        self.assertLess(max(np.max(edge / peaks) for edge in edges), 0.05)
        levels_db = 20 * np.log10(peaks)
        common.note(f"peaks from {levels_db.min():.0f} to {levels_db.max():.0f} dB")
        self.assertLess(levels_db.min(), -50)
        self.assertGreater(np.mean(levels_db > -12), 0.3)

    def test_alias_free(self):
        """a target has the teacher's harmonics, and none of what folds back at 48 kHz"""
        n, frequency = 9600, 5000
        x = 2 * np.sin(2 * np.pi * frequency * np.arange(n) / 48000)[None]
        model, knobs = teacher(), np.zeros((1, 2), np.float32)
        plain, _ = kernel.render(torch.from_numpy(x.astype(np.float32)), model.theta(torch.from_numpy(knobs)),
                                 model.out_weight, model.out_bias)

        def aliasing_db(y):
            """What lies at multiples of 1 kHz, where 5 kHz folds to, against the multiples of 5 kHz."""
            spectrum = np.abs(np.fft.rfft(y[0, n // 2:n // 2 + 4800])) ** 2
            harmonics = spectrum[500::500].sum()
            return 10 * np.log10((spectrum[100::100].sum() - harmonics) / harmonics)

        ratios = [aliasing_db(y) for y in (plain.numpy(), alias_free.play(model, x, knobs, 48000))]
        common.note(f"aliasing: {ratios[0]:.1f} dB plain, {ratios[1]:.1f} dB alias-free")
        self.assertLess(ratios[1], ratios[0] - 10)


class Train(unittest.TestCase):
    def setUp(self):
        self.folder = common.scratch_folder(self.addCleanup)
        pool = common.playing(96000, 2)
        with pairs.Writer(self.folder / "data") as writer:
            for part, n_batches in (("train", 4), ("valid", 1)):
                arrays = writer.part(part, n_batches * prepare.LANES, prepare.LENGTH, 2)
                for batch in range(n_batches):
                    rows = slice(batch * prepare.LANES, (batch + 1) * prepare.LANES)
                    for array, made in zip(arrays, prepare.segments(teacher(), 2, pool, (len(part), batch), 48000)):
                        array[rows] = made
        self.configure("{batch_size: 8, epochs: 3, lr: 0.002, interval_val: 60}")

    def configure(self, plan, arch="film-gru"):
        (self.folder / "config.yml").write_text(f"{common.config_text(arch, hidden=8)}train: {plan}\n")

    def command(self, *options, run="run"):
        return [sys.executable, common.TOP / "weights/train.py", self.folder / "config.yml", self.folder / "data",
                self.folder / run, *options]

    def train(self, *options, run="run"):
        return subprocess.run(self.command(*options, run=run), capture_output=True, text=True, check=True).stdout

    def log(self, run="run"):
        return np.loadtxt(self.folder / run / "loss.csv", delimiter=",", skiprows=1, ndmin=2)

    def weights(self, run="run", name="state.pt"):
        saved = torch.load(self.folder / run / name)
        return saved["average"] if name == "state.pt" else saved

    def refused(self, *options):
        result = subprocess.run(self.command(*options), capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, len(result.stderr.splitlines())), (2, 1), result.stderr)
        common.note(result.stderr.strip())
        return result.stderr

    def test_learns(self):
        """the loss falls, of each kind; the best is kept, and exports"""
        for arch in pyneuralfx.ARCHS:
            if arch == "snapshot-gru":
                continue  # these pairs have knobs
            self.configure("{batch_size: 8, epochs: 12, lr: 0.002, interval_val: 60}", arch)
            self.train(run=arch)
            log = self.log(arch)
            common.note(f"{arch}: valid loss {log[0, 3]:.3f}, then {log[-1, 3]:.3f}")
            self.assertLess(log[:, 3].min(), min(0.5, log[0, 3]))
            export.export(self.folder / arch / "best_params.pt", self.folder / arch / "config.yml",
                          self.folder / "out.gru")

    def test_repeats(self):
        """a run that was killed on its way ends where one that was not does, bit by bit"""
        self.train(run="whole")
        save_often = f"import sys; sys.path.insert(0, '{common.TOP}/weights'); import train; " \
                     "train.SAVE_EVERY_S = 0; train.main(sys.argv[1:])"
        command = [sys.executable, "-c", save_often, *self.command(run="killed")[2:]]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
            while not (self.folder / "killed/state.pt").exists() and killed.poll() is None:
                time.sleep(0.01)
            killed.kill()
        self.assertEqual(killed.returncode, -signal.SIGKILL)
        self.assertIn("going on after", self.train(run="killed"))
        whole = self.weights("whole")
        for name, tensor in self.weights("killed").items():
            self.assertTrue(torch.equal(tensor, whole[name]), name)

    def test_resumes(self):
        """a finished run, given more time, goes on"""
        self.train("--minutes", "0.05")
        steps = self.log()[-1, 1]
        self.assertIn("going on after", self.train("--minutes", "0.1"))
        self.assertGreater(self.log()[-1, 1], steps)

    def test_starts_from(self):
        """--from starts at the checkpoint's parameters"""
        self.train("--minutes", "0.05")
        self.train("--minutes", "0.001", "--rate", "1e-9", "--from", self.folder / "run/best_params.pt", run="next")
        best, start = self.weights(name="best_params.pt"), self.weights("next")
        for name, tensor in best.items():
            self.assertLess((tensor - start[name]).abs().max(), 1e-6, name)

    def test_stops_early(self):
        """when nothing gets better"""
        self.configure("{batch_size: 8, epochs: 100000, lr: 1.0e-9, interval_val: 8, improvement_patience: 3}")
        self.train()
        self.assertLess(len(self.log()), 40)

    def test_saves_whole(self):
        """a save that fails half way leaves the old file, and nothing beside it"""
        path = self.folder / "saved/state.pt"
        path.parent.mkdir()
        train.save({"a": 1}, path)
        whole = path.read_bytes()
        with mock.patch("os.fsync", side_effect=OSError("no space left")), self.assertRaises(OSError):
            train.save({"a": 2}, path)
        self.assertEqual(path.read_bytes(), whole)
        self.assertEqual([path], list(path.parent.iterdir()))

    def test_full_disk(self):
        """a disk that fills up: one line, and the run is as it was"""
        self.train("--minutes", "0.05")
        before = {path.name: path.read_bytes() for path in (self.folder / "run").glob("*.pt")}
        limit = "import resource, sys, os; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); " \
                "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
        command = [sys.executable, "-c", limit, *self.command("--minutes", "0.1")]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("train.py: ", result.stderr.splitlines()[-1])
        common.note(result.stderr.splitlines()[-1])
        self.assertEqual({path.name: path.read_bytes() for path in (self.folder / "run").glob("*.pt")}, before)
        self.assertEqual(len(list((self.folder / "run").iterdir())), 4)

    def test_refuses(self):
        """bad input: one line, and exit status 2"""
        self.assertIn("how long", (self.configure("{batch_size: 8}"), self.refused())[1])
        self.assertIn("batch_size", (self.configure("{batch_size: -8}"), self.refused())[1])
        self.assertIn("arch", (self.configure("{}", "wavenet"), self.refused("--minutes", "1"))[1])
        self.configure("{}", "snapshot-gru")
        self.assertIn("knobs", self.refused("--minutes", "1"))
        (self.folder / "config.yml").write_text("model: {}")
        self.refused("--minutes", "1")


class Loss(unittest.TestCase):
    def test_jacobian(self):
        """one step in silence, differentiated by hand, against automatic differences"""
        config = pyneuralfx.parse_config(common.config_text("film-gru", hidden=12))
        model = pyneuralfx.affine_form(common.random_parameters(config, 4), config)
        theta = model.theta(torch.tensor([[0.3, -0.8]]))
        fixed = [tensor.double() for tensor in (theta, model.out_weight, model.out_bias)]

        def step(state):
            return kernel._steps(torch.zeros(1, 1).double(), *fixed, state)[1]  # pylint: disable=protected-access

        state = torch.zeros(1, 12).double()
        for _ in range(loss.REST_STEPS):
            state = step(state)
        exact = torch.autograd.functional.jacobian(step, state)[0, :, 0]
        self.assertLess((loss.rest_jacobian(model, theta)[0] - exact).abs().max(), 1e-5)

    def test_unrest(self):
        """a network that whistles is told so, and one that rests is not"""
        config = pyneuralfx.parse_config(common.config_text("snapshot-gru", hidden=8))
        parameters = common.random_parameters(config, 1)
        knobs = torch.zeros(1, 0)
        calm = pyneuralfx.affine_form(parameters, config)
        self.assertEqual(loss.unrest(calm, calm.theta(knobs)), 0)
        gates = {f"main_rnn.{name}": tensor.clone() for name, tensor in (
            ("weight_hh_l0", parameters["main_rnn.weight_hh_l0"]), ("bias_ih_l0", parameters["main_rnn.bias_ih_l0"]))}
        gates["main_rnn.weight_hh_l0"][16:] = -3 * torch.eye(8)
        gates["main_rnn.bias_ih_l0"][:8], gates["main_rnn.bias_ih_l0"][8:16] = 5, -5
        wild = pyneuralfx.affine_form({**parameters, **gates}, config)
        self.assertGreater(loss.unrest(wild, wild.theta(knobs)), 0.5)


if __name__ == "__main__":
    common.main()
