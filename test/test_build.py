#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The source archive builds, installs and uninstalls by itself, as a packager would have it."""

import os
import platform
import re
import shutil
import subprocess
import tarfile
import unittest

import common

MODGUI = ["face.svg", "icon.html", "knob.svg", "screenshot.png", "script.js", "stylesheet.css", "switch.svg",
          "thumbnail.png"]
BUNDLE = ["manifest.ttl", "modgui.ttl", *(f"modgui/{name}" for name in MODGUI), "od3.gru", "od3.so", "od3.ttl",
          "presets.ttl"]  # in the order of their names


class Build(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = common.scratch_folder(cls.addClassCleanup)
        source = folder / "checkout"
        left_out = shutil.ignore_patterns("build*", "od3.lv2", ".lock-waf*", ".git", "demo")
        shutil.copytree(common.TOP, source, ignore=left_out)
        cls.waf(source, "dist")
        (archive,) = source.glob("od3.lv2-*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(folder / "unpacked")
        (cls.top,) = (folder / "unpacked").iterdir()
        if (source / ".waf").is_dir():  # the archive has none, and tests may not download
            shutil.copytree(source / ".waf", cls.top / ".waf")
        cls.stage = folder / "stage"

    @staticmethod
    def waf(top, *words, **variables):
        result = subprocess.run([top / "waf", "--no-install", *words], env={**os.environ, **variables}, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if result.returncode:
            raise AssertionError(result.stdout)
        return result.stdout

    def installed(self):
        return sorted(str(path.relative_to(self.stage)) for path in self.stage.rglob("*") if path.is_file())

    def test_installs(self):
        """configure, build, install and uninstall, into a staging folder"""
        self.waf(self.top, "configure", "--prefix=/usr", "--lv2dir=/usr/lib/lv2", "build")
        self.waf(self.top, "install", f"--destdir={self.stage}")
        self.assertEqual(self.installed(), [*(f"usr/lib/lv2/od3.lv2/{name}" for name in BUNDLE),
                                            "usr/share/metainfo/od3.lv2.metainfo.xml"])
        self.waf(self.top, "uninstall", f"--destdir={self.stage}")
        self.assertEqual(self.installed(), [])

    def test_honours_flags(self):
        """CC, CFLAGS and LDFLAGS reach the compiler, after the project's own"""
        said = self.waf(self.top, "distclean", "configure", "build", "-v", CC="gcc -pipe",
                        CFLAGS="-DA_PACKAGERS_FLAG -g0", LDFLAGS="-Wl,-z,now")
        compiled = [line for line in said.splitlines() if "src/packing.c" in line and "-DA_PACKAGERS_FLAG" in line]
        self.assertEqual(len(compiled), 1, said)
        self.assertIn("-pipe", compiled[0])
        self.assertLess(compiled[0].index("-O2"), compiled[0].index("-g0"))
        self.assertRegex(said, r"-Wl,-z,now.*od3\.so|od3\.so.*-Wl,-z,now")

    def test_baseline(self):
        """a plain build uses no feature that the compiler's baseline lacks"""
        if platform.machine() != "x86_64":
            self.skipTest("looks for x86-64 registers")
        self.waf(self.top, "distclean", "configure", "build", CFLAGS="")
        objects = sorted((self.top / "build/src").glob("*.o"))
        self.assertTrue(objects)
        for path in objects:
            code = subprocess.run(["objdump", "-d", path], capture_output=True, text=True, check=True).stdout
            # Whether it may run is asked before; test_kernels.py has it done where it may not.
            if "kernel_vector" not in path.name:
                self.assertIsNone(re.search("%[yz]mm", code), path)

    def test_other_model(self):
        """--model puts another model into the bundle; one that is not there is told"""
        other = self.top / "other.gru"
        other.write_bytes((common.TOP / "weights/od3.gru").read_bytes() + b"x")
        self.waf(self.top, "distclean", "configure", f"--model={other}", "build")
        self.assertEqual((self.top / "od3.lv2/od3.gru").read_bytes(), other.read_bytes())
        with self.assertRaisesRegex(AssertionError, "there is no model file nix"):
            self.waf(self.top, "configure", "--model=nix")


if __name__ == "__main__":
    common.main()
