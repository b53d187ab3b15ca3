#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The version, the plugin's URI and the ports: copies agree, and no file has one that is not listed here."""

import re
import subprocess
import sys
import unittest

import common

sys.path.insert(0, str(common.TOP / "ttl"))

import shared_ports  # noqa: E402 # found through the line above
from plugin_definition import URI  # noqa: E402

# Each file that repeats the version of wscript, and how.
VERSIONS = {
    "NEWS.md": r"\A# News\n\n## (\S+) \(\d{4}-\d\d-\d\d\)\n",
    "packaging/PKGBUILD": r"^pkgver=(\S+)$",
    "packaging/debian/changelog": r"\Aod3-lv2 \((\S+)-\d+\) ",
    "packaging/mod/od3.mk": r"^OD3_VERSION = (\S+)$",
}
# Files that may hold the URI: Turtle, which defines it; C, which has one definition for the plugin and one for the
# test host; documents; and tools that run without rdflib. Other files read plugin_definition.URI or the bundle.
MAY_HOLD_URI = re.compile(r"""
    ttl/[^/]+\.ttl(\.in)?
  | src/lv2/(od3\.c|controls\.h)
  | test/(.+/)?host\.h
  | test/(.+/)?(test_one_definition\.py|(unit_|test_)?instantiate\.c)
  | ttl/stereo\.py
  | test/(.+/)?(demo\.py|generic_ui\.sh|modgui\.py)
  | wscript
  | .+\.md
""", re.VERBOSE)


def tracked():
    """The names of the source files."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=common.TOP, check=True, capture_output=True, text=True).stdout
    return [name for name in names.split("\0") if name]


class OneDefinition(unittest.TestCase):
    def test_version(self):
        """recipes and NEWS.md have wscript's version"""
        version = re.search(r"^VERSION = '([\d.]+)'", (common.TOP / "wscript").read_text(), re.M)[1]
        for name, pattern in VERSIONS.items():
            found = re.search(pattern, (common.TOP / name).read_text(encoding="utf-8"), re.M)
            self.assertIsNotNone(found, f"{name}: no version, {pattern}")
            self.assertEqual(found[1], version, f"{name}: the version is not that of wscript")

    def test_uri(self):
        """the URI is the published one, which sessions refer to, and only the listed files hold it"""
        self.assertEqual(URI, "urn:od3-lv2:od3")
        holders = [name for name in tracked() if URI.encode() in (common.TOP / name).read_bytes()]
        self.assertIn("ttl/od3.ttl.in", holders)
        self.assertEqual([name for name in holders if not MAY_HOLD_URI.fullmatch(name)], [],
                         "these hold the URI; read plugin_definition.URI there, or list them")

    def test_ports(self):
        """only the pedal's Turtle describes the control ports and units that both plugins have"""
        pedal, player = ((common.TOP / f"ttl/{name}.ttl.in").read_text(encoding="utf-8") for name in ("od3", "player"))
        symbols, own = (set(re.findall(r'ControlPort ;.*?lv2:symbol "(\w+)"', text, re.S)) for text in (pedal, player))
        self.assertEqual(symbols & own, set())
        self.assertNotIn("units:Unit", player)
        whole = shared_ports.complete(player, pedal)
        self.assertLess({"level", "match"}, set(re.findall(r'lv2:symbol "(\w+)"', whole)))
        self.assertNotIn(f"<{URI}#", whole)
        with self.assertRaisesRegex(SystemExit, "no port 'levle'"):
            shared_ports.complete(player.replace("@PORT level@", "@PORT levle@"), pedal)


if __name__ == "__main__":
    common.main()
