#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes an SVG file that uses parts of another, `href="OTHER.svg#ID"` or `url(OTHER.svg#ID)`, with copies of them.

usage: parts.py IN.svg OUT.svg        OTHER.svg lies beside IN.svg

Browsers load nothing from within a picture.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

REFERENCE = re.compile(r"([\w-]+\.svg)#([\w-]+)")
SVG = "http://www.w3.org/2000/svg"


def part(file, name):
    """The text of an element of a file."""
    for element in ElementTree.parse(file).getroot().iter():
        if element.get("id") == name:
            element.tail = ""
            return ElementTree.tostring(element, encoding="unicode").replace(f' xmlns="{SVG}"', "")
    sys.exit(f"parts.py: {file} has no element with the id {name}")


def main():
    ElementTree.register_namespace("", SVG)
    source, target = map(Path, sys.argv[1:])
    text = source.read_text(encoding="utf-8")
    parts = [part(source.parent / file, name) for file, name in dict.fromkeys(REFERENCE.findall(text))]
    text = REFERENCE.sub(r"#\2", text)
    target.write_text(text.replace("<defs>", "<defs>" + "".join(f"\n    {one}" for one in parts), 1), encoding="utf-8")


if __name__ == "__main__":
    main()
