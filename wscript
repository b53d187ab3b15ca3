# SPDX-License-Identifier: MIT
"""How od3.lv2 is built, tested and installed; `./waf --help` lists the commands."""

import os
import re
import shutil
import subprocess
import sys

from waflib import Build, Configure, Errors, Scripting

sys.path.insert(0, 'packaging')
import source_archive  # noqa: E402 # found through the line above

APPNAME = 'od3.lv2'
VERSION = '0.6.2'  # the last two are LV2's minor and micro versions: even, and not 0, in a release
TARGET = os.environ.get('OD3_TARGET', '')  # ./waf sets it from --target
top = '.'
out = f'build-{TARGET}' if TARGET else 'build'

BUNDLE = 'od3.lv2'
BUILT = f'lv2/{BUNDLE}'  # in the build folder; hosts' LV2_PATH is that of lv2/
WARNINGS = ('-Wall -Wextra -Wpedantic -Wconversion -Wdouble-promotion -Wshadow -Wundef -Wstrict-prototypes '
            '-Wmissing-prototypes -Wwrite-strings -Wcast-qual -Wvla -Wformat=2 -Wimplicit-fallthrough '
            '-Wnull-dereference -Wold-style-definition -Wredundant-decls -Wswitch-enum').split()
# What lets compilers turn plain loops into vector code; NaN and inf keep their meaning.
LOOP_FLAGS = '-O3 -fno-math-errno -fno-trapping-math'.split()
CORE = ('src/conditioning.c src/crc32.c src/doubler.c src/kernel.c src/kernel_plain.c src/model.c src/model_load.c '
        'src/network.c src/oversampler.c src/packed_model.c src/packing.c src/pedal.c src/recurrence.c '
        'src/shared_model.c src/voice.c src/voices.c').split()
LOOPS = [f'src/{name}.c' for name in ('doubler', 'kernel_plain', 'pedal', 'recurrence', 'voice', 'voices')]
# src/kernel_vector.c by processor and instruction set: floats in a vector, and flags. Without fast
# contraction, ISO C keeps multiplications and additions apart. 32-bit ARM flushes denormals in
# vectors, so that GCC wants to be told that this is no harm.
VECTOR_FLAGS = ['-ffp-contract=fast']
VECTOR_KERNELS = {
    'x86_64': {'sse2': (4, []), 'avx2': (8, ['-mavx2', '-mfma'])},
    'aarch64': {'neon': (4, [])},
    'arm': {'neon': (4, ['-funsafe-math-optimizations', '-fno-associative-math', '-fno-reciprocal-math'])},
}
# Processors that `./waf test` has no need to run on, and compilers for them.
FOREIGN = {
    # Big-endian, and without a vector kernel. ISO C would have it calculate in double precision.
    's390x': ['s390x-linux-gnu-gcc', '-fexcess-precision=fast'],
    'aarch64': ['aarch64-linux-gnu-gcc'],
    'arm': ['arm-linux-gnueabihf-gcc', '-mcpu=cortex-a7', '-mfpu=neon-vfpv4'],
}
VECTORS_WORK = '''
#if defined __arm__ && !(defined __ARM_NEON && defined __ARM_FEATURE_FMA)
#error The compiler is not told that the processor has these.
#endif
typedef float Vector __attribute__((vector_size(16)));
int main(int n, char** words)
{
  return (int)((Vector){(float)n} * 2.0f)[0] + !words;
}
'''
MODGUI = 'face.svg icon.html knob.svg screenshot.png script.js stylesheet.css switch.svg thumbnail.png'.split()
DEFAULT_MODEL = 'weights/od3.gru'
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

