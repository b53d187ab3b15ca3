#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks style and code statically; a tool that is missing is a failure.

usage: lint.py WARNING-FLAGS
"""

import os
import subprocess
import sys
import tempfile
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
    """True if a command is there and is content."""
    print(" ".join(str(word) for word in command)[:140], flush=True)
    try:
        return subprocess.run([str(word) for word in command], cwd=TOP, check=False).returncode == 0
    except FileNotFoundError:
        print(f"lint: {command[0]} is missing", file=sys.stderr)
        return False


def tidy(path):
    """True if HTML is valid; a part of a page is made whole first."""
    text = (TOP / path).read_text(encoding="utf-8")
    whole = text if "<!DOCTYPE html>" in text else f"<!DOCTYPE html><title>x</title><body>{text}"
    # What scripts fill is empty here, and mod-ui has attributes of its own.
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".html") as file:
        file.write(whole)
        file.flush()
        return check("tidy", "-q", "-e", "-utf8", "--drop-empty-elements", "no", "--warn-proprietary-attributes", "no",
                     file.name)


def every_file_says_its_licence(paths):
    mark = "SPDX-License-Identifier: MIT"
    bare = [path for path in paths if not any(mark in line for line in (TOP / path).read_text().splitlines()[:3])]
    for path in bare:
        print(f"lint: {path} has no SPDX line at its top", file=sys.stderr)
    return not bare


def written_files_are_as_written():
    written = subprocess.run([sys.executable, "src/engine/resample2x_taps.py"], cwd=TOP, check=True,
                             capture_output=True)
    is_same = written.stdout == (TOP / "src/engine/resample2x_taps.h").read_bytes()
    if not is_same:
        print("lint: src/engine/resample2x_taps.h is not what src/engine/resample2x_taps.py writes", file=sys.stderr)
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
    results = [
        check("clang-format", "--dry-run", "--Werror", *core, VECTOR_KERNEL, *window, *tests, *headers,
              *TRAINING_KERNEL, WASM),
        *(check("gcc", *flags, *lilv, *warnings, "-O3", "-c", "-o", os.devnull, file)
          for file in core + window + tests),
        check("clang", *flags, *lilv, *warnings, "-fsyntax-only", *core, *window, *tests),
        check("clang-22", *flags, *warnings, "-Wfunction-effects", "-fsyntax-only", *core),
        *(check(*command, *flags, *own, *warnings, VECTOR_KERNEL) for own in INSTRUCTION_SETS.values() for command in (
            ("gcc", "-O3", "-c", "-o", os.devnull), ("clang", "-fsyntax-only"),
            ("clang-22", "-Wfunction-effects", "-fsyntax-only"))),
        *(check("clang-tidy", "--quiet", "--warnings-as-errors=*", VECTOR_KERNEL, "--", *flags, *own)
          for own in INSTRUCTION_SETS.values()),
        check("clang-22", "--target=wasm32-wasi", "-Wno-deprecated", *flags, *warnings, "-Wno-missing-prototypes",
              "-fsyntax-only", WASM),
        check("clang-tidy", "--quiet", "--warnings-as-errors=*", *core, *window, "--", *flags),
        check("cppcheck", "--quiet", "--error-exitcode=1", "--std=c11", "--inline-suppr",
              "--enable=warning,performance,portability,style", "--suppress=missingIncludeSystem",
              *DEFINES, *INSTRUCTION_SETS["sse2"], "-Isrc", f"-I{BUILD}/src", "-Iui", f"-I{BUILD}/ui", "src", "ui"),
        check("shellcheck", "waf", ".ci/run", *find("test/**/*.sh")),
        # Whichever node is first on PATH, the modules are Debian's.
        check("env", "NODE_PATH=/usr/share/nodejs", "eslint", "--format", "unix", "--max-warnings", "0", "modgui",
              "test", "web"),
        *(tidy(path) for path in pages),
        check(sys.executable, "-m", "flake8", "--max-line-length=120", *scripts, *wscripts),
        check(sys.executable, "test/tools/mutants.py", "--check"),
        written_files_are_as_written(),
        every_file_says_its_licence([*core, VECTOR_KERNEL, *window, *tests, *headers, *scripts, *pages, *styles,
                                     *TRAINING_KERNEL, WASM, "waf", *wscripts, ".ci/run"]),
    ]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
