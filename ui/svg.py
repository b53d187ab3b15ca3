# SPDX-License-Identifier: MIT
"""Reads the SVG of this project: flattens groups, uses and transforms to filled and stroked Bezier paths.

It knows the elements and attributes that the project's files use and refuses any other by name.
"""

import math
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

NAMESPACE = "{http://www.w3.org/2000/svg}"
INHERITED = {"fill": "#000000", "stroke": "none", "stroke-width": "1", "stroke-linecap": "butt",
             "stroke-linejoin": "miter"}
GEOMETRY = {"path": ("d",), "circle": ("cx", "cy", "r"), "rect": ("x", "y", "width", "height", "rx"),
            "g": (), "use": ("href", "x", "y"), "svg": ("width", "height", "viewBox")}
OTHER = ("id", "transform", "opacity", "data-char")
N_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "A": 7, "Z": 0}
CIRCLE = 0.5522847498  # the handles' length of a quarter circle with radius 1, as a cubic Bezier curve
IDENTITY = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True)
class Stop:
    """A colour in a gradient: offset from 0 to 1; red, green, blue and alpha from 0 to 1."""

    offset: float
    rgba: tuple


@dataclass(frozen=True)
class Paint:
    """A colour, for one stop, or a gradient along `place`: (x0, y0, x1, y1) if linear, (x, y, radius) if radial."""

    place: tuple
    stops: tuple


@dataclass(frozen=True)
class Shape:
    """A path of ("M", x, y), ("L", x, y), ("C", six numbers) and ("Z",), and its paints or None."""

    path: tuple
    fill: Paint
    stroke: Paint
    width: float
    cap: str
    join: str
    opacity: float


def multiplied(a, b):
    """The transform that applies b, then a; both are (a, b, c, d, e, f) as in SVG's matrix()."""
    return (a[0] * b[0] + a[2] * b[1], a[1] * b[0] + a[3] * b[1], a[0] * b[2] + a[2] * b[3],
            a[1] * b[2] + a[3] * b[3], a[0] * b[4] + a[2] * b[5] + a[4], a[1] * b[4] + a[3] * b[5] + a[5])


def transform(text):
    """The matrix of a transform attribute."""
    matrix = IDENTITY
    for name, arguments in re.findall(r"(\w+)\(([^)]*)\)", text):
        numbers = [float(word) for word in re.split(r"[ ,]+", arguments.strip())]
        if name == "translate":
            step = (1, 0, 0, 1, numbers[0], numbers[1] if len(numbers) > 1 else 0)
        elif name == "scale":
            step = (numbers[0], 0, 0, numbers[-1], 0, 0)
        elif name == "rotate" and len(numbers) == 1:
            angle = math.radians(numbers[0])
            step = (math.cos(angle), math.sin(angle), -math.sin(angle), math.cos(angle), 0, 0)
        else:
            raise ValueError(f"unknown transform {name}({arguments})")
        matrix = multiplied(matrix, step)
    return matrix


def transformed(path, matrix):
    """The path with each of its points moved by a transform."""
    a, b, c, d, e, f = matrix
    return tuple((op, *(v for x, y in zip(xy[::2], xy[1::2]) for v in (a * x + c * y + e, b * x + d * y + f)))
                 for op, *xy in path)


