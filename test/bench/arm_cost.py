#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Estimates the instructions and cycles of the plugin on MOD's devices from models of their processors.

usage: arm_cost.py      after ./waf --target=moddwarf configure build, or modduo, or both; two minutes for each

The device's own bundle plays under qemu (test/bench/arm_host.c). qemu's log tells every block of instructions that ran,
so that loops and calls, including those into libm, count as often as they ran. The network is the process functions of
src/rnn/vector/kernel_vector.c; everything else in run() is the rest.

Dwarf: llvm-mca computes the cycles of the same instructions in sequence, with LLVM's models of two in-order processors.
LLVM uses that of the Cortex-A53 for the Dwarf's Cortex-A35 too; it is coarse: its latencies are too long, and loads
wait for earlier products. The model of the Cortex-A55 is finer, but that core is newer. Both assume that all memory is
in the first cache, that branches are predicted, and that no load waits for a store. The cycles of the network are
computed from an eighth of the frames.

Duo: LLVM has no model of the Cortex-A7. Its NEON unit computes one floating-point number a cycle, so that a vector of
four takes four: at 1.2 GHz the VFP Benchmark of wlog.flatlib.jp/2014/02/14/n1680 multiplied 1.10 billion numbers a
second one by one, and 1.18 billion two by two. Integers of 32 bits are taken as two a cycle, and loads and stores as 64
bits a cycle. "At least" counts the floating-point numbers alone, as if all else ran beside them. "At most" adds all
else, as if nothing did. Neither knows of waiting for results or memory.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import arm_trace
from arm_trace import N_FRAMES, TOP, WINDOWS, Emulator, run

RATE_HZ = 48000
LLVM = "-22"
TRIPLE, PROCESSORS = "aarch64-linux-gnu", ("cortex-a53", "cortex-a55")
MCA_SHARE = 8
# The instructions of NEON and VFP whose numbers pass one a cycle through the floating-point unit.
FLOAT = re.compile(r"v(?!mov)[\w.]*\.f(?:32|64)")
MEMORY = re.compile(r"v(?:ld|st|push|pop)|(?:ld|st)m|push|pop")


def assembly(instructions):
    """Returns the text of each AArch64 instruction in LLVM's syntax."""
    words = [one.words for one in instructions]
    unique = sorted(set(words))
    as_bytes = "\n".join(" ".join(f"0x{byte:02x}" for byte in bytes.fromhex(word)[::-1]) for word in unique)
    said = run(f"llvm-mc{LLVM}", "--disassemble", f"-triple={TRIPLE}", input=as_bytes)
    texts = [line for line in said.splitlines() if line.strip() and not line.strip().startswith(".")]
    assert len(texts) == len(unique)
    text = dict(zip(unique, texts))
    return [text[word] for word in words]


def mca_cycles(instructions, processor):
    said = run(f"llvm-mca{LLVM}", f"-mtriple={TRIPLE}", f"-mcpu={processor}", "-iterations=1", "-instruction-info=0",
               "-resource-pressure=0", input="\n".join(assembly(instructions)), stderr=subprocess.DEVNULL)
    return int(re.search(r"Total Cycles:\s+(\d+)", said)[1])


def dwarf_cycles(network, rest):
    """Returns the cycles of the network and of the rest by each model."""
    share = network[:len(network) // MCA_SHARE]
    return [(MCA_SHARE * mca_cycles(share, p), mca_cycles(rest, p)) for p in PROCESSORS]


def register_words(operands):
    """Returns how many 32-bit words the registers of an instruction have: those of a list, or the first."""
    listed = re.search(r"\{(.*?)\}", operands)
    names = re.findall(r"\b([qdsr])(\d+)", listed[1] if listed else operands)
    if listed and "-" in listed[1]:
        names = names[:1] * (int(names[1][1]) - int(names[0][1]) + 1)
    words = {"q": 4, "d": 2, "s": 1, "r": 1}
    return sum(words[kind] for kind, _ in (names if listed else names[:1])) or 1


def a7_cycles(instruction):
    """Returns the cycles of the floating-point unit, and those of all else."""
    name, _, operands = instruction.text.partition(" ")
    if FLOAT.match(name):
        return register_words(operands), 0
    if name.startswith("v") or MEMORY.match(name):
        return 0, (register_words(operands) + 1) // 2
    return 0, 1


def duo_cycles(network, rest):
    """Returns the least and the most cycles of the network and of the rest."""
    parts = [[sum(column) for column in zip(*map(a7_cycles, part))] for part in (network, rest)]
    return [tuple(float_cycles for float_cycles, _ in parts), tuple(map(sum, parts))]


DEVICES = {
    "moddwarf": (Emulator("aarch64-linux-gnu", "qemu-aarch64", "cortex-a53"), 1.3e9, PROCESSORS, dwarf_cycles,
                 (("od3", 64, 1), ("od3", 128, 1), ("od3", 128, 2), ("od3-eco", 64, 1), ("od3-eco", 128, 1),
                  ("od3-eco", 128, 2))),
    "modduo": (Emulator("arm-linux-gnueabihf", "qemu-arm", "cortex-a7"), 1.0e9, ("at least", "at most"), duo_cycles,
               (("od3-eco", 128, 1), ("od3-eco", 128, 2), ("od3", 128, 1))),
}


def print_device(target, emulator, core_hz, estimates, cycles, cases):
    budget = core_hz / RATE_HZ
    print(f"\n{target}: instructions and cycles a frame; one core at {core_hz / 1e9:g} GHz has {budget:.0f} cycles for "
          "each.\n")
    heads = ["model", "block", "oversampling", "", "network: instructions", "rest: instructions"]
    for name in estimates:
        heads += [f"{name}: network", "rest", "network, % of a core", "all, % of a core"]
    print("| " + " | ".join(heads) + " |\n" + "| --- " * len(heads) + "|")
    with tempfile.TemporaryDirectory() as folder:
        host = Path(folder) / "host"
        arm_trace.build_host(emulator, host)
        for model, block, factor in cases:
            bundle = Path(folder) / model
            bundle.mkdir(exist_ok=True)
            for name, source in (("od3.so", library_of(target)), ("od3.gru", TOP / f"weights/{model}.gru")):
                if not (bundle / name).exists():
                    (bundle / name).symlink_to(source)
            for name, parts in zip(WINDOWS, arm_trace.trace(emulator, host, bundle, block, factor)):
                cells = [model, block, f"{factor}x", name, *(f"{len(part) / N_FRAMES:.0f}" for part in parts)]
                for pair in cycles(*parts):
                    a, b = (count / N_FRAMES for count in pair)
                    cells += [f"{a:.0f}", f"{b:.0f}", f"{100 * a / budget:.1f}", f"{100 * (a + b) / budget:.1f}"]
                print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def library_of(target):
    return TOP / f"build-{target}/lv2/od3.lv2/od3.so"


def main():
    built = [target for target in DEVICES if library_of(target).exists()]
    if not built:
        sys.exit(f"arm_cost: no bundle is built for {' or '.join(DEVICES)}: ./waf --target=moddwarf configure build")
    for target in built:
        print_device(target, *DEVICES[target])


if __name__ == "__main__":
    main()
