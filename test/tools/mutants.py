#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plants small faults, mutants, into the sources one at a time and runs the tests that concern the file.

usage: mutants.py [--sample=N] [--quick] [--list] [--check] [PART_OF_A_PATH...]

A mutant that no test fails for has survived: it shows a hole in the tests, or it changes nothing, and then
test/equivalent_mutants.txt names it with the reason. Without --sample, all of the fixed set run; --sample=N takes N of
them by chance; --quick leaves out those that are slow to build or to test. --check only says which of the listed
mutants are no longer in the sources. The exit status is 1 when an unlisted mutant survives or a listed one is missing.

Why not a kept tool: mull needs clang's bitcode of everything and knows no Python or JavaScript, mutmut knows Python
alone, and universalmutator does the same as this file with more mutants that do not compile.
"""

import hashlib
import json
import os
import queue
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOP = Path(os.environ["OD3_TOP"])
BUILD = Path(os.environ["OD3_BUILD"])
EQUIVALENT = TOP / "test/equivalent_mutants.txt"
N_MUTANTS = {"src/**/*.c": 160, "src/**/*.h": 40, "weights/*.py": 60, "web/*.js": 60}
CPU_S, TIMEOUT_S = 60, 600  # of a test: the time it computes, also on a busy machine, and the time until it is stuck
# The tests that most likely find a fault, by a part of the file's path.
LIKELY = {
    "model/json": "test_json", "capture": "test_json_model", "base64": "test_json_model", "crc32": "test_model",
    "gru_file": "test_gru", "model_error": "test_model", "model_file_id": "test_shared_model",
    "silent_states": "test_costs", "player/": "test_no_memory", "lv2/": "test_lv2_calls", "engine/": "test_slow_pedal",
    "network/": "test_slow_pedal", "rnn/": "test_slow_pedal", "rnn/vector": "test_kernels",
    "web/player": "test_web_sound", "web/worklet": "test_web_sound", "web/blind": "test_web_tools",
    "web/abx": "test_web_tools", "web/overview": "test_web_tools", "web/scope": "test_web_tools",
    "web/offline": "test_web_tools", "web/models": "test_web_models",
}
PEDAL_TESTS = ("test_sound", "test_controls", "test_rates")
PLAYER_TESTS = ("test_player_ports", "test_player_limits", "test_player")
PAGE_TESTS = ("test_web_modules", "test_web", "test_web_sound", "test_web_tools", "test_web_models")
# A mutant replaces a match of a pattern. Strings and comments are left alone.
OPERATORS = [(re.compile(pattern), replacements) for pattern, replacements in [
    (r"(?<![-<>=])<(?![<=>a-z\"])", ["<="]), (r"(?<![-<>=])>(?![>=\"])", [">="]), (r"<=(?!=)", ["<"]),
    (r"(?<!=)>=", [">"]),
    (r"(?<![=!<>])==(?!=)", ["!="]), (r"!=(?!=)", ["=="]), (r"===", ["!=="]), (r"!==", ["==="]),
    (r"&&", ["||"]), (r"\|\|", ["&&"]), (r"\band\b", ["or"]), (r"\bor\b", ["and"]), (r"\bnot (?!in)", [""]),
    (r"(?<=[\w)\]] )\+(?= [\w(])", ["-"]), (r"(?<=[\w)\]] )-(?= [\w(])", ["+"]),
    (r"(?<=[\w)\]] )\*(?= [\w(])", ["/"]), (r"(?<=[\w)\]] )/(?= [\w(])", ["*"]), (r"(?<=[\w)\]] )%(?= [\w(])", ["*"]),
    (r"\+=", ["-="]), (r"-=", ["+="]), (r"(?<![\w.])!(?=\w)", [""]), (r"\btrue\b", ["false"]), (r"\bfalse\b", ["true"]),
    (r"\bTrue\b", ["False"]), (r"\bFalse\b", ["True"]), (r"(?<![\w.])\d+(?=[Uu]?\b)(?![.\w]*[.xe])", ["NUMBER"]),
    (r"(?<![\w.])\d+\.\d+(?=f?\b)", ["NUMBER"]), (r"(?m)^ +[\w.>\[\]-]+\([^;{}]*\);$", [";"]),
    (r"(?m)^ +[\w.>\[\]-]+ = [^;{}]*;$", [";"])]]
IGNORED = {
    "c": r"//.*|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])+'|(?m:^#.*(?:\\\n.*)*)|_Static_assert\([^;]*;|"
         r"lv2_log_\w+\([^;]*;",
    "js": r"//.*|/\*[^*]*\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`[^`]*`|(?m:^import .*)",
    "py": r"#.*|\"\"\"[\s\S]*?\"\"\"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|(?m:^(?:import|from) .*)",
}
VECTOR_KERNEL = "src/rnn/vector/kernel_vector.c"
CORE_FLAGS = "-std=gnu11 -O1 -fPIC -fexcess-precision=fast -D_POSIX_C_SOURCE=200809L".split()
# The sanitizers of `./waf test`'s unit tests. Vector kernels have none: they would take minutes to compile.
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O0"]
KERNELS = {
    "sse2": ["-DVECTOR_FLOATS=4", "-DHAVE_ASSEMBLY"],
    "avx2": ["-DVECTOR_FLOATS=8", "-DHAVE_ASSEMBLY", "-mavx2", "-mfma"],
    "avx512": ["-DVECTOR_FLOATS=16", "-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma"],
    "neon": ["-DVECTOR_FLOATS=4"],
}
WRAP = [f"-Wl,--wrap={name}" for name in ("malloc", "calloc", "aligned_alloc", "free")]


class Mutant:
    def __init__(self, path, text, match, replacement):
        if replacement == "NUMBER":
            replacement = "1" if match[0] == "0" else "0" if match[0] == "1" else f"{match[0]}1" if "." in match[0] \
                else str(int(match[0]) + 1)
        begin, end = match.span()
        self.path = path
        self.text = text[:begin] + replacement + text[end:]
        line_begin, line_end = text.rfind("\n", 0, begin) + 1, text.find("\n", end)
        before = re.sub(r"\s+", " ", text[line_begin:line_end].strip())
        after = re.sub(r"\s+", " ", (text[line_begin:begin] + replacement + text[end:line_end]).strip())
        self.line = text.count("\n", 0, begin) + 1
        self.name = f"{path}: {before} -> {after}"
        self.place = f"{path}:{self.line}: {before} -> {after}"
        self.order = hashlib.sha1(f"{self.name} {text.count(before, 0, begin)}".encode()).hexdigest()

    def __str__(self):
        return self.place


def mutants_of(path):
    """Returns all mutants of a file."""
    text = (TOP / path).read_text(encoding="utf-8")
    kind = "c" if path.endswith((".c", ".h")) else path.rsplit(".", 1)[1]
    visible = re.sub(IGNORED[kind], lambda match: re.sub(r"[^\n]", "~", match[0]), text)
    return [Mutant(path, text, match, replacement) for pattern, replacements in OPERATORS
            for match in pattern.finditer(visible) for replacement in replacements]


def choose(parts):
    """Returns the fixed set: so many of each kind, whose hashes are the least, whose paths contain a part."""
    chosen = []
    for pattern, n in N_MUTANTS.items():
        paths = sorted(str(path.relative_to(TOP)) for path in TOP.glob(pattern))
        candidates = [mutant for path in paths for mutant in mutants_of(path)]
        chosen += sorted(candidates, key=lambda mutant: mutant.order)[:n]
    return [mutant for mutant in chosen if not parts or any(part in mutant.path for part in parts)]


class Worker:
    """A copy of the tree in which one mutant at a time is built and tested."""

    def __init__(self, folder):
        self.top = Path(folder) / "od3"
        self.build = self.top / "build"
        self.top.mkdir()
        for name in ("src", "test", "weights", "web", "modgui", "ttl", "packaging"):
            shutil.copytree(TOP / name, self.top / name, ignore=shutil.ignore_patterns("__pycache__"))
        for path in TOP.iterdir():
            if path.is_file():
                shutil.copy(path, self.top)
        shutil.copytree(TOP / "od3.lv2", self.top / "od3.lv2")
        self.build.mkdir()
        for name in ("wasm", "web", "test", "lv2"):
            if (BUILD / name).exists():
                shutil.copytree(BUILD / name, self.build / name,
                                ignore=shutil.ignore_patterns("*.o", "*.gcno", "*.gcda", "unit"))
        built = json.loads((BUILD / "mutants.json").read_text(encoding="utf-8"))
        # Object files by their sources: the vector kernel has several.
        self.checked, self.plain, self.tests = built["checked"], built["plain"], built["tests"]
        self.kernels = [name for name in KERNELS if os.environ.get(f"OD3_HAVE_{name.upper()}")]
        self.read = self.read_files()

    def flags(self, kernel=None):
        """Returns what compiles a file, or the vector kernel as one of them."""
        have = [f"-DHAVE_{name.upper()}" for name in self.kernels]
        own = [f"-DKERNEL={kernel}", "-O2", "-ffp-contract=fast", *KERNELS[kernel]] if kernel else []
        return [*CORE_FLAGS, *have, "-Isrc", "-Itest", f"-I{BUILD}/src", *own]

    def read_files(self):
        """Returns {source: the files that its compilation reads}."""
        files = {}
        for source in self.checked:
            for kernel in self.kernels if source == VECTOR_KERNEL else [None]:
                said = subprocess.run(["gcc", *self.flags(kernel), "-MM", source], cwd=self.top, check=True,
                                      stdout=subprocess.PIPE, text=True).stdout
                files.setdefault(source, set()).update(said.split())
        return files

    def must(self, *words):
        subprocess.run(["gcc", *words], cwd=self.top, check=True, stderr=subprocess.DEVNULL)

    def rebuilt(self, path, objects, flags):
        """Returns the object files of all of src/, those that read a changed file compiled anew."""
        linked = []
        for source, targets in objects.items():
            if path in self.read[source]:
                kernels = self.kernels if source == VECTOR_KERNEL else [None]
                targets = [f"build/{source.replace('/', '-')}.{kernel}.o" for kernel in kernels]
                for kernel, target in zip(kernels, targets):
                    self.must(*self.flags(kernel), *([] if kernel else flags), "-c", source, "-o", target)
            linked += targets
        return linked

    def passes(self, *command, **variables):
        environment = {**os.environ, "OD3_TOP": str(self.top), "OD3_BUILD": str(self.build),
                       "PYTHONPATH": str(self.top / "test/support"), "LV2_PATH": str(self.build / "lv2"), **variables}
        process = subprocess.Popen(command, cwd=self.top, env=environment, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True,
                                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S)))
        try:
            return process.wait(TIMEOUT_S) == 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            return False

    def killer_in_c(self, path, kills):
        """Returns the name of the first C test that fails, or None."""
        is_player = re.match("src/(player/|lv2/player)", path)
        parts = [self.killer_of_plugin, self.killer_in_units]
        for part in parts if is_player else reversed(parts):
            test = part(path, kills, PLAYER_TESTS if is_player else PEDAL_TESTS)
            if test:
                return test
        return None

    def killer_in_units(self, path, kills, _tests):
        linked = self.rebuilt(path, self.checked, SANITIZE)
        stem = Path(path).stem
        likely = tuple(test for part, test in LIKELY.items() if part in path)
        order = sorted(self.tests, key=lambda test: (stem not in test, not test.startswith(likely),
                                                     -kills.get((stem, test), 0),
                                                     test in ("test_kernels", "test_state_delay")))
        for test in order:
            wrap = WRAP if test in os.environ["OD3_WRAPPED"].split() else []
            self.must(self.tests[test], *linked, *wrap, *SANITIZE, "-o", f"build/{test}", "-lcmocka", "-lm",
                      "-lpthread")
            if not self.passes(self.build / test):
                kills[stem, test] = kills.get((stem, test), 0) + 1
                return test
        return None

    def killer_of_plugin(self, path, _kills, tests):
        """The same with the tests that load the plugin, which is built without the sanitizer."""
        self.must("-shared", *self.rebuilt(path, self.plain, ()), "-o", "od3.lv2/od3.so", "-lm")
        shutil.copy(self.top / "od3.lv2/od3.so", self.build / "lv2/od3.lv2/od3.so")
        return next((test for test in tests if not self.passes(self.build / f"test/plugin/{test}")), None)

    def killer_in_python(self, _path, _kills):
        tests = ["training/test_export", "training/test_recordings", "training/test_evaluate", "training/test_report",
                 "training/test_train", "training/test_training_kernel", "unit/test_exactness"]
        return next((test for test in tests if not self.passes(sys.executable, f"test/{test}.py")), None)

    def killer_in_page(self, path, _kills):
        wasm = self.build / "wasm"
        is_whole = self.passes(sys.executable, self.top / "web/assemble.py", wasm / "core-simd.wasm",
                               wasm / "core-scalar.wasm", self.top / "weights/od3.gru", self.top / "ttl/presets.ttl",
                               self.top / "test/data/guitar.flac", wasm / "bass.flac",
                               self.top / "web/teacher.flac", self.build / "web")
        if not is_whole:
            return "web/assemble"
        likely = [test for part, test in LIKELY.items() if part in path]
        order = sorted(PAGE_TESTS, key=lambda test: (test not in likely, PAGE_TESTS.index(test)))
        return next((test for test in order if not self.passes(sys.executable, f"test/web/{test}.py")), None)

    def killer(self, mutant, kills):
        """Returns what found the mutant, or None if it survives."""
        file = self.top / mutant.path
        before = file.read_text(encoding="utf-8")
        file.write_text(mutant.text, encoding="utf-8")
        try:
            check = {"py": self.killer_in_python, "js": self.killer_in_page}.get(file.suffix[1:], self.killer_in_c)
            return check(mutant.path, kills)
        except subprocess.CalledProcessError:
            return "the compiler"
        finally:
            file.write_text(before, encoding="utf-8")


def equivalent():
    """Returns {a mutant's name: why it changes nothing that a test may see}."""
    lines = [line for line in EQUIVALENT.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return dict(zip(lines[::2], map(str.strip, lines[1::2])))


def stale():
    """Returns the names of listed mutants that the sources no longer have."""
    known = equivalent()
    paths = {name.split(": ")[0] for name in known}
    missing = {path for path in paths if not (TOP / path).exists()}
    return set(known) - {mutant.name for path in paths - missing for mutant in mutants_of(path)}


def is_quick(mutant):
    """Tells those that take a file or two to compile, and a C test to find."""
    return re.match(r"src/(?!rnn/vector/).*\.c$", mutant.path)


def main():
    options = [word for word in sys.argv[1:] if word.startswith("--")]
    mutants = choose([word for word in sys.argv[1:] if not word.startswith("--")])
    gone = stale()
    if gone:
        print(f"{EQUIVALENT} lists what the sources no longer have:", *sorted(gone), sep="\n", file=sys.stderr)
        return 1
    if "--check" in options:
        return 0
    if "--quick" in options:
        mutants = [mutant for mutant in mutants if is_quick(mutant)]
    for option in options:
        if option.startswith("--sample="):
            mutants = random.sample(mutants, min(len(mutants), int(option.split("=")[1])))
    if "--list" in options:
        print(*mutants, sep="\n")
        return 0
    known = equivalent()
    n_equivalent = sum(mutant.name in known for mutant in mutants)
    mutants = [mutant for mutant in mutants if mutant.name not in known]
    jobs = len(os.sched_getaffinity(0))  # fewer under taskset
    with tempfile.TemporaryDirectory() as folder:
        workers, kills, survivors, by_compiler = queue.Queue(), {}, [], 0
        for number in range(jobs):
            (Path(folder) / str(number)).mkdir()
            workers.put(Worker(Path(folder) / str(number)))

        def check(mutant):
            worker = workers.get()
            try:
                return mutant, worker.killer(mutant, kills)
            finally:
                workers.put(worker)

        with ThreadPoolExecutor(jobs) as pool:
            for number, (mutant, killer) in enumerate(pool.map(check, mutants), 1):
                by_compiler += killer == "the compiler"
                state = f"killed by {killer}" if killer else "SURVIVED"
                print(f"[{number}/{len(mutants)}] {state}: {mutant}", flush=True)
                survivors += [] if killer else [mutant]
    n = len(mutants) - by_compiler
    print(f"{len(mutants) + n_equivalent} mutants: {n_equivalent} are listed as equivalent, {by_compiler} do not "
          f"compile; of the other {n}, {n - len(survivors)} were killed and {len(survivors)} survived:")
    print(*(mutant.name for mutant in survivors), sep="\n")
    return bool(survivors)


if __name__ == "__main__":
    sys.exit(main())
