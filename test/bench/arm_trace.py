# SPDX-License-Identifier: MIT
"""The instructions that a device's own bundle executes, as qemu's log tells them."""

import bisect
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

TOP = Path(os.environ.get("OD3_TOP") or Path(__file__).resolve().parents[2])
WINDOWS = ("still knobs", "a moving knob")
N_FRAMES = 128  # COUNTED_FRAMES of arm_host.c
KERNEL_FILE = "kernel_vector.c"


@dataclass(frozen=True)
class Emulator:
    """An ARM processor under qemu: the start of its tools' names, qemu's program and its processor."""

    prefix: str
    program: str
    processor: str


@dataclass(frozen=True)
class Instruction:
    """An instruction: its address in memory, its bytes as hexadecimal words, and qemu's text of it."""

    address: int
    words: str
    text: str


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, text=True, stdout=subprocess.PIPE,
                          **options).stdout


def build_host(emulator, path):
    """Builds arm_host.c for a processor."""
    run(f"{emulator.prefix}-gcc", "-O2", "-idirafter", "/usr/include", "-I", TOP / "src",
        TOP / "test/bench/arm_host.c", "-o", path, "-ldl")


def functions(emulator, library):
    """Returns (first address, end, name, source file) of each function of a library, sorted by address."""
    file, found = "", []
    for line in run(f"{emulator.prefix}-objdump", "-t", library).splitlines():
        if match := re.match(r"[0-9a-f]+ l +df \*ABS\*\s+\S+\s+(.*)", line):
            file = match[1]
        elif match := re.match(r"([0-9a-f]+) (.).{4} F \.text\s+([0-9a-f]+)\s+(?:\.hidden )?(\S+)", line):
            start, size = int(match[1], 16), int(match[3], 16)
            found.append((start, start + size, match[4], file if match[2] == "l" else ""))
    return sorted(found)


def windows(log):
    """Returns the instructions that ran between marks, one list for each of WINDOWS."""
    blocks, played, listing = {}, [], []
    for line in log:
        if line.startswith("Trace"):
            if 0 < len(played) <= len(WINDOWS):
                played[-1] += blocks[int(line.split("/", 2)[1], 16)]
        elif line.startswith("IN:"):
            listing = []
        elif match := re.match(r"0x([0-9a-f]+):  ([0-9a-f]+(?: [0-9a-f]+)*) +(.*)", line):
            listing.append(Instruction(int(match[1], 16), match[2], match[3]))
            blocks[listing[0].address] = listing
        elif "getppid()" in line:
            played.append([])
    return played[:len(WINDOWS)]


def trace(emulator, host, bundle, block, factor):
    """Returns windows() of a bundle that plays in blocks of so many frames at an oversampling, for each window parted
    into (the network's instructions, the rest).
    """
    library = bundle / "od3.so"
    spans = functions(emulator, library)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        told = run(emulator.program, "-cpu", emulator.processor, "-L", f"/usr/{emulator.prefix}", "-strace", "-d",
                   "exec,nochain,in_asm", "-D", log, host, bundle, block, factor)
        entry = next(start for start, _, name, _ in spans if name == "lv2_descriptor")
        base = (int(told, 16) & ~1) - entry  # the lowest bit of an address marks Thumb
        with open(log, encoding="utf-8", errors="replace") as lines:
            played = windows(lines)

    def is_of_network(instruction):
        address = instruction.address - base
        _, end, name, file = spans[max(bisect.bisect(spans, (address, float("inf"))) - 1, 0)]
        return address < end and file == KERNEL_FILE and name.startswith("process")

    parts = []
    for instructions in played:
        kinds = [is_of_network(instruction) for instruction in instructions]
        parts.append(([one for one, is_network in zip(instructions, kinds) if is_network],
                      [one for one, is_network in zip(instructions, kinds) if not is_network]))
    return parts
