#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The source archive builds, installs and uninstalls without the repository."""

import platform
import re
import shutil
import subprocess
import tarfile
import unittest

import checkout
import common

MODGUI = ["face.svg", "icon.html", "knob.svg", "player.css", "player.html", "player_face.svg", "player_screenshot.png",
          "player_thumbnail.png", "screenshot.png", "script.js", "seat.svg", "stylesheet.css", "switch.svg",
          "thumbnail.png"]
WINDOW = ["od3_ui.so", "ui.ttl"]
BUNDLE = ["manifest.ttl", "modgui.ttl", *(f"modgui/{name}" for name in MODGUI), "od3.gru", "od3.so", "od3.ttl",
          "player.ttl", "presets.ttl", "stereo.ttl"]


class Build(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = common.scratch_folder(cls.addClassCleanup)
        source = folder / "checkout"
        checkout.copy(source)
        cls.waf(source, "dist")
        (archive,) = source.glob("od3.lv2-*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(folder / "unpacked")
        (cls.top,) = (folder / "unpacked").iterdir()
        if (source / ".waf").is_dir():  # the archive has no waf library, and tests do not download
            shutil.copytree(source / ".waf", cls.top / ".waf")
        cls.stage = folder / "stage"

    @staticmethod
    def waf(top, *words, **variables):
        return checkout.must_waf(top, *words, **checkout.cached(), **variables)

    def installed(self):
        return sorted(str(path.relative_to(self.stage)) for path in self.stage.rglob("*") if path.is_file())

    def test_installs(self):
        """install writes the bundle and the metadata to a staging folder, and uninstall removes them"""
        self.waf(self.top, "configure", "--prefix=/usr", "--lv2dir=/usr/lib/lv2", "build")
        self.waf(self.top, "install", f"--destdir={self.stage}")
        self.assertEqual(self.installed(), sorted([*(f"usr/lib/lv2/od3.lv2/{name}" for name in BUNDLE + WINDOW),
                                                   "usr/share/metainfo/od3.lv2.metainfo.xml"]))
        self.waf(self.top, "uninstall", f"--destdir={self.stage}")
        self.assertEqual(self.installed(), [])

    def test_no_window(self):
        """without cairo's headers the build leaves the window out, says so in one line, and its bundle has none"""
        # A compiler that has no header of cairo stands for a machine without it.
        compiler = self.top / "without_cairo"
        compiler.write_text('#!/bin/sh\nfor word; do\n'
                            'case $word in *.c) grep -q cairo/cairo "$word" && exit 1 ;; esac\ndone\n'
                            'exec gcc "$@"\n', encoding="utf-8")
        compiler.chmod(0o755)
        said = self.waf(self.top, "distclean", "configure", "build", CC=str(compiler))
        self.assertEqual(len(re.findall("^Window .*left out.*libcairo2-dev", said, re.M)), 1, said)
        built = {str(path.relative_to(self.top / "od3.lv2")) for path in (self.top / "od3.lv2").rglob("*")
                 if path.is_file()}
        self.assertEqual(built, set(BUNDLE))
        self.assertNotIn("ui", (self.top / "od3.lv2/manifest.ttl").read_text().replace("modgui", ""))

    def test_honours_flags(self):
        """CC, CFLAGS and LDFLAGS reach the compiler after the project's own flags"""
        said = self.waf(self.top, "distclean", "configure", "build", "-v", CC="gcc -pipe",
                        CFLAGS="-DA_PACKAGERS_FLAG -g0", LDFLAGS="-Wl,-z,now")
        compiled = [line for line in said.splitlines() if "src/model/packing.c" in line
                    and "-DA_PACKAGERS_FLAG" in line]
        self.assertEqual(len(compiled), 1, said)
        self.assertIn("-pipe", compiled[0])
        self.assertLess(compiled[0].index("-O2"), compiled[0].index("-g0"))
        self.assertRegex(said, r"-Wl,-z,now.*od3\.so|od3\.so.*-Wl,-z,now")

    def fingerprint(self, **variables):
        """Builds with a packager's variables. Returns what ./waf prints, and hashes of what each kernel plays."""
        said = self.waf(self.top, "distclean", "configure", "fingerprint", **variables)
        played = {}
        for kernel, rate_hz, digest in re.findall(r"^(plain|sse2|avx2|avx512|neon)$|^ *(\d+) Hz (\w+)$", said, re.M):
            if kernel:
                played[kernel] = hashes = {}
            else:
                hashes[rate_hz] = digest
        self.assertGreater(len(played["plain"]), 5, said)
        return said, played

    def test_sound_under_flags(self):
        """no compiler, link-time optimisation or flag for unsafe mathematics changes what the plugin plays

        The AVX-512 kernel has no assembly, and compilers add up its sums in orders of their own.
        """
        _, of_gcc = self.fingerprint(CC="gcc")
        unsafe = ["-ffast-math", "-Ofast", "-funsafe-math-optimizations", "-fassociative-math", "-ffinite-math-only",
                  "-freciprocal-math"]
        for compiler in ("gcc", "clang-22"):
            said, played = self.fingerprint(CC=f"{compiler} -ffast-math", CFLAGS=f"-O3 -flto {' '.join(unsafe)}",
                                            CPPFLAGS="-ffast-math", LDFLAGS="-O3 -flto -Ofast -ffast-math")
            wanted = {**of_gcc}
            if compiler != "gcc" and "avx512" in wanted:
                wanted["avx512"] = played["avx512"]
            self.assertEqual(played, wanted, compiler)
            for flag in unsafe:
                self.assertRegex(said, f"(?m)^Flags that would change the sound, left out.* {flag} ")

    def test_baseline(self):
        """a plain build uses no feature that the compiler's baseline lacks"""
        if platform.machine() != "x86_64":
            self.skipTest("looks for x86-64 registers")
        self.waf(self.top, "distclean", "configure", "build", CFLAGS="")
        objects = sorted((self.top / "build/src").rglob("*.o"))
        self.assertTrue(objects)
        for path in objects:
            code = subprocess.run(["objdump", "-d", path], capture_output=True, text=True, check=True).stdout
            # A run-time check guards these kernels; test_kernels_agree.py runs one on a processor without AVX.
            if "kernel_vector" not in path.name:
                self.assertIsNone(re.search("%[yz]mm", code), path)

    def test_device_without_kernel(self):
        """a device's build without its vector kernel is refused"""
        status, said = checkout.waf(self.top, "--target=modduo", "configure", CFLAGS="-mfpu=vfpv3-d16")
        self.assertEqual(status, 1, said)
        self.assertRegex(said, "(?m)^modduo needs a vector kernel, and arm-linux-gnueabihf-gcc makes none for arm$")

    def test_other_model(self):
        """--model puts another model into the bundle, and a missing one is an error"""
        other = self.top / "other.gru"
        other.write_bytes((common.TOP / "weights/od3.gru").read_bytes() + b"x")
        self.waf(self.top, "distclean", "configure", f"--model={other}", "build")
        self.assertEqual((self.top / "od3.lv2/od3.gru").read_bytes(), other.read_bytes())
        with self.assertRaisesRegex(AssertionError, "there is no model file nix"):
            self.waf(self.top, "configure", "--model=nix")


class Archive(unittest.TestCase):
    """The source archive from git checkouts; Build has made one from a folder without git."""

    def setUp(self):
        self.folder = common.scratch_folder(self.addCleanup)
        self.top = checkout.copy(self.folder / "outer/od3")

    @staticmethod
    def git(folder, *words):
        common.run("git", "-C", folder, "-c", "user.name=A", "-c", "user.email=a@b.invalid", *words)

    def names(self):
        checkout.must_waf(self.top, "dist")
        (archive,) = self.top.glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            return {name.split("/", 1)[1] for name in tar.getnames()}

    def refuses(self, pattern, **variables):
        status, said = checkout.waf(self.top, "dist", **variables)
        self.assertEqual(status, 1, said)
        self.assertRegex(said, f"(?m)^no archive: {pattern}")
        self.assertNotIn("Traceback", said)
        self.assertEqual(list(self.top.glob("*.tar.gz*")), [])

    def test_inside_another_repository(self):
        """an unpacked archive inside another git repository gives a whole archive"""
        alone = self.names()
        self.assertIn("src/lv2/od3.c", alone)
        self.git(self.top.parent, "init", "-q")
        self.git(self.top.parent, "commit", "-q", "--allow-empty", "-m", "Begin")
        self.assertEqual(self.names(), alone)

    def test_tracked_files(self):
        """a checkout's archive holds the tracked files; a deleted one, or git's failure, is an error"""
        self.git(self.top, "init", "-q")
        self.git(self.top, "add", ".")
        self.git(self.top, "commit", "-q", "-m", "Begin")
        (self.top / "untracked.c").touch()
        names = self.names()
        self.assertIn("src/lv2/od3.c", names)
        self.assertNotIn("untracked.c", names)
        (archive,) = self.top.glob("*.tar.gz")
        archive.unlink()
        (self.top / "src/lv2/od3.c").unlink()
        self.refuses("git tracks files that are not there: src/lv2/od3.c$")
        self.git(self.top, "checkout", "src")
        tools = self.folder / "tools"
        tools.mkdir()
        for name in "cat dirname env grep id sh tr python3".split():
            (tools / name).symlink_to(shutil.which(name))
        self.refuses(".* is a git checkout, and git does not run", PATH=str(tools))
        (self.top / ".git/HEAD").unlink()
        self.refuses("git ls-files failed: ")


if __name__ == "__main__":
    common.main()
