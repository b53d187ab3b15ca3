#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The library builds for each of Debian's processors, passes unit tests there, and plays as here.

Without OD3_ALL_TESTS=1 it builds for fewer processors, and the unit tests do not run.

i386 runs on this machine where its kernel runs 32-bit programs, the others under qemu-user.

Left out are armel, which has no floating-point unit and could not play in real time, and the MIPS processors, which
Debian has given up.
"""

import os
import re
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import soundfile

import checkout
import common

ALL_TESTS = bool(os.environ.get("OD3_ALL_TESTS"))
# Debian's name of each, its compiler's name, and the emulator's.
ARCHITECTURES = {
    "arm64": ("aarch64-linux-gnu", "aarch64"),
    "armhf": ("arm-linux-gnueabihf", "arm"),
    "i386": ("i686-linux-gnu", "i386"),
    "ppc64el": ("powerpc64le-linux-gnu", "ppc64le"),
    "riscv64": ("riscv64-linux-gnu", "riscv64"),
    "s390x": ("s390x-linux-gnu", "s390x"),
}
# Those with other arithmetic, byte order or word size; OD3_ALL_TESTS=1 builds for all.
SHORT = ("armhf", "i386", "s390x")
# Those that depend on the processor: byte order, alignment, rounding, atomic operations; the others take minutes each.
UNITS = ("test_float_env", "test_packing", "test_shared_model")
WRAPPED = re.search(r"^WRAPPED = \((.*)\)", (common.TOP / "test/wscript").read_text(), re.M)[1]
WRAP = [f"-Wl,--wrap={name}" for name in ("malloc", "calloc", "aligned_alloc", "free")]
PROBE = common.TOP / "test/data/golden/probe.wav"


def runs_here(program):
    """Returns whether the kernel runs programs of this kind."""
    try:
        return subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


class Processor:
    """A build of the sources for one processor, and programs that run on it."""

    def __init__(self, folder, name):
        triplet, emulator = ARCHITECTURES[name]
        self.compiler = f"{triplet}-gcc"
        root = f"/usr/{triplet}"
        self.emulator = [f"qemu-{emulator}", "-L", root]
        loader = f"{root}/lib/ld-linux.so.2"
        if name == "i386" and runs_here(loader):
            self.emulator = [loader, "--library-path", f"{root}/lib"]
        self.top = checkout.copy(folder / name)
        variables = {"CC": self.compiler, "CFLAGS": "-idirafter /usr/include"}
        self.said = checkout.must_waf(self.top, "configure", "build", **variables)

    def compile(self, source, *words):
        program = self.top / "build" / Path(source).stem
        common.run(self.compiler, "-std=gnu11", "-O1", "-Itest/support/foreign", "-Isrc", "-Itest", "-Ibuild/src",
                   "-idirafter", "/usr/include", source, "-o", program, *words, cwd=self.top)
        return program

    def unit_test(self, name):
        objects = sorted((self.top / "build/src").rglob("*.o"))
        kernels = [f"-DHAVE_{kernel.upper()}"
                   for kernel in re.findall(r"(?m)^Checking for the (\w+) kernel *: yes", self.said)]
        wrap = WRAP if repr(name) in WRAPPED else []
        return self.run(self.compile(f"test/unit/{name}.c", *objects, *kernels, *wrap, "-lm", "-lpthread"))

    def run(self, program, *arguments, **options):
        return common.run(*self.emulator, program, *arguments, env={**os.environ, "OD3_TOP": str(self.top)}, **options)

    def play(self, *controls):
        """Returns the probe through the bundle."""
        host = self.compile("test/support/plain_host.c", "-ldl")
        probe, _ = soundfile.read(PROBE, dtype="float32")
        order = ">f4" if self.compiler.startswith("s390x") else "<f4"
        sound = self.run(host, self.top / "od3.lv2", *controls, input=probe.astype(order).tobytes(), text=False)
        return np.frombuffer(sound, order).astype(np.float64)


class Architectures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = common.scratch_folder(cls.addClassCleanup)
        names = ARCHITECTURES if ALL_TESTS else SHORT
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            cls.processors = dict(zip(names, pool.map(lambda name: Processor(folder, name), names)))

    def test_all(self):
        """Debian's package names every processor of this test, and no other"""
        control = (common.TOP / "packaging/debian/control").read_text()
        names = re.search("^Architecture: (.*)", control, re.M)[1].split()
        self.assertEqual(sorted(names), sorted([*ARCHITECTURES, "amd64"]))

    @unittest.skipUnless(ALL_TESTS, "it takes minutes; OD3_ALL_TESTS=1 runs it")
    def test_units(self):
        """each passes unit tests with the library's object files"""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            jobs = {(arch, name): pool.submit(processor.unit_test, name)
                    for arch, processor in self.processors.items() for name in UNITS}
        for (arch, name), job in jobs.items():
            with self.subTest(processor=arch, unit=name):
                self.assertRegex(job.result(), r"(?m)^ok 1 - ")

    def test_sound(self):
        """each plays at 1x and 4x as this machine does, to -100 dB"""
        probe, _ = soundfile.read(PROBE, dtype="float32")
        host = self.folder_host()
        for oversampling in (1, 4):
            here = common.run(host, common.TOP / "od3.lv2", 7, 4, oversampling, input=probe.tobytes(), text=False)
            wanted = np.frombuffer(here, "<f4").astype(np.float64)
            for arch, processor in self.processors.items():
                error = processor.play(7, 4, oversampling) - wanted
                error_db = 10 * np.log10(np.sum(error ** 2) / np.sum(wanted ** 2) + 1e-20)
                common.note(f"{arch} at {oversampling}x: {error_db:.1f} dB from here")
                self.assertLess(error_db, -100, arch)

    def folder_host(self):
        program = common.scratch_folder(self.addCleanup) / "host"
        common.run("gcc", "-O2", common.TOP / "test/support/plain_host.c", "-o", program, "-ldl")
        return program


if __name__ == "__main__":
    common.main()
