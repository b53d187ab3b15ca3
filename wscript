# SPDX-License-Identifier: MIT
"""How od3.lv2 is configured, built, tested and installed; `./waf --help` lists the commands.

Each folder says in a wscript of its own how its files are built.
"""

import atexit
import os
import shutil
import subprocess
import sys

from waflib import Build, Configure, Errors, Options, Scripting
from waflib.Configure import conf

sys.path.insert(0, 'packaging')
import source_archive  # noqa: E402 # found through the line above

APPNAME = 'od3.lv2'
VERSION = '0.8.2'  # the last two are LV2's minor and micro versions: even, and not 0, in a release
TARGET = os.environ.get('OD3_TARGET', '')  # ./waf sets it from --target
top = '.'
out = f'build-{TARGET}' if TARGET else 'build'

BUNDLE = 'od3.lv2'
FOLDERS = ['src', 'ui', 'ttl', 'modgui', 'packaging', 'web', 'test']
WARNINGS = ('-Wall -Wextra -Wpedantic -Wconversion -Wdouble-promotion -Wshadow -Wundef -Wstrict-prototypes '
            '-Wmissing-prototypes -Wwrite-strings -Wcast-qual -Wvla -Wformat=2 -Wimplicit-fallthrough '
            '-Wnull-dereference -Wold-style-definition -Wredundant-decls -Wswitch-enum').split()
# Flags under which NaN, infinity and the order of additions lose their meaning, or which change the host's
# floating-point mode when the plugin is loaded: with them the sound would be wrong.
UNSAFE_MATH = ('-ffast-math', '-Ofast', '-funsafe-math-optimizations', '-fassociative-math', '-ffinite-math-only',
               '-freciprocal-math', '-fno-honor-nans', '-fno-honor-infinities', '-ffp-model=fast',
               '-ffp-model=aggressive', '-mdaz-ftz', '-mpc32', '-mpc64')
DEFAULT_MODEL = 'weights/od3.gru'
ECO_MODEL = 'weights/od3-eco.gru'
AARCH64, ARM = 'aarch64-linux-gnu-gcc', 'arm-linux-gnueabihf-gcc'
# Devices: compiler, processor flags as their makers give them, and the model that they have time for.
TARGETS = {
    'moddwarf': (AARCH64, ['-mcpu=cortex-a35', '-mtune=cortex-a35'], DEFAULT_MODEL),
    'modduox': (AARCH64, ['-mcpu=cortex-a53', '-mtune=cortex-a53'], DEFAULT_MODEL),
    'modduo': (ARM, ['-mcpu=cortex-a7', '-mfpu=neon-vfpv4', '-mfloat-abi=hard'], ECO_MODEL),
    'rpi4': (AARCH64, ['-mcpu=cortex-a72'], DEFAULT_MODEL),
    'rpi5': (AARCH64, ['-mcpu=cortex-a76'], DEFAULT_MODEL),
}
# The oversampling with which a bundle starts, where it is not 2x: less than 12 % of a core at 1x (doc/mod.md).
OVERSAMPLING = {'moddwarf': '1', 'modduox': '1', 'modduo': '1'}
# Commands besides waf's own: what they do, and the folder whose wscript has a function of that name.
COMMANDS = {
    'test': ('runs all tests; --only NAME and --quick run some', 'test'),
    'bench': ('measures speed, as ratios', 'test'),
    'lint': ('checks style and code statically', 'test'),
    'mutants': ('plants small faults in the sources, which the tests must find; --only PATH and --sample N run '
                'some', 'test'),
    'fuzz': ('feeds the parser and run() with whatever finds a bug', 'test'),
    'fingerprint': ('prints hashes of what the plugin plays, to compare two builds', 'test'),
    'loudness': ('measures how loud the bundled models play, for src/model/known_loudness.h; run it after configure '
                 '--model', 'test'),
    'demo': ('plays a guitar through the bundle and draws it', 'test'),
    'draw': ('draws the pictures of the pedal and of the page anew', 'test'),
    'web': ('builds the web page into build/web; --serve serves it', 'web'),
}

Configure.autoconfig = True


def _check_folders():
    """Refuses to go on, before anything is written, where this user can't write what this or another user made."""
    for path in filter(os.path.lexists, ('.', out, BUNDLE, Options.lockfile)):
        if not os.access(path, os.W_OK):
            raise Errors.WafError(f'cannot write {os.path.abspath(path)}: it belongs to another user; remove it as '
                                  'that user, or build in a copy of the sources')


