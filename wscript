# SPDX-License-Identifier: MIT
"""How od3.lv2 is built, tested and installed; `./waf --help` lists the commands."""

import os
import re
import shutil
import subprocess
import sys

from waflib import Build, Configure, Context, Errors, Scripting

sys.path.insert(0, 'packaging')
import source_archive  # noqa: E402 # found through the line above

APPNAME = 'od3.lv2'
VERSION = '0.6.12'  # the last two are LV2's minor and micro versions: even, and not 0, in a release
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
ASSEMBLED = ('avx2', 'sse2')  # have 32 units in assembly, by src/gru_KERNEL.py
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
            defines=[f'KERNEL={kernel}', f'VECTOR_FLOATS={n_floats}', *['HAVE_ASSEMBLY'] * (kernel in ASSEMBLED)],
            env=_with(bld, compiler),
            cflags=['-fPIC', *bld.env.CFLAGS_LOOP, *VECTOR_FLAGS, *flags, *(vectors or extra)])
    return targets


def _presets_of_manifest(bld):
    """What hosts must know of each preset before they read its file."""
    text = bld.path.make_node('ttl/presets.ttl').read(encoding='utf-8')
    presets = re.findall(r'(<\S+>)\n    a pset:Preset ;.*?rdfs:label ([^;]*) ;', text, re.DOTALL)
    return '\n\n'.join(f'{uri}\n    a pset:Preset ;\n    lv2:appliesTo <urn:od3-lv2:od3> ;\n    rdfs:label {label} ;\n'
                       '    rdfs:seeAlso <presets.ttl> .' for uri, label in presets)


def _write_kernel(bld, kernel):
    """The header that has a kernel's assembly, before anything is compiled."""
    bld(rule=lambda task: task.exec_command([sys.executable, '-B', task.inputs[0].abspath(),
                                             task.outputs[0].abspath()]),
        source=f'src/gru_{kernel}.py', target=f'src/gru_{kernel}.h', deps=['src/assembly.py', 'src/weaver.py'],
        before=['c'])


def build(bld):
    for kernel in bld.env.VECTOR_KERNELS:
        if kernel in ASSEMBLED:
            _write_kernel(bld, kernel)
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
    if bld.cmd in ('demo', 'draw', 'lint', 'web'):
        globals()[f'_{bld.cmd}'](bld)
    elif bld.cmd in ('test', 'bench', 'fuzz'):
        getattr(Context.load_tool('programs', ['test']), bld.cmd)(bld, core)


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


def _demo(bld):
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
        source=['web/assemble.py', *(f'wasm/{name}.wasm' for name in cores), bld.path.make_node(bld.env.MODEL),
                'ttl/presets.ttl', *clips],
        target=['web/index.html', 'web/clips/guitar.js', 'web/clips/bass.js'],
        deps=names('web/* modgui/*'))


def _web(bld):
    _page(bld)
    folder = bld.bldnode.make_node('web').abspath()
    bld.add_post_fun(lambda bld: print(f'The page: {folder}/index.html'))
    if bld.options.serve:
        bld.add_post_fun(lambda bld: _run(bld, sys.executable, '-m', 'http.server', '--bind', '127.0.0.1',
                                          '--directory', folder, '8000'))


def _draw(bld):
    _page(bld)
    bld.add_post_fun(lambda bld: _run(bld, sys.executable, 'test/draw.py'))


def _lint(bld):
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
