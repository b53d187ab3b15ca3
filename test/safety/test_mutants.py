#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The unit tests find small faults that are planted in src/, one at a time: a few of those of ./waf mutants."""

import re
import resource
import subprocess
import sys
import unittest

import common

N_MUTANTS = 20


class Mutants(unittest.TestCase):
    def test_are_found(self):
        """the unit tests find small faults, drawn by what src/ and these tests contain"""
        result = subprocess.run([sys.executable, common.TOP / "test/tools/mutants.py", f"--draw={N_MUTANTS}"],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        common.note(f"{N_MUTANTS} faults, {usage.ru_utime + usage.ru_stime:.0f} s of processor time")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertEqual(len(re.findall(r"^\[\d+/\d+\] killed by", result.stdout, re.M)), N_MUTANTS, result.stdout)


if __name__ == "__main__":
    common.main()
