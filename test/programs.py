# SPDX-License-Identifier: MIT
"""How `./waf test`, `bench` and `fuzz` build what they run, and run it: a part of wscript, which loads it."""

import subprocess
import sys

from waflib import Errors
from waflib.Context import g_module as wscript

# Processors that `./waf test` has no need to run on, and compilers for them.
FOREIGN = {
    # Big-endian, and without a vector kernel. ISO C would have it calculate in double precision.
    's390x': ['s390x-linux-gnu-gcc', '-fexcess-precision=fast'],
    'aarch64': ['aarch64-linux-gnu-gcc'],
    'arm': ['arm-linux-gnueabihf-gcc', '-mcpu=cortex-a7', '-mfpu=neon-vfpv4'],
}
# Not optimised, since checks in unrolled loops take minutes to compile.
CHECKS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer', '-g']
SANITIZE = [*CHECKS, '-O0']
# Unit tests that count and refuse what the plugin allocates: test/allocations.h.
WRAPPED = ['unit_bad_models', 'unit_no_memory']
WRAP = [f'-Wl,--wrap={name}' for name in ('malloc', 'calloc', 'aligned_alloc', 'free')]
CLANG = 'clang-22'
# What test/safe_*.py run, in the build folder's safe/: compilers, and flags after all others; for vector kernels, other
# ones.
SAFE = {
    'native': (None, ['-g'], None),
    'realtime': (CLANG, ['-fsanitize=realtime', '-g'], None),
    'address': (CLANG, [*CHECKS, '-O1'], ['-g']),  # the unit tests have GCC's vector kernels with both sanitizers
    'thread': (CLANG, ['-fsanitize=thread', '-g', '-O1'], None),
    'coverage': ('gcc', ['--coverage', '-O0'], None),
}
# For libFuzzer. It is not told of comparisons, which loops make too many of. The vector kernels, which take minutes
# to compile else, have no coverage, and of the sanitizers the address one alone.
FUZZ = ['-fsanitize=fuzzer-no-link', '-fno-sanitize-coverage=trace-cmp', *CHECKS, '-O1']
FUZZ_VECTORS = ['-fsanitize=address', '-g', '-O1', '-mllvm', '-asan-instrumentation-with-call-threshold=0']
# Bugs that fuzzing must find: a source, and what becomes of its text.
PLANTED = {
    'model': ('src/model.c', 'value > high', 'value > high + 1U'),
    'run': ('src/voices.c', 'voices->input = (DelayLine){0};', ''),
}


def _package(bld, name):
    """Flags for the compiler and for the linker, and libraries: asked now, since tests come after configure."""
    try:
        cflags, libs = (subprocess.run(['pkg-config', kind, name], check=True, stdout=subprocess.PIPE,
                                       text=True).stdout.split() for kind in ('--cflags', '--libs'))
    except (OSError, subprocess.CalledProcessError) as error:
        bld.fatal(f'the tests need {name}, which pkg-config does not find: {error}')
    return cflags, [f for f in libs if not f.startswith('-l')], [f[2:] for f in libs if f.startswith('-l')]


def _programs(bld, core, *names):
    """Programs of the core that tests and benchmarks run."""
    for name in names:
        bld.program(source=f'test/{name}.c', target=f'test/{name}', includes='src', lib=['m'], use=core,
                    install_path=None)


def _plant(task):
    """Writes a source with its bug."""
    _, old, new = PLANTED[task.generator.planted]
    text = task.inputs[0].read()
    if old not in text:
        raise Errors.WafError(f'{task.inputs[0]} has no "{old}" to change')
    task.outputs[0].write(text.replace(old, new))


