#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Recorded pairs are checked, aligned, split and trained on; an invalid pair gives one line."""

import contextlib
import io
import shutil
import subprocess
import sys
import unittest

import numpy as np
import soundfile
from scipy.signal import butter, sosfilt

import common
import alignment
import pairs
import prepare
import pyneuralfx
import recordings

RATE_HZ = 48000
N = 40 * 4096
KNOBS = ((0.0, 0.0), (0.5, 2.0), (1.0, 1.5))


def pedal(x, drive, treble):
    """A simple overdrive: tanh and a first difference; its peak is below 0.9."""
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
        words = ["recordings", self.recordings, self.folder / "config.yml", self.folder / "data", *options]
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
            status = prepare.main([str(word) for word in words])
        return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())

    def refused(self, word, *options):
        result = self.prepare(*options)
        self.assertEqual((result.returncode, len(result.stderr.splitlines())), (2, 1), result.stderr)
        self.assertIn(word, result.stderr)
        common.note(result.stderr.strip())
        self.assertEqual([], list(self.folder.glob("data*")), "something half-written")

    def part(self, name):
        return [np.array(array) for array in pairs.Pairs(self.folder / "data" / name).arrays]

    def test_splits(self):
        """parts of 60, 10 and 30 % do not overlap, y belongs to x, and knobs are normalised"""
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
        """the latency is reported, and --align removes it; y before x is refused without --align"""
        for samples in (137, -45):
            self.record(lag=samples)
            if samples < 0:
                self.refused("45 samples before its x")
            else:
                self.assertIn(f"y comes {samples} samples after x", self.prepare().stdout)
                self.assertGreater(self.error(), 0.1)
                shutil.rmtree(self.folder / "data")
            result = self.prepare("--align")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn(f"cut {abs(samples)} samples", result.stdout)
            self.assertLess(self.error(), 1e-6)
            shutil.rmtree(self.folder / "data")

    def test_one_latency(self):
        """pairs with different filters are cut alike, and their response never begins before its input"""
        recorded = []
        for seed, edge_hz in enumerate((500, 2000, 12000)):
            x = common.playing(N, seed)
            y = sosfilt(butter(2, edge_hz, fs=RATE_HZ, output="sos"), np.roll(x, 200))
            recorded.append(recordings.Recording(str(edge_hz), (), (), x, y))
        aligned = alignment.align(recorded, RATE_HZ, alignment.DEVICE)
        cuts = {N - len(x) for x, _ in aligned}
        common.note(f"cut {cuts}")
        self.assertEqual(len(cuts), 1)
        self.assertTrue(196 <= cuts.pop() <= 200)

    def test_several_latencies(self):
        """pairs with latencies of their own are refused, and --align-each aligns each"""
        for seed, position in enumerate(KNOBS):
            name = "".join(f"_{k}{v:g}" for k, v in zip("dt", position))
            x = common.playing(N, seed)
            self.write("x", name, x)
            self.write("y", name, np.roll(pedal(x, *position), 100 * seed))
        self.refused("one device has one latency", "--align")
        self.assertEqual(self.prepare("--align-each").returncode, 0)
        self.assertLess(self.error(), 1e-6)

    def test_clipping(self):
        """clipping, a DC offset and an inverted y are reported, but a single loud peak is not"""
        x = 0.5 * common.playing(N, 0)
        y = -x
        y[200:205] = -1.1
        self.record()
        self.write("x", "_d0_t0", x)
        self.write("y", "_d0_t0", y + 0.1)
        told = self.prepare().stdout
        for fault in ("y is clipped", "y is inverted", "y has a DC offset of 0.0999"):
            self.assertIn(fault, told)
        y[200:205], y[300] = 0, 1.0
        self.assertFalse(alignment.is_clipped(y))

    def test_formats(self):
        """FLAC, one channel of two, another sample rate, and several takes of one position are read"""
        x = common.playing(N, 1)
        (self.recordings / "x/x_d0_t0.txt").write_text("notes")
        for name, suffix, rate_hz in (("_d0_t0", "flac", RATE_HZ), ("_d0_t0-2", "wav", 2 * RATE_HZ)):
            audio = np.repeat(x, rate_hz // RATE_HZ)
            for side, signal in zip("xy", (audio, pedal(audio, 0, 0))):
                path = self.recordings / side / f"{side}{name}.{suffix}"
                soundfile.write(path, np.stack([0 * signal, signal], 1), rate_hz)
        self.refused("2 channels")
        self.refused("--channel is 3", "--channel", "3")
        self.refused("--resample", "--channel", "2")
        result = self.prepare("--channel", "2", "--resample")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("x_d0_t0.txt is left out", result.stdout)
        self.assertEqual(result.stdout.count("y comes 0 samples after x"), 2)

    def test_one_input(self):
        """one x.wav serves for every y"""
        x = common.playing(N, 1)
        self.write("x", "", x)
        for position in KNOBS:
            self.write("y", "".join(f"_{k}{v:g}" for k, v in zip("dt", position)), pedal(x, *position))
        self.assertEqual(self.prepare().returncode, 0)
        self.assertLess(self.error(), 1e-6)

    def test_trains(self):
        """training on recordings gives a checkpoint, with knobs and without"""
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

    def test_file_names(self):
        """a Mac's hidden files are ignored, .WAV is read, and PyNeuralFx's own split is kept"""
        self.record()
        for side in "xy":
            (self.recordings / side / f"._{side}_d0_t0.wav").write_bytes(b"Mac OS X")
            for path in (self.recordings / side).glob(f"{side}_*.wav"):
                path.rename(path.with_suffix(".WAV"))
        result = self.prepare()
        self.assertEqual(result.returncode, 0, result.stderr)
        shutil.rmtree(self.folder / "data")
        whole = self.recordings
        self.recordings = self.folder / "pedal"
        self.recordings.mkdir()
        whole.rename(self.recordings / "train")
        self.refused("train/x but no valid/x")
        shutil.copytree(self.recordings / "train", self.recordings / "valid")
        result = self.prepare()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("split already: train, valid", result.stdout)
        self.assertGreater(len(self.part("train")[0]), 0.9 * 3 * N / 6000 - 9)
        self.assertEqual(len(self.part("train")[0]), len(self.part("valid")[0]))

    def test_knob_names(self):
        """capital letters, decimal commas and exponents are read, also where x and y are written differently"""
        for x_name, y_name in (("X_D0,5_T1.5.WAV", "y_d0.5_t1.5.wav"), ("x_d1e0_t2E-1.flac", "Y_D1E0_T2e-1.aiff")):
            for side, name in (("x", x_name), ("y", y_name)):
                soundfile.write(self.recordings / side / name, common.playing(2000, 1), RATE_HZ)
        config = pyneuralfx.read_config(self.folder / "config.yml")
        read = recordings.read(self.recordings, config)[""]
        self.assertEqual([recording.letters for recording in read], [("d", "t")] * 2)
        self.assertEqual({recording.knobs for recording in read}, {(0.5, 1.5), (1.0, 0.2)})
        self.write("x", "_d0.5_t1.5", common.playing(2000, 1))
        with self.assertRaisesRegex(pyneuralfx.ModelError, "are the same take"):
            recordings.read(self.recordings, config)

    def test_exchanged(self):
        """exchanged x and y are told by their latency, and by their names in each other's folders"""
        x = common.playing(N, 1)
        pair = [recordings.Recording("y.wav", (), (), np.roll(pedal(x, 1, 1), 200), x)]
        with self.assertRaisesRegex(pyneuralfx.ModelError, "exchange x and y"):
            alignment.align(pair, RATE_HZ, alignment.KEEP)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            alignment.align(pair, RATE_HZ, alignment.DEVICE)
        self.assertRegex(said.getvalue(), r"y comes 2\d\d samples before x .*are x and y exchanged\?")
        self.write("y", "_d0_t0", x)
        (self.recordings / "y/y_d0_t0.wav").rename(self.recordings / "x/y_d0_t0.wav")
        with self.assertRaisesRegex(pyneuralfx.ModelError, "begin with x; are x and y exchanged"):
            recordings.read(self.recordings, pyneuralfx.read_config(self.folder / "config.yml"))

    def test_lost_power(self):
        """a file whose header says that it is empty is named"""
        self.record()
        path = self.recordings / "y/y_d0_t0.wav"
        whole = bytearray(path.read_bytes())
        at = whole.find(b"data")
        whole[at + 4:at + 8] = whole[4:8] = bytes(4)
        path.write_bytes(whole)
        self.refused("no samples")

    def test_refuses(self):
        """invalid recordings give one line, and nothing is written"""
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
        broken("has no partner", y.unlink)
        broken("has no partner", (self.recordings / "x/x_d1_t1.5.wav").unlink)
        broken("44100 Hz", lambda: self.write("y", "_d1_t1.5", audio, 44100))
        broken("2 channels", lambda: self.write("y", "_d1_t1.5", np.stack([audio, audio], 1)))
        broken("not finite", lambda: self.write("y", "_d1_t1.5", np.where(np.arange(N) == 9, np.nan, audio)))
        broken("silent", lambda: self.write("y", "_d1_t1.5", 0 * audio))
        broken("not a sound file", lambda: y.write_text("text"))
        broken("tells 1 knobs", lambda: self.record(names=["_d1"], knobs=((1, 1),)))
        broken("names must look", lambda: self.record(names=["_d1t1"], knobs=((1, 1),)))
        broken("has 0 bytes", lambda: y.write_bytes(b""))
        broken("y_d1_t2.5.wav: t is 2.5; the limits in data.norm_tensor are 0 and 2",
               lambda: self.record(knobs=((1, 2.5),)))
        broken("names its knobs", lambda: self.record(names=["_d1_q1"], knobs=((1, 1),)))
        for path in whole:
            soundfile.write(path, audio[:20000], RATE_HZ)
        self.refused("too short")

    def test_full_disk(self):
        """a full disk is an error at once, and no partial data remain"""
        with self.assertRaises(OSError), pairs.Writer(self.folder / "data") as writer:
            writer.part("train", 1 << 40, 1 << 20, 2)
        self.assertEqual([], list(self.folder.glob("data*")))

    def test_never_overwrites(self):
        """an existing data folder is not overwritten"""
        (self.folder / "data").mkdir()
        self.record()
        self.assertIn("exists already", self.prepare().stderr)


if __name__ == "__main__":
    common.main()
