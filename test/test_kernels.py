#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every kernel plays what the plain one plays."""

import platform
import unittest
from pathlib import Path

import numpy as np
import soundfile
import torch

import common
import export
import pyneuralfx

RMS, PEAK = 3e-7, 2e-6
SECONDS = 10
KNOBS = (0.3, -0.7)
SIZES = (4, 8, 12, 16, 17, 20, 24, 32, 33, 40, 48, 64)
NATIVE = {"x86_64": ("sse2", "avx2"), "aarch64": ("neon",)}.get(platform.machine(), ())
FOREIGN = {"aarch64": ("qemu-aarch64", "test/render-aarch64"), "arm": ("qemu-arm", "test/render-arm"),
           "s390x": ("qemu-s390x", "test/render-s390x")}


def has(flag):
    return flag in Path("/proc/cpuinfo").read_text().split()


class Kernels(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = common.scratch_folder(cls.addClassCleanup)
        cls.models = {name: common.TOP / f"weights/{name}.gru" for name in ("od3", "od3-eco")}
        for hidden in SIZES:
            text = common.config_text("statichyper-gru", hidden)
            parameters = common.random_parameters(pyneuralfx.parse_config(text), hidden)
            (folder / "config.yml").write_text(text)
            torch.save(parameters, folder / "checkpoint.pt")
            cls.models[hidden] = folder / f"{hidden}.gru"
            export.export(folder / "checkpoint.pt", folder / "config.yml", cls.models[hidden])
        guitar, _ = soundfile.read(common.TOP / "test/guitar.flac", dtype="float32")
        cls.guitar = np.resize(guitar, SECONDS * 48000)
        cls.noise = common.playing(48000, 1)
        cls.plain = {}

    def expected(self, name, x):
        if name not in self.plain:
            self.plain[name] = common.render(self.models[name], x, KNOBS, "plain")
        return self.plain[name]

    def compare(self, name, seconds, **how):
        """One signal in each of 1, 2 and 4 lanes: the same as the plain kernel's, and the same in all.

        Bit by bit, but for 32-bit ARM: GCC is told there to take liberties.
        """
        x = self.guitar if isinstance(name, str) else self.noise
        n = min(len(x), int(48000 * seconds))
        expected = self.expected(name, x)[:n]
        played = common.render(self.models[name], x[:n], KNOBS, **how)
        error = played - expected
        rms, peak = np.sqrt(np.mean(error ** 2)), np.abs(error).max()
        common.note(f"{name} {how['kernel']}: rms {rms:.2g}, peak {peak:.2g}, of {np.abs(expected).max():.2g}")
        self.assertGreater(np.abs(expected).max(), 0.01)
        self.assertLessEqual(rms, RMS)
        self.assertLessEqual(peak, PEAK)
        for n_lanes in (2, 4):
            lanes = common.render(self.models[name], np.repeat(x[:n // 20], n_lanes), KNOBS, n_lanes=n_lanes, **how)
            for lane in range(n_lanes):
                error = np.abs(lanes[lane::n_lanes] - played[:n // 20]).max()
                self.assertLessEqual(error, PEAK if how.get("program") == FOREIGN["arm"] else 0.0, f"{n_lanes} lanes")

    def check(self, seconds, **how):
        for name in self.models:
            with self.subTest(model=name):
                self.compare(name, seconds, **how)

    def test_plain(self):
        """plain: lanes"""
        self.check(1, kernel="plain")

    def test_sse2(self):
        """sse2"""
        if "sse2" not in NATIVE:
            self.skipTest("another processor")
        self.check(SECONDS, kernel="sse2")

    def test_avx2(self):
        """avx2"""
        if "avx2" not in NATIVE or not (has("avx2") and has("fma")):
            self.skipTest("another processor")
        self.check(SECONDS, kernel="avx2")

    def test_aarch64(self):
        """neon, 64 bits"""
        self.check(0.25, kernel="neon", program=FOREIGN["aarch64"])

    def test_arm(self):
        """neon, 32 bits"""
        self.check(0.25, kernel="neon", program=FOREIGN["arm"])

    def test_arm_plain(self):
        """plain, 32 bits"""
        self.check(0.05, kernel="plain", program=FOREIGN["arm"])

    def test_s390x(self):
        """plain, big-endian"""
        self.check(0.05, kernel="plain", program=FOREIGN["s390x"], sample=">f4")

    def test_golden_vectors_elsewhere(self):
        """od3.gru against its golden vectors, on other processors"""
        folder = common.TOP / "test/golden"
        x, _ = soundfile.read(folder / "probe.wav", dtype="float32")
        for cpu, program in FOREIGN.items():
            for path in sorted(folder.glob("[+-]*.wav")):
                with self.subTest(cpu=cpu, knobs=path.stem):
                    expected, _ = soundfile.read(path)
                    played = common.render(self.models["od3"], x[:12000], path.stem.split("_"), program=program,
                                           sample=">f4" if cpu == "s390x" else "<f4")
                    self.assertGreater(np.abs(expected[:12000]).max(), 0.01)
                    self.assertLessEqual(np.abs(played - expected[:12000]).max(), 1e-5)

    def test_old_processor(self):
        """x86-64 without AVX: the fastest kernel is sse2"""
        if platform.machine() != "x86_64":
            self.skipTest("another processor")
        x = self.noise[:4800]
        played = common.render(self.models["od3"], x, KNOBS, program=("qemu-x86_64", "-cpu", "Nehalem", "test/render"))
        self.assertTrue(np.array_equal(played, common.render(self.models["od3"], x, KNOBS, "sse2")))


if __name__ == "__main__":
    common.main()
