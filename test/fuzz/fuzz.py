#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fuzzes the readers of .gru files and of JSON, and run(), from the corpus, each for a third of the time.

usage: fuzz.py SECONDS

Inputs that reach new code are kept in build/fuzz/corpus. Inputs that fail are kept in build/fuzz/found.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(os.environ.get("OD3_TOP") or Path(__file__).resolve().parents[2])
BUILD = Path(os.environ.get("OD3_BUILD") or TOP / "build") / "fuzz"
MAX_BYTES = {"model": 4096, "json": 4096, "run": 600}  # the largest input
# A small quarantine and short call stacks make fuzzing twice as fast.
SANITIZERS = "malloc_context_size=2:quarantine_size_mb=4"


def corpus(name):
    return TOP / "test/fuzz/corpus" / name


def call(program, *arguments):
    """Runs a harness; returns its exit status and its output."""
    environment = {**os.environ, "ASAN_OPTIONS": SANITIZERS}
    result = subprocess.run([BUILD / program, *arguments], env=environment, check=False, text=True, errors="replace",
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return result.returncode, result.stdout


def fuzz(name, new, limit, program=None):
    """Fuzzes from the corpus of that name with options of libFuzzer that say when to end. The folder `new` gets inputs
    that reach new code. Returns the exit status and the output of libFuzzer.
    """
    found = BUILD / "found"
    for folder in (new, found):
        folder.mkdir(parents=True, exist_ok=True)
    return call(program or f"fuzz_{name}", *limit, f"-max_len={MAX_BYTES[name]}", "-len_control=0", "-timeout=30",
                "-print_final_stats=1", f"-artifact_prefix={found}/{program or name}-", new, corpus(name))


def summary(said):
    """Returns the numbers of inputs tried and of edges and features reached, as text."""
    tried = re.findall(r"number_of_executed_units: (\d+)", said)
    reached = re.findall(r"cov: (\d+) ft: (\d+)", said)
    edges, features = reached[-1] if reached else ("?", "?")
    return f"{tried[-1] if tried else '?'} inputs, {edges} edges, {features} features"


def main():
    seconds = max(1, round(float(sys.argv[1]) / len(MAX_BYTES)))
    failed = []
    for name in MAX_BYTES:
        status, said = fuzz(name, BUILD / "corpus" / name, [f"-max_total_time={seconds}"])
        print(f"fuzz_{name}: {summary(said)}", flush=True)
        if status:
            failed.append(name)
            print(said[-6000:])
    print(f"found: {', '.join(failed)}; the inputs are in {BUILD / 'found'}" if failed else "found nothing")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