def arc(start, radii, turn_degrees, is_large, is_clockwise, end):
    """Cubic Bezier segments of an elliptical arc, by SVG's appendix on elliptical arcs, for unturned ellipses."""
    assert turn_degrees == 0 and is_large in (0, 1) and is_clockwise in (0, 1)
    (x0, y0), (x1, y1), (rx, ry) = start, end, radii
    u0, v0, u1, v1 = x0 / rx, y0 / ry, x1 / rx, y1 / ry  # the ellipse is now the unit circle
    half = math.hypot(u1 - u0, v1 - v0) / 2
    radius = max(1.0, half)
    height = math.sqrt(max(0.0, radius ** 2 - half ** 2)) * (1 if is_large != is_clockwise else -1)
    cu, cv = (u0 + u1) / 2 - height * (v1 - v0) / (2 * half), (v0 + v1) / 2 + height * (u1 - u0) / (2 * half)
    first = math.atan2(v0 - cv, u0 - cu)
    sweep = (math.atan2(v1 - cv, u1 - cu) - first) % (2 * math.pi)
    if not is_clockwise:
        sweep -= 2 * math.pi
    n = math.ceil(abs(sweep) / (math.pi / 2) - 1e-9)
    handle = 4 / 3 * math.tan(sweep / n / 4) * radius
    segments = []
    for i in range(n):
        (ca, sa), (cb, sb) = ((math.cos(t), math.sin(t)) for t in (first + sweep * i / n, first + sweep * (i + 1) / n))
        points = ((cu + radius * ca - handle * sa, cv + radius * sa + handle * ca),
                  (cu + radius * cb + handle * sb, cv + radius * sb - handle * cb),
                  (cu + radius * cb, cv + radius * sb))
        segments.append(("C", *(v for u, w in points for v in (u * rx, w * ry))))
    return segments


def commands(text):
    """The commands of a path's data, each with its letter and numbers, repeated ones written out."""
    for letter, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", text):
        numbers = [float(word) for word in re.findall(r"[-+]?(?:\d+\.?\d*|\.\d+)", rest)]
        n = N_ARGUMENTS[letter.upper()]
        if n == 0 or not numbers or len(numbers) % n:
            if n or numbers:
                raise ValueError(f"path command {letter} with {len(numbers)} numbers")
            yield letter, []
        for first in range(0, len(numbers), n or 1):
            yield letter, numbers[first:first + n]
            letter = {"M": "L", "m": "l"}.get(letter, letter)


def path(text):
    """The absolute M, L, C and Z of a path's data."""
    result, x, y, start, handle = [], 0.0, 0.0, (0.0, 0.0), None
    for letter, numbers in commands(text):
        kind, (ox, oy) = letter.upper(), (x, y) if letter.islower() else (0.0, 0.0)
        if kind == "A":
            result += arc((x, y), numbers[:2], *numbers[2:5], (numbers[5] + ox, numbers[6] + oy))
            x, y = numbers[5] + ox, numbers[6] + oy
        elif kind == "Z":
            result.append(("Z",))
            x, y = start
        elif kind in "HV":
            x, y = (numbers[0] + ox, y) if kind == "H" else (x, numbers[0] + oy)
            result.append(("L", x, y))
        else:
            points = [v + o for v, o in zip(numbers, (ox, oy) * 3)]
            if kind == "S":
                hx, hy = handle or (x, y)
                points = [2 * x - hx, 2 * y - hy, *points]
            result.append(("C" if kind == "S" else kind, *points))
            x, y = points[-2:]
            start = (x, y) if kind == "M" else start
        handle = tuple(result[-1][3:5]) if kind in "CS" else None
    return tuple(result)


def rectangle(x, y, width, height, radius):
    """The path of a rectangle with round corners."""
    right, bottom, h = x + width, y + height, radius * (1 - CIRCLE)
    if radius == 0:
        return (("M", x, y), ("L", right, y), ("L", right, bottom), ("L", x, bottom), ("Z",))
    return (("M", x + radius, y), ("L", right - radius, y), ("C", right - h, y, right, y + h, right, y + radius),
            ("L", right, bottom - radius), ("C", right, bottom - h, right - h, bottom, right - radius, bottom),
            ("L", x + radius, bottom), ("C", x + h, bottom, x, bottom - h, x, bottom - radius),
            ("L", x, y + radius), ("C", x, y + h, x + h, y, x + radius, y), ("Z",))


def colour(text, opacity=1.0):
    """Red, green, blue and alpha of #rrggbb."""
    if not re.fullmatch("#[0-9a-f]{6}", text):
        raise ValueError(f"unknown colour {text}")
    return (*(int(text[i:i + 2], 16) / 255 for i in (1, 3, 5)), opacity)


