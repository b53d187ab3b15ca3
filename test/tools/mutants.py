#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plants small faults, mutants, into the sources one at a time and runs the tests that concern the file.

usage: mutants.py [--sample=N] [--draw=N] [--quick] [--again] [--list] [--check] [PART_OF_A_PATH...]

A mutant that no test fails for has survived: it shows a hole in the tests, or it changes nothing, and then
test/equivalent_mutants.txt names it with the reason. Without --sample, all of the fixed set run; --sample=N takes N of
them by chance; --quick leaves out those that are slow to build or to test. --draw=N runs only unit tests, on N mutants
that these find soon: for the same sources and tests, always the same. --check only says which of the listed mutants are
no longer in the sources. The exit status is 1 when an unlisted mutant survives or a listed one is missing.

build/mutants-results.json keeps each result as it comes, and the next run goes on from there: it repeats those whose
file changed, and the survivors where a test changed. --again repeats all.

Why not a kept tool: mull needs clang's bitcode of everything and knows no Python or JavaScript, mutmut knows Python
alone, and universalmutator does the same as this file with more mutants that do not compile.
"""

import hashlib
import json
import math
import os
import queue
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOP = Path(os.environ["OD3_TOP"])
BUILD = Path(os.environ["OD3_BUILD"])
EQUIVALENT = TOP / "test/equivalent_mutants.txt"
# Tables that ./waf loudness measures, and test_loudness again, within a tolerance.
TABLES = ("src/model/known_loudness.h",)
# The share of all possible mutants that is chosen: by a hash of each, so that a change of the sources adds none but its
# own.
SHARES = {"src/**/*.c": 0.0388, "src/**/*.h": 0.0282, "weights/*.py": 0.0234, "web/*.js": 0.0591}
CPU_S = 60  # that a test may compute until it has passed once; from then on ten times what it took
TIMEOUT_S = 600  # until a test is stuck
N_FIRST_TESTS = 4  # that run before the mutant's machine code is compared with the source's
COMPILER, SAME_CODE = "the compiler", "nothing: the machine code is the same"
ELSEWHERE = "nothing: it is code of another processor"
# The tests that most likely find a fault, by a part of the file's path.
LIKELY = {
    "model/json": "test_json", "capture": "test_json_model", "base64": "test_json_model", "crc32": "test_model",
    "gru_file": "test_gru", "model_error": "test_model", "model_file_id": "test_shared_model",
    "silent_states": "test_costs", "player": "test_player", "lv2/": "test_lv2_calls", "engine/": "test_slow_pedal",
    "network/": "test_slow_pedal", "rnn/": "test_slow_pedal", "rnn/vector": "test_kernels",
    "web/player": "test_web_sound", "web/worklet": "test_web_sound", "web/blind": "test_web_tools",
    "web/abx": "test_web_tools", "web/overview": "test_web_tools", "web/scope": "test_web_tools",
    "web/offline": "test_web_tools", "web/models": "test_web_models",
}
PEDAL_TESTS = [f"plugin/test_{name}" for name in ("stereo", "controls", "sound", "rates")]
PLAYER_TESTS = [f"plugin/test_{name}" for name in ("player_ports", "player_limits", "player_state", "player")]
PAGE_TESTS = [f"web/test_{name}" for name in ("web_modules", "web", "web_sound", "web_tools", "web_models")]
# Tests that take more than a second of processor time, which counts until it is measured.
LONG_S = {"test_kernels": 7, "test_slow_pedal": 2, "plugin/test_rates": 16, "plugin/test_sound": 8,
          "plugin/test_controls": 3, "training/test_train": 60, "unit/test_exactness": 20}
# Files of which unit tests find each fault: --draw takes mutants of these.
DRAWN = re.compile(r"src/(?:engine|model|network|rnn)/\w+\.c")
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
# A mutated file has the sanitizers of `./waf test`'s unit tests; the others have none, so that the tests are fast.
# Vector kernels have none either: they would take minutes to compile.
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
KERNELS = {
    "sse2": ["-DVECTOR_FLOATS=4", "-DHAVE_ASSEMBLY"],
    "avx2": ["-DVECTOR_FLOATS=8", "-DHAVE_ASSEMBLY", "-mavx2", "-mfma"],
    "avx512": ["-DVECTOR_FLOATS=16", "-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma"],
    "neon": ["-DVECTOR_FLOATS=4"],
}
# Kernels that this processor can't run.
LACKING = [] if " avx512f " in Path("/proc/cpuinfo").read_text(encoding="utf-8") else ["avx512"]
WRAP = [f"-Wl,--wrap={name}" for name in ("malloc", "calloc", "aligned_alloc", "free")]


def other_number(number):
    """Returns another number, or None where a double has no digit more."""
    if "." in number:
        return f"{number}1" if float(f"{number}1") != float(number) else None
    return {"0": "1", "1": "0"}.get(number) or str(int(number) + 1)


class Mutant:
    def __init__(self, path, text, match, replacement):
        if replacement == "NUMBER":
            replacement = other_number(match[0])
        begin, end = match.span()
        self.path, self.before = path, text
        self.text = text[:begin] + replacement + text[end:]
        self.key = hashlib.sha1(f"{path}\n{self.text}".encode()).hexdigest()[:16]
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
            for match in pattern.finditer(visible) for replacement in replacements
            if replacement != "NUMBER" or other_number(match[0])]


def choose(parts):
    """Returns the fixed set: a share of each kind, whose hashes are the least, whose paths contain a part."""
    chosen = []
    for pattern, share in SHARES.items():
        paths = sorted({str(path.relative_to(TOP)) for path in TOP.glob(pattern)} - {*TABLES})
        candidates = [mutant for path in paths for mutant in mutants_of(path)]
        chosen += sorted((mutant for mutant in candidates if int(mutant.order[:8], 16) < share * 2 ** 32),
                         key=lambda mutant: mutant.order)
    return [mutant for mutant in chosen if not parts or any(part in mutant.path for part in parts)]


class Results:
    """What became of mutants, and how long tests take: kept in a file."""

    def __init__(self, name, again):
        self.path = BUILD / name
        kept = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}
        self.found = {} if again else kept.get("found", {})  # by the mutant's key
        self.seconds = kept.get("seconds", {})  # of processor time, by the test
        self.kills = {}
        for result in self.found.values():
            self.count(result)
        files = sorted(path for folder in ("unit", "plugin", "training", "web", "support")
                       for path in (TOP / "test" / folder).glob("*.*") if path.is_file())
        self.tests = hashlib.sha1(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]

    def count(self, result):
        kill = Path(result["path"]).stem, result["killer"]
        self.kills[kill] = self.kills.get(kill, 0) + 1

    def get(self, mutant):
        """Returns what became of a mutant, or None where it must run."""
        result = self.found.get(mutant.key)
        return result if result and (result["killer"] or result["tests"] == self.tests) else None

    def add(self, mutant, killer):
        self.found[mutant.key] = {"path": mutant.path, "mutant": mutant.name, "killer": killer, "tests": self.tests}
        self.count(self.found[mutant.key])
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps({"found": self.found, "seconds": self.seconds}, indent=1), encoding="utf-8")
        new.replace(self.path)


class Worker:
    """A copy of the tree in which one mutant at a time is built and tested, by unit tests alone if so wanted."""

    def __init__(self, folder, results, only_units):
        self.top = Path(folder) / "od3"
        self.build = self.top / "build"
        self.results, self.only_units = results, only_units
        self.top.mkdir()
        for name in ("src", "test", "weights", "web", "modgui", "ttl", "packaging"):
            shutil.copytree(TOP / name, self.top / name, ignore=shutil.ignore_patterns("__pycache__"))
        for path in TOP.iterdir():
            if path.is_file():
                shutil.copy(path, self.top)
        shutil.copytree(TOP / "od3.lv2", self.top / "od3.lv2")
        self.build.mkdir()
        for name in ("lv2",) if only_units else ("wasm", "web", "test", "lv2"):
            if (BUILD / name).exists():
                shutil.copytree(BUILD / name, self.build / name,
                                ignore=shutil.ignore_patterns("*.o", "*.gcno", "*.gcda", "unit"))
        built = json.loads((BUILD / "mutants.json").read_text(encoding="utf-8"))
        # Object files by their sources: the vector kernel has several.
        self.objects, self.tests, self.wrapped = built["objects"], built["tests"], built["wrapped"]
        self.kernels = [name for name in KERNELS if name in built["kernels"]]
        self.read = self.read_files()
        self.made = set()  # the present mutant's object files

    def flags(self, kernel=None):
        """Returns what compiles a file, or the vector kernel as one of them."""
        have = [f"-DHAVE_{name.upper()}" for name in self.kernels]
        own = [f"-DKERNEL={kernel}", "-ffp-contract=fast", *KERNELS[kernel]] if kernel else []
        return [*CORE_FLAGS, *have, "-Isrc", "-Itest", f"-I{BUILD}/src", *own]

    def kernels_of(self, source):
        return self.kernels if source == VECTOR_KERNEL else [None]

    def read_files(self):
        """Returns {source: the files that its compilation reads}."""
        files = {}
        for source in self.objects:
            for kernel in self.kernels_of(source):
                files.setdefault(source, set()).update(self.gcc(*self.flags(kernel), "-MM", source).split())
        return files

    def gcc(self, *words):
        return subprocess.run(["gcc", *words], cwd=self.top, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True).stdout

    def changed(self, mutant):
        """Returns what must be compiled anew: pairs of a source and a kernel, or None for most sources. A kernel that
        this processor can't run is left as it is.

        A source that reads a changed header and stays the same after the preprocessor is left out.
        """
        pairs = [(source, kernel) for source in self.objects if mutant.path in self.read[source]
                 for kernel in self.kernels_of(source) if kernel not in LACKING]
        if not mutant.path.endswith(".h"):
            return pairs
        before = {pair: self.preprocessed(mutant.path, mutant.before, *pair) for pair in pairs}
        return [pair for pair in pairs if self.preprocessed(mutant.path, mutant.text, *pair) != before[pair]]

    def preprocessed(self, path, text, source, kernel):
        (self.top / path).write_text(text, encoding="utf-8")
        return self.gcc("-E", "-P", *self.flags(kernel), source)

    def compile(self, source, kernel, flags):
        """Compiles a source; returns the object file. `flags` are not for vector kernels."""
        flags = [] if kernel else flags
        target = f"build/{source.replace('/', '-')}.{kernel}.{len(flags)}.o"
        if target not in self.made:
            self.gcc(*self.flags(kernel), *flags, "-c", source, "-o", target)
            self.made.add(target)
        return target

    def linked(self, made):
        """Returns the object files of all of src/ with those made anew."""
        # The build lists the vector kernel's objects in the order of the kernels.
        return [made.get((source, kernel), old) for source, targets in self.objects.items()
                for kernel, old in zip(self.kernels_of(source), targets, strict=True)]

    def is_same_code(self, mutant, changed):
        """Returns whether the compiler makes the same of the mutant as of the source."""
        codes = []
        for text in (mutant.before, mutant.text):
            (self.top / mutant.path).write_text(text, encoding="utf-8")
            self.made.clear()
            codes.append([(self.top / self.compile(*pair, ["-O2"])).read_bytes() for pair in changed])
        return codes[0] == codes[1]

    def passes(self, name, *command, **variables):
        """Runs a test until its first failure."""
        environment = {**os.environ, "OD3_TOP": str(self.top), "OD3_BUILD": str(self.build), "PYTHONUNBUFFERED": "1",
                       "PYTHONPATH": str(self.top / "test/support"), "LV2_PATH": str(self.build / "lv2"), **variables}
        limit_s = max(10, math.ceil(10 * self.results.seconds.get(name, CPU_S / 10)))
        process = subprocess.Popen(command, cwd=self.top, env=environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True,
                                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s)))
        stuck = threading.Timer(TIMEOUT_S, os.killpg, (process.pid, 9))
        stuck.start()
        failed = any(line.startswith(b"not ok") for line in process.stdout)
        if failed:
            os.killpg(process.pid, 9)
        _, status, usage = os.wait4(process.pid, 0)
        stuck.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        if not failed and process.returncode == 0:
            self.results.seconds[name] = round(usage.ru_utime + usage.ru_stime, 2)
        return not failed and process.returncode == 0

    def order(self, path, tests):
        """Returns the tests, those first that most likely fail for the time that they take."""
        stem = Path(path).stem
        likely = tuple(test for part, test in LIKELY.items() if part in path)
        kills, seconds = self.results.kills, self.results.seconds

        def cost(test):
            chance = kills.get((stem, test), 0) + 2 * (stem in test) + Path(test).name.startswith(likely) + 0.1
            chance += sum(word in test for word in stem.split("_"))
            return (seconds.get(test, LONG_S.get(test, 0.2)) + 0.2) / chance

        return sorted(tests, key=lambda test: (cost(test), test))

    def passes_in_c(self, test, changed):
        """Builds and runs a C test with the sources that changed."""
        linked = self.linked({pair: self.compile(*pair, SANITIZE if test in self.tests else []) for pair in changed})
        if test in self.tests:
            program = self.build / test
            wrap = WRAP if test in self.wrapped else []
            self.gcc(self.tests[test], *linked, *wrap, *SANITIZE, "-o", program, "-lcmocka", "-lm", "-lpthread")
        else:
            program = self.build / "test" / test
            bundle = self.build / "lv2/od3.lv2/od3.so"
            self.gcc("-shared", *linked, "-o", bundle, "-lm")
            shutil.copy(bundle, self.top / "od3.lv2/od3.so")
        return self.passes(test, program)

    def passes_in_python(self, test, _changed):
        return self.passes(test, sys.executable, f"test/{test}.py")

    def passes_in_page(self, test, _changed):
        wasm = self.build / "wasm"
        return self.passes("web/assemble", sys.executable, self.top / "web/assemble.py", wasm / "core-simd.wasm",
                           wasm / "core-scalar.wasm", self.top / "weights/od3.gru", self.top / "ttl/presets.ttl",
                           self.top / "test/data/guitar.flac", wasm / "bass.flac",
                           self.top / "web/teacher.flac", self.build / "web") \
            and self.passes_in_python(test, None)

    def killer(self, mutant):
        """Returns what found the mutant, or None if it survives."""
        file = self.top / mutant.path
        check = {".py": self.killer_in_python, ".js": self.killer_in_page}.get(file.suffix, self.killer_in_c)
        self.made.clear()
        file.write_text(mutant.text, encoding="utf-8")
        try:
            return check(mutant)
        except subprocess.CalledProcessError:
            return COMPILER
        finally:
            file.write_text(mutant.before, encoding="utf-8")

    def killer_in_c(self, mutant):
        is_player = re.match("src/(player/|lv2/player)", mutant.path)
        changed = self.changed(mutant)
        others = [] if self.only_units else PLAYER_TESTS if is_player else PEDAL_TESTS
        tests = self.order(mutant.path, [*self.tests, *others])
        if not changed:
            return ELSEWHERE
        vectors = [pair for pair in changed if pair[1]]
        if not vectors:
            return self.first_killer(mutant, tests[:N_FIRST_TESTS], self.passes_in_c, changed, []) or \
                (SAME_CODE if self.is_same_code(mutant, changed) else None) or \
                self.first_killer(mutant, tests[N_FIRST_TESTS:], self.passes_in_c, changed, [])
        # A vector kernel takes long to compile, and a mutant that is found in one need not be in the others.
        one = [pair for pair in changed if pair not in vectors[:-1]]
        return self.first_killer(mutant, tests, self.passes_in_c, one, []) or \
            (self.first_killer(mutant, tests, self.passes_in_c, changed, []) if len(vectors) > 1 else None) or \
            ((ELSEWHERE if LACKING else SAME_CODE) if self.is_same_code(mutant, changed) else None)

    def killer_in_python(self, mutant):
        tests = self.order(mutant.path, python_tests_of(mutant.path))
        return self.first_killer(mutant, tests, self.passes_in_python, None, None)

    def killer_in_page(self, mutant):
        likely = tuple(f"web/{test}" for part, test in LIKELY.items() if part in mutant.path)
        order = sorted(PAGE_TESTS, key=lambda test: (test not in likely, PAGE_TESTS.index(test)))
        return self.first_killer(mutant, order, self.passes_in_page, None, None)

    def first_killer(self, mutant, tests, passes, changed, unchanged):
        """Returns the first test that fails, which must have passed without the mutant, as unit tests have."""
        killer = next((test for test in tests if not passes(test, changed)), None)
        if killer and killer not in self.results.seconds and not self.only_units:
            (self.top / mutant.path).write_text(mutant.before, encoding="utf-8")
            if not passes(killer, unchanged):
                raise RuntimeError(f"{killer} fails without a mutant")
        return killer


def python_tests_of(path):
    """Returns the Python tests of which a file names the module, or a module that reads it, and so on."""
    modules = {file.stem: file.read_text(encoding="utf-8") for file in (TOP / "weights").glob("*.py")}
    readers, new = set(), {Path(path).stem}
    while new:
        readers |= new
        names = re.compile(rf"(?:import|from) (?:{'|'.join(readers)})\b|\b(?:{'|'.join(readers)})\.py")
        new = {name for name, text in modules.items() if names.search(text)} - readers
    files = [*TOP.glob("test/training/test_*.py"), TOP / "test/unit/test_exactness.py"]
    return [f"{file.parent.name}/{file.stem}" for file in files if names.search(file.read_text(encoding="utf-8"))]


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
    return bool(re.match(r"src/(?!rnn/vector/).*\.c$", mutant.path))


def draw(mutants, n):
    """Returns n of the mutants that unit tests find soon, which depend on what src/ and the unit tests contain."""
    files = sorted([*TOP.glob("src/**/*.[ch]"), *TOP.glob("test/unit/*.c")])
    seed = hashlib.sha1(b"".join(path.read_bytes() for path in files)).hexdigest()
    quick = [mutant for mutant in mutants if DRAWN.fullmatch(mutant.path)]
    return random.Random(seed).sample(quick, min(n, len(quick)))


def run(mutants, results, only_units):
    """Runs the tests for each mutant, those that are quick to build first, and keeps the results."""
    jobs = 1 if only_units else len(os.sched_getaffinity(0))  # fewer under taskset
    with tempfile.TemporaryDirectory() as folder:
        workers = queue.Queue()
        for number in range(min(jobs, len(mutants))):
            (Path(folder) / str(number)).mkdir()
            workers.put(Worker(Path(folder) / str(number), results, only_units))

        def check(mutant):
            worker = workers.get()
            try:
                return mutant, worker.killer(mutant)
            finally:
                workers.put(worker)

        with ThreadPoolExecutor(jobs) as pool:
            order = sorted(mutants, key=lambda mutant: (not is_quick(mutant), "rnn/vector/" in mutant.path))
            try:
                for number, (mutant, killer) in enumerate(pool.map(check, order), 1):
                    results.add(mutant, killer)
                    print(f"[{number}/{len(mutants)}] {f'killed by {killer}' if killer else 'SURVIVED'}: {mutant}",
                          flush=True)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def print_table(mutants, results, known):
    """Prints what became of the mutants of each folder, and of all; returns the survivors."""
    kinds = ("killed", "survived", "equivalent", "no compile", "not run")
    rows, survivors = {}, []
    for mutant in mutants:
        result = results.get(mutant) or {"killer": "not run"}
        kind = {COMPILER: "no compile", SAME_CODE: "equivalent", ELSEWHERE: "not run", None: "survived",
                "not run": "not run"}.get(result["killer"], "killed")
        kind = "equivalent" if mutant.name in known else kind
        survivors += [mutant] if kind == "survived" else []
        for folder in (str(Path(mutant.path).parent), "all"):
            row = rows.setdefault(folder, dict.fromkeys(kinds, 0))
            row[kind] += 1
    print(f"\n{'folder':16}", *(f"{kind:>10}" for kind in kinds))
    for folder, row in sorted(rows.items(), key=lambda item: (item[0] == "all", item[0])):
        print(f"{folder:16}", *(f"{row[kind]:10}" for kind in kinds))
    if survivors:
        print("\nThese survived:", *(mutant.name for mutant in survivors), sep="\n")
    return survivors


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
    known, is_drawn = equivalent(), False
    for option in options:
        if option.startswith("--sample="):
            mutants = random.sample(mutants, min(len(mutants), int(option.split("=")[1])))
        elif option.startswith("--draw="):
            mutants = draw([mutant for mutant in mutants if mutant.name not in known], int(option.split("=")[1]))
            is_drawn = True
    if "--list" in options:
        print(*mutants, sep="\n")
        return 0
    results = Results("mutants-drawn.json", True) if is_drawn else Results("mutants-results.json", "--again" in options)
    try:
        run([mutant for mutant in mutants if mutant.name not in known and not results.get(mutant)], results, is_drawn)
    except KeyboardInterrupt:
        print("stopped; the next run goes on from here")
    return bool(print_table(mutants, results, known))


if __name__ == "__main__":
    sys.exit(main())
