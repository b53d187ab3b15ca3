#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Training on a teacher's pairs: targets have no aliases, the loss falls, and an interrupted run resumes."""

import contextlib
import io
import itertools
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest
from unittest import mock

import numpy as np
import soundfile
import torch

import common
import alias_free
import export
import hard_clips
import loss
import pairs
import prepare
import pyneuralfx
import train
import training_kernel

TEACHER = common.config_text("concat-gru", hidden=8)


class Touch:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (self.path,)


def teacher():
    config = pyneuralfx.parse_config(TEACHER)
    return pyneuralfx.affine_form(common.random_parameters(config, 1), config)


class Prepare(unittest.TestCase):
    def test_resampling(self):
        """upsampling and downsampling give the same signal below the edge of the decimator"""
        t = np.arange(4800) / 48000
        x = (np.hanning(4800) * (np.sin(2 * np.pi * 1000 * t) + np.sin(2 * np.pi * 20000 * t)))[None]
        wide = alias_free.upsample(x, 8)
        self.assertEqual(wide.shape, (1, 8 * 4800))
        self.assertLess(np.abs(wide[:, ::8] - x).max(), 1e-9)
        self.assertLess(np.abs(alias_free.downsample(wide, 8, 48000) - x).max(), 1e-6)

    def test_excitation(self):
        """inputs have all levels; some start or stop in silence, without a click"""
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

    def test_hard_clips(self):
        """the clips of hard playing have the peaks that they promise"""
        folder = common.scratch_folder(self.addCleanup)
        self.assertEqual(hard_clips.main([folder]), 0)
        peaks = {path.stem: np.abs(soundfile.read(path)[0]).max() for path in sorted(folder.iterdir())}
        self.assertEqual({name: round(peak, 6) for name, peak in peaks.items()},
                         {"bass": 0.9, "bursts": 0.6, "chords": 0.9, "hot": 2, "palm-mutes": 0.8})

    def test_alias_free(self):
        """a target has at least 10 dB less aliasing than the teacher at 48 kHz"""
        n, frequency = 9600, 5000
        x = 2 * np.sin(2 * np.pi * frequency * np.arange(n) / 48000)[None]
        model, knobs = teacher(), np.zeros((1, 2), np.float32)
        plain, _ = training_kernel.render(torch.from_numpy(x.astype(np.float32)),
                                          model.theta(torch.from_numpy(knobs)), model.out_weight, model.out_bias)

        def aliasing_db(y):
            """Returns the energy at multiples of 1 kHz, where 5 kHz folds to, over that at multiples of 5 kHz."""
            spectrum = np.abs(np.fft.rfft(y[0, n // 2:n // 2 + 4800])) ** 2
            harmonics = spectrum[500::500].sum()
            return 10 * np.log10((spectrum[100::100].sum() - harmonics) / harmonics)

        ratios = [aliasing_db(y) for y in (plain.numpy(), alias_free.play(model, x, knobs, 48000))]
        common.note(f"aliasing: {ratios[0]:.1f} dB plain, {ratios[1]:.1f} dB alias-free")
        self.assertLess(ratios[1], ratios[0] - 10)

    def test_teacher(self):
        """a teacher's folder has whole batches for training and validation, each of its own seed, with any jobs"""
        folder = common.scratch_folder(self.addCleanup)
        config = pyneuralfx.parse_config(TEACHER)
        (folder / "config.yml").write_text(TEACHER)
        torch.save(common.random_parameters(config, 1), folder / "teacher.pt")
        pool = common.playing(96000, 2)
        n = prepare.N_STREAMS
        for jobs in (1, 3):
            words = ["teacher", folder / "teacher.pt", folder / "config.yml", folder / "data", "--segments", n + 1,
                     "--seed", 7, "--jobs", jobs]
            with mock.patch.object(prepare.guitar, "playing", return_value=pool) as playing, \
                    mock.patch.object(prepare, "N_VALID", n), contextlib.redirect_stdout(io.StringIO()), \
                    contextlib.redirect_stderr(io.StringIO()):
                self.assertEqual(prepare.main([str(word) for word in words]), 0)
            playing.assert_called_once_with(7, prepare.POOL_S)
            parts = [pairs.Pairs(folder / "data" / part).arrays for part in ("train", "valid")]
            self.assertEqual([len(arrays[0]) for arrays in parts], [2 * n, n])
            for batch, (arrays, start) in enumerate(((parts[0], 0), (parts[0], n), (parts[1], 0))):
                for array, made in zip(arrays, prepare.segments(teacher(), 2, pool, (7, batch), 48000)):
                    np.testing.assert_array_equal(array[start:start + n], made.astype(np.float32))
            shutil.rmtree(folder / "data")


class Train(unittest.TestCase):
    def setUp(self):
        self.folder = common.scratch_folder(self.addCleanup)
        pool = common.playing(96000, 2)
        with pairs.Writer(self.folder / "data") as writer:
            for part, n_batches in (("train", 4), ("valid", 1)):
                arrays = writer.part(part, n_batches * prepare.N_STREAMS, prepare.LENGTH, 2)
                for batch in range(n_batches):
                    rows = slice(batch * prepare.N_STREAMS, (batch + 1) * prepare.N_STREAMS)
                    for array, made in zip(arrays, prepare.segments(teacher(), 2, pool, (len(part), batch), 48000)):
                        array[rows] = made
        self.configure("{batch_size: 8, epochs: 3, lr: 0.002, interval_val: 60}")

    def configure(self, plan, arch="film-gru"):
        (self.folder / "config.yml").write_text(f"{common.config_text(arch, hidden=8)}train: {plan}\n")

    def command(self, *options, run="run"):
        return [sys.executable, common.TOP / "weights/train.py", self.folder / "config.yml", self.folder / "data",
                self.folder / run, *options]

    def main(self, *options, run="run"):
        """Runs train.py in this process, which has loaded torch already; returns its status and what it prints."""
        words = [str(word) for word in self.command(*options, run=run)[2:]]
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()) as told:
            status = train.main(words)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        return status, said.getvalue(), told.getvalue()

    def train(self, *options, run="run"):
        status, said, told = self.main(*options, run=run)
        self.assertEqual(status, 0, told)
        return said

    def log(self, run="run"):
        return np.loadtxt(self.folder / run / "loss.csv", delimiter=",", skiprows=1, ndmin=2)

    def weights(self, run="run", name="state.pt"):
        saved = torch.load(self.folder / run / name, weights_only=True)
        return saved["averages"][0] if name == "state.pt" else saved

    def refused(self, *options, run="run"):
        status, _, told = self.main(*options, run=run)
        self.assertEqual((status, len(told.splitlines())), (2, 1), told)
        common.note(told.strip())
        return told

    def test_learns(self):
        """the loss of each kind of model falls, and the best checkpoint exports"""
        for arch in pyneuralfx.ARCHS:
            if arch.startswith("snapshot-"):
                continue  # it has no knobs, and these pairs do
            self.configure("{batch_size: 8, epochs: 12, lr: 0.002, interval_val: 60}", arch)
            self.train(run=arch)
            log = self.log(arch)
            common.note(f"{arch}: valid loss {log[0, 3]:.3f}, then {log[-1, 3]:.3f}")
            self.assertLess(log[:, 3].min(), min(0.5, log[0, 3]))
            export.export(self.folder / arch / "best_params.pt", self.folder / arch / "config.yml",
                          self.folder / "out.gru")

    def test_repeats(self):
        """a killed and resumed run ends with the same weights as an uninterrupted one, bit by bit"""
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

    def test_saves(self):
        """the state is saved each half a minute of training, and at the end"""
        clock_s = itertools.count(0, 7)  # a batch takes 7 s
        saves_s, save = [], train.Run.save
        with mock.patch.object(train, "time", mock.Mock(monotonic=lambda: next(clock_s))), \
                mock.patch.object(train.Run, "save", lambda run: (saves_s.append(run.elapsed_s), save(run))):
            self.train()
        self.assertEqual(saves_s, [35, 70, 105, 140, 168, 168])

    def test_threads(self):
        """the same seed gives the same model, bit by bit, with one thread and with three"""
        for n_threads in (1, 3):
            self.train("--threads", str(n_threads), run=f"run{n_threads}")
        one = self.weights("run1")
        for name, tensor in self.weights("run3").items():
            self.assertTrue(torch.equal(tensor, one[name]), name)

    def test_averages(self):
        """a mean lags by its number of steps; early in a run, it is that of the last part"""
        averages = [torch.zeros(1) for _ in train.AVERAGES]
        run = mock.Mock(optimiser=mock.Mock(flat=torch.zeros(1)), flat_averages=averages)
        for run.steps in range(12000):
            run.optimiser.flat[0] = run.steps
            train.Run._take_averages(run)
            if run.steps == 99:
                early = [float(average) for average in averages]
        for value, part in zip(early, train.AVERAGES.values()):
            self.assertAlmostEqual(value, 99 * part / (part + 1), delta=2)
        self.assertAlmostEqual(11999 - float(averages[0]), 1000, delta=20)

    def test_best_average(self):
        """the mean with the least error in validation is kept"""
        def error(run, average):
            return 1 / run.steps + (average is not run.averages[1])

        with mock.patch.object(train.Run, "_valid_error", error):
            self.train()
        best = self.weights(name="best_params.pt")
        averages = torch.load(self.folder / "run/state.pt", weights_only=True)["averages"]
        for name, tensor in best.items():
            self.assertTrue(torch.equal(tensor, averages[1][name]), name)
            self.assertFalse(torch.equal(tensor, averages[0][name]), name)

    def test_penalty(self):
        """every fourth step counts the unrest, four times"""
        self.configure("{batch_size: 8, epochs: 1, lr: 0.002, interval_val: 60}")
        gradients = []

        def unrest(_, theta):
            theta.register_hook(lambda gradient: gradients.append(gradient.clone()))
            return 1000 * theta[0, 0]

        with mock.patch("loss.unrest", unrest):
            self.train()
        steps = self.log()[-1, 1]
        self.assertEqual(len(gradients), -(-steps // 4))
        self.assertAlmostEqual(float(gradients[0][0, 0]), 4000, delta=100)

    def test_resumes(self):
        """a finished run continues when it gets more time"""
        self.train("--minutes", "0.001")
        minutes, steps = self.log()[-1, :2]
        self.assertIn("going on after", self.train("--minutes", str(minutes + 0.005)))
        self.assertGreater(self.log()[-1, 1], steps)

    def test_short_run(self):
        """a run that ends before its first validation validates, and tells the ESR and the next command"""
        self.configure("{batch_size: 8, lr: 0.002, interval_val: 1000000}")
        told = self.train("--minutes", "0.001")
        self.assertRegex(told, r"ESR in validation: [\d.]+ %\nNext: weights/export.py .*/run/best_params.pt ")
        self.assertEqual(len(self.log()), 1)
        self.assertTrue((self.folder / "run/best_params.pt").exists())

    def test_interrupted(self):
        """Ctrl-C ends a run with a validation, and the same command continues it"""
        self.configure("{batch_size: 8, epochs: 100000, lr: 0.002, interval_val: 1000000}")
        with subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as stopped:
            while not (self.folder / "run/config.yml").exists() and stopped.poll() is None:
                time.sleep(0.01)
            stopped.send_signal(signal.SIGINT)
            told = stopped.stdout.read()
        self.assertEqual(stopped.returncode, 0)
        self.assertIn("ESR in validation", told)
        self.assertIn("going on after", self.train("--minutes", "0.001"))

    def test_diverges(self):
        """a run whose error is never finite ends with one line and without a model"""
        values = np.load(self.folder / "data/valid/y.npy", mmap_mode="r+")
        values[:] = np.nan
        values.flush()
        status, _, told = self.main("--minutes", "0.001")
        self.assertEqual(status, 2)
        self.assertRegex(told.splitlines()[-1], r"^train\.py: .*/run: training diverged, .* lower --rate$")

    def test_starts_from(self):
        """--from starts at the checkpoint's parameters"""
        self.train("--minutes", "0.005")
        self.train("--minutes", "0.001", "--rate", "1e-9", "--from", self.folder / "run/best_params.pt", run="next")
        best, start = self.weights(name="best_params.pt"), self.weights("next")
        for name, tensor in best.items():
            self.assertLess((tensor - start[name]).abs().max(), 1e-6, name)

    def test_state_in_safe_mode(self):
        """a state that holds an object is refused before any of its code runs"""
        self.train("--minutes", "0.005")
        path = self.folder / "run/state.pt"
        self.assertEqual(set(torch.load(path, weights_only=True)),
                         {"parameters", "averages", "optimiser", *train.Run.COUNTERS, *train.Run.NUMBERS})
        torch.save({"parameters": Touch(self.folder / "touched")}, path)
        self.assertIn("run/state.pt: ", self.refused("--minutes", "0.01"))
        self.assertFalse((self.folder / "touched").exists())

    def test_state_of_another_configuration(self):
        """is refused in one line that names the file"""
        self.train("--minutes", "0.005")
        self.configure("{batch_size: 8, epochs: 3}", "concat-gru")
        self.assertIn("run/state.pt is not the state of a run of this configuration", self.refused())
        torch.save({"a": 1}, self.folder / "run/state.pt")
        self.assertIn("run/state.pt is not the state", self.refused())

    def test_broken_state(self):
        """a state that is cut off, empty or a checkpoint is refused in one line that names it"""
        self.train("--minutes", "0.001")
        path = self.folder / "run/state.pt"
        whole = path.read_bytes()
        for data in (b"", b"text", whole[:100], whole[:len(whole) // 2], whole[:-10],
                     (self.folder / "run/best_params.pt").read_bytes()):
            path.write_bytes(data)
            self.assertIn("run/state.pt", self.refused("--minutes", "0.001"))
            self.assertEqual(path.read_bytes(), data)

    def test_foreign_checkpoint(self):
        """--from refuses another kind's checkpoint, a part of one and another file, and names it"""
        self.train("--minutes", "0.001")
        whole = (self.folder / "run/best_params.pt").read_bytes()
        self.configure("{}", "concat-gru")
        start = self.folder / "start.pt"
        for data, said in ((whole, "a concat-gru of this configuration does not"),
                           (whole[:len(whole) // 2], "safe mode"), (b"{}", "safe mode"), (b"<html>", "web page")):
            start.write_bytes(data)
            told = self.refused("--minutes", "0.001", "--from", start, run="next")
            self.assertIn("start.pt: ", told)
            self.assertIn(said, told)

    def test_same_command(self):
        """a run continues with its own config.yml, and says that --from changes nothing then"""
        self.train("--minutes", "0.001")
        words = [self.folder / "run/config.yml", self.folder / "data", self.folder / "run", "--minutes", "0.002",
                 "--from", self.folder / "run/best_params.pt"]
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(train.main([str(word) for word in words]), 0)
        self.assertIn("--from is for new runs and changes nothing", said.getvalue())

    def test_stops_early(self):
        """training stops when the loss no longer improves"""
        self.configure("{batch_size: 8, epochs: 100000, lr: 1.0e-9, interval_val: 8, improvement_patience: 3}")
        self.train()
        self.assertLess(len(self.log()), 40)

    def test_saves_whole(self):
        """a failed save leaves the old file and no other"""
        path = self.folder / "saved/state.pt"
        path.parent.mkdir()
        train.save({"a": 1}, path)
        whole = path.read_bytes()
        with mock.patch("os.fsync", side_effect=OSError("no space left")), self.assertRaises(OSError):
            train.save({"a": 2}, path)
        self.assertEqual(path.read_bytes(), whole)
        self.assertEqual([path], list(path.parent.iterdir()))

    def test_full_disk(self):
        """a full disk gives one line, and the files of the run stay as they were"""
        self.train("--minutes", "0.005")
        before = {path.name: path.read_bytes() for path in (self.folder / "run").glob("*.pt")}
        limit = "import resource, sys, os; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); " \
                "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
        command = [sys.executable, "-c", limit, *self.command("--minutes", "0.1")]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr.splitlines()[-1], r"^train\.py: .*/run/[a-z_]+\.[a-z]+'$")
        common.note(result.stderr.splitlines()[-1])
        self.assertEqual({path.name: path.read_bytes() for path in (self.folder / "run").glob("*.pt")}, before)
        self.assertEqual(len(list((self.folder / "run").iterdir())), 4)

    def test_refuses(self):
        """invalid input gives one line and exit status 2"""
        self.assertIn("how long", (self.configure("{batch_size: 8}"), self.refused())[1])
        self.assertIn("--minutes is 0; it must be above 0", self.refused("--minutes", "0"))
        self.assertIn("--rate is -1; it must be above 0", self.refused("--rate", "-1"))
        self.assertIn("--seed is -1; the limits are 0 and", self.refused("--seed", "-1"))
        self.assertIn("data is a data folder", self.refused("--minutes", "1", run="data"))
        self.assertIn("--threads is 0; the limits are 1 and", self.refused("--threads", "0"))
        self.assertIn("batch_size", (self.configure("{batch_size: -8}"), self.refused())[1])
        self.assertIn("arch", (self.configure("{}", "wavenet"), self.refused("--minutes", "1"))[1])
        self.configure("{}", "snapshot-gru")
        self.assertIn("knobs", self.refused("--minutes", "1"))
        (self.folder / "config.yml").write_text("model: {}")
        self.refused("--minutes", "1")


class Loss(unittest.TestCase):
    def test_jacobian(self):
        """the Jacobian of one step in silence equals automatic differentiation"""
        for arch in ("film-gru", "film-lstm"):
            config = pyneuralfx.parse_config(common.config_text(arch, hidden=12))
            model = pyneuralfx.affine_form(common.random_parameters(config, 4), config)
            theta = model.theta(torch.tensor([[0.3, -0.8]]))
            fixed = [tensor.double() for tensor in (theta, model.out_weight, model.out_bias)]

            def step(state, fixed=fixed, cell=config.cell):
                silence = torch.zeros(1, 1).double()
                return training_kernel._steps(silence, *fixed, state, cell)[1]  # pylint: disable=protected-access

            state = torch.zeros(1, 12 * training_kernel.N_STATES[config.cell]).double()
            for _ in range(loss.REST_STEPS):
                state = step(state)
            exact = torch.autograd.functional.jacobian(step, state)[0, :, 0]
            self.assertLess((loss.rest_jacobian(model, theta)[0] - exact).abs().max(), 1e-5)

    def test_unrest(self):
        """unrest is 0 for a network that falls silent, and above 0.5 for one that oscillates"""
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
