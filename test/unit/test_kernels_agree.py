#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every kernel gives the output of the plain kernel, here and on emulated processors."""

import itertools
import platform
import unittest

import numpy as np
import soundfile
import torch

import common
import export
import pyneuralfx

RMS, PEAK = 3e-7, 2e-6
SECONDS = 4
KNOBS = (0.3, -0.7)
SIZES = (4, 8, 12, 16, 17, 20, 24, 32, 33, 40, 48, 64, 80)
EMULATED_SIZES = (4, 17, 24, 32, 80)  # since emulation takes long
NATIVE = common.native_kernels()
FOREIGN = {"aarch64": ("qemu-aarch64", "test/support/render-aarch64"), "arm": ("qemu-arm", "test/support/render-arm"),
           "s390x": ("qemu-s390x", "test/support/render-s390x")}


class Kernels(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = common.scratch_folder(cls.addClassCleanup)
        cls.models = {name: common.TOP / f"weights/{name}.gru" for name in ("od3", "od3-eco")}
        for cell, hidden in itertools.product(("gru", "lstm"), SIZES):
            text = common.config_text(f"statichyper-{cell}", hidden)
            parameters = common.random_parameters(pyneuralfx.parse_config(text), hidden)
            (folder / "config.yml").write_text(text)
            torch.save(parameters, folder / "checkpoint.pt")
            cls.models[cell, hidden] = folder / f"{cell}-{hidden}.gru"
            export.export(folder / "checkpoint.pt", folder / "config.yml", cls.models[cell, hidden])
        guitar, _ = soundfile.read(common.TOP / "test/data/guitar.flac", dtype="float32")
        cls.guitar = np.resize(guitar, SECONDS * 48000)
        cls.noise = common.playing(24000, 1)
        cls.plain = {}

    def expected(self, name, x):
        if name not in self.plain:
            self.plain[name] = common.render(self.models[name], x, KNOBS, "plain")
        return self.plain[name]

    def compare(self, name, seconds, **how):
        """Checks that one stream equals the plain kernel's within RMS and PEAK, and that 2 and 4 streams equal one.

        Streams are equal bit by bit, except on 32-bit ARM, where GCC may contract and reorder operations.
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
        for n_streams in (2, 4):
            streams = common.render(self.models[name], np.repeat(x[:n // 20], n_streams), KNOBS, n_streams=n_streams,
                                    **how)
            for stream in range(n_streams):
                error = np.abs(streams[stream::n_streams] - played[:n // 20]).max()
                limit = PEAK if how.get("program") == FOREIGN["arm"] else 0.0
                self.assertLessEqual(error, limit, f"{n_streams} streams")

    def check(self, seconds, **how):
        for name in self.models:
            if "program" not in how or isinstance(name, str) or name[1] in EMULATED_SIZES:
                with self.subTest(model=name):
                    self.compare(name, seconds, **how)

    def test_plain(self):
        """the plain kernel gives the same output with 1, 2 and 4 streams"""
        self.check(1, kernel="plain")

    def test_sse2(self):
        """the sse2 kernel gives the output of the plain kernel"""
        if "sse2" not in NATIVE:
            self.skipTest("this processor lacks the instructions")
        self.check(SECONDS, kernel="sse2")

    def test_avx2(self):
        """the avx2 kernel gives the output of the plain kernel"""
        if "avx2" not in NATIVE:
            self.skipTest("this processor lacks the instructions")
        self.check(SECONDS, kernel="avx2")

    def test_avx512(self):
        """the avx512 kernel gives the output of the plain kernel"""
        if "avx512" not in NATIVE:
            self.skipTest("this processor lacks the instructions")
        self.check(SECONDS, kernel="avx512")

    def test_aarch64(self):
        """the neon kernel on 64-bit ARM gives the output of the plain kernel"""
        self.check(0.1, kernel="neon", program=FOREIGN["aarch64"])

    def test_arm(self):
        """the neon kernel on 32-bit ARM gives the output of the plain kernel"""
        self.check(0.1, kernel="neon", program=FOREIGN["arm"])

    def test_arm_plain(self):
        """the plain kernel on 32-bit ARM gives the same output as here"""
        self.check(0.05, kernel="plain", program=FOREIGN["arm"])

    def test_s390x(self):
        """the plain kernel on a big-endian processor gives the same output as here"""
        self.check(0.05, kernel="plain", program=FOREIGN["s390x"], sample=">f4")

    def test_golden_vectors_elsewhere(self):
        """od3.gru gives its golden vectors on other processors"""
        folder = common.TOP / "test/data/golden"
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
        """on x86-64 without AVX the fastest kernel is sse2"""
        if platform.machine() != "x86_64":
            self.skipTest("this processor lacks the instructions")
        x = self.noise[:4800]
        played = common.render(self.models["od3"], x, KNOBS,
                               program=("qemu-x86_64", "-cpu", "Nehalem", "test/support/render"))
        self.assertTrue(np.array_equal(played, common.render(self.models["od3"], x, KNOBS, "sse2")))


if __name__ == "__main__":
    common.main()
