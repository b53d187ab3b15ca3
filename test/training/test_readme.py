#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The commands in weights/README.md work as they stand there, on a simulated pedal and in small."""

import contextlib
import importlib
import io
import json
import os
import re
import shlex
import signal
import unittest
from pathlib import Path

import torch

import captures
import common
import gru_file
import pyneuralfx
import simulated_pedals

README = common.TOP / "weights/README.md"
# These changes shorten the README's commands.
SMALLER = (("record.py pedal", "record.py pedal --minutes 0.1 --steps 2"), ("--minutes 60", "--minutes 0.01"),
           ("report.py mine.gru report", "report.py mine.gru report --positions 3"))


def commands(section):
    """Returns the commands of weights/ in one section, in their order, with continued lines joined."""
    text = README.read_text().split(f"\n## {section}\n")[1].split("\n## ")[0].replace("\\\n", " ")
    return re.findall(r"^ {4,}(weights/.*)$", text, re.MULTILINE)


class Readme(unittest.TestCase):
    def setUp(self):
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(common.scratch_folder(self.addCleanup))
        for number in (signal.SIGINT, signal.SIGTERM):
            self.addCleanup(signal.signal, number, signal.getsignal(number))

    def follow(self, command):
        """Runs a command of weights/ in this process; returns what it prints."""
        program, *words = shlex.split(command)
        path = common.TOP / program
        self.assertTrue(os.access(path, os.X_OK), path)
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()) as told:
            status = importlib.import_module(path.stem).main(words)
        self.assertEqual(status, 0, f"{command}: {told.getvalue()}")
        return said.getvalue()

    def test_own_pedal(self):
        """from an empty folder to a model of the pedal and its page"""
        text = "\n".join(commands("Train on your pedal"))
        for long, short in SMALLER:
            self.assertEqual(text.count(long), 1, long)
            text = text.replace(long, short)
        record, *others = text.splitlines()
        self.assertEqual([re.match(r"weights/(\w+)\.py", line)[1] for line in others],
                         ["prepare", "train", "export", "report"])
        self.follow(record)
        config = Path("pedal/config.yml")
        config.write_text(re.sub("(hidden_size:) 32 ", r"\1 8 ", config.read_text()))
        simulated_pedals.record_sheet(Path("pedal"), "overdrive")
        told = [self.follow(command) for command in others]
        found = [int(n) for n in re.findall(r"y comes (\d+) samples after x \(by the clicks\)", told[0])]
        self.assertEqual(len(found), 4, told[0])
        self.assertIn(f"cut {min(found)} samples", told[0])
        self.assertLessEqual(max(found), simulated_pedals.LATENCY)
        self.assertGreater(min(found), simulated_pedals.LATENCY - 20)  # its resampler rings before the sound
        self.assertEqual(gru_file.read("mine.gru")[1:3], (48000, [("drive", 0, 10), ("tone", 0, 10)]))
        self.assertIn("Error against the recordings", Path("report/index.html").read_text())
        sheet = Path("pedal/sheet.txt").read_text()
        for command in commands("Train on your pedal")[1:]:
            self.assertIn(command, sheet)

    def test_own_model(self):
        """a checkpoint of PyNeuralFx and a capture become models"""
        Path("config.yml").write_text(common.config_text("concat-gru"))
        torch.save(common.random_parameters(pyneuralfx.read_config("config.yml"), 1), "best_params.pt")
        Path("capture.json").write_text(json.dumps(captures.document(captures.draw("keras", "gru", 8, knobs=2))))
        for section in ("Play your own PyNeuralFx model", "Convert a capture"):
            for command in commands(section):
                self.follow(command)
        self.assertTrue(Path("mine.json").exists())


if __name__ == "__main__":
    common.main()
