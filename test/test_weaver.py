#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What orders the assembly keeps what it means; test_kernels.py hears it."""

import re
import sys
import unittest

import common

sys.path.insert(0, str(common.TOP / "src"))

from weaver import Weaver, moves  # noqa: E402 # found through the line above


def results(lines):
    """What each place on the stack holds after instructions: an expression of what was loaded."""
    registers, places = {}, {}
    for line in lines:
        operation, operands = line.split(" ", 1)
        *sources, target = re.split(r", (?![^(]*\))", operands)
        values = [registers.get(source) or places.get(source) or source for source in sources]
        if operation.startswith("vf"):
            values.append(registers[target])
        value = values[0] if operation == "vmovaps" else (operation, *values)
        (registers if target.startswith("%ymm") else places)[target] = value
    return places


def woven(stream, *chains):
    places = {}
    weaver = Weaver((), places)
    weaver.weave(stream, chains)
    return weaver.lines, {name: f"{32 * k}(%rsp)" for name, k in places.items()}


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

    def test_mixes(self):
        """a chain that needs nothing of the stream runs within it"""
        chain = ["vmovaps 4096(%rax), x", *["vmulps x, x, x"] * 10, "vmovaps x, [power]"]
        lines, _ = woven(self.stream, chain)
        last = max(k for k, line in enumerate(lines) if line.startswith("vmulps"))
        self.assertLess(last, len(lines) // 2)

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
            registers = {f"%ymm{k}": k for k in range(16)}
            for line in moves(pairs, spare=15):
                source, target = line.split(" ", 1)[1].split(", ")
                registers[target] = registers[source]
            self.assertEqual([registers[f"%ymm{b}"] for a, b in pairs], [a for a, b in pairs])


if __name__ == "__main__":
    common.main()
