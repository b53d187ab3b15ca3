#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks style and code statically; a tool that is missing is a failure.

usage: lint.py WARNING-FLAGS
"""

import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

TOP = Path(os.environ.get("OD3_TOP") or Path(__file__).resolve().parents[2])
BUILD = Path(os.environ.get("OD3_BUILD") or TOP / "build")
DEFINES = ["-D_POSIX_C_SOURCE=200809L", "-DHAVE_SSE2", "-DHAVE_AVX2"]
VECTOR_KERNEL = "src/rnn/vector/kernel_vector.c"
# The instruction sets with which the vector kernel is checked, assembly included, as x86-64 builds have it.
INSTRUCTION_SETS = {
    "sse2": ["-DKERNEL=sse2", "-DVECTOR_FLOATS=4", "-DHAVE_ASSEMBLY"],
    "avx2": ["-DKERNEL=avx2", "-DVECTOR_FLOATS=8", "-DHAVE_ASSEMBLY", "-mavx2", "-mfma"],
    "avx512": ["-DKERNEL=avx512", "-DVECTOR_FLOATS=16", "-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma"],
}
TRAINING_KERNEL = ["weights/training_kernel.c", *(f"weights/training_{name}.h" for name in ("cell", "gru", "lstm"))]
WASM = "web/core.c"


def find(*patterns):
    return sorted(str(path.relative_to(TOP)) for pattern in patterns for path in TOP.glob(pattern))


def words(*command):
    return subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True).stdout.split()


def check(*command):
    """True if a command is there and is content; what it says is shown if it is not."""
    print(" ".join(str(word) for word in command)[:140], flush=True)
    try:
        done = subprocess.run([str(word) for word in command], cwd=TOP, check=False, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except FileNotFoundError:
        print(f"lint: {command[0]} is missing", file=sys.stderr)
        return False
    if done.returncode:
        print(f"{done.stdout}lint: {command[0]} exits with {done.returncode}", file=sys.stderr, flush=True)
    return done.returncode == 0


def check_all(commands):
    """True if each command is content; as many run at once as there are processors."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return all(list(pool.map(lambda command: check(*command), commands)))


def tidy_all(paths):
    """True if each HTML file is valid; a part of a page is made whole first."""
    with tempfile.TemporaryDirectory() as folder:
        commands = []
        for i, path in enumerate(paths):
            text = (TOP / path).read_text(encoding="utf-8")
            whole = text if "<!DOCTYPE html>" in text else f"<!DOCTYPE html><title>x</title><body>{text}"
            copy = Path(folder) / f"{i}-{Path(path).name}"
            copy.write_text(whole, encoding="utf-8")
            # Elements that scripts fill are empty here, and mod-ui has attributes of its own.
            commands.append(["tidy", "-q", "-e", "-utf8", "--drop-empty-elements", "no",
                             "--warn-proprietary-attributes", "no", copy])
        return check_all(commands)


def every_file_says_its_licence(paths):
    mark = "SPDX-License-Identifier: MIT"
    bare = [path for path in paths if not any(mark in line for line in (TOP / path).read_text().splitlines()[:3])]
    for path in bare:
        print(f"lint: {path} has no SPDX line at its top", file=sys.stderr)
    return not bare


def nearly_equal(one, other):
    """True if two numbers, as text, have as many digits and differ by 3 in the last one at most."""
    one, other = Decimal(one), Decimal(other)
    last = one.as_tuple().exponent
    return last == other.as_tuple().exponent and abs(one - other) <= 3 * Decimal(10) ** last


def written_files_are_as_written():
    """True if a script writes what is tracked, but for numbers' last digits, which differ between processors."""
    path = "src/engine/resample2x_taps.h"
    written = subprocess.run([sys.executable, path.replace(".h", ".py")], cwd=TOP, check=True, capture_output=True,
                             text=True).stdout
    tracked = (TOP / path).read_text(encoding="utf-8")
    number = re.compile(r"[-+]?[0-9]+\.[0-9]+(?:e[-+][0-9]+)?")
    is_same = number.sub("#", written) == number.sub("#", tracked) and all(
        map(nearly_equal, number.findall(written), number.findall(tracked)))
    if not is_same:
        print(f"lint: {path} is not what {path.replace('.h', '.py')} writes", file=sys.stderr)
    return is_same