AARCH64, ARM = 'aarch64-linux-gnu-gcc', 'arm-linux-gnueabihf-gcc'
ECO_MODEL = 'weights/od3-eco.gru'
# Devices: compiler, processor flags as their makers give them, and the model that they have time for.
TARGETS = {
    'moddwarf': (AARCH64, ['-mcpu=cortex-a35', '-mtune=cortex-a35'], DEFAULT_MODEL),
    'modduox': (AARCH64, ['-mcpu=cortex-a53', '-mtune=cortex-a53'], DEFAULT_MODEL),
    'modduo': (ARM, ['-mcpu=cortex-a7', '-mfpu=neon-vfpv4', '-mfloat-abi=hard'], ECO_MODEL),
    'rpi4': (AARCH64, ['-mcpu=cortex-a72'], DEFAULT_MODEL),
    'rpi5': (AARCH64, ['-mcpu=cortex-a76'], DEFAULT_MODEL),
}

Configure.autoconfig = True


def options(opt):
    opt.load('compiler_c')
    opt.add_option('--lv2dir', help='where LV2 bundles are installed [LIBDIR/lv2]')
    opt.add_option('--native', action='store_true', help="use this machine's CPU features: faster here, "
                   'but the plugin may not run elsewhere')
    opt.add_option('--model', help=f"the model file that the bundle gets [{DEFAULT_MODEL}, or the target's]")
    opt.add_option('--target', choices=list(TARGETS), help='build for a device, into build-TARGET: '
                   + ', '.join(TARGETS))
    opt.add_option('--serve', action='store_true', help='web: serves the page on this machine, until Ctrl-C')
    opt.add_option('--hosts', action='store_true', help='test: also in Ardour and jalv, and as packages')
    opt.add_option('--safety', action='store_true', help='test: also under sanitizers, valgrind and load, and fuzzed')
    opt.add_option('--minutes', type=float, default=10.0, help='fuzz: how long, in all [10]')
    opt.add_option('--input', help='demo: a sound file to play instead of the generated guitar')
    opt.add_option('--quality', action='store_true', help='bench: measure the sound at all sample rates instead: '
                   'accuracy, latency, aliasing, silence; a quarter of an hour')
    opt.add_option('--json', action='store_true', help='bench: writes what it measured to build/bench.json too')
    opt.add_option('--arm', action='store_true', help="bench: estimates the MOD Dwarf's cost instead, after "
                   './waf --target=moddwarf configure build')


def _target(conf):
    """The target's compiler flags and default model; sets its compiler unless CC names another."""
    if not TARGET:
        return [], DEFAULT_MODEL
    compiler, flags, model = TARGETS[TARGET]
    conf.environ.setdefault('CC', compiler)
    # Debian's cross compilers don't look into /usr/include, where the headers of LV2 are.
    return [*flags, '-idirafter', '/usr/include'], model


def configure(conf):
    target_flags, default_model = _target(conf)
    conf.load('compiler_c gnu_dirs')
    user_flags = target_flags + list(conf.env.CFLAGS)
    model = conf.options.model or default_model
    conf.env.CFLAGS = ['-std=c11', '-fvisibility=hidden', '-O2', *(['-march=native'] if conf.options.native else []),
                       *WARNINGS, *user_flags]
    is_debug = any(flag in ('-O0', '-O1', '-Og') for flag in user_flags)
    conf.env.CFLAGS_LOOP = [] if is_debug else LOOP_FLAGS
    conf.env.append_value('DEFINES', ['_POSIX_C_SOURCE=200809L'])
    conf.env.cshlib_PATTERN = '%s.so'
    conf.env.MODEL = os.path.relpath(model, conf.path.abspath())
    if not os.path.isfile(model):
        conf.fatal(f'there is no model file {model}')
    # Not waf's own guess, lib64 on some systems, where hosts do not look.
    libdir = conf.options.libdir or os.path.join(conf.env.PREFIX, 'lib')
    conf.env.LV2DIR = conf.options.lv2dir or os.path.join(libdir, 'lv2')
    conf.check_cc(lib='m', uselib_store='M')
    conf.check_cc(header_name='lv2/core/lv2.h', msg='Checking for LV2 (lv2-dev)')
    conf.env.VECTOR_KERNELS = [
        name for name, (_, flags) in VECTOR_KERNELS.get(conf.env.DEST_CPU, {}).items()
        if conf.check_cc(fragment=VECTORS_WORK, cflags=VECTOR_FLAGS + flags, execute=False, mandatory=False,
                         msg=f'Checking for the {name} kernel')]
    conf.check_cc(linkflags='-Wl,--no-undefined', uselib_store='STRICT', mandatory=False)
    conf.check_cc(linkflags='-Wl,-z,relro,-z,now,-z,noexecstack', uselib_store='HARDENED', mandatory=False)
    conf.msg('Compiler', ' '.join(conf.env.CC))
    conf.msg('Flags', ' '.join(conf.env.CFLAGS + conf.env.LINKFLAGS))
    conf.msg('Model', conf.env.MODEL)
    conf.msg('LV2 folder', conf.env.LV2DIR)
    conf.msg('CPU features', "this machine's" if conf.options.native else "the compiler's baseline")


