#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that the scheduler keeps the meaning of instructions, and that the generators refuse other sizes.

test_kernels_agree.py checks the output of the scheduled kernels.
"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import common

sys.path.insert(0, str(common.TOP / "src/rnn/x86"))

import assembly  # noqa: E402 # found through the line above
import gru_avx2  # noqa: E402 # likewise
import gru_sse2  # noqa: E402 # likewise
from scheduler import Scheduler, moves  # noqa: E402 # likewise


def results(lines):
    """Returns what each place on the stack holds after instructions: an expression of the loaded values."""
    registers, places = {}, {}
    for line in lines:
        operation, operands = line.split(" ", 1)
        *sources, target = re.split(r", (?![^(]*\))", operands)
        values = [registers.get(source) or places.get(source) or source for source in sources]
        if operation.startswith(("vf", "add", "sub", "mul")):
            values.append(registers[target])
        value = values[0] if operation in ("movaps", "vmovaps") else (operation, *values)
        (registers if target.startswith("%") else places)[target] = value
    return places


def scheduled(matvec, *chains, processor=gru_avx2.ZEN_3):
    scheduler = Scheduler(processor, ())
    scheduler.schedule(matvec, chains)
    return scheduler.lines, {name: f"{processor.vector_bytes * k}(%rsp)" for name, k in scheduler.places.items()}


