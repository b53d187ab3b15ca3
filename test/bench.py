#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints what the plugin costs: medians over rounds, each beside torch's nn.GRU in the same round."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch

TOP = Path(os.environ.get("OD3_TOP") or Path(__file__).resolve().parent.parent)
BUILD = Path(os.environ.get("OD3_BUILD") or TOP / "build")
MODEL = TOP / "od3.lv2/od3.gru"
ROUNDS = 9
RATE_HZ = 48000
TORCH_N = 6000

sys.path.insert(0, str(TOP / "weights"))

import gru_file  # noqa: E402 # found through the line above


def time_torch(hidden):
    """Nanoseconds a sample of nn.GRU and a linear layer, fed a block of 128 samples at a time."""
    gru, linear = torch.nn.GRU(1, hidden, batch_first=True), torch.nn.Linear(hidden, 1)
    x, state = torch.randn(1, 128, 1), None
    start = time.process_time()
    for _ in range(TORCH_N // 128):
        y, state = gru(x, state)
        linear(y)
    return 1e9 * (time.process_time() - start) / (TORCH_N // 128 * 128)


def main():
    torch.set_num_threads(1)
    hidden = len(gru_file.read(MODEL)[0].out_weight)
    rounds = {}
    with torch.inference_mode():
        for _ in range(ROUNDS):
            said = subprocess.run([BUILD / "test/bench", MODEL], check=True, capture_output=True, text=True)
            times = {name: float(ns) for name, ns in (line.split() for line in said.stdout.splitlines())}
            times["torch"] = time_torch(hidden)
            for name, ns in times.items():
                rounds.setdefault(name, []).append((ns, times["torch"] / ns, ns / times["pedal,1x,block-64"]))
    print(f"{MODEL.name}, {hidden} units, {ROUNDS} rounds; medians (lowest ... highest)\n")
    print("| what | ns a sample | % of real time at 48 kHz | times faster than torch nn.GRU | over the pedal at 1x |")
    print("| --- | --- | --- | --- | --- |")
    for name, measured in rounds.items():
        ns, faster, over = (statistics.median(values) for values in zip(*measured))
        low, high = min(measured)[0], max(measured)[0]
        print(f"| {name} | {ns:.0f} ({low:.0f} ... {high:.0f}) | {100 * ns * 1e-9 * RATE_HZ:.2f} | {faster:.1f} | "
              f"{over:.2f} |")
    print(f"\n{said.stderr.strip()}")
    print(f"od3.so: {os.path.getsize(TOP / 'od3.lv2/od3.so')} bytes; od3.gru: {os.path.getsize(MODEL)} bytes")


if __name__ == "__main__":
    main()