def _with(bld, compiler):
    """The environment of a target that another compiler makes, if it is named."""
    env = bld.env.derive()
    if compiler:
        env.CC = env.LINK_CC = [compiler]
    return env


def _objects(bld, sources, name, extra=(), compiler=None, vectors=None):
    """Object files of the core, in which loops get flags of their own, and the vector kernel is once for each set.

    `extra` are flags besides; `vectors`, if given, those of the vector kernels in their place.
    """
    targets = []
    for part, flags in (('loops', bld.env.CFLAGS_LOOP), ('rest', [])):
        targets.append(f'{name}-{part}')
        bld(features='c', source=[s for s in sources if (s in LOOPS) == (part == 'loops')], target=targets[-1],
            cflags=['-fPIC', *flags, *extra], includes='src', env=_with(bld, compiler),
            defines=[f'HAVE_{kernel.upper()}' for kernel in bld.env.VECTOR_KERNELS])
    for kernel in bld.env.VECTOR_KERNELS:
        n_floats, flags = VECTOR_KERNELS[bld.env.DEST_CPU][kernel]
        targets.append(f'{name}-{kernel}')
        bld(features='c', source='src/kernel_vector.c', target=targets[-1], includes='src',
            defines=[f'KERNEL={kernel}', f'VECTOR_FLOATS={n_floats}'], env=_with(bld, compiler),
            cflags=['-fPIC', *bld.env.CFLAGS_LOOP, *VECTOR_FLAGS, *flags, *(vectors or extra)])
    return targets


def _presets_of_manifest(bld):
    """What hosts must know of each preset before they read its file."""
    text = bld.path.make_node('ttl/presets.ttl').read(encoding='utf-8')
    presets = re.findall(r'(<\S+>)\n    a pset:Preset ;.*?rdfs:label ([^;]*) ;', text, re.DOTALL)
    return '\n\n'.join(f'{uri}\n    a pset:Preset ;\n    lv2:appliesTo <urn:od3-lv2:od3> ;\n    rdfs:label {label} ;\n'
                       '    rdfs:seeAlso <presets.ttl> .' for uri, label in presets)


def build(bld):
    core = _objects(bld, CORE, 'core')
    bld(features='c cshlib', source='src/od3.c', target=f'{BUILT}/od3', includes='src', lib=['m'],
        use=['STRICT', 'HARDENED', *core], install_path=None)
    _, minor, micro = VERSION.split('.')
    for name in ('manifest.ttl', 'od3.ttl'):
        bld(features='subst', source=f'ttl/{name}.in', target=f'{BUILT}/{name}', encoding='utf-8', install_path=None,
            VERSION=VERSION, MINOR=minor, MICRO=micro, LIBRARY_SUFFIX=bld.env.cshlib_PATTERN % '',
            PRESETS=_presets_of_manifest(bld))
    copies = {'od3.gru': bld.env.MODEL, 'modgui.ttl': 'ttl/modgui.ttl', 'presets.ttl': 'ttl/presets.ttl',
              **{f'modgui/{name}': f'modgui/{name}' for name in MODGUI}}
    for name, source in copies.items():
        bld(features='subst', is_copy=True, source=bld.path.make_node(source), target=f'{BUILT}/{name}',
            install_path=None)
    described = ('manifest.ttl', 'od3.ttl', 'modgui.ttl', 'presets.ttl', 'od3.gru')
    for folder, names in ((BUNDLE, described), (f'{BUNDLE}/modgui', MODGUI)):
        bld.install_files(f'${{LV2DIR}}/{folder}', [f'lv2/{folder}/{name}' for name in names])
    bld.install_files(f'${{LV2DIR}}/{BUNDLE}', f'{BUILT}/od3.so', chmod=0o755)
    bld(features='subst', source='packaging/od3.lv2.metainfo.xml.in', target='od3.lv2.metainfo.xml', VERSION=VERSION,
        DATE=_release_date(bld), install_path='${DATADIR}/metainfo')
    bld.add_post_fun(_assemble)
    if bld.cmd in ('test', 'bench', 'demo', 'draw', 'lint', 'web', 'fuzz'):
        globals()[f'_{bld.cmd}'](bld, core)