def main():
    warnings = [*sys.argv[1].split(), "-Werror"]
    core, window, tests = find("src/**/*.c"), find("ui/*.c"), find("test/**/*.c")
    core.remove(VECTOR_KERNEL)
    headers = find("src/**/*.h", "test/**/*.h", "ui/*.h")
    scripts = find("modgui/*.py", "packaging/*.py", "src/**/*.py", "test/**/*.py", "ttl/*.py", "ui/*.py", "web/*.py",
                   "weights/*.py")
    wscripts = find("wscript", "*/wscript")
    pages = find("modgui/*.html", "test/**/*.html", "web/*.html")
    styles = find("modgui/*.css", "modgui/*.svg", "ui/*.svg", "modgui/*.js", "test/**/*.js", "web/*.css", "web/*.js")
    flags = ["-std=c11", *DEFINES, "-Isrc", f"-I{BUILD}/src", "-Iui", f"-I{BUILD}/ui", "-Itest"]
    # Other projects' headers keep to their own rules.
    lilv = [word.replace("-I", "-isystem", 1) for word in words("pkg-config", "--cflags", "lilv-0", "lv2")]
    commands = [
        ("cppcheck", "--quiet", "--error-exitcode=1", "--std=c11", "--inline-suppr",
         "--enable=warning,performance,portability,style", "--suppress=missingIncludeSystem",
         *DEFINES, *INSTRUCTION_SETS["sse2"], "-Isrc", f"-I{BUILD}/src", "-Iui", f"-I{BUILD}/ui", "src", "ui"),
        # Whichever node is first on PATH, the modules are Debian's.
        ("env", "NODE_PATH=/usr/share/nodejs", "eslint", "--format", "unix", "--max-warnings", "0", "modgui", "test",
         "web"),
        *(("clang-tidy", "--quiet", "--warnings-as-errors=*", VECTOR_KERNEL, "--", *flags, *own)
          for own in INSTRUCTION_SETS.values()),
        *(("clang-tidy", "--quiet", "--warnings-as-errors=*", file, "--", *flags) for file in core + window),
        ("clang-format", "--dry-run", "--Werror", *core, VECTOR_KERNEL, *window, *tests, *headers, *TRAINING_KERNEL,
         WASM),
        *(("gcc", *flags, *lilv, *warnings, "-O3", "-c", "-o", os.devnull, file) for file in core + window + tests),
        ("clang", *flags, *lilv, *warnings, "-fsyntax-only", *core, *window, *tests),
        ("clang-22", *flags, *warnings, "-Wfunction-effects", "-fsyntax-only", *core),
        *((*command, *flags, *own, *warnings, VECTOR_KERNEL) for own in INSTRUCTION_SETS.values() for command in (
            ("gcc", "-O3", "-c", "-o", os.devnull), ("clang", "-fsyntax-only"),
            ("clang-22", "-Wfunction-effects", "-fsyntax-only"))),
        ("clang-22", "--target=wasm32-wasi", "-Wno-deprecated", *flags, *warnings, "-Wno-missing-prototypes",
         "-fsyntax-only", WASM),
        ("shellcheck", "waf", ".ci/run", *find("test/**/*.sh")),
        (sys.executable, "-m", "flake8", "--max-line-length=120", *scripts, *wscripts),
        (sys.executable, "test/tools/mutants.py", "--check"),
    ]
    results = [
        check_all(commands),
        tidy_all(pages),
        written_files_are_as_written(),
        every_file_says_its_licence([*core, VECTOR_KERNEL, *window, *tests, *headers, *scripts, *pages, *styles,
                                     *TRAINING_KERNEL, WASM, "waf", *wscripts, ".ci/run"]),
    ]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
