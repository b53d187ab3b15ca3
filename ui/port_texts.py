#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what a plugin's Turtle says of the ports as C: names, units, scale points. The window has no copy of them.

usage: port_texts.py port_texts_NAME.h PLUGIN.ttl.in

The array is port_texts_NAME. A switch has the scale points 0 and 1.

It needs no RDF library, because the build has none: it relies on the file's layout and stops if a port lacks a name.
"""

import re
import sys
from pathlib import Path

UNITS = {"position": "UNIT_POSITION", "db": "UNIT_DECIBELS", "pc": "UNIT_PERCENT", "times": "UNIT_TIMES"}


def port_texts(name, turtle):
    """The C of the ports' names, units and scale points, by index."""
    rows, points = [], ""
    for index, port in re.findall(r"lv2:index (\d+) ;(.*?)\n    \]", turtle, re.DOTALL):
        english, portuguese = re.search(r'lv2:name "([^"]*)" , "([^"]*)"@pt', port).groups()
        unit = re.search(r"units:unit \S+[#:](\w+)", port)
        unit = UNITS.get(unit[1], "UNIT_NONE") if unit else "UNIT_NONE"
        values = re.findall(r"rdf:value (\d+)", port)
        if "lv2:toggled" in port:
            unit, values = "UNIT_SWITCH", ["0", "1"]
        if values:
            numbers = ", ".join(f"{value}.0f" for value in values)
            points += f"static const float {name}_points_{index}[] = {{{numbers}}};\n"
        rows.append(f'    [{index}] = {{{{"{english}", "{portuguese}"}}, '
                    f'{f"{name}_points_{index}" if values else "NULL"}, {unit}, {len(values)}}},\n')
    return points + f"static const PortText port_texts_{name}[] = {{\n" + "".join(rows) + "};\n"


def main():
    out, turtle = map(Path, sys.argv[1:])
    text = port_texts(out.stem.removeprefix("port_texts_"), turtle.read_text(encoding="utf-8"))
    out.write_text(f"// Written by ui/port_texts.py from {turtle.name}.\n{text}", encoding="utf-8")


if __name__ == "__main__":
    main()