def _release_date(bld):
    """That of the newest release in NEWS.md."""
    return re.search(r'^## \S+ \((\d{4}-\d\d-\d\d)\)', bld.path.make_node('NEWS.md').read(encoding='utf-8'), re.M)[1]


def _assemble(bld):
    """Copies the bundle to the top level, where hosts can be pointed at; a device's stays in its build folder."""
    if TARGET:
        return
    built, bundle = bld.bldnode.make_node(BUILT).abspath(), bld.srcnode.make_node(BUNDLE).abspath()
    shutil.rmtree(bundle, ignore_errors=True)
    shutil.copytree(built, bundle)


def _environment(bld):
    """The environment of a program that finds the bundle, and Python programs with this Python."""
    path = os.pathsep.join((os.path.dirname(sys.executable), os.environ['PATH']))
    return {**os.environ, 'PATH': path, 'LV2_PATH': bld.bldnode.make_node('lv2').abspath(),
            'OD3_TOP': bld.srcnode.abspath(), 'OD3_BUILD': bld.bldnode.abspath(), 'CMOCKA_MESSAGE_OUTPUT': 'TAP',
            'PYTHONDONTWRITEBYTECODE': '1'}


def _run(bld, *command):
    """Runs a command at the top level; the build fails if it does."""
    if subprocess.call(command, cwd=bld.srcnode.abspath(), env=_environment(bld)):
        raise Errors.WafError(f'failed: {" ".join(command)}')


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
    fuzzed = _objects(bld, [*CORE, 'src/od3.c'], 'fuzzed', FUZZ, CLANG, FUZZ_VECTORS)
    # What vector kernels read and write depends on the model alone, and run() is to be played for long.
    quick = [f'core-{name[7:]}' if name[7:] in bld.env.VECTOR_KERNELS else name for name in fuzzed]
    for bundle, model in (('od3', DEFAULT_MODEL), ('od3-eco', ECO_MODEL)):
        bld(features='subst', is_copy=True, source=bld.path.make_node(model), target=f'fuzz/{bundle}.lv2/od3.gru',
            install_path=None)
    for name, use in (('model', fuzzed), ('run', quick)):
        bld(rule=_plant, source=PLANTED[name][0], target=f'fuzz/bug_in_{name}.c', planted=name)
        for program, more, flags in (('fuzz', [], []), ('planted', [f'fuzz/bug_in_{name}.c'], ['-Wl,-z,muldefs'])):
            bld.program(source=[f'test/fuzz_{name}.c', *more], target=f'fuzz/{program}_{name}', includes='src',
                        lib=['m'], use=use, cflags=FUZZ, linkflags=[*FUZZ, '-fsanitize=fuzzer', *flags],
                        env=_with(bld, CLANG), install_path=None)


def _bench_program(bld, core):
    sources = [f'test/{name}.c' for name in ('bench', 'bench_network', 'bench_plugin')]
    bld.program(source=sources, target='test/bench', includes='src', lib=['m', 'dl'], use=core, install_path=None)


