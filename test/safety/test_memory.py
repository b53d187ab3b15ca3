#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""AddressSanitizer, UBSan and valgrind find no error in the test programs, and find planted ones."""

import os
import platform
import subprocess
import unittest

import numpy as np

import common
import variant

# valgrind knows no AVX-512.
KERNELS = ("plain", *(("sse2", "avx2") if platform.machine() == "x86_64" else ()))
VALGRIND = ("valgrind", "-q", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect")
FAULTS = {"overrun": ("heap-buffer-overflow", "Invalid write"), "stale": ("heap-use-after-free", "Invalid write"),
          "leak": ("detected memory leaks", "definitely lost"), "overflow": ("signed integer overflow", None),
          "uninitialised": (None, "Conditional jump or move depends on uninitialised value")}
# Under valgrind one second of sound takes a minute, so the smallest host plays a tenth of a second.
SHORT = ("test_activation", "test_damaged_models", "test_instantiate", "test_metadata", "test_model",
         "test_oversampler", "test_state_delay")


class Sanitizers(unittest.TestCase):
    def test_find_no_error(self):
        """ASan and UBSan find no error in the host tests"""
        paths = [path for path in variant.programs("address") if path.parent.name == "plugin"]
        variant.run_all(self, "address,undefined", paths, variant.SAFE / "address/od3.so")

    def test_find_faults(self):
        """ASan and UBSan find each planted fault"""
        for fault, (said, _) in FAULTS.items():
            if said:
                with self.subTest(fault):
                    result = variant.run(variant.SAFE / "address/plugin/test_threads",
                                         variant.SAFE / "address/faulty.so",
                                         OD3_FAULT=fault)
                    self.assertNotEqual(result.returncode, 0)
                    self.assertIn(said, result.stdout)


class Valgrind(unittest.TestCase):
    def play(self, library, oversampling, **environment):
        """Plays a tenth of a second in the smallest host; returns the messages of valgrind and the exit status."""
        noise = common.playing(4800, 1)
        with variant.top_with(variant.SAFE / "native" / library) as top:
            host = top / "plain_host"
            subprocess.run(["gcc", "-g", "-idirafter", "/usr/include", common.TOP / "test/support/plain_host.c", "-o",
                            host, "-ldl"], check=True)
            result = subprocess.run([*VALGRIND, host, top / "od3.lv2", "7", "4", str(oversampling)], check=False,
                                    input=noise.tobytes(), capture_output=True, env={**os.environ, **environment})
        sound = np.frombuffer(result.stdout, np.float32)
        self.assertTrue(len(sound) == len(noise) and np.std(sound) > 0.01)
        return result.stderr.decode(), result.returncode

    def test_finds_no_error(self):
        """valgrind finds no error in the short tests"""
        paths = [path for path in variant.programs("native") if path.name in SHORT]
        self.assertEqual(len(paths), len(SHORT))
        variant.run_all(self, "valgrind", paths, variant.SAFE / "native/od3.so", *VALGRIND)

    def test_finds_no_error_with_sound(self):
        """valgrind finds no error while each kernel plays at each oversampling factor"""
        for kernel in KERNELS:
            for oversampling in (1, 2, 4):
                with self.subTest(kernel=kernel, oversampling=oversampling):
                    self.assertEqual(self.play("od3.so", oversampling, OD3_KERNEL=kernel), ("", 0))

    def test_finds_faults(self):
        """valgrind finds each planted fault"""
        for fault, (_, said) in FAULTS.items():
            if said:
                with self.subTest(fault):
                    told, status = self.play("faulty.so", 1, OD3_FAULT=fault)
                    self.assertNotEqual(status, 0)
                    self.assertIn(said, told)


if __name__ == "__main__":
    common.main()
