#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Recorded pairs: checked, aligned, split, trained on; and what is wrong with them told in one line."""

import shutil
import subprocess
import sys
import unittest

import numpy as np
import soundfile

import common
import pairs
import recordings

RATE_HZ = 48000
N = 40 * 4096
KNOBS = ((0.0, 0.0), (0.5, 2.0), (1.0, 1.5))


def pedal(x, drive, treble):
    """An overdrive of our own: tanh, then a first difference mixed in; peak below 0.9."""
    driven = np.tanh((1 + 9 * drive) * x)
    return 0.8 * (driven - 0.1 * treble * np.concatenate([[0], driven[:-1]])) / 1.2


class Recordings(unittest.TestCase):
    def setUp(self):
        self.folder = common.scratch_folder(self.addCleanup)
        self.recordings = self.folder / "recordings"
        for side in "xy":
            (self.recordings / side).mkdir(parents=True)
        self.configure()

    def configure(self, arch="film-gru", knobs=2):
        text = common.config_text(arch, knobs=knobs).replace("data: {", "data: {buffer_size: 3000, ")
        (self.folder / "config.yml").write_text(f"{text}train: {{batch_size: 4, epochs: 1, interval_val: 2}}\n")

    def record(self, lag=0, names=None, knobs=KNOBS):
        """A pair for each knob position, y later by `lag` samples."""
        for seed, position in enumerate(knobs):
            name = names[seed] if names else "".join(f"_{k}{v:g}" for k, v in zip("dt", position))
            x = common.playing(N, seed)
            y = np.roll(pedal(x, *(position or (1, 1))), lag)
            self.write("x", name, x)
            self.write("y", name, y)

    def write(self, side, name, audio, rate_hz=RATE_HZ):
        soundfile.write(self.recordings / side / f"{side}{name}.wav", audio, rate_hz, "FLOAT")

    def prepare(self, *options):
        command = [sys.executable, common.TOP / "weights/prepare.py", "recordings", self.recordings,
                   self.folder / "config.yml", self.folder / "data", *options]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def refused(self, word, *options):
        result = self.prepare(*options)
        self.assertEqual((result.returncode, len(result.stderr.splitlines())), (2, 1), result.stderr)
        self.assertIn(word, result.stderr)
        common.note(result.stderr.strip())
        self.assertEqual([], list(self.folder.glob("data*")), "something half-written")

    def part(self, name):
        return [np.array(array) for array in pairs.Pairs(self.folder / "data" / name).arrays]

    def test_splits(self):
        """60, 10 and 30 %, apart; y is what came out of x; knobs normalised"""
        self.record()
        result = self.prepare()
        self.assertEqual(result.returncode, 0, result.stderr)
        seen = []
        for name, share in (("train", 0.6), ("valid", 0.1), ("test", 0.3)):
            x, _, knobs = self.part(name)
            self.assertEqual(x.shape[1], 1024 + 6000)  # whole buffers
            self.assertAlmostEqual(len(x) * 6000 / (3 * N), share, delta=0.07)
            self.assertEqual({tuple(row) for row in knobs}, {(-1, -1), (0, 1), (1, 0.5)})
            seen.append({row.tobytes() for row in x[:, pairs.WARM_UP:]})
        self.assertLess(self.error(), 1e-6)
        self.assertFalse(seen[0] & seen[1] or seen[1] & seen[2] or seen[0] & seen[2])

    def error(self):
        """The largest difference between the training part's y and what the pedal makes of its x."""
        x, y, knobs = self.part("train")
        return max(np.abs(pedal(one, (drive + 1) / 2, treble + 1) - other)[1:].max()
                   for one, other, (drive, treble) in zip(x, y, knobs))

    def test_lag(self):
        """y late or early: told, and taken out on demand"""
        for samples in (137, -45):
            self.record(lag=samples)
            self.assertIn(f"y comes {samples} samples after x", self.prepare().stdout)
            self.assertGreater(self.error(), 0.1)
            shutil.rmtree(self.folder / "data")
            self.assertEqual(self.prepare("--align").returncode, 0)
            self.assertLess(self.error(), 1e-6)
            shutil.rmtree(self.folder / "data")

    def test_upside_down(self):
        """a pedal that inverts is aligned as well"""
        x = common.playing(N, 1)
        self.assertEqual(recordings.lag(x, -np.roll(pedal(x, 1, 1), 99), RATE_HZ), 99)

    def test_clipping(self):
        """is told; a loud peak alone is not"""
        self.record()
        y = 0.5 * common.playing(N, 0)
        y[100], y[200:205] = 1.0, -1.0
        self.write("y", "_d0_t0", y)
        self.assertIn("x_d0_t0.wav: y comes 0 samples after x, y is clipped", self.prepare().stdout)
        y[200:205] = 0
        self.assertFalse(recordings.is_clipped(y))

    def test_trains(self):
        """from the recordings to a model, with knobs and without"""
        for knobs, arch, positions, names in ((2, "concat-gru", KNOBS, None), (0, "snapshot-gru", ((),), [""])):
            self.configure(arch, knobs)
            shutil.rmtree(self.folder / "data", ignore_errors=True)
            for path in self.recordings.glob("*/*.wav"):
                path.unlink()
            self.record(knobs=positions, names=names)
            self.assertEqual(self.prepare().returncode, 0)
            command = [sys.executable, common.TOP / "weights/train.py", self.folder / "config.yml",
                       self.folder / "data", self.folder / arch]
            subprocess.run(command, capture_output=True, check=True)
            self.assertTrue((self.folder / arch / "best_params.pt").exists())

    def test_refuses(self):
        """what is wrong, in one line, and nothing written"""
        self.refused("no recordings")
        self.record()
        whole = {path: path.read_bytes() for path in self.recordings.glob("*/*.wav")}
        y = self.recordings / "y/y_d1_t1.5.wav"

        def broken(word, change, *options):
            change()
            self.refused(word, *options)
            for path in self.recordings.glob("*/*.wav"):
                path.unlink()
            for path, data in whole.items():
                path.write_bytes(data)

        audio = common.playing(N, 1)
        broken("has no", y.unlink)
        broken("has no", (self.recordings / "x/x_d1_t1.5.wav").unlink)
        broken("44100 Hz", lambda: self.write("y", "_d1_t1.5", audio, 44100))
        broken("2 channels", lambda: self.write("y", "_d1_t1.5", np.stack([audio, audio], 1)))
        broken("not finite", lambda: self.write("y", "_d1_t1.5", np.where(np.arange(N) == 9, np.nan, audio)))
        broken("silent", lambda: self.write("y", "_d1_t1.5", 0 * audio))
        broken("no sound file", lambda: y.write_text("text"))
        broken("tells 1 knobs", lambda: self.record(names=["_d1"], knobs=((1, 1),)))
        broken("names must look", lambda: self.record(names=["_D1_t1"], knobs=((1, 1),)))
        broken("norm_tensor", lambda: self.record(knobs=((1, 2.5),)))
        broken("names its knobs", lambda: self.record(names=["_d1_q1"], knobs=((1, 1),)))
        for path in whole:
            soundfile.write(path, audio[:20000], RATE_HZ)
        self.refused("too short")

    def test_full_disk(self):
        """told at once, and nothing half-written"""
        with self.assertRaises(OSError), pairs.Writer(self.folder / "data") as writer:
            writer.part("train", 1 << 40, 1 << 20, 2)
        self.assertEqual([], list(self.folder.glob("data*")))

    def test_never_overwrites(self):
        """a data folder that is there stays"""
        (self.folder / "data").mkdir()
        self.record()
        self.assertIn("there already", self.prepare().stderr)


if __name__ == "__main__":
    common.main()
