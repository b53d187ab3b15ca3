# SPDX-License-Identifier: MIT
"""The builds of programs.py's SAFE: the plugin, a faulty one (faulty.c), and the programs of the tests."""

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
    """The paths of a build's tests, unit_* and host_*."""
    return sorted(path for kind in ("unit", "host") for path in (SAFE / name).glob(f"{kind}_*")
                  if not path.suffix)


@contextlib.contextmanager
def top_with(library):
    """What the tests' programs take for the top folder, with a bundle that has this library."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        shutil.copytree(common.BUILD / "lv2/od3.lv2", top / "od3.lv2")
        (top / "od3.lv2/od3.so").unlink()
        (top / "od3.lv2/od3.so").symlink_to(library)
        (top / "weights").symlink_to(common.TOP / "weights")
        yield top


def run(program, library, *wrapper, **environment):
    """A program's result, where the bundle has this library; both outputs are in stdout."""
    with top_with(library) as top:
        return subprocess.run([*wrapper, program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              text=True, errors="replace", env={**os.environ, "OD3_TOP": str(top), **environment})


def n_passed(test, result):
    """How many tests passed: all that there are, or `test` fails."""
    planned = sum(map(int, re.findall(r"^1\.\.(\d+)", result.stdout, re.M)))
    passed = len(re.findall(r"^ok \d", result.stdout, re.M))
    test.assertEqual((result.returncode, passed), (0, planned), f"{result.args}\n{result.stdout}")
    test.assertGreater(passed, 0)
    return passed


def run_all(test, name, paths, library, *wrapper, **environment):
    """Runs programs, all of whose tests must pass, and says how many did."""
    n = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda path: run(path, library, *wrapper, **environment), paths)
        for path, result in zip(paths, results):
            with test.subTest(program=path.name):
                n += n_passed(test, result)
    common.note(f"{name}: {len(paths)} programs, {n} tests")
