#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Installations by users and by root, in a folder whose name has a space, an apostrophe and an umlaut."""

import os
import re
import shutil
import stat
import subprocess
import unittest

import checkout
import common

NOBODY = 65534
IS_ROOT = os.geteuid() == 0
NEEDS_ROOT = "needs root, to act as two users"


def files(folder):
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = common.scratch_folder(cls.addClassCleanup)
        cls.folder.chmod(0o755)
        cls.user = NOBODY if IS_ROOT else None
        cls.top = cls.users_copy("od3, it's grün")
        cls.home, cls.cache = cls.folder / "home", cls.folder / "ccache"
        cls.home.mkdir()
        checkout.copy_cache(cls.cache)
        for folder in (cls.home, cls.cache):
            cls.give(folder)
        cls.bundle = files(common.TOP / "od3.lv2")

    @classmethod
    def give(cls, folder):
        """Gives a folder to the unprivileged user."""
        if IS_ROOT:
            common.run("chown", "-R", f"{NOBODY}:{NOBODY}", folder)

    @classmethod
    def users_copy(cls, name):
        top = checkout.copy(cls.folder / name)
        cls.give(top)
        return top

    def waf(self, *words, **options):
        variables = {"HOME": str(self.home), **checkout.cached(self.cache), **options}
        return checkout.must_waf(self.top, *words, user=self.user, **variables)

    def assert_refuses(self, pattern, top, *words):
        """Asserts that ./waf fails for the unprivileged user with a line, not a traceback."""
        status, said = checkout.waf(top, *words, user=self.user, HOME=str(self.home))
        self.assertNotEqual(status, 0, said)
        self.assertNotIn("Traceback", said)
        self.assertRegex(said, pattern)

    def test_private_folder(self):
        """a user installs into ~/.lv2 and into a relative folder, and nothing elsewhere"""
        for lv2dir, wanted in (("~/.lv2", self.home / ".lv2"), ("lv2 bundles", self.top / "lv2 bundles")):
            self.waf("configure", f"--lv2dir={lv2dir}", "install")
            self.assertEqual(files(wanted), {"od3.lv2" / path for path in map(type(wanted), self.bundle)})
            self.waf("uninstall")
            self.assertFalse(files(self.home) | files(wanted))

    def test_modes(self):
        """everyone can read what a user installs who keeps files private"""
        stage = self.folder / "modes"
        stage.mkdir()
        self.give(stage)
        self.waf("configure", "--prefix=/usr", "install", f"--destdir={stage}", umask=0o077)
        installed = list(stage.rglob("*"))
        self.assertGreater(len(installed), len(self.bundle))
        for path in installed:
            wanted = 0o755 if path.is_dir() or path.suffix == ".so" else 0o644
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), wanted, path)

    @unittest.skipUnless(IS_ROOT, NEEDS_ROOT)
    def test_root_installs(self):
        """after root has built and installed, the tree's owner can build, clean and make the archive"""
        stage = self.folder / "stage"
        checkout.must_waf(self.top, "distclean", "configure", "--prefix=/usr", "install", f"--destdir={stage}",
                          **checkout.cached())
        self.assertTrue((self.top / "od3.lv2").is_dir())
        self.assertEqual([str(path) for path in self.top.rglob("*") if path.lstat().st_uid == 0], [])
        self.assertEqual((stage / "usr").stat().st_uid, 0)
        (self.top / "src/lv2/od3.c").touch()
        self.waf("build")
        self.waf("dist")
        self.waf("distclean")
        self.assertFalse((self.top / "build").exists() or (self.top / "od3.lv2").exists())

    @unittest.skipUnless(IS_ROOT, NEEDS_ROOT)
    def test_roots_files(self):
        """build, install and distclean name what another user left in their way"""
        top = self.users_copy("left by root")
        checkout.must_waf(top, "configure", "build", user=NOBODY, **checkout.cached(self.cache))
        common.run("chown", "-R", "0:0", top / "od3.lv2")
        for command in ("build", "install", "distclean"):
            self.assert_refuses("cannot write .*left by root/od3.lv2: it belongs to another user", top, command)
        common.run("chown", "-R", "0:0", top)
        for command in ("configure", "build", "distclean"):
            self.assert_refuses("cannot write .*left by root: it belongs to another user", top, command)

    @unittest.skipUnless(IS_ROOT, NEEDS_ROOT)
    def test_systems_folder(self):
        """a user who installs for all is told to be root or to choose a folder"""
        self.waf("configure", f"--prefix={self.folder}")
        self.assert_refuses(f"cannot write {self.folder}: install as root, or .*--lv2dir=", self.top, "install")

    def test_paths(self):
        """the page and the tests are built in a folder with such a name"""
        said = self.waf("test", "--quick", "--only", "unit/test_packing", "--only", "plugin/test_sound", "--only",
                        "plugin/test_presets", "web")
        self.assertRegex(said, r"Files=3\b")
        self.assertIn("Result: PASS", said)
        self.assertTrue((self.top / "build/web/index.html").exists())

    def test_locale(self):
        """a build in the locale C and in one with a dotted İ gives the same bundle"""
        built = []
        for locale in ("C", "tr_TR.UTF-8"):
            self.waf("distclean", "configure", "build", LC_ALL=locale, LANG="")
            built.append({path: (self.top / "od3.lv2" / path).read_bytes() for path in self.bundle})
        self.assertEqual(built[0], built[1])

    def test_bare_python(self):
        """Python's own modules and the compiler suffice for a build"""
        python = self.folder / "bare/bin/python3"
        common.run("/usr/bin/python3", "-m", "venv", "--without-pip", self.folder / "bare")
        lacks = subprocess.run([python, "-c", "import numpy"], stderr=subprocess.DEVNULL, check=False)
        self.assertNotEqual(lacks.returncode, 0)
        tools = self.folder / "tools"
        tools.mkdir(exist_ok=True)
        for name in "cat dirname env grep id sh tr".split():
            (tools / name).symlink_to(shutil.which(name))
        status, said = checkout.waf(self.top, "distclean", "configure", PYTHON=str(python), PATH=str(tools))
        self.assertEqual(status, 1, said)
        self.assertNotIn("Traceback", said)
        ccache = "CCACHE_PATH=/usr/bin /usr/lib/ccache/gcc"
        for name, program in (("ar", "/usr/bin/ar"), ("as", "/usr/bin/as"), ("gcc", ccache), ("ld", "/usr/bin/ld")):
            (tools / name).write_text(f'#!/bin/sh\nexec env {program} "$@"\n')
            (tools / name).chmod(0o755)
        self.waf("distclean", "configure", "build", "dist", PYTHON=str(python), PATH=str(tools))
        self.assertEqual(files(self.top / "od3.lv2"), self.bundle)


