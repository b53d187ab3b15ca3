#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Completes the Turtle of a plugin with what another plugin's says of the ports and units that both have.

usage: shared_ports.py OUT.ttl.in PLUGIN.ttl.in OTHER.ttl.in

In PLUGIN.ttl.in, a line `@PORT symbol@` in a port stands for what OTHER.ttl.in says of its port with that symbol, but
for the predicates that the port itself has; a line `@UNIT name@` stands for its unit of that name. URIs within the
other plugin become those within this one.

It needs no RDF library, because the build has none: it relies on the files' layout and stops if a port is missing.
"""

import re
import sys
from pathlib import Path

STATEMENT = re.compile(r" ;\n {8}(?=\w)")  # what divides a port's statements


def plugin_uri(turtle):
    """The URI of the plugin that a file defines."""
    return re.search(r"^<([^>]+)>\n    a lv2:Plugin\b", turtle, re.M)[1]


def statements(port):
    """The statements of a port, without its brackets, by predicate."""
    return {statement.split(None, 1)[0]: statement for statement in STATEMENT.split(port.strip())}


def complete(turtle, other):
    """The Turtle of a plugin with what it shares with the other."""
    prefixes = [f"<{plugin_uri(text)}#" for text in (other, turtle)]
    other_ports = {re.search(r'lv2:symbol "(\w+)"', port)[1]: port
                   for port in re.findall(r"\[(\n {8}a lv2:.*?)\n {4}\]", other, re.S)}
    other_units = {name: unit for unit, name in re.findall(r"^(<[^>]+#(\w+)>\n    a units:Unit ;.*? \.)$", other,
                                                           re.M | re.S)}

    def find(kind, named, name):
        if name not in named:
            raise SystemExit(f"shared_ports.py: the other plugin has no {kind} {name!r}; it has {sorted(named)}")
        return named[name].replace(*prefixes)

    def port(found):
        merged = {**statements(find("port", other_ports, found[1])), **statements(found[2])}
        return " ;\n        ".join(merged.values())

    turtle = re.sub(r"^@UNIT (\w+)@$", lambda found: find("unit", other_units, found[1]), turtle, flags=re.M)
    return re.sub(r"(?<=\n {8})@PORT (\w+)@\n {8}(.*?)(?=\n {4}\])", port, turtle, flags=re.S)


def main():
    out, turtle, other = map(Path, sys.argv[1:])
    out.write_text(complete(turtle.read_text(encoding="utf-8"), other.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
