#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Memory, in the tests' programs: AddressSanitizer and UBSan in hosts, valgrind on the plugin as GCC builds it."""

import os
import platform
import subprocess
import unittest

import numpy as np

import common
import variant

KERNELS = ("plain", *(("sse2", "avx2") if platform.machine() == "x86_64" else ()))
VALGRIND = ("valgrind", "-q", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect")
FAULTS = {"overrun": ("heap-buffer-overflow", "Invalid write"), "stale": ("heap-use-after-free", "Invalid write"),
          "leak": ("detected memory leaks", "definitely lost"), "overflow": ("signed integer overflow", None),
          "uninitialised": (None, "Conditional jump or move depends on uninitialised value")}
# Under valgrind a second of sound takes a minute: of the hosts, the smallest one plays a tenth.
SHORT = ("unit_activation", "unit_damaged_models", "unit_instantiate", "unit_model", "unit_oversampler",
         "unit_recurrence", "host_metadata")


class Sanitizers(unittest.TestCase):
    def test_are_content(self):
        """ASan and UBSan, optimised: all tests of hosts"""
        paths = [path for path in variant.programs("address") if path.name.startswith("host_")]
        variant.run_all(self, "address,undefined", paths, variant.SAFE / "address/od3.so")

    def test_find_faults(self):
        """ASan and UBSan: each fault"""
        for fault, (said, _) in FAULTS.items():
            if said:
                with self.subTest(fault):
                    result = variant.run(variant.SAFE / "address/host_threads", variant.SAFE / "address/faulty.so",
                                         OD3_FAULT=fault)
                    self.assertNotEqual(result.returncode, 0)
                    self.assertIn(said, result.stdout)


class Valgrind(unittest.TestCase):
    def play(self, library, oversampling, **environment):
        """Valgrind's words on a tenth of a second in the smallest host, and the exit status."""
        noise = common.playing(4800, 1)
        with variant.top_with(variant.SAFE / "native" / library) as top:
            host = top / "plain_host"
            subprocess.run(["gcc", "-g", "-idirafter", "/usr/include", common.TOP / "test/plain_host.c", "-o", host,
                            "-ldl"], check=True)
            result = subprocess.run([*VALGRIND, host, top / "od3.lv2", "7", "4", str(oversampling)], check=False,
                                    input=noise.tobytes(), capture_output=True, env={**os.environ, **environment})
        sound = np.frombuffer(result.stdout, np.float32)
        self.assertTrue(len(sound) == len(noise) and np.std(sound) > 0.01)
        return result.stderr.decode(), result.returncode

    def test_is_content(self):
        """valgrind: short tests"""
        paths = [path for path in variant.programs("native") if path.name in SHORT]
        self.assertEqual(len(paths), len(SHORT))
        variant.run_all(self, "valgrind", paths, variant.SAFE / "native/od3.so", *VALGRIND)

    def test_is_content_with_sound(self):
        """valgrind: each kernel plays, at each oversampling"""
        for kernel in KERNELS:
            for oversampling in (1, 2, 4):
                with self.subTest(kernel=kernel, oversampling=oversampling):
                    self.assertEqual(self.play("od3.so", oversampling, OD3_KERNEL=kernel), ("", 0))

    def test_finds_faults(self):
        """valgrind: each fault"""
        for fault, (_, said) in FAULTS.items():
            if said:
                with self.subTest(fault):
                    told, status = self.play("faulty.so", 1, OD3_FAULT=fault)
                    self.assertNotEqual(status, 0)
                    self.assertIn(said, told)


if __name__ == "__main__":
    common.main()
