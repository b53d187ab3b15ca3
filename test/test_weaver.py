#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What orders the assembly keeps what it means; test_kernels.py hears it."""

import re
import sys
import unittest

import common

sys.path.insert(0, str(common.TOP / "src"))

from gru_avx2 import ZEN_3 as OF_AVX2  # noqa: E402 # likewise
from gru_sse2 import ZEN_3 as OF_SSE2  # noqa: E402 # likewise
from weaver import Weaver, moves  # noqa: E402 # found through the line above


def results(lines):
    """What each place on the stack holds after instructions: an expression of what was loaded."""
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


def woven(stream, *chains, processor=OF_AVX2):
    weaver = Weaver(processor, ())
    weaver.weave(stream, chains)
    return weaver.lines, {name: f"{processor.vector_bytes * k}(%rsp)" for name, k in weaver.places.items()}


class Weaving(unittest.TestCase):
    stream = [f"vmovaps {32 * k}(%rax), A{k}" for k in range(6)]
    stream += [f"vfmadd231ps {32 * (10 * row + k)}(%rax), A0, A{k}" for row in range(30) for k in range(1, 6)]
    stream += [f"vmovaps A{k}, [sum {k}]" for k in range(1, 6)]

    def test_keeps_the_meaning(self):
        """chains that wait for the stream and for each other"""
        chains = [["vmovaps [sum 1], x", "vmulps x, x, y", "vaddps y, x, x", "vmovaps x, [first]"],
                  ["vmovaps 4096(%rax), x", "vmovaps 8192(%rax), z", "vmulps x, x, y", "vfmadd231ps [first], y, z",
                   "vdivps x, z, z", "vmovaps z, [second]"]]
        lines, places = woven(self.stream, *chains)
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
        """whose instructions compute in their target"""
        stream = [f"movaps {16 * k}(%rax), A{k}" for k in range(4)]
        for row in range(30):
            for k in range(1, 4):
                stream += ["movaps A0, Product", f"mulps {16 * (10 * row + k)}(%rax), Product", f"addps Product, A{k}"]
        stream += [f"movaps A{k}, [sum {k}]" for k in range(1, 4)]
        chain = ["movaps 4096(%rax), x", "movaps x, y", "mulps y, x", "addps [sum 1], x", "pshufd $1, x, y",
                 "subps y, x", "movaps x, [end]"]
        lines, places = woven(stream, chain, processor=OF_SSE2)
        found = results(lines)
        total = "16(%rax)"
        for row in range(30):
            total = ("addps", ("mulps", f"{16 * (10 * row + 1)}(%rax)", "0(%rax)"), total)
        outside = "4096(%rax)"
        x = ("addps", total, ("mulps", outside, outside))
        self.assertEqual(found[places["[sum 1]"]], total)
        self.assertEqual(found[places["[end]"]], ("subps", ("pshufd", "$1", x), x))

    def test_mixes(self):
        """a chain that needs nothing of the stream runs within it"""
        chain = ["vmovaps 4096(%rax), x", *["vmulps x, x, x"] * 10, "vmovaps x, [power]"]
        lines, _ = woven(self.stream, chain)
        last = max(k for k, line in enumerate(lines) if line.startswith("vmulps"))
        self.assertLess(last, len(lines) // 2)

    def test_waits(self):
        """a chain goes on later where its processor is said to gain from that"""
        chain = ["vmovaps 4096(%rax), x", "vdivps x, x, x", "vmovaps x, [ratio]"]
        early, late = (next(k for k, line in enumerate(woven(self.stream, chain, processor=processor)[0])
                            if line.startswith("vdivps"))
                       for processor in (OF_AVX2, OF_AVX2._replace(waits={"divide": 9})))
        self.assertGreater(late, early + 9)

    def test_states(self):
        """one is written after the stream's last read of the old one, and before the first of the new one"""
        stream = [*self.stream, "vmulps state[1]+16, A1, A1", "vmulps next[1], A1, A1", "vmovaps A1, [end]"]
        lines, _ = woven(stream, ["vmovaps 4096(%rax), x", "vmovaps x, state[1]"])
        old, new = (next(k for k, line in enumerate(lines) if place in line) for place in ("48(%r10)", "32(%r11)"))
        written = next(k for k, line in enumerate(lines) if line.endswith(", 32(%r10)"))
        self.assertLess(old, written)
        self.assertLess(written, new)

    def test_says_when_it_cannot(self):
        """more values at once than registers"""
        with self.assertRaises(RuntimeError):
            woven([], [f"vmovaps {32 * k}(%rax), x{k}" for k in range(17)]
                  + ["vaddps x0, x1, x0"] + [f"vaddps x{k}, x0, x0" for k in range(17)])

    def test_moves(self):
        """all at once, though they go in a circle"""
        for pairs in ([(1, 2), (2, 3), (3, 1)], [(1, 2), (2, 1), (4, 5), (5, 6)], [(7, 7)], []):
            for n_bytes, kind in ((16, "x"), (32, "y")):
                registers = {f"%{kind}mm{k}": k for k in range(16)}
                for line in moves(pairs, 15, n_bytes):
                    operation, operands = line.split(" ", 1)
                    source, target = operands.split(", ")
                    self.assertEqual(operation, "movaps" if n_bytes == 16 else "vmovaps")
                    registers[target] = registers[source]
                self.assertEqual([registers[f"%{kind}mm{b}"] for a, b in pairs], [a for a, b in pairs])


if __name__ == "__main__":
    common.main()