def options(opt):
    if any(not word.startswith('-') for word in sys.argv[1:]):  # not for --help
        _check_folders()
    opt.load('compiler_c')
    opt.parser.set_defaults(check_c_compiler='gcc clang')  # waf's checks for others end in errors of their own
    opt.add_option('--lv2dir', help='where LV2 bundles are installed [LIBDIR/lv2]')
    opt.add_option('--native', action='store_true', help="use this machine's CPU features: faster here, "
                   'but the plugin may not run elsewhere')
    opt.add_option('--model', help=f"the model file that the bundle gets [{DEFAULT_MODEL}, or the target's]")
    opt.add_option('--oversampling', choices=['1', '2', '4'], help='configure: the oversampling with which the bundle '
                   'starts; 2 unless the target says 1')
    opt.add_option('--target', choices=list(TARGETS), help='build for a device, into build-TARGET: '
                   + ', '.join(TARGETS))
    opt.add_option('--serve', action='store_true', help='web: serves the page on this machine, until Ctrl-C')
    opt.add_option('--only', action='append', metavar='NAME', help='test: only tests whose path contains NAME; can be '
                   'given several times')
    opt.add_option('--quick', action='store_true', help='test: only what takes seconds: no sanitizer, browser, '
                   'other processor or training; mutants: only those that are quick to build and test')
    opt.add_option('--hosts', action='store_true', help='test: also in Ardour, jalv and other hosts, and as packages')
    opt.add_option('--safety', action='store_true', help='test: also under sanitizers, valgrind and load, and fuzzed')
    opt.add_option('--sample', type=int, help='mutants: run this many, chosen by chance')
    opt.add_option('--again', action='store_true', help='mutants: forget the results that are kept')
    opt.add_option('--minutes', type=float, default=10.0, help='fuzz: how long, in all [10]')
    opt.add_option('--input', help='demo: a sound file to play instead of the generated guitar')
    opt.add_option('--quality', action='store_true', help='bench: measure the sound at all sample rates instead: '
                   'accuracy, latency, aliasing, silence; a quarter of an hour')
    opt.add_option('--json', action='store_true', help='bench: writes what it measured to build/bench.json too')
    opt.add_option('--kernels', action='store_true', help='bench: compare the kernels instead, in turn')
    opt.add_option('--phases', action='store_true', help="bench: compare the oversampling's phases instead")
    opt.add_option('--worst', action='store_true', help='bench: measure the longest run() in each state of the pedal '
                   'instead; two minutes')
    opt.add_option('--arm', action='store_true', help="bench: estimates the cost on MOD's devices instead, after "
                   './waf --target=moddwarf configure build, or modduo')


def _use_target(conf):
    """Returns the target's compiler flags and default model; sets its compiler unless CC names another."""
    if not TARGET:
        return [], DEFAULT_MODEL
    compiler, flags, model = TARGETS[TARGET]
    conf.environ.setdefault('CC', compiler)
    # Debian's cross compilers don't look into /usr/include, where the headers of LV2 are.
    return [*flags, '-idirafter', '/usr/include'], model


def _choose_folders(conf):
    """Sets where the bundle is installed and, where that is below the prefix, the file for software centres."""
    # Not waf's own guess, lib64 on some systems, where hosts do not look.
    libdir = conf.options.libdir or os.path.join(conf.env.PREFIX, 'lib')
    conf.env.LV2DIR = os.path.abspath(os.path.expanduser(conf.options.lv2dir or os.path.join(libdir, 'lv2')))
    prefix = os.path.abspath(conf.env.PREFIX)
    if os.path.commonpath([prefix, conf.env.LV2DIR]) == prefix:
        conf.env.METAINFO_DIR = '${DATADIR}/metainfo'


def _refuse_unsafe_math(conf):
    """Takes UNSAFE_MATH out of every variable through which packagers give flags, and says so."""
    refused = []
    for name in ('CC', 'LINK_CC', 'CPPFLAGS', 'CFLAGS', 'LINKFLAGS', 'LDFLAGS'):
        refused += [flag for flag in conf.env[name] if flag in UNSAFE_MATH]
        conf.env[name] = [flag for flag in conf.env[name] if flag not in UNSAFE_MATH]
    if refused:
        conf.msg('Flags that would change the sound, left out', ' '.join(dict.fromkeys(refused)))


def _choose_flags(conf, target_flags):
    _refuse_unsafe_math(conf)
    user_flags = target_flags + conf.env.CFLAGS
    conf.env.CFLAGS = ['-std=c11', '-fvisibility=hidden', '-O2', *(['-march=native'] if conf.options.native else []),
                       *WARNINGS, *user_flags]
    conf.env.IS_DEBUG = any(flag in ('-O0', '-O1', '-Og') for flag in user_flags)
    conf.env.append_value('DEFINES', ['_POSIX_C_SOURCE=200809L'])


