#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The documents' relative links lead somewhere, and the commands that they name exist."""

import os
import re
import unittest
from urllib.parse import unquote, urlsplit

import common

CODE = re.compile(r"^```.*?^```|`[^`\n]*`|^(?: {4}|\t)[^\n]*$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"""(?:\]\(\s*<?|\ssrc=")([^)\s>"]+)""")
WAF_LINE = re.compile(r"\./waf((?:[ \t]+[-\w=.:/$]+)*)")
MAX_WORDS = {"README.md": 800, "README.pt.md": 900}


def documents():
    """All Markdown files of the tree but those of builds, as paths relative to its top."""
    paths = (path.relative_to(common.TOP) for path in common.TOP.rglob("*.md"))
    return sorted(path for path in paths if not path.parts[0].startswith(("build", ".waf", "demo")))


def text_of(path):
    return (common.TOP / path).read_text(encoding="utf-8")


def anchors(path):
    """The anchors of a document's headings, as forges make them."""
    headings = re.findall(r"^#+ +(.*)$", text_of(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_link(document, target):
    """What is wrong with a link, or None."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return None
    path = os.path.normpath(document.parent / unquote(parts.path)) if parts.path else document
    if not (common.TOP / path).exists():
        return f"{document}: there is no {path}"
    if parts.fragment and parts.fragment not in anchors(path):
        return f"{document}: {path} has no heading #{parts.fragment}"
    return None


def waf_help():
    return common.run(common.TOP / "waf", "--no-install", "--help", cwd=common.TOP)


class Documents(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        told = waf_help()
        cls.commands = set(re.findall(r"^  (\w+) *: ", told, re.MULTILINE))
        cls.options = set(re.findall(r"(--[\w-]+)", told)) | {"--no-install"}

    def test_links(self):
        """each relative link leads to a file or folder, each anchor to a heading"""
        faults = [broken_link(document, target) for document in documents()
                  for target in LINK.findall(CODE.sub("", text_of(document)))]
        self.assertEqual([fault for fault in faults if fault], [])

    def test_commands(self):
        """each ./waf line has commands and options that ./waf --help lists"""
        unknown = []
        for document in documents():
            if document.name == "NEWS.md":  # may name what has gone
                continue
            for code in CODE.findall(text_of(document)):
                for line in WAF_LINE.findall(code):
                    unknown += [f"{document}: ./waf{line}: {word}" for word in self.unknown_words(line.split())]
        self.assertEqual(unknown, [])

    def unknown_words(self, words):
        """The options that waf lacks, and the commands, which precede the first option with a separate value."""
        options = [word for word in words if word.startswith("--") and word.split("=")[0] not in self.options]
        commands = []
        after_option = False
        for word in words:
            if word.startswith("-"):
                after_option = "=" not in word
            elif not after_option and word != "COMMAND" and word not in self.commands:
                commands.append(word)
        return options + commands

    def test_two_commands(self):
        """README.md and README.pt.md name the two commands that do everything, and stay short"""
        for name, max_words in MAX_WORDS.items():
            with self.subTest(name):
                text = text_of(name)
                self.assertIn("./waf demo", text)
                self.assertIn("./waf test", text)
                self.assertLessEqual(len(text.split()), max_words)


if __name__ == "__main__":
    common.main()
