#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Preparing pairs and training on them: alias-free targets, a falling loss, and going on after a kill."""

import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import torch

import common
import export
import kernel
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
        wide = prepare.upsample(x, 8)
        self.assertEqual(wide.shape, (1, 8 * 4800))
        self.assertLess(np.abs(wide[:, ::8] - x).max(), 1e-9)
        self.assertLess(np.abs(prepare.downsample(wide, 8, 48000) - x).max(), 1e-6)

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

        ratios = [aliasing_db(y) for y in (plain.numpy(), prepare.alias_free(model, x, knobs, 48000))]
        common.note(f"aliasing: {ratios[0]:.1f} dB plain, {ratios[1]:.1f} dB alias-free")
        self.assertLess(ratios[1], ratios[0] - 10)


class Train(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        pool = common.playing(96000, 2)
        parts = [prepare.segments(teacher(), 2, pool, (1, batch), 48000) for batch in range(4)]
        (self.folder / "data").mkdir()
        for name, arrays in zip(("x", "y", "knobs"), zip(*parts)):
            np.save(self.folder / f"data/{name}.npy", np.concatenate(arrays).astype(np.float32))
        (self.folder / "config.yml").write_text(common.config_text("film-gru", hidden=8))

    def tearDown(self):
        self._folder.cleanup()

    def command(self, minutes):
        return [sys.executable, common.TOP / "weights/train.py", self.folder / "config.yml", self.folder / "data",
                self.folder / "run", "--minutes", str(minutes), "--batch", "8"]

    def test_trains_and_goes_on(self):
        """the loss falls; a killed run goes on from its last save; the result exports"""
        first = subprocess.run(self.command(0.1), capture_output=True, text=True, check=True).stdout
        second = subprocess.run(self.command(0.2), capture_output=True, text=True, check=True).stdout
        self.assertIn("going on after 0.1 minutes", second)
        self.assertNotIn("going on", first)
        log = np.loadtxt(self.folder / "run/loss.csv", delimiter=",", skiprows=1)
        self.assertEqual(log.shape, (2, 4))
        common.note(f"valid loss {log[0, 3]:.3f}, then {log[1, 3]:.3f}")
        self.assertLess(log[0, 3], 0.9)
        self.assertLess(log[1, 3], log[0, 3])
        export.export(self.folder / "run/best_params.pt", self.folder / "run/config.yml", self.folder / "out.gru")

    def test_survives_a_kill(self):
        """SIGKILL leaves a run that starts"""
        with subprocess.Popen(self.command(10), stdout=subprocess.DEVNULL) as run:
            time.sleep(5)
            run.kill()
        subprocess.run(self.command(0.05), capture_output=True, check=True)
        self.assertTrue((self.folder / "run/best_params.pt").exists())

    def test_saves_whole(self):
        """a save that fails half way leaves the old file"""
        path = self.folder / "state.pt"
        train.save({"a": 1}, path)
        whole = path.read_bytes()

        def half(_, target):
            target.write_bytes(whole[:len(whole) // 2])
            raise OSError("no space left")

        with mock.patch("torch.save", half), self.assertRaises(OSError):
            train.save({"a": 2}, path)
        self.assertEqual(path.read_bytes(), whole)

    def test_refuses(self):
        """bad input: one line, and exit status 2"""
        (self.folder / "config.yml").write_text("model: {}")
        result = subprocess.run(self.command(1), capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, len(result.stderr.splitlines())), (2, 1), result.stderr)


if __name__ == "__main__":
    common.main()