class Scheduling(unittest.TestCase):
    matvec = [f"vmovaps {32 * k}(%rax), A{k}" for k in range(6)]
    matvec += [f"vfmadd231ps {32 * (10 * row + k)}(%rax), A0, A{k}" for row in range(30) for k in range(1, 6)]
    matvec += [f"vmovaps A{k}, [sum {k}]" for k in range(1, 6)]

    def test_keeps_the_meaning(self):
        """Chains that wait for the matvec and for each other compute the same."""
        chains = [["vmovaps [sum 1], x", "vmulps x, x, y", "vaddps y, x, x", "vmovaps x, [first]"],
                  ["vmovaps 4096(%rax), x", "vmovaps 8192(%rax), z", "vmulps x, x, y", "vfmadd231ps [first], y, z",
                   "vdivps x, z, z", "vmovaps z, [second]"]]
        lines, places = scheduled(self.matvec, *chains)
        found = results(lines)
        total = "32(%rax)"
        for row in range(30):
            total = ("vfmadd231ps", f"{32 * (10 * row + 1)}(%rax)", "0(%rax)", total)
        first = ("vaddps", ("vmulps", total, total), total)
        outside = "4096(%rax)"
        self.assertEqual(found[places["[first]"]], first)
        self.assertEqual(found[places["[second]"]],
                         ("vdivps", outside, ("vfmadd231ps", first, ("vmulps", outside, outside), "8192(%rax)")))

    def test_keeps_the_meaning_for_sse2(self):
        """Instructions that compute in their target keep their meaning."""
        matvec = [f"movaps {16 * k}(%rax), A{k}" for k in range(4)]
        for row in range(30):
            for k in range(1, 4):
                matvec += ["movaps A0, Product", f"mulps {16 * (10 * row + k)}(%rax), Product", f"addps Product, A{k}"]
        matvec += [f"movaps A{k}, [sum {k}]" for k in range(1, 4)]
        chain = ["movaps 4096(%rax), x", "movaps x, y", "mulps y, x", "addps [sum 1], x", "pshufd $1, x, y",
                 "subps y, x", "movaps x, [end]"]
        lines, places = scheduled(matvec, chain, processor=gru_sse2.ZEN_3)
        found = results(lines)
        total = "16(%rax)"
        for row in range(30):
            total = ("addps", ("mulps", f"{16 * (10 * row + 1)}(%rax)", "0(%rax)"), total)
        outside = "4096(%rax)"
        x = ("addps", total, ("mulps", outside, outside))
        self.assertEqual(found[places["[sum 1]"]], total)
        self.assertEqual(found[places["[end]"]], ("subps", ("pshufd", "$1", x), x))

    def test_mixes(self):
        """A chain that needs nothing of the matvec runs within it."""
        chain = ["vmovaps 4096(%rax), x", *["vmulps x, x, x"] * 10, "vmovaps x, [power]"]
        lines, _ = scheduled(self.matvec, chain)
        last = max(k for k, line in enumerate(lines) if line.startswith("vmulps"))
        self.assertLess(last, len(lines) // 2)

    def test_waits(self):
        """A chain delays an instruction by the processor's `waits`."""
        chain = ["vmovaps 4096(%rax), x", "vdivps x, x, x", "vmovaps x, [ratio]"]
        early, late = (next(k for k, line in enumerate(scheduled(self.matvec, chain, processor=processor)[0])
                            if line.startswith("vdivps"))
                       for processor in (gru_avx2.ZEN_3, gru_avx2.ZEN_3._replace(waits={"divide": 9})))
        self.assertGreater(late, early + 9)

    def test_states(self):
        """A state is written after the matvec's last read of the old one and before its first read of the new one."""
        matvec = [*self.matvec, "vmulps state[1]+16, A1, A1", "vmulps next[1], A1, A1", "vmovaps A1, [end]"]
        lines, _ = scheduled(matvec, ["vmovaps 4096(%rax), x", "vmovaps x, state[1]"])
        old, new = (next(k for k, line in enumerate(lines) if place in line) for place in ("48(%r10)", "32(%r11)"))
        written = next(k for k, line in enumerate(lines) if line.endswith(", 32(%r10)"))
        self.assertLess(old, written)
        self.assertLess(written, new)

    def test_says_when_it_cannot(self):
        """More values at once than registers raise an error."""
        with self.assertRaises(RuntimeError):
            scheduled([], [f"vmovaps {32 * k}(%rax), x{k}" for k in range(17)]
                      + ["vaddps x0, x1, x0"] + [f"vaddps x{k}, x0, x0" for k in range(17)])

    def test_moves(self):
        """Copies are simultaneous, even in a circle."""
        for pairs in ([(1, 2), (2, 3), (3, 1)], [(1, 2), (2, 1), (4, 5), (5, 6)], [(7, 7)], []):
            for n_bytes, kind in ((16, "x"), (32, "y")):
                registers = {f"%{kind}mm{k}": k for k in range(16)}
                for line in moves(pairs, 15, n_bytes):
                    operation, operands = line.split(" ", 1)
                    source, target = operands.split(", ")
                    self.assertEqual(operation, "movaps" if n_bytes == 16 else "vmovaps")
                    registers[target] = registers[source]
                self.assertEqual([registers[f"%{kind}mm{b}"] for a, b in pairs], [a for a, b in pairs])


class Sizes(unittest.TestCase):
    @staticmethod
    def generate(name, *options):
        with tempfile.TemporaryDirectory() as folder:
            header = Path(folder) / "out.h"
            program = [sys.executable, "-B", common.TOP / f"src/rnn/x86/{name}.py", header, *options]
            run = subprocess.run(program, capture_output=True, text=True, check=False)
            return run, header.read_text(encoding="utf-8") if header.exists() else None

    def test_refuses_other_sizes(self):
        """Anything but 32 units exits with one clear line and writes nothing."""
        for name in ("gru_avx2", "gru_sse2"):
            for n_units in ("24", "40", "0"):
                run, header = self.generate(name, "--units", n_units)
                self.assertNotEqual(run.returncode, 0)
                self.assertEqual(run.stderr.strip(),
                                 f"{name}.py: --units {n_units}: the assembly has exactly 32 hidden units")
                self.assertIsNone(header)

    def test_writes_32_units(self):
        """The option's only value gives the header that no option gives, which says what made it."""
        for name in ("gru_avx2", "gru_sse2"):
            (run, header), (_, default) = self.generate(name, "--units", "32"), self.generate(name)
            self.assertEqual(run.returncode, 0)
            self.assertEqual(header, default)
            self.assertEqual(header.splitlines()[1],
                             f"// Generated by src/rnn/x86/{name}.py HEADER --units 32; do not edit.")

    def test_limits_activations_as_c_does(self):
        """MAX_EXPONENT is the same float in C and in the generators; the static assertion misses its fraction."""
        header = (common.TOP / "src/rnn/activation.h").read_text(encoding="utf-8")
        self.assertEqual([float(value) for value in re.findall(r"^#define MAX_EXPONENT (\S+)f$", header, re.M)],
                         [assembly.MAX_EXPONENT])

    def test_refuses_unequal_halves_and_missing_sums(self):
        """Constants that do not cover each vector once raise an error instead of giving wrong code."""
        for module, name, value in ((gru_avx2, "MIDDLE", 12), (gru_avx2, "SECOND", (2,)),
                                    (gru_sse2, "PER_GROUP", 4), (gru_sse2, "SUMS", gru_sse2.SUMS[1:]),
                                    (gru_sse2, "LAST_ROWS", (24, 24, *gru_sse2.LAST_ROWS[2:]))):
            with mock.patch.object(module, name, value), self.assertRaises(AssertionError):
                module.assembly()

    def test_refuses_a_changed_constant(self):
        """A generator whose N_UNITS was edited exits instead of writing wrong code."""
        for module in (gru_avx2, gru_sse2):
            for n_units in (24, 40):
                with mock.patch.object(module, "N_UNITS", n_units), self.assertRaises(SystemExit) as caught:
                    module.assembly()
                self.assertIn(f"--units {n_units}", str(caught.exception))


if __name__ == "__main__":
    common.main()
