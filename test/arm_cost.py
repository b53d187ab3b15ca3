#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Estimates what the plugin costs a MOD Dwarf, without one: instructions, and the cycles of a model of its processor.

usage: arm_cost.py      after ./waf --target=moddwarf configure build; takes two minutes

The device's own bundle plays under qemu-aarch64 (test/arm_host.c), with each default port, at 1x. qemu's log tells
every block of instructions that ran, so loops and calls, into libm too, count as often as they ran. Of the kernel
count the functions of src/kernel_vector.c.

Cycles are llvm-mca's for that same stream of instructions, straight through, on LLVM's model of the Cortex-A53, which
it uses for the Cortex-A35 too: two instructions a cycle at most, in order. It assumes that all memory is in the first
cache, that all branches are foreseen, and that no load waits for a store. Real cores do worse.
"""

import bisect
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(os.environ.get("OD3_TOP") or Path(__file__).resolve().parent.parent)
BUNDLE = TOP / "build-moddwarf/lv2/od3.lv2"
MODELS = ("od3", "od3-eco")
BLOCKS = (64, 128)
WINDOWS = ("knobs held", "a knob moving")
N_FRAMES = 512  # COUNTED_FRAMES of arm_host.c
CORE_HZ, RATE_HZ = 1.3e9, 48000
KERNEL_FILE = "kernel_vector.c"
LLVM = "-22"
TRIPLE, PROCESSOR = "aarch64-linux-gnu", "cortex-a53"


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, text=True, stdout=subprocess.PIPE,
                          **options).stdout


def functions(library):
    """(first address, end, name, source file) of each function of a library, by address."""
    file, found = "", []
    for line in run("aarch64-linux-gnu-objdump", "-t", library).splitlines():
        if match := re.match(r"[0-9a-f]+ l +df \*ABS\*\s+\S+\s+(.*)", line):
            file = match[1]
        elif match := re.match(r"([0-9a-f]+) (.).{4} F \.text\s+([0-9a-f]+)\s+(?:\.hidden )?(\S+)", line):
            start, size = int(match[1], 16), int(match[3], 16)
            found.append((start, start + size, match[4], file if match[2] == "l" else ""))
    return sorted(found)


def windows(log):
    """The instructions (address, word) that ran between marks: one list for each of WINDOWS."""
    blocks, played, listing = {}, [], []
    for line in log:
        if line.startswith("Trace"):
            if 0 < len(played) <= len(WINDOWS):
                played[-1] += blocks[int(line.split("/", 2)[1], 16)]
        elif line.startswith("IN:"):
            listing = []
        elif line.startswith("0x"):
            address, word = line.split(None, 2)[:2]
            listing.append((int(address[:-1], 16), word))
            blocks[listing[0][0]] = listing
        elif "getppid()" in line:
            played.append([])
    return played[:len(WINDOWS)]


def trace(host, bundle, block):
    """windows() of a bundle, and where its library was loaded."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        told = run("qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", "-strace", "-d", "exec,nochain,in_asm", "-D", log,
                   host, bundle, block, 1)
        library = bundle / "od3.so"
        entry = next(start for start, _, name, _ in functions(library) if name == "lv2_descriptor")
        with open(log, encoding="utf-8", errors="replace") as lines:
            return windows(lines), int(told, 16) - entry


def assembly(words):
    """The text of each instruction, as LLVM writes it."""
    unique = sorted(set(words))
    as_bytes = "\n".join(" ".join(f"0x{byte:02x}" for byte in bytes.fromhex(word)[::-1]) for word in unique)
    said = run(f"llvm-mc{LLVM}", "--disassemble", f"-triple={TRIPLE}", input=as_bytes)
    texts = [line for line in said.splitlines() if line.strip() and not line.strip().startswith(".")]
    assert len(texts) == len(unique)
    text = dict(zip(unique, texts))
    return [text[word] for word in words]


def cycles(words):
    said = run(f"llvm-mca{LLVM}", f"-mtriple={TRIPLE}", f"-mcpu={PROCESSOR}", "-iterations=1", "-instruction-info=0",
               "-resource-pressure=0", input="\n".join(assembly(words)), stderr=subprocess.DEVNULL)
    return int(re.search(r"Total Cycles:\s+(\d+)", said)[1])


def is_of_kernel(spans, address):
    at = bisect.bisect(spans, (address,)) - 1
    # The span that begins at an address sorts behind (address,).
    at += at + 1 < len(spans) and spans[at + 1][0] == address
    return at >= 0 and address < spans[at][1] and spans[at][3] == KERNEL_FILE


def costs(instructions, base, spans):
    """Per frame: instructions and cycles of the kernel, and of all."""
    kernel = [word for address, word in instructions if is_of_kernel(spans, address - base)]
    words = [word for _, word in instructions]
    return [count / N_FRAMES for count in (len(kernel), cycles(kernel), len(words), cycles(words))]


def main():
    if not BUNDLE.is_dir():
        sys.exit(f"arm_cost: there is no {BUNDLE}: ./waf --target=moddwarf configure build")
    library = BUNDLE / "od3.so"
    spans = functions(library)
    budget = CORE_HZ / RATE_HZ
    print(f"One core has {budget:.0f} cycles for a sample at {RATE_HZ / 1000:g} kHz.\n")
    print("| model | block | | kernel: instructions | cycles | % of a core | whole run(): instructions | cycles | "
          "% of a core |\n" + "| --- " * 9 + "|")
    with tempfile.TemporaryDirectory() as folder:
        host = Path(folder) / "host"
        run("aarch64-linux-gnu-gcc", "-O2", "-idirafter", "/usr/include", TOP / "test/arm_host.c", "-o", host, "-ldl")
        for model in MODELS:
            bundle = Path(folder) / model
            bundle.mkdir()
            (bundle / "od3.so").symlink_to(library)
            (bundle / "od3.gru").symlink_to(TOP / f"weights/{model}.gru")
            for block in BLOCKS:
                played, base = trace(host, bundle, block)
                for name, instructions in zip(WINDOWS, played):
                    k_count, k_cycles, count, total = costs(instructions, base, spans)
                    print(f"| {model} | {block} | {name} | {k_count:.0f} | {k_cycles:.0f} | "
                          f"{100 * k_cycles / budget:.1f} | {count:.0f} | {total:.0f} | {100 * total / budget:.1f} |",
                          flush=True)


if __name__ == "__main__":
    main()
