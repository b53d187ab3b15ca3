#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real hosts' tools load the bundle and render the same sound; the validators find nothing."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np
import soundfile

import common

URI = "urn:od3-lv2:od3"
CONTROLS = {"gain": 7, "tone": 3.5, "level": -2, "oversampling": 1, "enabled": 1}
RATE_HZ = 48000
N = 2 * RATE_HZ


def tool(*command):
    """Runs a tool; its output, both streams."""
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


class Render(unittest.TestCase):
    """Each host against lv2apply, which connects everything before it activates."""

    def setUp(self):
        self.folder = common.scratch_folder(self.addCleanup)
        t = np.arange(N) / RATE_HZ
        notes = sum(np.sin(2 * np.pi * f * t) for f in (110.0, 164.8, 220.0)) / 6 * np.exp(-3 * (t % 0.5))
        self.clip = self.folder / "clip.wav"
        soundfile.write(self.clip, notes, RATE_HZ, "FLOAT")
        self.expected = self.play("lv2apply", "-i", self.clip, "-o", self.folder / "lv2apply.wav",
                                  *(word for name, value in CONTROLS.items() for word in ("-c", name, value)), URI)

    def play(self, *command):
        status, said = tool(*command)
        self.assertEqual(status, 0, said)
        played, rate_hz = soundfile.read(self.folder / f"{command[0]}.wav", always_2d=True)
        self.assertEqual((rate_hz, played.shape), (RATE_HZ, (N, 1)))
        return played[:, 0]

    def compare(self, played, limit_db):
        difference = np.sqrt(np.mean((played - self.expected) ** 2) / np.mean(self.expected ** 2))
        difference_db = 20 * np.log10(difference + 1e-15)
        common.note(f"{self.id().split('_')[-1]}: {difference_db:.1f} dB from lv2apply")
        self.assertLessEqual(difference_db, limit_db)

    def test_lv2apply(self):
        """lv2apply (one frame a run) plays, and is not the input"""
        clip, _ = soundfile.read(self.clip)
        self.assertGreater(np.std(self.expected), 0.01)
        self.assertGreater(np.std(self.expected - clip), 0.01)

    def test_ecasound(self):
        """ecasound plays the same"""
        values = ",".join(str(value) for value in CONTROLS.values())
        self.compare(self.play("ecasound", "-q", "-f:f32_le,1,48000", "-i", self.clip,
                               f"-o:{self.folder / 'ecasound.wav'}", f"-elv2:{URI},{values}"), -140)

    def test_lv2proc(self):
        """lv2proc plays the same"""
        self.compare(self.play("lv2proc", "-i", self.clip, "-o", self.folder / "lv2proc.wav",
                               *(word for name, value in CONTROLS.items() for word in ("-c", f"{name}:{value}")), URI),
                     -140)

    def test_lv2file(self):
        """lv2file, which sets controls after it activates, plays the same but for the last trace of settling"""
        self.compare(self.play("lv2file", "-b", 64, "-i", self.clip, "-o", self.folder / "lv2file.wav",
                               *(word for name, value in CONTROLS.items() for word in ("-p", f"{name}:{value}")), URI),
                     -70)


class Bench(unittest.TestCase):
    def test_lv2bench(self):
        """lv2bench, which skips what it can't run, runs it"""
        status, said = tool("lv2bench", "-b", 64, "-n", 48000, URI)
        self.assertEqual(status, 0, said)
        self.assertRegex(said, rf"^[\d.]+ {URI}\n$")
        self.assertGreater(float(said.split()[0]), 0)


class Validate(unittest.TestCase):
    def check(self, validator, *files):
        status, said = tool(validator, *files)
        self.assertEqual(status, 0, said)
        self.assertRegex(said, r"Found 0 errors among \d+ files")
        counted = int(re.search(r"among (\d+) files", said).group(1))
        self.assertGreaterEqual(counted, len(files))

    def bundle(self):
        files = sorted((common.TOP / "od3.lv2").glob("*.ttl"))
        self.assertGreaterEqual(len(files), 2)
        return [*files, common.TOP / "test/mod.ttl"]

    def test_lv2_validate(self):
        """lv2_validate finds 0 errors"""
        self.check("lv2_validate", *self.bundle())

    def test_validator_notices(self):
        """lv2_validate does find an error that is planted"""
        with tempfile.TemporaryDirectory() as folder:
            text = (common.TOP / "od3.lv2/od3.ttl").read_text()
            broken = Path(folder) / "od3.ttl"
            broken.write_text(text.replace('lv2:symbol "gain"', 'lv2:symbol "no symbol"'))
            self.assertNotIn("Found 0 errors", tool("lv2_validate", broken)[1])


class Bundle(unittest.TestCase):
    def test_files(self):
        """the bundle holds what it needs and nothing else"""
        self.assertEqual(sorted(os.listdir(common.TOP / "od3.lv2")),
                         ["manifest.ttl", "modgui", "modgui.ttl", "od3.gru", "od3.so", "od3.ttl", "presets.ttl"])

    def test_symbols(self):
        """the library exports lv2_descriptor alone, and needs libc and libm alone"""
        library = common.TOP / "od3.lv2/od3.so"
        _, exported = tool("nm", "-D", "--defined-only", library)
        self.assertEqual([line.split()[-1] for line in exported.splitlines()], ["lv2_descriptor"])
        _, headers = tool("objdump", "-p", library)
        needed = set(re.findall(r"NEEDED\s+(\S+)", headers))
        self.assertLessEqual(needed, {"libc.so.6", "libm.so.6"})

    def test_listed(self):
        """lv2ls lists the plugin"""
        self.assertIn(URI, tool("lv2ls")[1].split())


if __name__ == "__main__":
    common.main()
