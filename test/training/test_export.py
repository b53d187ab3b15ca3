#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""export.py writes valid models, and refuses invalid input without writing a file."""

import contextlib
import io
import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

import torch

import captures
import common
import export
import gru_file
import plan
import pyneuralfx


class Export(unittest.TestCase):
    def setUp(self):
        self.folder = common.scratch_folder(self.addCleanup)
        self.out = self.folder / "out.gru"

    def run_export(self, checkpoint, text, *options):
        """Runs export.py; returns its exit status and its error lines."""
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
        """a file holds the rate, knobs, provenance and parameters of its model"""
        parameters, text = self.model(arch="statichyper-gru", rate=44100)
        status, lines = self.run_export(parameters, text, "--knob", "Höhe", "--knob", "tone", "--author", "me",
                                        "--source", "my pedal\nof 1997", "--trained-peak", "-0.5",
                                        "--input-level", "12")
        self.assertEqual((status, lines), (0, []))
        model, rate_hz, knobs, provenance = gru_file.read(self.out)
        self.assertEqual((rate_hz, knobs), (44100, [("Höhe", 0.0, 1.0), ("tone", 0.0, 2.0)]))
        self.assertIn("statichyper-gru, 8 units", provenance)
        self.assertIn("author: me\n", provenance)
        self.assertIn("source: my pedal of 1997\n", provenance)
        self.assertIn("\ntrained_peak_dbfs: -0.5\n", provenance)
        self.assertIn("\ninput_level_dbu: 12\n", provenance)
        self.refused(parameters, text, "trained_peak_dbfs", "201", "200", options=("--trained-peak", "201"))
        expected = pyneuralfx.affine_form(parameters, pyneuralfx.parse_config(text))
        knobs = torch.tensor([0.2, -0.9])
        self.assertLess((model.theta(knobs) - expected.theta(knobs)).abs().max(), 1e-6)

    def test_repeats(self):
        """two exports give the same bytes, with the permissions of any new file"""
        parameters, text = self.model(arch="film-gru")
        self.run_export(parameters, text)
        first = self.out.read_bytes()
        self.run_export(parameters, text)
        self.assertEqual(self.out.read_bytes(), first)
        (self.folder / "plain").touch()
        self.assertEqual(self.out.stat().st_mode, (self.folder / "plain").stat().st_mode)

    def test_concat_conditions_biases_only(self):
        """the file of a concat model is small, since only its biases are conditioned"""
        parameters, text = self.model(arch="concat-gru", hidden=32)
        self.run_export(parameters, text)
        self.assertLess(self.out.stat().st_size, 4 * (3 * 32 * 32 + 7 * 32 + 2 * 4 * 32 + 33) + 300)

    def test_refuses_kinds(self):
        """kinds of model that the plugin cannot play are refused"""
        parameters, text = self.model(arch="statichyper-gru")
        for arch in ("dynamichyper-gru", "dynamichyper-lstm", "snapshot-vanilla-rnn", "concat-gcn"):
            self.refused(parameters, text.replace("statichyper-gru", arch), arch)
        self.refused(parameters, text.replace("layer_norm: False", "layer_norm: True"), "layer_norm")
        self.refused(parameters, text.replace("inp_channels: 1", "inp_channels: 2"), "inp_channels")
        self.refused(parameters, text.replace("out_channels: 1", "out_channels: 2"), "out_channels")

    def test_refuses_configurations(self):
        """invalid configurations are refused"""
        parameters, text = self.model(arch="statichyper-gru")
        size, ranges = "main_rnn_hidden_size: 8", "[[0, 1], [0, 2]]"
        cases = ((size, "main_rnn_hidden_size: 3"), (size, "main_rnn_hidden_size: 81"),
                 (size, "main_rnn_hidden_size: many"), ("num_conds: 2", "num_conds: 5"),
                 ("num_conds: 2", "num_conds: 0"), (ranges, "[[0, 1]]"), (ranges, "[[0, 1], [2, 2]]"),
                 (ranges, "[[0, 1], [0, .nan]]"),
                 (ranges, "[[0, 1], [0, 10001]]"), (ranges, "[[0, 1], [1, 1.000000001]]"),
                 ("sampling_rate: 48000", "sampling_rate: 0"), ("rnn_bias: True", "rnn_bias: 7"), ("data:", "date:"))
        for old, new in cases:
            self.assertIn(old, text)
            self.refused(parameters, text.replace(old, new))
        self.refused(parameters, text.replace("layer_norm: False", "layer_norm: 'False'"), "layer_norm is 'False'")
        self.refused(parameters, text.replace(size, "main_rnn_hidden_size: 81"), "config.yml: ",
                     "hidden_size is 81", "80")
        self.refused(parameters, text + "date: 2024-99-99", "YAML")
        self.refused(parameters, "just text", "mapping")
        self.refused(parameters, "{", "YAML")

    def test_refuses_mismatches(self):
        """checkpoints that do not match the configuration are refused"""
        parameters, text = self.model(arch="statichyper-gru")
        self.refused(parameters, text.replace("main_rnn_hidden_size: 8", "main_rnn_hidden_size: 16"), "shape")
        self.refused(parameters, text.replace("mlp_size: 8", "mlp_size: 4"), "shape")
        self.refused(parameters, text.replace("rnn_bias: True", "rnn_bias: False"), "linear_out.bias")
        self.refused(parameters, text.replace("statichyper", "film"), "cond_mlp.0.0.bias")
        less = dict(parameters)
        del less["proj_hh.weight"]
        self.refused(less, text, "no proj_hh.weight")
        self.refused({**parameters, "linear_out.bias": torch.tensor([float("nan")])}, text, "linear_out.bias", "finite")
        self.refused({**parameters, "linear_out.bias": torch.tensor([1e5])}, text,
                     "checkpoint.pt: output bias[0] is 1e+05; the limit is 10000")
        self.refused({**parameters, "linear_out.bias": torch.tensor([1])}, text, "linear_out.bias", "int64")
        self.refused({**parameters, "linear_out.bias": torch.tensor([1e300], dtype=torch.float64)}, text, "1e+300")

    def test_refuses_loud_layers(self):
        """an MLP that could put out more than the plugin accepts"""
        parameters, text = self.model(arch="film-gru", blocks=6)
        loud = {name: 1e4 + 0 * tensor if name.startswith("gen.") and not name.startswith("gen.6") else tensor
                for name, tensor in parameters.items()}
        self.refused(loud, text, "checkpoint.pt: layer 4 can put out", "1e+20")

    def test_refuses_files(self):
        """files that are not checkpoints are refused"""
        parameters, text = self.model(arch="statichyper-gru")
        torch.save(parameters, self.folder / "checkpoint.pt")
        whole = (self.folder / "checkpoint.pt").read_bytes()
        self.refused(whole[:len(whole) // 2], text, "checkpoint")
        self.refused(b"", text, "checkpoint")
        self.refused(b"RIFF of no use", text, "checkpoint")
        self.refused([1, 2, 3], text, "dictionary")
        self.refused(Path("a pickled path"), text, "checkpoint.pt: ", "safe mode")
        self.refused(torch.nn.Linear(2, 1), text, "checkpoint.pt: ", "safe mode", "state_dict()")
        self.refused(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", text, "Git LFS pointer")
        self.refused(b"\n<!DOCTYPE html>\n<html></html>\n", text, "web page")
        script = io.BytesIO()
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 1)), script)
        self.refused(script.getvalue(), text, "TorchScript")
        (self.folder / "checkpoint.pt").unlink()
        self.refused(None, text, "checkpoint.pt")

    def test_refuses_names(self):
        """knob names of the wrong number or length are refused"""
        parameters, text = self.model(arch="statichyper-gru")
        self.refused(parameters, text, "--knob gives 1 names", "num_conds", "is 2", options=("--knob", "gain"))
        self.refused(parameters, text, "15 bytes", options=("--knob", "gain", "--knob", "a very long knob name"))
        self.refused(parameters, text, "0 bytes", "15 bytes", options=("--knob", "gain", "--knob", ""))
        self.refused(parameters, text, "not UTF-8", "'H\\udcf6he'", options=("--knob", "gain", "--knob", "H\udcf6he"))
        self.refused(parameters, text, "cannot be printed", options=("--knob", "gain", "--knob", "a\tb"))
        self.refused(parameters, text, "not UTF-8", options=("--author", "J\udcf6rg"))
        self.refused(parameters, text, "70", "65536", options=("--source", "x" * 70000))

    def play_as(self, checkpoint, text, parameters):
        """Asserts that the checkpoint exports as the model of these parameters."""
        self.assertEqual(self.run_export(checkpoint, text), (0, []))
        model, *_ = gru_file.read(self.out)
        expected = pyneuralfx.affine_form(parameters, pyneuralfx.parse_config(text))
        knobs = torch.tensor([0.2, -0.9])
        self.assertLess((model.theta(knobs) - expected.theta(knobs)).abs().max(), 1e-6)

    def test_wrapped_checkpoints(self):
        """names with a prefix, and parameters one level down beside plain numbers"""
        parameters, text = self.model(arch="statichyper-gru")
        prefixed = {f"module.{name}": tensor for name, tensor in parameters.items()}
        compiled = {f"_orig_mod.{name}": tensor for name, tensor in parameters.items()}
        for checkpoint in (prefixed, compiled, {"model_state_dict": parameters}, {"state_dict": prefixed, "epoch": 3},
                           {"state_dict": parameters, "loss": 0.01, "optimizer": {"param_groups": [{"lr": 1e-3}]}}):
            self.play_as(checkpoint, text, parameters)

    def test_largest_number(self):
        """a number at the limit is exported, with either sign"""
        parameters, text = self.model(arch="statichyper-gru")
        for value in (1e4, -1e4):
            status, lines = self.run_export({**parameters, "linear_out.bias": torch.tensor([value])}, text)
            self.assertEqual((status, lines), (0, []))

    def test_precisions(self):
        """half, bfloat16 and double parameters"""
        parameters, text = self.model(arch="statichyper-gru")
        for dtype in (torch.float16, torch.bfloat16, torch.float64):
            rounded = {name: tensor.to(dtype) for name, tensor in parameters.items()}
            self.play_as(rounded, text, {name: tensor.float() for name, tensor in rounded.items()})

    def test_numbers(self):
        """1e-3 and 48e3 are numbers, also where YAML 1.1 takes them for text"""
        parameters, text = self.model(arch="statichyper-gru")
        text = text.replace("48000", "48e3").replace("[0, 2]", "[0, 2e0]")
        self.play_as(parameters, text + "train: {lr: 1e-3, epochs: 1}\n", parameters)
        self.assertEqual(gru_file.read(self.out)[1:3], (48000, [("gain", 0.0, 1.0), ("tone", 0.0, 2.0)]))
        self.assertEqual(plan.read(self.folder / "config.yml")[1].rate, 1e-3)
        (self.folder / "config.yml").write_text(text + "train: {lr: fast, epochs: 1}\n")
        with self.assertRaisesRegex(pyneuralfx.ModelError, r"config\.yml: train\.lr is 'fast'; .* from 1e-09 to 1"):
            plan.read(self.folder / "config.yml")

    def test_command(self):
        """the command prints one line and exits with 2 on an error"""
        result = subprocess.run([sys.executable, common.TOP / "weights/export.py", "a", "b", self.out],
                                capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertRegex(result.stderr, r"\Aexport\.py: .*'b'\n\Z")

    def refused_capture(self, text, *words):
        """Asserts that a capture in JSON is refused in one line, and no file is written."""
        path, told = self.folder / "capture.json", io.StringIO()
        path.write_text(text)
        with contextlib.redirect_stderr(told):
            self.assertEqual(export.main([str(path), str(self.out)]), 2)
        self.assertEqual(told.getvalue().count("\n"), 1)
        for word in words:
            self.assertIn(word, told.getvalue())
        self.assertFalse(self.out.exists())

    def test_refuses_captures(self):
        """captures that the plugin cannot play"""
        for cell in ("gru", "lstm"):
            for style, cases in (("keras", (('"dense"', '"conv"', "one dense layer"),
                                            ("[null, null, 1]", "[9]", "in_shape"),
                                            ('"layers"', '"in_skip": 2, "layers"', "in_skip is 2"),
                                            ('"layers"', '"samplerate": "x", "layers"', "sample rate is 'x'"),
                                            ('"layers"', '"in_gain": 61, "layers"', "in_gain is 61"))),
                                 ("torch", (('"lin.weight"', '"x"', "state_dict.lin.weight is missing"),
                                            ('"num_layers": 1', '"num_layers": 2', "num_layers is 2"),
                                            ('"hidden_size": 8', '"hidden_size": 9', "has shape"),
                                            (cell.upper(), "RNN", "unit_type is 'RNN'")))):
                text = json.dumps(captures.document(captures.draw(style, cell, 8)))
                for old, new, word in cases:
                    self.assertIn(old, text)
                    self.refused_capture(text.replace(old, new, 1), "capture.json: ", word)
        self.refused_capture("{", "capture.json: not a capture in JSON")
        self.refused_capture('{"architecture": "WaveNet"}', "no capture of AIDA-X")

    def test_keeps_the_old_file(self):
        """a write that fails leaves the old file and no other"""
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
