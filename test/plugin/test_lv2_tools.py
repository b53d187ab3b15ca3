#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Command-line hosts load the bundle and render the same sound; lv2_validate finds no error."""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import soundfile

import common

sys.path.insert(0, str(common.TOP / "ttl"))

import plugin_definition  # noqa: E402 # found through the line above
from plugin_definition import URI  # noqa: E402

CONTROLS = {"gain": 7, "tone": 3.5, "level": -2, "oversampling": 1, "enabled": 1, "input": 3, "blend": 90,
            "match": 0, "phase": 1}
RATE_HZ = 48000
N = 2 * RATE_HZ


def tool(*command):
    """Runs a tool; (its exit status, what it wrote on both streams)."""
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


class Render(unittest.TestCase):
    """Compares each host's render with that of lv2apply, which connects all ports before it activates."""

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

    def compare(self, played, limit_db, first=0):
        """Compares the frames from the first one on."""
        expected = self.expected[first:]
        difference = np.sqrt(np.mean((played[first:] - expected) ** 2) / np.mean(expected ** 2))
        difference_db = 20 * np.log10(difference + 1e-15)
        common.note(f"{self.id().split('_')[-1]}: {difference_db:.1f} dB from lv2apply")
        self.assertLessEqual(difference_db, limit_db)

    def test_lv2apply(self):
        """lv2apply, which runs one frame at a time, changes the input"""
        clip, _ = soundfile.read(self.clip)
        self.assertGreater(np.std(self.expected), 0.01)
        self.assertGreater(np.std(self.expected - clip), 0.01)

    def test_ecasound(self):
        """ecasound plays the same; it counts output ports among the controls"""
        values = ",".join(str(CONTROLS.get(symbol, 0)) for symbol in plugin_definition.CONTROLS)
        self.compare(self.play("ecasound", "-q", "-f:f32_le,1,48000", "-i", self.clip,
                               f"-o:{self.folder / 'ecasound.wav'}", f"-elv2:{URI},{values}"), -140)

    def test_lv2proc(self):
        """lv2proc plays the same"""
        self.compare(self.play("lv2proc", "-i", self.clip, "-o", self.folder / "lv2proc.wav",
                               *(word for name, value in CONTROLS.items() for word in ("-c", f"{name}:{value}")), URI),
                     -140)

    def test_lv2file(self):
        """lv2file plays nearly the same 50 ms later: it sets controls after it activates, so the start differs"""
        self.compare(self.play("lv2file", "-b", 64, "-i", self.clip, "-o", self.folder / "lv2file.wav",
                               *(word for name, value in CONTROLS.items() for word in ("-p", f"{name}:{value}")), URI),
                     -70, first=RATE_HZ // 20)


class Bench(unittest.TestCase):
    def test_lv2bench(self):
        """lv2bench runs it; it would skip a plugin that it cannot run"""
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
        return [*files, common.TOP / "test/plugin/mod.ttl"]

    def test_lv2_validate(self):
        """lv2_validate finds 0 errors"""
        self.check("lv2_validate", *self.bundle())

    def test_validator_notices(self):
        """lv2_validate finds a planted error"""
        with tempfile.TemporaryDirectory() as folder:
            text = (common.TOP / "od3.lv2/od3.ttl").read_text()
            broken = Path(folder) / "od3.ttl"
            broken.write_text(text.replace('lv2:symbol "gain"', 'lv2:symbol "no symbol"'))
            self.assertNotIn("Found 0 errors", tool("lv2_validate", broken)[1])


class Bundle(unittest.TestCase):
    def test_files(self):
        """the bundle holds what it needs and nothing else"""
        self.assertEqual(sorted(os.listdir(common.TOP / "od3.lv2")),
                         ["manifest.ttl", "modgui", "modgui.ttl", "od3.gru", "od3.so", "od3.ttl", "od3_ui.so",
                          "player.ttl", "presets.ttl", "stereo.ttl", "ui.ttl"])

    def test_symbols(self):
        """the library exports only lv2_descriptor and needs only libc and libm"""
        library = common.TOP / "od3.lv2/od3.so"
        _, exported = tool("nm", "-D", "--defined-only", library)
        self.assertEqual([line.split()[-1] for line in exported.splitlines()], ["lv2_descriptor"])
        _, headers = tool("objdump", "-p", library)
        needed = set(re.findall(r"NEEDED\s+(\S+)", headers))
        self.assertLessEqual(needed, {"libc.so.6", "libm.so.6"})

    def test_window_symbols(self):
        """the window's library exports only lv2ui_descriptor and needs X11 and cairo besides"""
        library = common.TOP / "od3.lv2/od3_ui.so"
        _, exported = tool("nm", "-D", "--defined-only", library)
        of_the_linker = {"__bss_start", "_edata", "_end"}
        self.assertEqual({line.split()[-1] for line in exported.splitlines()} - of_the_linker, {"lv2ui_descriptor"})
        _, headers = tool("objdump", "-p", library)
        self.assertEqual(set(re.findall(r"NEEDED\s+(\S+)", headers)) - {"libm.so.6"},
                         {"libc.so.6", "libX11.so.6", "libcairo.so.2"})

    def test_listed(self):
        """lv2ls lists the plugin"""
        self.assertIn(URI, tool("lv2ls")[1].split())


if __name__ == "__main__":
    common.main()
