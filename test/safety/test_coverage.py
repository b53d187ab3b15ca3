#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The test programs run nearly every line of src/ with each kernel that this processor has."""

import json
import os
import subprocess
import unittest
from collections import defaultdict

import common
import variant

LEAST = 0.98
LONG = ("test_controls", "test_rates", "test_sound")  # slow without optimisation; no further lines


def lines():
    """Returns how often each line of src/ ran: {file: {line: times}}."""
    counters = sorted((common.BUILD / "src").rglob("*.gcda"))
    said = subprocess.run(["gcov", "--json-format", "--stdout", *counters], check=True, capture_output=True,
                          text=True, cwd=common.BUILD).stdout
    times = defaultdict(lambda: defaultdict(int))
    for report in map(json.loads, said.splitlines()):
        for file in report["files"]:
            path = (common.BUILD / file["file"]).resolve()
            for line in file["lines"] if common.TOP / "src" in path.parents else ():
                times[str(path.relative_to(common.TOP / "src"))][line["line_number"]] += line["count"]
    return times


def missed(times):
    """Returns (file, text) of each line that never ran."""
    texts = {file: (common.TOP / "src" / file).read_text(encoding="utf-8").splitlines() for file in times}
    return [(file, texts[file][number - 1].strip()) for file in sorted(times)
            for number, n in sorted(times[file].items()) if n == 0]


def forget():
    for path in common.BUILD.rglob("*.gcda"):
        path.unlink()


@unittest.skipUnless(os.environ.get("OD3_ALL_TESTS"), "it takes minutes; OD3_ALL_TESTS=1 runs it")
class Coverage(unittest.TestCase):
    library = variant.SAFE / "coverage/od3.so"

    def play(self, name, paths, **environment):
        variant.run_all(self, name, paths, self.library, **environment)

    def test_is_complete(self):
        """the short tests run all but a few lines, which are listed"""
        forget()
        paths = [path for path in variant.programs("coverage") if path.name not in LONG]
        for kernel in common.native_kernels()[:3]:
            self.play(f"coverage, {kernel}", paths, OD3_KERNEL=kernel)
        times = lines()
        for file in sorted(times):
            n_run = sum(n > 0 for n in times[file].values())
            common.note(f"{file}: {n_run} of {len(times[file])}")
        n_lines, n_missed = sum(map(len, times.values())), len(missed(times))
        common.note(f"{n_lines} lines, of which {n_missed} never ran: {100 * (1 - n_missed / n_lines):.2f} %")
        for file, text in missed(times):
            common.note(f"never ran: {file}: {text}")
        self.assertGreaterEqual(1 - n_missed / n_lines, LEAST)

    def test_misses_what_is_not_run(self):
        """one test alone leaves most lines unrun"""
        forget()
        self.play("coverage", [variant.SAFE / "coverage/unit/test_oversampler"])
        left_out = set(missed(lines()))
        self.assertIn(("engine/oversampler.c", "return NULL;"), left_out)
        self.assertGreater(len(left_out), 300)


if __name__ == "__main__":
    common.main()