@unittest.skipUnless((common.TOP / ".waf").is_dir(), "needs the waf library in .waf/")
class Launcher(unittest.TestCase):
    def setUp(self):
        self.folder = common.scratch_folder(self.addCleanup)
        self.top = checkout.copy(self.folder / "od3")
        context = self.top / ".waf/waflib/Context.py"
        context.write_text(re.sub("^import ", "import a_module_that_python_dropped, ", context.read_text(), count=1,
                                  flags=re.M))

    def test_says(self):
        """a waf library of another Python is not run, and a line says what to do"""
        status, said = checkout.waf(self.top, "configure")
        self.assertEqual(status, 1)
        self.assertNotIn("Traceback", said)
        self.assertIn("no waf 2 was found that runs with", said)

    def test_heals(self):
        """a waf library of another Python is replaced by the distribution's"""
        tools = self.folder / "tools"
        tools.mkdir()
        library = "usr/lib/python3/dist-packages/xpdeint/waf"
        for name, script in {
                "apt-get": "touch xmds2_1.deb",
                "dpkg-query": "echo installed",
                "dpkg": f'mkdir -p "$3/{library}" "$3/usr/share/doc/xmds2"; touch "$3/usr/share/doc/xmds2/copyright"; '
                        f'cp -r "{common.TOP}/.waf/waflib" "$3/{library}/"'}.items():
            (tools / name).write_text(f"#!/bin/sh\n{script}\n")
            (tools / name).chmod(0o755)
        result = subprocess.run([self.top / "waf", "--yes", "--version"], capture_output=True, text=True, check=False,
                                env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"})
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"waf 2\.")


if __name__ == "__main__":
    common.main()
