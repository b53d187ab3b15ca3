# SPDX-License-Identifier: MIT
"""Runs the test programs of the instrumented builds, with the plugin or with the faulty one (faulty.c)."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import common

SAFE = common.BUILD / "safe"
GUARD = SAFE / "guard.so"


def programs(name):
    """Returns the paths of a build's test programs: those of unit/ and plugin/."""
    return sorted(path for room in ("unit", "plugin") for path in (SAFE / name / room).glob("test_*")
                  if not path.suffix)


@contextlib.contextmanager
def top_with(library):
    """Yields a temporary top folder whose bundle has this library."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        shutil.copytree(common.BUILD / "lv2/od3.lv2", top / "od3.lv2")
        (top / "od3.lv2/od3.so").unlink()
        (top / "od3.lv2/od3.so").symlink_to(library)
        (top / "weights").symlink_to(common.TOP / "weights")
        yield top


def run(program, library, *wrapper, **environment):
    """Runs a program with this library in the bundle; stdout of the result holds both outputs."""
    with top_with(library) as top:
        return subprocess.run([*wrapper, program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              text=True, errors="replace", env={**os.environ, "OD3_TOP": str(top), **environment})


def n_passed(test, result):
    """Returns the number of tests that passed; `test` fails unless all did that were not skipped, as it notes."""
    planned = sum(map(int, re.findall(r"^1\.\.(\d+)", result.stdout, re.M)))
    passed = len(re.findall(r"^ok \d", result.stdout, re.M))
    skipped = re.findall(r"^not ok \d+ # SKIP (\w+)", result.stdout, re.M)  # so cmocka writes it
    test.assertEqual((result.returncode, passed + len(skipped)), (0, planned), f"{result.args}\n{result.stdout}")
    for name in skipped:
        common.note(f"{name} was skipped")
    test.assertGreater(passed, 0)
    return passed


def run_all(test, name, paths, library, *wrapper, **environment):
    """Runs programs whose tests must all pass, and prints their number."""
    n = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda path: run(path, library, *wrapper, **environment), paths)
        for path, result in zip(paths, results):
            with test.subTest(program=path.name):
                n += n_passed(test, result)
    common.note(f"{name}: {len(paths)} programs, {n} tests")
