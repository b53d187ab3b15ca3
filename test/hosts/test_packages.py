#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Packages: the source archive, the Debian and Arch recipes, and the metadata for software centres."""

import os
import re
import shutil
import sys
import tarfile
import unittest

import checkout
import common

sys.path.insert(0, str(common.TOP / "ttl"))

from plugin_definition import URI  # noqa: E402 # found through the line above

VERSION = re.search(r"^VERSION = '([\d.]+)'", (common.TOP / "wscript").read_text(), re.M)[1]
NAME = f"od3.lv2-{VERSION}"


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = common.scratch_folder(cls.addClassCleanup)
        clone = cls.folder / "checkout"
        common.run("git", "clone", "-q", common.TOP, clone, cwd=cls.folder)
        cls.archive = cls.pack(clone)
        with tarfile.open(cls.archive) as archive:
            archive.extractall(cls.folder)
        cls.source = cls.folder / NAME
        shutil.copytree(common.TOP / ".waf", cls.source / ".waf", dirs_exist_ok=True)

    @classmethod
    def pack(cls, folder):
        """Makes the source archive of a folder; its path."""
        if (common.TOP / ".waf").exists():
            shutil.copytree(common.TOP / ".waf", folder / ".waf", dirs_exist_ok=True)
        common.run("./waf", "--no-install", "dist", cwd=folder)
        return folder / f"{NAME}.tar.gz"

    def test_archive(self):
        """a checkout and its unpacked archive give the same archive, which holds no built file"""
        self.assertEqual(self.pack(self.source).read_bytes(), self.archive.read_bytes())
        (self.source / f"{NAME}.tar.gz").unlink()
        with tarfile.open(self.archive) as archive:
            names = archive.getnames()
        self.assertIn(f"{NAME}/src/lv2/od3.c", names)
        self.assertFalse([name for name in names if re.search(r"\.(so|o|pyc)$|/build|/od3\.lv2/", name)])

    def test_same_binary(self):
        """two builds in different folders are identical"""
        built = []
        # Equal files that another test compiled in its own folder may serve for the first, but not for the second.
        for name, variables in (("one", checkout.cached()), ("another/deeper", {})):
            folder = self.folder / name
            shutil.copytree(self.source, folder)
            checkout.must_waf(folder, "configure", "build", **variables)
            built.append({path.name: path.read_bytes() for path in (folder / "od3.lv2").rglob("*") if path.is_file()})
        self.assertGreater(len(built[0]), 4)
        self.assertEqual(built[0], built[1])

    def test_debian(self):
        """dpkg-buildpackage makes a package that lintian accepts, hosts find, and dpkg removes completely"""
        folder = self.folder / "debian-build" / NAME
        shutil.copytree(self.source, folder)
        shutil.copy(self.archive, folder.parent / f"od3-lv2_{VERSION}.orig.tar.gz")
        shutil.copytree(folder / "packaging/debian", folder / "debian")
        # -d: the build dependency xmds2 may be missing, because its waf is in .waf/.
        common.run("dpkg-buildpackage", "-us", "-uc", "-b", "-d", cwd=folder)
        (package,) = folder.parent.glob("od3-lv2_*.deb")
        self.assertIn(f"_{VERSION}-1_", package.name)
        # The project has no mail address, and a local package closes no bug.
        common.run("lintian", "--fail-on", "error,warning,info", "--allow-root", "--suppress-tags",
                   "bogus-mail-host,initial-upload-closes-no-bugs", package, cwd=folder.parent)
        root = self.folder / "root"
        (root / "var/lib/dpkg/updates").mkdir(parents=True)
        (root / "var/lib/dpkg/info").mkdir()
        (root / "var/lib/dpkg/status").touch()
        dpkg = ("dpkg", f"--root={root}", "--force-depends", "--force-not-root", "--log=/dev/null")
        common.run(*dpkg, "-i", package, cwd=self.folder)
        found = common.run("lv2ls", cwd=self.folder, env={**os.environ, "LV2_PATH": str(root / "usr/lib/lv2")})
        self.assertIn(URI, found.split())
        common.run(*dpkg, "--purge", "od3-lv2", cwd=self.folder)
        left = [path for path in root.rglob("*") if path.is_file() and "var/lib/dpkg" not in str(path)]
        self.assertEqual(left, [])

    def test_pkgbuild(self):
        """the steps of Arch's recipe build and stage the bundle; appstreamcli accepts its metadata for this release"""
        work = self.folder / "arch"
        (work / "bin").mkdir(parents=True)
        shutil.copytree(self.source, work / NAME)
        variables = checkout.cached()
        (work / "bin/waf").write_text("#!/usr/bin/env python3\nimport os, sys\n"
                                      f"os.environ['PATH'] = {variables['PATH']!r}\n"
                                      "os.execv('./waf', ['./waf', '--no-install', *sys.argv[1:]])\n")
        (work / "bin/waf").chmod(0o755)
        script = f'. "{work / NAME}/packaging/PKGBUILD"; cd "{work}"; pkgdir="{work}/stage"; (build) && (package)'
        common.run("bash", "-euc", script, cwd=work,
                   env={**os.environ, **variables, "PATH": f"{work}/bin:{variables['PATH']}"})
        self.assertTrue((work / "stage/usr/lib/lv2/od3.lv2/od3.so").exists())
        self.assertTrue((work / "stage/usr/share/licenses/od3.lv2/LICENSE").exists())
        (metainfo,) = (work / "stage/usr/share/metainfo").iterdir()
        common.run("appstreamcli", "validate", "--no-net", metainfo, cwd=self.folder)
        self.assertIn(f'version="{VERSION}"', metainfo.read_text())


if __name__ == "__main__":
    common.main()
