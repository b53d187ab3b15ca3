#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""evaluate.py reports no error of a model against itself, an error against another, and draws a picture."""

import contextlib
import io
import re
import unittest

import soundfile
import torch

import common
import evaluate
import export
import pyneuralfx


class Evaluate(unittest.TestCase):
    def setUp(self):
        self.folder = common.scratch_folder(self.addCleanup)
        self.config = self.folder / "config.yml"
        self.config.write_text(common.config_text("statichyper-gru"))
        for seed in (1, 2):
            torch.save(common.random_parameters(pyneuralfx.read_config(self.config), seed), self.folder / f"{seed}.pt")
        export.export(self.folder / "1.pt", self.config, self.folder / "1.gru")
        soundfile.write(self.folder / "clip.wav", common.playing(22050, 3), 44100, "FLOAT")

    def run_evaluate(self, teacher, *options):
        said, told = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
            status = evaluate.main([str(word) for word in (self.folder / "1.gru", teacher, self.config,
                                                           self.folder / "clip.wav", *options)])
        return status, said.getvalue(), told.getvalue()

    def test_equal(self):
        """a model has no error against itself at 25 + 3 positions, and the picture is a PNG"""
        status, said, _ = self.run_evaluate(self.folder / "1.pt", "--random", 3, "--picture", self.folder / "out.png")
        self.assertEqual(status, 0)
        self.assertIn("all: mean 0.000 %, worst 0.000 %", said)
        self.assertEqual(len(re.findall(r"\b0\.000\b", said)), 2 + 25 + 2)
        self.assertEqual((self.folder / "out.png").read_bytes()[:4], b"\x89PNG")

    def test_different(self):
        """a model has an error above 10 % against another model"""
        _, said, _ = self.run_evaluate(self.folder / "2.pt")
        self.assertGreater(float(re.search(r"all: mean ([\d.]+) %", said).group(1)), 10)

    def test_missing(self):
        """a missing checkpoint gives one line and exit status 2"""
        status, _, told = self.run_evaluate(self.folder / "3.pt")
        self.assertEqual((status, len(told.splitlines())), (2, 1))


if __name__ == "__main__":
    common.main()
