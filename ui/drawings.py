#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes SVG files as C: lists for drawing_play (drawing.h), or the lettering for text.c.

usage: drawings.py drawings OUT.h FILE.svg...
       drawings.py lettering OUT.h FILE.svg...

Each FILE.svg becomes `drawing_FILE`. The lettering is each element with a data-char, or with an id of one character.
"""

import sys
from pathlib import Path

import svg

CAPS = {"butt": 0, "round": 1, "square": 2}  # cairo_line_cap_t
JOINS = {"miter": 0, "round": 1, "bevel": 2}  # cairo_line_join_t
PATH = {"M": "DRAWING_MOVE", "L": "DRAWING_LINE", "C": "DRAWING_CURVE", "Z": "DRAWING_CLOSE"}


def number(value):
    """A double literal, to a thousandth."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    text = "0" if text == "-0" else text
    return text if "." in text else f"{text}.0"


def operation(name, *numbers):
    """One line of a drawing."""
    return ", ".join([name, *map(number, numbers)])


def paint(value):
    """The operation that sets a paint."""
    stops = [(stop.offset, *stop.rgba) for stop in value.stops]
    if not value.place:
        return operation("DRAWING_COLOUR", *stops[0][1:])
    name = "DRAWING_LINEAR" if len(value.place) == 4 else "DRAWING_RADIAL"
    return operation(name, *value.place, len(stops), *(v for stop in stops for v in stop))


def path(commands):
    """The operations of a path."""
    return [operation(PATH[op], *xy) for op, *xy in commands]


def drawing(shapes):
    """The operations of shapes; a paint or a pen like the one before is not repeated."""
    lines, last_paint, last_pen = [], None, None

    def use(value):
        nonlocal last_paint
        if value != last_paint:
            lines.append(paint(value))
            last_paint = value

    for shape in shapes:
        if shape.opacity < 1:
            lines.append("DRAWING_GROUP")
        lines += ["DRAWING_NEW_PATH", *path(shape.path)]
        if shape.fill:
            use(shape.fill)
            lines.append("DRAWING_FILL")
        if shape.stroke:
            use(shape.stroke)
            pen = (shape.width, CAPS[shape.cap], JOINS[shape.join])
            if pen != last_pen:
                lines.append(operation("DRAWING_PEN", *pen))
                last_pen = pen
            lines.append("DRAWING_STROKE")
        if shape.opacity < 1:
            lines.append(operation("DRAWING_FADE", shape.opacity))
            last_paint = last_pen = None
    return [*lines, "DRAWING_END"]


def array(name, lines):
    """The C of a drawing."""
    return f"static const double {name}[] = {{\n" + "".join(f"    {line},\n" for line in lines) + "};\n"


def glyphs(files):
    """{character: path} of the lettering."""
    found = {}
    for file in files:
        for element in file.root.iter():
            name = element.get("data-char") or element.get("id") or ""
            if len(name) == 1:
                found[name] = tuple(op for shape in file.shapes_of(element) for op in shape.path)
    return found


def lettering(files):
    """The C of the lettering."""
    text, table = "", []
    for character, commands in sorted(glyphs(files).items()):
        code = f"0x{ord(character):04x}"
        text += array(f"glyph_{code}", [*path(commands), "DRAWING_END"])
        right = max(v for op in commands for v in op[1::2])
        table.append(f"    {{{code}, {number(right)}, glyph_{code}}},\n")
    return text + "static const Glyph glyphs[] = {\n" + "".join(table) + "};\n"


def main():
    kind, out, *files = sys.argv[1:]
    files = [svg.File(name) for name in files]
    text = lettering(files) if kind == "lettering" else "".join(
        array(f"drawing_{Path(file.name).stem}", drawing(file.shapes())) for file in files)
    sources = ", ".join(Path(file.name).name for file in files)
    Path(out).write_text(f"// Written by ui/drawings.py from {sources}.\n{text}", encoding="utf-8")


if __name__ == "__main__":
    main()
