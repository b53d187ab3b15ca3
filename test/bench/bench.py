#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints the CPU time of the plugin, and that of the plain kernel and torch's nn.GRU in the same rounds.

Each figure is the median over the rounds, with the quartiles in brackets. Each ratio is the median of the ratios of
the rounds. Times are CPU time of the thread. The column of torch says when torch is missing.
"""

import argparse
import importlib.util
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(os.environ.get("OD3_TOP") or Path(__file__).resolve().parents[2])
BUILD = Path(os.environ.get("OD3_BUILD") or TOP / "build")
BUNDLE = TOP / "od3.lv2"
RATE_HZ = 48000
ROUNDS = 15
TORCH_BLOCK, TORCH_BLOCKS = 128, 12
OVERSAMPLING_CASES = ("", "-knob-moving", "-knob-jumping", "-after-a-knob", "-bypassed")
SIGNALS = ("ordinary", "silence", "denormals", "full-scale", "noise", "nan")


def time_torch(units):
    """Returns the time of nn.GRU and a linear layer, a block at a time, in nanoseconds per sample."""
    import torch  # pylint: disable=import-outside-toplevel # it may be missing
    torch.set_num_threads(1)
    gru, linear = torch.nn.GRU(1, units, batch_first=True), torch.nn.Linear(units, 1)
    x, state = torch.randn(1, TORCH_BLOCK, 1), None
    with torch.inference_mode():
        _, state = gru(x)
        start = time.thread_time()
        for _ in range(TORCH_BLOCKS):
            y, state = gru(x, state)
            linear(y)
        return 1e9 * (time.thread_time() - start) / (TORCH_BLOCKS * TORCH_BLOCK)


def time_round(has_torch):
    """Runs the bench program once; maps the words of each line, without the last, to the last word, its value."""
    said = subprocess.run([BUILD / "test/bench/bench", BUNDLE], check=True, capture_output=True, text=True).stdout
    told = {}
    for line in said.splitlines():
        *words, value = line.split()
        told[tuple(words)] = value if words == ["fastest"] else float(value)
    if has_torch:
        for units in sorted({int(key[1]) for key in told if key[0] == "network"}):
            told["torch", str(units)] = time_torch(units)
    return told


def spread(values):
    """Returns the median and quartiles, or None for an empty list."""
    if not values:
        return None
    low, median, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return {"median": median, "low": low, "high": high}


class Rounds:
    def __init__(self, rounds):
        self.rounds = rounds

    def keys(self, kind):
        return [key for key in self.rounds[0] if key[0] == kind]

    def value(self, *key):
        return spread([told[key] for told in self.rounds])

    def ratio(self, numerator, denominator):
        """Returns the spread of the ratio of two keys in each round, or None when a key is missing."""
        return spread([told[numerator] / told[denominator] for told in self.rounds
                       if numerator in told and denominator in told])

    def load(self, *key):
        """Returns the time as percent of real time, and how many times faster than real time it is."""
        ns = self.value(*key)["median"]
        return {"percent_of_real_time": 1e-7 * ns * RATE_HZ, "times_real_time": 1e9 / ns / RATE_HZ}


def processor():
    """Returns the processor's name with what x86's /proc/cpuinfo says of family and model."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    told = dict(re.findall(r"^(model name|cpu family|model)\s*: (.*)", text, re.M))
    name = told.get("model name", platform.machine())
    return f"{name} (family {told['cpu family']}, model {told['model']})" if "cpu family" in told else name


def network(rounds):
    return [{"units": int(key[1]), "kernel": key[2], "streams": int(key[3]), "ns": rounds.value(*key),
             "times_faster_than_plain": rounds.ratio(("network", key[1], "plain", key[3]), key),
             "times_faster_than_torch": rounds.ratio(("torch", key[1]), key), **rounds.load(*key)}
            for key in rounds.keys("network")]


def lstm(rounds):
    return [{"units": int(key[1]), "kernel": key[2], "streams": int(key[3]), "ns": rounds.value(*key),
             "times_faster_than_plain": rounds.ratio(("lstm", key[1], "plain", key[3]), key),
             "over_gru_32": rounds.ratio(key, ("network", "32", *key[2:])), **rounds.load(*key)}
            for key in rounds.keys("lstm")]


def blocks(rounds):
    return [{"kernel": key[1], "block": int(key[2]), "ns": rounds.value(*key),
             "bare_ns": rounds.value("bare", *key[1:]), "over_bare_kernel": rounds.ratio(key, ("bare", *key[1:])),
             **rounds.load(*key)}
            for key in rounds.keys("block")]


def factors(rounds):
    return [{"kernel": key[1], "factor": int(key[2]), "ns": rounds.value(*key),
             "over_1x": rounds.ratio(key, ("factor", key[1], "1")),
             "over_avx2": rounds.ratio(key, ("factor", "avx2", key[2])), **rounds.load(*key)}
            for key in rounds.keys("factor")]


def each(rounds, kind, reference):
    """Returns the measurements of a kind by name, each with its ratio to the reference."""
    return {key[1]: {"ns": rounds.value(*key), "ratio": rounds.ratio(key, (kind, reference)), **rounds.load(*key)}
            for key in rounds.keys(kind)}