def configure(conf):
    target_flags, default_model = _use_target(conf)
    conf.load('compiler_c gnu_dirs')
    model = conf.options.model or default_model
    if not os.path.isfile(model):
        conf.fatal(f'there is no model file {model}')
    conf.env.MODEL = os.path.relpath(model, conf.path.abspath())
    conf.env.OVERSAMPLING = conf.options.oversampling or OVERSAMPLING.get(TARGET, '2')
    conf.env.cshlib_PATTERN = '%s.so'
    _choose_flags(conf, target_flags)
    _choose_folders(conf)
    conf.check_cc(lib='m', uselib_store='M')
    conf.check_cc(header_name='lv2/core/lv2.h', msg='Checking for LV2 (lv2-dev)')
    conf.recurse('src ui')
    conf.check_cc(linkflags='-Wl,--no-undefined', uselib_store='STRICT', mandatory=False)
    conf.check_cc(linkflags='-Wl,-z,relro,-z,now,-z,noexecstack', uselib_store='HARDENED', mandatory=False)
    conf.msg('Compiler', ' '.join(conf.env.CC))
    conf.msg('Flags', ' '.join(conf.env.CFLAGS + conf.env.LINKFLAGS))
    conf.msg('Model', conf.env.MODEL)
    conf.msg('Default oversampling', f'{conf.env.OVERSAMPLING}x')
    conf.msg('LV2 folder', conf.env.LV2DIR)
    conf.msg('CPU features', "this machine's" if conf.options.native else "the compiler's baseline")


@conf
def bundle_node(bld, name):
    """Returns the node of a file in the built bundle; hosts' LV2_PATH is that of build/lv2/."""
    return bld.bldnode.find_or_declare(f'lv2/{BUNDLE}/{name}')


@conf
def program_environment(bld):
    """Returns the environment of a program that finds the bundle, and Python programs with this Python."""
    path = os.pathsep.join((os.path.dirname(sys.executable), os.environ['PATH']))
    modules = [bld.srcnode.make_node('test/support').abspath(), *filter(None, [os.environ.get('PYTHONPATH')])]
    return {**os.environ, 'PATH': path, 'LV2_PATH': bld.bldnode.make_node('lv2').abspath(),
            'OD3_TOP': bld.srcnode.abspath(), 'OD3_BUILD': bld.bldnode.abspath(), 'CMOCKA_MESSAGE_OUTPUT': 'TAP',
            'PYTHONDONTWRITEBYTECODE': '1', 'PYTHONPATH': os.pathsep.join(modules)}


@conf
def run_program(bld, *command):
    """Runs a command at the top level; the build fails if it does."""
    if subprocess.call(command, cwd=bld.srcnode.abspath(), env=bld.program_environment()):
        raise Errors.WafError(f'failed: {" ".join(command)}')


def _copy_bundle(bld):
    """Copies the bundle to the top level, where hosts can be pointed at; a device's stays in its build folder."""
    built, bundle = bld.bldnode.make_node(f'lv2/{BUNDLE}').abspath(), bld.srcnode.make_node(BUNDLE).abspath()
    shutil.rmtree(bundle, ignore_errors=True)
    shutil.copytree(built, bundle)


def _is_own_file(name):
    return name in (BUNDLE, '.waf', '__pycache__') or name.startswith(('build', '.lock-waf', f'{APPNAME}-'))


def _give_back_files():
    """Gives what root made in another user's source tree to that user, who could not build here again otherwise."""
    owner = os.stat('.')
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    made = [name for name in os.listdir('.') if _is_own_file(name)]
    for path in [*made, *(os.path.join(folder, '__pycache__') for folder in FOLDERS)]:
        for folder, folders, files in os.walk(path):
            made += [os.path.join(folder, name) for name in (*folders, *files)]
            made.append(folder)
    for path in made:
        if os.lstat(path).st_uid == 0:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _prepare_to_install(bld):
    """Refuses to go on where this user can't write the LV2 folder, and lets others read what is installed."""
    folder = bld.options.destdir + bld.env.LV2DIR
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if not os.access(folder, os.W_OK):
        bld.fatal(f'cannot write {folder}: install as root, or into a folder of yours with configure --lv2dir=~/.lv2')
    os.umask(0o022)


# Only here has waf written its last file.
atexit.register(_give_back_files)


def build(bld):
    if bld.is_install:
        _prepare_to_install(bld)
    bld.recurse(FOLDERS)
    if not TARGET:
        bld.add_post_fun(_copy_bundle)
    if bld.cmd in COMMANDS:
        bld.recurse(COMMANDS[bld.cmd][1], name=bld.cmd)


def distclean(ctx):
    """removes what was built and configured"""
    Scripting.distclean(ctx)
    for folder in (out, *([] if TARGET else [BUNDLE])):
        if os.path.isdir(folder):
            shutil.rmtree(folder)


class Dist(Scripting.Dist):
    """makes the source archive, the same bytes each time"""
    cmd = 'dist'

    def execute(self):
        try:
            path = source_archive.write(self.path.abspath(), f'{APPNAME}-{VERSION}')
        except source_archive.Incomplete as error:
            raise Errors.WafError(f'no archive: {error}') from None
        self.msg('Source archive', os.path.basename(path))


COMMAND_CLASSES = [type(name.capitalize(), (Build.BuildContext,), {'cmd': name, '__doc__': summary})
                   for name, (summary, _) in COMMANDS.items()]
