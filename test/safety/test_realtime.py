#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run() calls no function that may block: checked by the compiler, a sanitizer, a guard library and the symbols."""

import platform
import re
import subprocess
import unittest

import common
import variant

FAULTS = {"allocate": "malloc", "lock": "pthread_mutex_lock", "sleep": "nanosleep", "print": "puts|printf",
          "open": "open"}
FLAGS = ["-std=c11", "-D_POSIX_C_SOURCE=200809L", f"-I{common.TOP}/src", f"-I{common.BUILD}/src"]
CORE = {"KERNEL=sse2": ["-DVECTOR_FLOATS=4", "-DHAVE_ASSEMBLY"],
        "KERNEL=avx2": ["-DVECTOR_FLOATS=8", "-DHAVE_ASSEMBLY", "-mavx2", "-mfma"],
        "KERNEL=avx512": ["-DVECTOR_FLOATS=16", "-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma"]}
# Functions in assembly, which have no loop but that over frames.
ASSEMBLY = {"gru_sse2_steps"}
ENTRIES = ("connect_port", "activate", "run")
# Functions that LV2's headers define. Their loops are as long as a message of the host.
ATOM_UTILITIES = {"lv2_atom_object_get", "lv2_atom_sequence_begin", "lv2_atom_sequence_is_end",
                  "lv2_atom_sequence_next"}
# Functions of the C library: those that run() may call, and those for instantiate() and cleanup().
NEVER_BLOCK = {"expf", "fminf", "log10f", "memchr", "memcpy", "memmove", "memset", "strlen"}
MAY_BLOCK = {"aligned_alloc", "calloc", "close", "free", "malloc", "open", "read", "scandir", "sched_yield", "syscall",
             "vfprintf"}
FOR_SETUP = MAY_BLOCK | {"__errno_location", "expm1", "fmax", "fmaxf", "fmin", "fmod", "getenv", "log10", "memcmp",
                         "powf", "sin", "snprintf", "sqrt", "stderr", "strcasecmp", "strchr", "strcmp", "strerror",
                         "strncmp", "strrchr", "tan"}
OF_EVERY_LIBRARY = {"__cxa_finalize", "__gmon_start__", "_ITM_deregisterTMCloneTable", "_ITM_registerTMCloneTable"}


def sources():
    """Yields each source file with its flags; the vector kernel comes once for each instruction set."""
    for path in sorted((common.TOP / "src").rglob("*.c")):
        for kernel, flags in CORE.items() if path.name == "kernel_vector.c" else [("KERNEL=none", [])]:
            yield path, [*FLAGS, "-DHAVE_SSE2", "-DHAVE_AVX2", "-DHAVE_AVX512", f"-D{kernel}", *flags]