def _fuzzers(bld):
    """test/fuzz_*.c with clang's libFuzzer and sanitizers, and once more each, as planted_*, with a bug."""
    fuzzed = wscript._objects(bld, [*wscript.CORE, 'src/od3.c'], 'fuzzed', FUZZ, CLANG, FUZZ_VECTORS)
    # What vector kernels read and write depends on the model alone, and run() is to be played for long.
    quick = [f'core-{name[7:]}' if name[7:] in bld.env.VECTOR_KERNELS else name for name in fuzzed]
    for bundle, model in (('od3', wscript.DEFAULT_MODEL), ('od3-eco', wscript.ECO_MODEL)):
        bld(features='subst', is_copy=True, source=bld.path.make_node(model), target=f'fuzz/{bundle}.lv2/od3.gru',
            install_path=None)
    for name, sources, use in (('model', [], fuzzed), ('run', ['test/fuzz_host.c'], quick)):
        bld(rule=_plant, source=PLANTED[name][0], target=f'fuzz/bug_in_{name}.c', planted=name)
        for program, more, flags in (('fuzz', [], []), ('planted', [f'fuzz/bug_in_{name}.c'], ['-Wl,-z,muldefs'])):
            bld.program(source=[f'test/fuzz_{name}.c', *sources, *more], target=f'fuzz/{program}_{name}',
                        includes='src', lib=['m'], use=use, cflags=FUZZ,
                        linkflags=[*FUZZ, '-fsanitize=fuzzer', *flags], env=wscript._with(bld, CLANG),
                        install_path=None)


def _bench_program(bld, core):
    sources = [f'test/{name}.c' for name in ('bench', 'bench_network', 'bench_plugin')]
    bld.program(source=sources, target='test/bench', includes='src', lib=['m', 'dl'], use=core, install_path=None)


def _foreign(bld, cpu):
    """test/render and test/denormals for another processor, as qemu-user runs them."""
    compiler = ' '.join([*FOREIGN[cpu], '-std=c11 -D_POSIX_C_SOURCE=200809L', *wscript.WARNINGS, '-Werror',
                         *wscript.LOOP_FLAGS, f'-I{bld.srcnode.abspath()}/src'])
    headers = [node.path_from(bld.path) for node in bld.path.ant_glob('src/*.h')]
    kernels = wscript.VECTOR_KERNELS.get(cpu, {})
    objects = []
    for kernel, (n_floats, flags) in kernels.items():
        objects.append(f'test/kernel_vector-{cpu}.o')
        bld(rule=f'{compiler} {" ".join(wscript.VECTOR_FLAGS + flags)} -DKERNEL={kernel} -DVECTOR_FLOATS={n_floats} '
            '-c ${SRC} -o ${TGT}', source='src/kernel_vector.c', target=objects[-1], deps=headers)
    have = ' '.join(f'-DHAVE_{kernel.upper()}' for kernel in kernels)
    for name, sources in (('render', [*wscript.CORE, *objects]), ('denormals', [])):
        bld(rule=f'{compiler} {have} -static ${{SRC}} -lm -o ${{TGT}}', source=[*sources, f'test/{name}.c'],
            target=f'test/{name}-{cpu}', deps=headers)


def _tests(bld, pattern):
    return [node.name[:-2] for node in bld.path.ant_glob(f'test/{pattern}_*.c')]


def _unit_tests(bld, folder, objects, flags, compiler=None):
    """Tests that have the plugin's object files in them."""
    cmocka = _package(bld, 'cmocka')
    for name in _tests(bld, 'unit'):
        bld.program(source=f'test/{name}.c', target=f'{folder}/{name}', includes='src', use=objects,
                    cflags=flags + cmocka[0], linkflags=flags + cmocka[1] + (WRAP if name in WRAPPED else []),
                    lib=cmocka[2] + ['m', 'pthread'], env=wscript._with(bld, compiler), install_path=None)


