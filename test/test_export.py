#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""export.py: what it writes, what it refuses, and that a refusal leaves no trace."""

import contextlib
import io
import os
import subprocess
import sys
import unittest
from pathlib import Path

import torch

import common
import export
import gru_file
import pyneuralfx


class Export(unittest.TestCase):
    def setUp(self):
        self.folder = common.scratch_folder(self.addCleanup)
        self.out = self.folder / "out.gru"

    def run_export(self, checkpoint, text, *options):
        """export.py's exit status and the lines it said."""
        paths = self.folder / "checkpoint.pt", self.folder / "config.yml"
        if isinstance(checkpoint, bytes):
            paths[0].write_bytes(checkpoint)
        elif checkpoint is not None:
            torch.save(checkpoint, paths[0])
        paths[1].write_text(text)
        said, told = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
            status = export.main([str(word) for word in (*paths, self.out, *options)])
        self.assertEqual(said.getvalue(), "")
        return status, told.getvalue().splitlines()

    def refused(self, checkpoint, text, *words, options=()):
        self.out.write_bytes(b"as it was")
        status, lines = self.run_export(checkpoint, text, *options)
        self.assertEqual(status, 2, lines)
        self.assertEqual(len(lines), 1, lines)
        for word in words:
            self.assertIn(word, lines[0])
        self.assertEqual(self.out.read_bytes(), b"as it was")
        self.assertLessEqual(set(os.listdir(self.folder)), {"checkpoint.pt", "config.yml", "out.gru"})

    @staticmethod
    def model(**kind):
        text = common.config_text(**kind)
        return common.random_parameters(pyneuralfx.parse_config(text), 1), text

    def test_writes(self):
        """what a file says of its model"""
        parameters, text = self.model(arch="statichyper-gru", rate=44100)
        status, lines = self.run_export(parameters, text, "--knob", "Höhe", "--knob", "tone", "--author", "me",
                                        "--source", "my pedal\nof 1997")
        self.assertEqual((status, lines), (0, []))
        model, rate_hz, knobs, provenance = gru_file.read(self.out)
        self.assertEqual((rate_hz, knobs), (44100, [("Höhe", 0.0, 1.0), ("tone", 0.0, 2.0)]))
        self.assertIn("statichyper-gru, 8 units", provenance)
        self.assertIn("author: me\n", provenance)
        self.assertIn("source: my pedal of 1997\n", provenance)
        expected = pyneuralfx.affine_form(parameters, pyneuralfx.parse_config(text))
        knobs = torch.tensor([0.2, -0.9])
        self.assertLess((model.theta(knobs) - expected.theta(knobs)).abs().max(), 1e-6)

    def test_repeats(self):
        """the same bytes each time, with the permissions of any new file"""
        parameters, text = self.model(arch="film-gru")
        self.run_export(parameters, text)
        first = self.out.read_bytes()
        self.run_export(parameters, text)
        self.assertEqual(self.out.read_bytes(), first)
        (self.folder / "plain").touch()
        self.assertEqual(self.out.stat().st_mode, (self.folder / "plain").stat().st_mode)

    def test_concat_moves_biases_only(self):
        """a concat model's file is small: only its biases move"""
        parameters, text = self.model(arch="concat-gru", hidden=32)
        self.run_export(parameters, text)
        self.assertLess(self.out.stat().st_size, 4 * (3 * 32 * 32 + 7 * 32 + 2 * 4 * 32 + 33) + 300)

    def test_refuses_kinds(self):
        """kinds that can't be played"""
        parameters, text = self.model(arch="statichyper-gru")
        for arch in ("dynamichyper-gru", "concat-lstm", "statichyper-lstm", "snapshot-vanilla-rnn", "concat-gcn"):
            self.refused(parameters, text.replace("statichyper-gru", arch), arch)
        self.refused(parameters, text.replace("layer_norm: False", "layer_norm: True"), "layer_norm")
        self.refused(parameters, text.replace("inp_channels: 1", "inp_channels: 2"), "inp_channels")
        self.refused(parameters, text.replace("out_channels: 1", "out_channels: 2"), "out_channels")

    def test_refuses_configurations(self):
        """configurations that make no sense"""
        parameters, text = self.model(arch="statichyper-gru")
        size, ranges = "main_rnn_hidden_size: 8", "[[0, 1], [0, 2]]"
        cases = ((size, "main_rnn_hidden_size: 3"), (size, "main_rnn_hidden_size: 65"),
                 (size, "main_rnn_hidden_size: many"), ("num_conds: 2", "num_conds: 5"),
                 ("num_conds: 2", "num_conds: 0"), (ranges, "[[0, 1]]"), (ranges, "[[0, 1], [2, 2]]"),
                 (ranges, "[[0, 1], [0, .nan]]"), ("sampling_rate: 48000", "sampling_rate: 0"),
                 ("rnn_bias: True", "rnn_bias: 7"), ("data:", "date:"))
        for old, new in cases:
            self.assertIn(old, text)
            self.refused(parameters, text.replace(old, new))
        self.refused(parameters, "just text", "mapping")
        self.refused(parameters, "{", "YAML")

    def test_refuses_mismatches(self):
        """checkpoints of another shape than the configuration's"""
        parameters, text = self.model(arch="statichyper-gru")
        self.refused(parameters, text.replace("main_rnn_hidden_size: 8", "main_rnn_hidden_size: 16"), "shape")
        self.refused(parameters, text.replace("mlp_size: 8", "mlp_size: 4"), "shape")
        self.refused(parameters, text.replace("rnn_bias: True", "rnn_bias: False"), "linear_out.bias")
        self.refused(parameters, text.replace("statichyper", "film"), "cond_mlp.0.0.bias")
        less = dict(parameters)
        del less["proj_hh.weight"]
        self.refused(less, text, "no proj_hh.weight")
        self.refused({**parameters, "linear_out.bias": torch.tensor([float("nan")])}, text, "linear_out.bias", "finite")
        self.refused({**parameters, "linear_out.bias": torch.tensor([1e5])}, text, "1e+05")
        self.refused({**parameters, "linear_out.bias": torch.tensor([1])}, text, "linear_out.bias")

    def test_refuses_files(self):
        """files that are no checkpoint"""
        parameters, text = self.model(arch="statichyper-gru")
        torch.save(parameters, self.folder / "checkpoint.pt")
        whole = (self.folder / "checkpoint.pt").read_bytes()
        self.refused(whole[:len(whole) // 2], text, "checkpoint")
        self.refused(b"", text, "checkpoint")
        self.refused(b"RIFF of no use", text, "checkpoint")
        self.refused([1, 2, 3], text, "dictionary")
        self.refused(Path("a pickled path"), text, "checkpoint")
        (self.folder / "checkpoint.pt").unlink()
        self.refused(None, text, "checkpoint.pt")

    def test_refuses_names(self):
        """knob names that don't fit"""
        parameters, text = self.model(arch="statichyper-gru")
        self.refused(parameters, text, "1 knob names", options=("--knob", "gain"))
        self.refused(parameters, text, "15 bytes", options=("--knob", "gain", "--knob", "a very long knob name"))
        self.refused(parameters, text, "15 bytes", options=("--knob", "gain", "--knob", ""))

    def test_command(self):
        """the command by itself: its line and its exit status"""
        result = subprocess.run([sys.executable, common.TOP / "weights/export.py", "a", "b", self.out],
                                capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertRegex(result.stderr, r"\Aexport\.py: .*'b'\n\Z")

    def test_keeps_the_old_file(self):
        """a write that fails leaves the old file, and nothing beside it"""
        self.out.write_bytes(b"as it was")
        with self.assertRaises(TypeError):
            gru_file.write_atomically(self.out, "no bytes")
        self.assertEqual(self.out.read_bytes(), b"as it was")
        self.assertEqual(os.listdir(self.folder), ["out.gru"])
        parameters, text = self.model(arch="statichyper-gru")
        self.out = self.folder / "no such folder" / "out.gru"
        status, lines = self.run_export(parameters, text)
        self.assertEqual((status, len(lines)), (2, 1))


if __name__ == "__main__":
    common.main()
