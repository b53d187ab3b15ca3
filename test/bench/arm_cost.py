#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Estimates the instructions and cycles of the plugin on a MOD Dwarf from a model of its processor.

usage: arm_cost.py      after ./waf --target=moddwarf configure build; takes two minutes

The device's own bundle plays under qemu-aarch64 (test/bench/arm_host.c) at 1x and 2x. qemu's log tells every block of
instructions that ran, so that loops and calls, including those into libm, count as often as they ran. The network is
the process functions of src/rnn/vector/kernel_vector.c; everything else in run() is the rest.

llvm-mca computes the cycles of the same instructions in sequence, with LLVM's models of two in-order processors. LLVM
uses that of the Cortex-A53 for the Dwarf's Cortex-A35 too; it is coarse: its latencies are too long, and loads wait for
earlier products. The model of the Cortex-A55 is finer, but that core is newer. Both assume that all memory is in the
first cache, that branches are predicted, and that no load waits for a store. The cycles of the network are computed
from an eighth of the frames.
"""

import bisect
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(os.environ.get("OD3_TOP") or Path(__file__).resolve().parents[2])
BUNDLE = TOP / "build-moddwarf/lv2/od3.lv2"
MODELS = ("od3", "od3-eco")
CASES = ((64, 1), (128, 1), (128, 2))  # frames in a block, oversampling
WINDOWS = ("still knobs", "a moving knob")
N_FRAMES = 128  # COUNTED_FRAMES of arm_host.c
CORE_HZ, RATE_HZ = 1.3e9, 48000
KERNEL_FILE = "kernel_vector.c"
LLVM = "-22"
TRIPLE, PROCESSORS = "aarch64-linux-gnu", ("cortex-a53", "cortex-a55")
MCA_SHARE = 8


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, text=True, stdout=subprocess.PIPE,
                          **options).stdout


def functions(library):
    """Returns (first address, end, name, source file) of each function of a library, sorted by address."""
    file, found = "", []
    for line in run("aarch64-linux-gnu-objdump", "-t", library).splitlines():
        if match := re.match(r"[0-9a-f]+ l +df \*ABS\*\s+\S+\s+(.*)", line):
            file = match[1]
        elif match := re.match(r"([0-9a-f]+) (.).{4} F \.text\s+([0-9a-f]+)\s+(?:\.hidden )?(\S+)", line):
            start, size = int(match[1], 16), int(match[3], 16)
            found.append((start, start + size, match[4], file if match[2] == "l" else ""))
    return sorted(found)


def windows(log):
    """Returns the instructions (address, word) that ran between marks, one list for each of WINDOWS."""
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


def trace(host, bundle, block, factor):
    """Returns windows() of a bundle, and the load address of its library."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        told = run("qemu-aarch64", "-cpu", PROCESSORS[0], "-L", "/usr/aarch64-linux-gnu", "-strace", "-d",
                   "exec,nochain,in_asm", "-D", log, host, bundle, block, factor)
        library = bundle / "od3.so"
        entry = next(start for start, _, name, _ in functions(library) if name == "lv2_descriptor")
        with open(log, encoding="utf-8", errors="replace") as lines:
            return windows(lines), int(told, 16) - entry


def assembly(words):
    """Returns the text of each instruction in LLVM's syntax."""
    unique = sorted(set(words))
    as_bytes = "\n".join(" ".join(f"0x{byte:02x}" for byte in bytes.fromhex(word)[::-1]) for word in unique)
    said = run(f"llvm-mc{LLVM}", "--disassemble", f"-triple={TRIPLE}", input=as_bytes)
    texts = [line for line in said.splitlines() if line.strip() and not line.strip().startswith(".")]
    assert len(texts) == len(unique)
    text = dict(zip(unique, texts))
    return [text[word] for word in words]


def cycles(words, processor):
    said = run(f"llvm-mca{LLVM}", f"-mtriple={TRIPLE}", f"-mcpu={processor}", "-iterations=1", "-instruction-info=0",
               "-resource-pressure=0", input="\n".join(assembly(words)), stderr=subprocess.DEVNULL)
    return int(re.search(r"Total Cycles:\s+(\d+)", said)[1])


def is_of_network(spans, address):
    _, end, name, file = spans[max(bisect.bisect(spans, (address, float("inf"))) - 1, 0)]
    return address < end and file == KERNEL_FILE and name.startswith("process")


def costs(instructions, base, spans):
    """Returns (instructions per frame, cycles per frame by processor) of the network, and of the rest."""
    parts = {True: [], False: []}
    for address, word in instructions:
        parts[is_of_network(spans, address - base)].append(word)
    network, rest = parts[True], parts[False]
    share = network[:len(network) // MCA_SHARE]
    return ((len(network) / N_FRAMES, [MCA_SHARE * cycles(share, p) / N_FRAMES for p in PROCESSORS]),
            (len(rest) / N_FRAMES, [cycles(rest, p) / N_FRAMES for p in PROCESSORS]))


def main():
    if not BUNDLE.is_dir():
        sys.exit(f"arm_cost: there is no {BUNDLE}: ./waf --target=moddwarf configure build")
    library = BUNDLE / "od3.so"
    spans = functions(library)
    budget = CORE_HZ / RATE_HZ
    print(f"Instructions and cycles per frame; one core at {CORE_HZ / 1e9:g} GHz has {budget:.0f} cycles for each.\n")
    heads = ["model", "block", "oversampling", "", "network: instructions", "rest: instructions"]
    for p in PROCESSORS:
        heads += [f"{p}: network", "rest", "network, % of a core", "all, % of a core"]
    print("| " + " | ".join(heads) + " |\n" + "| --- " * len(heads) + "|")
    with tempfile.TemporaryDirectory() as folder:
        host = Path(folder) / "host"
        run("aarch64-linux-gnu-gcc", "-O2", "-idirafter", "/usr/include", "-I", TOP / "src",
            TOP / "test/bench/arm_host.c", "-o", host, "-ldl")
        for model in MODELS:
            bundle = Path(folder) / model
            bundle.mkdir()
            (bundle / "od3.so").symlink_to(library)
            (bundle / "od3.gru").symlink_to(TOP / f"weights/{model}.gru")
            for block, factor in CASES:
                played, base = trace(host, bundle, block, factor)
                for name, instructions in zip(WINDOWS, played):
                    (n_network, network), (n_rest, rest) = costs(instructions, base, spans)
                    cells = [model, block, f"{factor}x", name, f"{n_network:.0f}", f"{n_rest:.0f}"]
                    for a, b in zip(network, rest):
                        cells += [f"{a:.0f}", f"{b:.0f}", f"{100 * a / budget:.1f}", f"{100 * (a + b) / budget:.1f}"]
                    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
