#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The C network equals the checkpoint in double precision to 2e-6."""

import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import soundfile
import torch
from scipy.ndimage import maximum_filter1d

import common
import export
import pyneuralfx
import reference

sys.path.append(str(common.TOP / "web"))

import teacher  # noqa: E402 # found through the line above

TOLERANCE = 2e-6
N = 12000
NEAR = 4801  # samples; a diverged state needs up to 1525 to converge again
STRAY_FACTOR = 30  # a float32 network rounds more values than the state
KNOBS = np.array([[-1.0] * 4, [0.3, -0.7, 0.1, 0.9], [1.0] * 4])
KINDS = [
    dict(arch="snapshot-gru", hidden=33, knobs=0),
    dict(arch="concat-gru", hidden=16, knobs=1, bias=False),
    dict(arch="concat-gru", hidden=40, knobs=4),
    dict(arch="film-gru", hidden=24, knobs=3, blocks=3, width=16),
    dict(arch="film-gru", hidden=12, knobs=2, blocks=0, bias=False),
    dict(arch="statichyper-gru", hidden=32, knobs=2),
    dict(arch="statichyper-gru", hidden=64, knobs=1, blocks=4, width=5),
    dict(arch="statichyper-gru", hidden=4, knobs=3, blocks=1, width=3, bias=False),
    dict(arch="snapshot-gru", hidden=80, knobs=0),
    dict(arch="snapshot-lstm", hidden=40, knobs=0),
    dict(arch="snapshot-lstm", hidden=80, knobs=0),
    dict(arch="concat-lstm", hidden=16, knobs=1, bias=False),
    dict(arch="concat-lstm", hidden=12, knobs=4),
    dict(arch="film-lstm", hidden=24, knobs=3, blocks=3, width=16),
    dict(arch="film-lstm", hidden=20, knobs=2, blocks=0, bias=False),
    dict(arch="statichyper-lstm", hidden=32, knobs=2),
    dict(arch="statichyper-lstm", hidden=33, knobs=1, blocks=4, width=5),
    dict(arch="statichyper-lstm", hidden=4, knobs=3, blocks=1, width=3, bias=False),
]


class Random(unittest.TestCase):
    def check(self, kind, seed):
        text = common.config_text(**kind)
        config = pyneuralfx.parse_config(text)
        parameters = common.random_parameters(config, seed)
        knobs = KNOBS[:, :config.n_knobs]
        x = common.playing(N, seed)
        expected = reference.play(parameters, config, x, knobs)
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            (folder / "config.yml").write_text(text)
            torch.save(parameters, folder / "checkpoint.pt")
            export.export(folder / "checkpoint.pt", folder / "config.yml", folder / "model.gru")
            played = np.stack([common.render(folder / "model.gru", x, k) for k in knobs])
        error = np.abs(played - expected).max()
        common.note(f"{kind}: largest error {error:.2g}, largest sample {np.abs(expected).max():.2g}")
        self.assertGreater(np.abs(expected).max(), 0.01)
        self.assertLessEqual(error, TOLERANCE)


for _seed, _kind in enumerate(KINDS):
    def _test(self, kind=_kind, seed=_seed):
        self.check(kind, seed)
    _test.__doc__ = " ".join(f"{key}={value}" for key, value in _kind.items())
    setattr(Random, f"test_{_seed:02}_{_kind['arch'].replace('-', '_')}", _test)


class Golden(unittest.TestCase):
    def test_shipped_model(self):
        """od3.gru gives its golden vectors"""
        folder = common.TOP / "test/data/golden"
        x, _ = soundfile.read(folder / "probe.wav", dtype="float32")
        paths = sorted(folder.glob("[+-]*.wav"))
        self.assertEqual(len(paths), 4)
        for path in paths:
            expected, _ = soundfile.read(path)
            played = common.render(common.TOP / "weights/od3.gru", x, path.stem.split("_"))
            error = np.abs(played - expected).max()
            common.note(f"{path.stem}: largest error {error:.2g}")
            self.assertGreater(np.abs(expected).max(), 0.1)
            self.assertLessEqual(error, TOLERANCE)


@unittest.skipUnless(common.SHARED.is_dir(), "the reference model is missing")
class Reference(unittest.TestCase):
    """The C network gives the golden outputs of PyNeuralFx's pretrained model.

    At some knob positions this model amplifies rounding errors for a while, and no float32 network
    stays within 2e-6, including torch's. A run in double precision with only the state rounded to
    float32 measures the error that is unavoidable there.
    """

    def setUp(self):
        self.config = pyneuralfx.read_config(common.SHARED / "statichyper_gru.yml")
        self.parameters = pyneuralfx.read_parameters(common.SHARED / "best_params.pt", self.config)

    def check(self, name, positions):
        x, _ = soundfile.read(common.SHARED / f"golden/{name}_48000.wav", dtype="float32")
        rounded = reference.play(self.parameters, self.config, x, list(positions), np.float32)
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / "model.gru"
            export.export(common.SHARED / "best_params.pt", common.SHARED / "statichyper_gru.yml", model)
            for ((gain, tone), least), float_state in zip(positions.items(), rounded):
                with self.subTest(gain=gain, tone=tone):
                    golden, _ = soundfile.read(common.SHARED / f"golden/{name}_g{gain:+.2f}_t{tone:+.2f}.wav")
                    error = np.abs(common.render(model, x, (gain, tone)) - golden)
                    stray = maximum_filter1d(np.abs(float_state - golden), NEAR)
                    exact = np.mean(error <= TOLERANCE)
                    common.note(f"{name} at {gain:+}, {tone:+}: largest error {error.max():.2g}, at most {TOLERANCE} "
                                f"for {100 * exact:.2f} % of the samples; rounding the state alone makes "
                                f"{stray.max():.2g}")
                    self.assertTrue(np.all(error <= np.maximum(TOLERANCE, STRAY_FACTOR * stray)))
                    self.assertGreaterEqual(exact, least)

    def test_guitar(self):
        """on a guitar, the required share of samples is within the tolerance at each knob position"""
        self.check("guitar", {(0.0, 0.0): 1.0, (0.5, -0.5): 1.0, (1.0, 1.0): 0.999, (-1.0, -1.0): 1.0})

    def test_probe(self):
        """on the probe, the required share of samples is within the tolerance at each knob position"""
        self.check("probe", {(0.0, 0.0): 0.85, (1.0, -1.0): 0.94, (-1.0, 1.0): 1.0})

    def test_clip(self):
        """the first 0.1 s of the page's clip of the reference model are what that model plays"""
        expected = teacher.play(self.parameters, self.config, 4800)
        played, _ = soundfile.read(common.TOP / "web/teacher.flac", 4800)
        self.assertLess(np.abs(played - expected).max(), 2 ** -15)


if __name__ == "__main__":
    common.main()