def stereo(rounds):
    return {f"{times}x": {"ns": rounds.value("stereo", f"{times}x-stereo"),
                          "ratio": rounds.ratio(("stereo", f"{times}x-stereo"), ("stereo", f"{times}x-two-monos")),
                          **rounds.load("stereo", f"{times}x-stereo")} for times in (1, 2, 4)}


def report(told, loads):
    rounds = Rounds(told)
    return {
        "model_bytes": (BUNDLE / "od3.gru").stat().st_size, "library_bytes": (BUNDLE / "od3.so").stat().st_size,
        "units": int(told[0]["units", ]), "kernel": told[0]["fastest", ], "processor": processor(),
        "rounds": len(told), "rate_hz": RATE_HZ, "load_average": loads,
        "network": network(rounds),
        "lstm": lstm(rounds),
        "torch": {key[1]: rounds.value(*key) for key in rounds.keys("torch")} or None,
        "blocks": blocks(rounds),
        "factors": factors(rounds),
        "signals": each(rounds, "signal", "ordinary"),
        "cases": each(rounds, "case", "1x"),
        "stereo": stereo(rounds),
        "instances": each(rounds, "instances", "1"),
        "start_ns": {key[1]: rounds.value(*key) for key in rounds.keys("start")},
        "bytes": {key[1]: int(rounds.value(*key)["median"]) for key in rounds.keys("bytes")},
    }


def shown(values, digits=0):
    if values is None:
        return "torch is missing"
    return f"{values['median']:.{digits}f} ({values['low']:.{digits}f} ... {values['high']:.{digits}f})"


def table(title, heads, rows):
    print(f"\n{title}\n\n| " + " | ".join(heads) + " |\n" + "| --- " * len(heads) + "|")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")


def print_networks(found):
    for n_streams, title in ((1, "The bare network, by size"), (2, "The bare network with two streams")):
        table(title, ("units", "kernel", "ns per sample", "% of real time", "times faster than plain C",
                      "times faster than torch nn.GRU"),
              [(e["units"], e["kernel"], shown(e["ns"], 1), f"{e['percent_of_real_time']:.2f}",
                shown(e["times_faster_than_plain"], 1), shown(e["times_faster_than_torch"]))
               for e in found["network"] if e["streams"] == n_streams])


def print_lstms(found):
    for n_streams, title in ((1, "The bare LSTM, by size"), (2, "The bare LSTM with two streams")):
        table(title, ("units", "kernel", "ns per sample", "% of real time", "times faster than plain C",
                      "over a GRU of 32 units"),
              [(e["units"], e["kernel"], shown(e["ns"], 1), f"{e['percent_of_real_time']:.2f}",
                shown(e["times_faster_than_plain"], 1), shown(e["over_gru_32"], 2))
               for e in found["lstm"] if e["streams"] == n_streams])


def print_plugin(found):
    heads = ("ns per sample", "% of real time", "times real time")

    def cells(entry):
        return shown(entry["ns"], 1), f"{entry['percent_of_real_time']:.2f}", f"{entry['times_real_time']:.0f}"

    table(f"The whole plugin at 1x, {found['units']} neurons, by block, with still knobs",
          ("kernel", "block", *heads, "over the bare kernel"),
          [(e["kernel"], e["block"], *cells(e), shown(e["over_bare_kernel"], 3)) for e in found["blocks"]])
    table("The whole plugin by kernel and oversampling, block of 64",
          ("kernel", "oversampling", *heads, "over 1x", "over avx2"),
          [(e["kernel"], f"{e['factor']}x", *cells(e), shown(e["over_1x"], 3),
            shown(e["over_avx2"], 3) if e["over_avx2"] else "") for e in found["factors"]])
    for key, title, reference in (
            ("cases", "Block of 64, by case", "over 1x"),
            ("signals", "Block of 64 at 1x, by input", "over ordinary sound"),
            ("stereo", "The stereo pedal, ns per frame, block of 64", "over two mono pedals"),
            ("instances", "Instances that run in turn, ns per sample of each", "over one")):
        table(title, ("case", *heads, reference),
              [(name, *cells(e), shown(e["ratio"], 3)) for name, e in found[key].items()])


def print_report(found):
    print(f"{found['units']} units, kernel {found['kernel']}, {found['processor']}; {found['rounds']} rounds, medians "
          f"(quartiles); load of the machine {found['load_average'][0]:.1f}, then {found['load_average'][1]:.1f}")
    print_networks(found)
    print_lstms(found)
    print_plugin(found)
    table("Start", ("call", "µs"), [(name, shown({k: v / 1000 for k, v in ns.items()}))
                                    for name, ns in found["start_ns"].items()])
    sizes = {**found["bytes"], "od3.so": found["library_bytes"], "od3.gru": found["model_bytes"]}
    table("Memory", ("part", "bytes"), sizes.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="also writes all measurements to this file")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    has_torch = importlib.util.find_spec("torch") is not None
    before = os.getloadavg()[0]
    told = [time_round(has_torch) for _ in range(options.rounds)]
    found = report(told, (before, os.getloadavg()[0]))
    print_report(found)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