def _host_tests(bld, folder, flags, compiler=None):
    """Tests that load the plugin."""
    cmocka, lilv = _package(bld, 'cmocka'), _package(bld, 'lilv-0')
    host = f'{folder}-host'
    bld(features='c', source=['test/host.c', 'test/signals.c'], target=host, includes='src',
        cflags=flags + lilv[0] + cmocka[0], env=wscript._with(bld, compiler))
    for name in [*_tests(bld, 'host'), 'instantiate_time', 'soak']:
        bld.program(source=f'test/{name}.c', target=f'{folder}/{name}', includes='src', use=host,
                    cflags=flags + cmocka[0] + lilv[0], linkflags=flags + cmocka[1] + lilv[1],
                    lib=cmocka[2] + lilv[2] + ['m'], env=wscript._with(bld, compiler), install_path=None)


def _safe(bld, name):
    """The plugin, a faulty one that the checks must tell from it, and the tests' programs."""
    compiler, flags, vectors = SAFE[name]
    folder = f'safe/{name}'
    replaced = ['src/od3.c', 'src/shared_model.c']  # by test/faulty.c
    kept = [source for source in wscript.CORE if source not in replaced]
    core = wscript._objects(bld, kept, folder, flags, compiler, vectors)
    face = f'{folder}-face'
    bld(features='c', source=replaced, target=face, cflags=['-fPIC', *flags], includes='src',
        env=wscript._with(bld, compiler))
    for library, sources, objects in (('od3', [], [*core, face]), ('faulty', ['test/faulty.c'], core)):
        bld(features='c cshlib', source=sources, target=f'{folder}/{library}', includes='src', lib=['m'], use=objects,
            cflags=flags, linkflags=flags, env=wscript._with(bld, compiler), install_path=None)
    _unit_tests(bld, folder, [*core, face], flags, compiler)
    _host_tests(bld, folder, flags, compiler)


def test(bld, core):
    sanitized = wscript._objects(bld, [*wscript.CORE, 'src/od3.c'], 'sanitized', SANITIZE)
    _unit_tests(bld, 'test', sanitized, SANITIZE)
    _host_tests(bld, 'test', [])
    if bld.options.hosts:
        lilv, jack = _package(bld, 'lilv-0'), _package(bld, 'jack')
        bld.program(source='test/rack.c', target='test/rack', use='test-host', cflags=lilv[0] + jack[0],
                    linkflags=lilv[1] + jack[1], lib=lilv[2] + jack[2] + ['cmocka', 'm'], install_path=None)
    if bld.options.safety:
        bld(features='c cshlib', source='test/guard.c', target='safe/guard', cflags=['-fvisibility=default'],
            install_path=None)
        for name in SAFE:
            _safe(bld, name)
    _programs(bld, core, 'denormals', 'render', 'play', 'idle_map')
    _bench_program(bld, core)
    for cpu in FOREIGN:
        _foreign(bld, cpu)
    wscript._page(bld)
    if bld.options.safety:
        _fuzzers(bld)
    patterns = ['test/test_*.py', *(['test/with_*.py'] if bld.options.hosts else []),
                *(['test/safe_*.py'] if bld.options.safety else [])]
    scripts = [f'test/{node.name}' for node in bld.path.ant_glob(patterns)]
    programs = [f'{bld.bldnode.abspath()}/test/{name}' for name in _tests(bld, 'unit') + _tests(bld, 'host')]
    bld.add_post_fun(lambda bld: wscript._run(bld, 'prove', '--exec', '', '--timer', *programs, *scripts))


def bench(bld, core):
    _programs(bld, core, 'play', 'idle_map')
    _bench_program(bld, core)
    script = 'quality.py' if bld.options.quality else 'arm_cost.py' if bld.options.arm else 'bench.py'
    extra = [f'--json={bld.bldnode.abspath()}/bench.json'] if bld.options.json else []
    bld.add_post_fun(lambda bld: wscript._run(bld, sys.executable, f'test/{script}', *extra))


def fuzz(bld, _core):
    _fuzzers(bld)
    bld.add_post_fun(lambda bld: wscript._run(bld, sys.executable, 'test/fuzz.py', str(60 * bld.options.minutes)))