def _foreign(bld, cpu):
    """test/render and test/denormals for another processor, as qemu-user runs them."""
    compiler = ' '.join([*FOREIGN[cpu], '-std=c11 -D_POSIX_C_SOURCE=200809L', *WARNINGS, '-Werror', *LOOP_FLAGS,
                         f'-I{bld.srcnode.abspath()}/src'])
    headers = [node.path_from(bld.path) for node in bld.path.ant_glob('src/*.h')]
    kernels = VECTOR_KERNELS.get(cpu, {})
    objects = []
    for kernel, (n_floats, flags) in kernels.items():
        objects.append(f'test/kernel_vector-{cpu}.o')
        bld(rule=f'{compiler} {" ".join(VECTOR_FLAGS + flags)} -DKERNEL={kernel} -DVECTOR_FLOATS={n_floats} '
            '-c ${SRC} -o ${TGT}', source='src/kernel_vector.c', target=objects[-1], deps=headers)
    have = ' '.join(f'-DHAVE_{kernel.upper()}' for kernel in kernels)
    for name, sources in (('render', [*CORE, *objects]), ('denormals', [])):
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
                    lib=cmocka[2] + ['m', 'pthread'], env=_with(bld, compiler), install_path=None)


def _host_tests(bld, folder, flags, compiler=None):
    """Tests that load the plugin."""
    cmocka, lilv = _package(bld, 'cmocka'), _package(bld, 'lilv-0')
    host = f'{folder}-host'
    bld(features='c', source=['test/host.c', 'test/signals.c'], target=host, includes='src',
        cflags=flags + lilv[0] + cmocka[0], env=_with(bld, compiler))
    for name in [*_tests(bld, 'host'), 'instantiate_time', 'soak']:
        bld.program(source=f'test/{name}.c', target=f'{folder}/{name}', includes='src', use=host,
                    cflags=flags + cmocka[0] + lilv[0], linkflags=flags + cmocka[1] + lilv[1],
                    lib=cmocka[2] + lilv[2] + ['m'], env=_with(bld, compiler), install_path=None)


def _safe(bld, name):
    """The plugin, a faulty one that the checks must tell from it, and the tests' programs."""
    compiler, flags, vectors = SAFE[name]
    folder = f'safe/{name}'
    replaced = ['src/od3.c', 'src/shared_model.c']  # by test/faulty.c
    core = _objects(bld, [source for source in CORE if source not in replaced], folder, flags, compiler, vectors)
    face = f'{folder}-face'
    bld(features='c', source=replaced, target=face, cflags=['-fPIC', *flags], includes='src', env=_with(bld, compiler))
    for library, sources, objects in (('od3', [], [*core, face]), ('faulty', ['test/faulty.c'], core)):
        bld(features='c cshlib', source=sources, target=f'{folder}/{library}', includes='src', lib=['m'], use=objects,
            cflags=flags, linkflags=flags, env=_with(bld, compiler), install_path=None)
    _unit_tests(bld, folder, [*core, face], flags, compiler)
    _host_tests(bld, folder, flags, compiler)


def _test(bld, core):
    sanitized = _objects(bld, [*CORE, 'src/od3.c'], 'sanitized', SANITIZE)
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
    _page(bld)
    if bld.options.safety:
        _fuzzers(bld)
    patterns = ['test/test_*.py', *(['test/with_*.py'] if bld.options.hosts else []),
                *(['test/safe_*.py'] if bld.options.safety else [])]
    scripts = [f'test/{node.name}' for node in bld.path.ant_glob(patterns)]
    programs = [f'{bld.bldnode.abspath()}/test/{name}' for name in _tests(bld, 'unit') + _tests(bld, 'host')]
    bld.add_post_fun(lambda bld: _run(bld, 'prove', '--exec', '', '--timer', *programs, *scripts))


def _bench(bld, core):
    _programs(bld, core, 'play', 'idle_map')
    _bench_program(bld, core)
    script = 'quality.py' if bld.options.quality else 'arm_cost.py' if bld.options.arm else 'bench.py'
    extra = [f'--json={bld.bldnode.abspath()}/bench.json'] if bld.options.json else []
    bld.add_post_fun(lambda bld: _run(bld, sys.executable, f'test/{script}', *extra))