def clang(path, *flags):
    return subprocess.run(["clang-22", *flags, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)


class Calls:
    """The callees of each function of a file and its NONBLOCKING marks, before inlining."""

    def __init__(self, path, flags):
        code = clang(path, *flags, "-fsanitize=realtime", "-O0", "-Xclang", "-disable-llvm-passes", "-S", "-emit-llvm",
                     "-o", "-").stdout
        groups = {group for group, words in re.findall(r"^attributes (#\d+) = \{(.*)\}", code, re.M)
                  if "sanitize_realtime" in words.split()}
        self.callees, self.marked, self.is_static = {}, set(), set()
        for head, body in re.findall(r"^define (.*?) \{\n(.*?)^\}", code, re.M | re.S):
            name = re.search(r"@([\w.]+)\(", head)[1]
            self.callees[name] = {callee for callee in re.findall(r" call .*?@([\w.]+)\(", body)
                                  if not callee.startswith(("llvm.", "_mm"))}  # instructions
            if groups & set(re.findall(r"#\d+", head)):
                self.marked.add(name)
            if "internal" in head.split():
                self.is_static.add(name)


class Compiler(unittest.TestCase):
    @unittest.skipUnless(platform.machine() == "x86_64", "another processor")
    def test_every_function_is_marked(self):
        """run, connect_port, activate and all functions that they call are marked NONBLOCKING"""
        files = [Calls(path, flags) for path, flags in sources()]
        shared = {name for calls in files for name in calls.marked - calls.is_static}
        n_marked, n_calls, outside = 0, 0, set()
        entries = [name for name in ENTRIES for calls in files if name in calls.marked and name in calls.is_static]
        self.assertEqual(sorted(set(entries)), sorted(ENTRIES))
        for calls in files:
            n_marked += len(calls.marked)
            for name in calls.marked:
                n_calls += len(calls.callees[name])
                unmarked = calls.callees[name] - calls.marked - (shared - calls.is_static)
                self.assertLessEqual(unmarked, NEVER_BLOCK | ASSEMBLY | ATOM_UTILITIES, name)
                outside |= unmarked
        # LLVM has its own versions of the others.
        self.assertEqual(outside & NEVER_BLOCK, {"expf", "log10f", "memchr", "strlen"})
        common.note(f"{n_marked} functions are marked; of their {n_calls} calls, all that go elsewhere go to {outside}")
        self.assertGreater(n_marked, 50)

    def test_finds_none_that_blocks(self):
        """-Wfunction-effects finds nothing in the plugin, and the planted call in faulty.c"""
        for path, flags in sources():
            with self.subTest(path.name):
                self.assertEqual(clang(path, *flags, "-Wfunction-effects", "-fsyntax-only").stdout, "")
        said = clang(common.TOP / "test/safety/faulty.c", *FLAGS, "-Wfunction-effects", "-fsyntax-only").stdout
        self.assertIn("function with 'nonblocking' attribute must not call non-'nonblocking' function 'block'", said)


class Sanitizer(unittest.TestCase):
    def test_finds_no_error(self):
        """-fsanitize=realtime finds no error in the tests"""
        paths = variant.programs("realtime")
        variant.run_all(self, "realtime", paths, variant.SAFE / "realtime/od3.so")

    def test_finds_faults(self):
        """-fsanitize=realtime finds each planted fault"""
        for fault, function in FAULTS.items():
            with self.subTest(fault):
                result = variant.run(variant.SAFE / "realtime/plugin/test_rates", variant.SAFE / "realtime/faulty.so",
                                     OD3_FAULT=fault)
                self.assertNotEqual(result.returncode, 0)
                self.assertRegex(result.stdout, f"Intercepted call to real-time unsafe function `({function})`")


class Guard(unittest.TestCase):
    """The guard library aborts when the plugin as built by GCC calls a function that may block."""

    def guarded(self, program, library, **environment):
        return variant.run(program, variant.GUARD, GUARDED=str(library), **environment,
                           LD_PRELOAD=str(variant.GUARD))

    def test_finds_no_error(self):
        """connect_port, activate and run call no guarded function"""
        n_calls = 0
        library = common.BUILD / "lv2/od3.lv2/od3.so"
        paths = [path for path in variant.programs("native") if path.parent.name == "plugin"]
        for path in paths:
            with self.subTest(path.name):
                result = self.guarded(path, library)
                variant.n_passed(self, result)
                n_calls += int(re.search(r"^guard: (\d+) calls", result.stdout, re.M)[1])
        common.note(f"{n_calls} calls of the plugin were watched")
        self.assertGreater(n_calls, 100000)

    def test_finds_faults(self):
        """the guard finds each planted fault"""
        for fault, function in FAULTS.items():
            with self.subTest(fault):
                result = self.guarded(variant.SAFE / "native/plugin/test_rates", variant.SAFE / "native/faulty.so",
                                      OD3_FAULT=fault)
                self.assertLess(result.returncode, 0)
                self.assertRegex(result.stdout, f"guard: the plugin calls ({function})\n")

    def test_watches_all(self):
        """the guard watches every blocking function that the plugin imports"""
        watched = set(re.findall(r"\brefuse\(\"(\w+)\"\)|^GUARD\([^,]*,\s*(\w+)",
                                 (common.TOP / "test/safety/guard.c").read_text(), re.M))
        watched = {name for pair in watched for name in pair if name}
        self.assertLessEqual(MAY_BLOCK, watched)
        common.note(f"{len(watched)} functions are watched")


class Symbols(unittest.TestCase):
    def test_is_hardened(self):
        """the library has full RELRO, and no segment is writable and executable"""
        library = common.BUILD / "lv2/od3.lv2/od3.so"
        said = subprocess.run(["readelf", "-W", "-l", "-d", library], check=True, capture_output=True, text=True).stdout
        self.assertRegex(said, r"GNU_RELRO")
        self.assertRegex(said, r"\(FLAGS\).*BIND_NOW")
        self.assertNotIn("TEXTREL", said)
        flags = re.findall(r"^ +(LOAD|GNU_STACK) .* ([R ][W ][E ]) 0x", said, re.M)
        self.assertEqual([kind for kind, _ in flags].count("GNU_STACK"), 1)
        self.assertEqual([pair for pair in flags if "W" in pair[1] and "E" in pair[1]], [])

    def test_needs(self):
        """the library imports exactly the allowed symbols"""
        said = subprocess.run(["nm", "-D", "--undefined-only", common.BUILD / "lv2/od3.lv2/od3.so"], check=True,
                              capture_output=True, text=True).stdout
        needed = {line.split()[-1].split("@")[0] for line in said.splitlines()} - OF_EVERY_LIBRARY
        common.note(f"{len(needed)} symbols of libc and libm: {' '.join(sorted(needed))}")
        self.assertLessEqual(needed, FOR_SETUP | NEVER_BLOCK)
        if platform.machine() == "x86_64":
            self.assertEqual(needed, FOR_SETUP | NEVER_BLOCK)


if __name__ == "__main__":
    common.main()