class File:
    """An SVG file: its shapes, and the shapes of single elements by id."""

    def __init__(self, name):
        self.name = name
        self.root = ElementTree.parse(name).getroot()
        self.by_id = {element.get("id"): element for element in self.root.iter() if element.get("id")}

    def shapes(self):
        """All shapes, in the order in which they are painted."""
        return self._shapes(self.root, IDENTITY, INHERITED)

    def shapes_of(self, element):
        """The shapes of one element."""
        return self._shapes(element, IDENTITY, INHERITED)

    def _shapes(self, element, matrix, style):
        kind = element.tag.removeprefix(NAMESPACE)
        if kind == "defs":
            return []
        unknown = set(element.attrib) - {*GEOMETRY.get(kind, ()), *OTHER, *INHERITED}
        if kind not in GEOMETRY or unknown:
            raise ValueError(f"{self.name}: element {kind} or attribute {' '.join(unknown)} is unknown")
        style = {name: element.get(name, inherited) for name, inherited in style.items()}
        matrix = multiplied(matrix, transform(element.get("transform", "")))
        if kind == "use":
            place = (1, 0, 0, 1, float(element.get("x", 0)), float(element.get("y", 0)))
            return self._shapes(self.by_id[element.get("href")[1:]], multiplied(matrix, place), style)
        if kind in ("g", "svg"):
            if "opacity" in element.attrib:
                raise ValueError(f"{self.name}: opacity of a group")
            return [shape for child in element for shape in self._shapes(child, matrix, style)]
        return [self._shape(element, kind, matrix, style)]

    def _shape(self, element, kind, matrix, style):
        scale = math.sqrt(abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]))
        if abs(math.hypot(matrix[0], matrix[1]) - scale) > 1e-6:
            raise ValueError(f"{self.name}: a transform that does not keep circles round")
        x, y, width, height, rx, cx, cy, r = (float(element.get(name, 0)) for name in
                                              ("x", "y", "width", "height", "rx", "cx", "cy", "r"))
        if kind == "path":
            outline, box = path(element.get("d")), None
        elif kind == "circle":
            x, y, width, height, rx = cx - r, cy - r, 2 * r, 2 * r, r
        if kind != "path":
            outline, box = rectangle(x, y, width, height, rx), (x, y, width, height)
        return Shape(transformed(outline, matrix), self._paint(style["fill"], box, matrix),
                     self._paint(style["stroke"], box, matrix), scale * float(style["stroke-width"]),
                     style["stroke-linecap"], style["stroke-linejoin"], float(element.get("opacity", 1)))

    def _paint(self, text, box, matrix):
        if text == "none":
            return None
        if not text.startswith("url(#"):
            return Paint((), (Stop(0.0, colour(text)),))
        gradient = self.by_id[text[5:-1]]
        stops = tuple(Stop(float(stop.get("offset")),
                           colour(stop.get("stop-color"), float(stop.get("stop-opacity", 1)))) for stop in gradient)
        if box is None or matrix[1:4] != (0, 0, 1) or matrix[0] != 1:
            raise ValueError(f"{self.name}: a gradient on a path, or one that is scaled or turned")
        left, top = box[0] + matrix[4], box[1] + matrix[5]
        if gradient.tag == NAMESPACE + "radialGradient":
            cx, cy, r = (float(gradient.get(name, 0.5)) for name in ("cx", "cy", "r"))
            assert box[2] == box[3]
            return Paint((left + cx * box[2], top + cy * box[3], r * box[2]), stops)
        x1, x2, y1, y2 = (float(gradient.get(name, default)) for name, default in
                          (("x1", 0), ("x2", 1), ("y1", 0), ("y2", 0)))
        if x1 != x2 and y1 != y2:
            raise ValueError(f"{self.name}: a gradient that is neither horizontal nor vertical")
        return Paint((left + x1 * box[2], top + y1 * box[3], left + x2 * box[2], top + y2 * box[3]), stops)