def _fuzz(bld, _core):
    _fuzzers(bld)
    bld.add_post_fun(lambda bld: _run(bld, sys.executable, 'test/fuzz.py', str(60 * bld.options.minutes)))


def _demo(bld, _core):
    extra = [os.path.abspath(bld.options.input)] if bld.options.input else []
    bld.add_post_fun(lambda bld: _run(bld, sys.executable, 'test/demo.py', *extra))


def _page(bld):
    """The web page: the core as WebAssembly, with and without SIMD, and all else in one HTML file."""
    compiler = os.environ.get('WASM_CC') or shutil.which('clang-22') or 'clang'
    flags = ['--target=wasm32-wasi', '-Wno-deprecated', '-std=c11', '-D_POSIX_C_SOURCE=200809L', *LOOP_FLAGS,
             f'-I{bld.path.abspath()}/src', '-nostdlib', '-Wl,--no-entry,--strip-all']
    sources = [name for name in CORE if name not in ('src/model_load.c', 'src/shared_model.c')] + ['web/core.c']

    def names(patterns):
        return [node.path_from(bld.path) for node in bld.path.ant_glob(patterns)]

    vectors = '-msimd128 -DHAVE_SIMD128 -DKERNEL=simd128 -DVECTOR_FLOATS=4'
    cores = {'core-simd': (vectors, ['src/kernel_vector.c']), 'core-scalar': ('', [])}
    for name, (more_flags, more_sources) in cores.items():
        bld(rule=f'{compiler} {" ".join(flags)} {more_flags} ${{SRC}} -lc -o ${{TGT}}', source=sources + more_sources,
            target=f'wasm/{name}.wasm', deps=names('src/*.h'))
    bld(rule=f'{sys.executable} ${{SRC}} ${{TGT}}', source='web/bass.py', target='wasm/bass.flac',
        deps='weights/guitar.py')
    clips = ['test/guitar.flac', 'wasm/bass.flac']
    bld(rule=f'{sys.executable} ${{SRC}} web',
        source=['web/assemble.py', *(f'wasm/{name}.wasm' for name in cores), bld.path.make_node(bld.env.MODEL), *clips],
        target=['web/index.html', 'web/clips/guitar.js', 'web/clips/bass.js'],
        deps=names('web/* modgui/*'))


def _web(bld, _core):
    _page(bld)
    folder = bld.bldnode.make_node('web').abspath()
    bld.add_post_fun(lambda bld: print(f'The page: {folder}/index.html'))
    if bld.options.serve:
        bld.add_post_fun(lambda bld: _run(bld, sys.executable, '-m', 'http.server', '--bind', '127.0.0.1',
                                          '--directory', folder, '8000'))


def _draw(bld, _core):
    _page(bld)
    bld.add_post_fun(lambda bld: _run(bld, sys.executable, 'test/draw.py'))


def _lint(bld, _core):
    bld.add_post_fun(lambda bld: _run(bld, sys.executable, 'test/lint.py', ' '.join(WARNINGS)))


def _command(name, summary):
    return type(name.capitalize(), (Build.BuildContext,), {'cmd': name, '__doc__': summary})


COMMANDS = [_command(*pair) for pair in (
    ('test', 'runs all tests'), ('bench', 'measures speed, as ratios'), ('lint', 'checks style and code statically'),
    ('fuzz', 'feeds the parser and run() with whatever finds a bug'),
    ('demo', 'plays a guitar through the bundle and draws it'),
    ('draw', 'draws the pictures of the pedal and of the page anew'),
    ('web', 'builds the web page into build/web; --serve serves it'))]


class Dist(Scripting.Dist):
    """makes the source archive, the same bytes each time"""
    cmd = 'dist'

    def execute(self):
        path = source_archive.write(self.path.abspath(), f'{APPNAME}-{VERSION}')
        self.msg('Source archive', os.path.basename(path))
