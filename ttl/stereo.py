#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the Turtle of the stereo pedal from that of the mono one: it differs in its name and audio ports only.

usage: stereo.py OUT.ttl od3.ttl modgui.ttl

It needs no RDF library, because the build has none: it relies on the files' layout and stops if that changes.
"""

import re
import sys
from pathlib import Path

MONO, STEREO = "urn:od3-lv2:od3", "urn:od3-lv2:od3-stereo"
N_MONO, N_STEREO = 2, 4  # audio ports, which come first
SIDES = (("left", "Left", "esquerda"), ("right", "Right", "direita"))
KINDS = (("InputPort", "in", "In", "Entrada", "input"), ("OutputPort", "out", "Out", "Saída", "output"))


def replace(text, old, new):
    """The text with its only `old` replaced."""
    if text.count(old) != 1:
        raise SystemExit(f"stereo.py: the Turtle has {old!r} {text.count(old)} times; 1 is expected")
    return text.replace(old, new)


def group(name, kind):
    """The definition of a group of two audio ports."""
    return (f"<{STEREO}#{name}>\n    a pg:StereoGroup , pg:{kind} ;\n    lv2:name \"{name.capitalize()}\" ;\n"
            f"    lv2:symbol \"{name}\" .\n\n")


def audio_port(index, kind, side):
    """An audio port, without its brackets."""
    port_class, symbol, english, portuguese, group_name = kind
    name, english_side, portuguese_side = side
    return f"""
        a lv2:{port_class} , lv2:AudioPort ;
        lv2:index {index} ;
        lv2:symbol "{symbol}_{name}" ;
        lv2:name "{english} {english_side}" , "{portuguese} {portuguese_side}"@pt ;
        pg:group <{STEREO}#{group_name}> ;
        lv2:designation pg:{name}
    """


def stereo_ports(ports):
    """The ports between the brackets of the stereo pedal."""
    audio = [audio_port(2 * i + j, kind, side) for i, kind in enumerate(KINDS) for j, side in enumerate(SIDES)]
    controls = [replace(port, f"lv2:index {index} ;", f"lv2:index {index + N_STEREO - N_MONO} ;")
                for index, port in enumerate(ports) if index >= N_MONO]
    return "] , [".join([*audio, *controls])


def plugin_turtle(mono):
    """The definition of the stereo pedal."""
    head, ports = mono[mono.index(f"<{MONO}>\n    a lv2:Plugin"):].split("lv2:port [", 1)
    ports = re.split(r"(?<=\n    )\] , \[(?=\n        a lv2:)", ports.removesuffix("] .\n"))
    for name in ("doap:name", "lv2:shortName", "mod:label"):
        head = replace(head, f'{name} "OD3" ;', f'{name} "OD3 Stereo" ;')
    for name in ("input", "output"):
        head = replace(head, f"<{MONO}#{name}>", f"<{STEREO}#{name}>")
    return replace(head, f"<{MONO}>", f"<{STEREO}>") + "lv2:port [" + stereo_ports(ports) + "] .\n"


def modgui_turtle(modgui):
    """The face of the stereo pedal, which is that of the mono one under another name."""
    face = modgui[modgui.index(f"<{MONO}>\n"):].split("] .\n\n", 1)[0] + "] .\n"
    return replace(replace(face, f"<{MONO}>", f"<{STEREO}>"), 'modgui:label "OD3"', 'modgui:label "OD3 Stereo"')


def main():
    out, mono, modgui = map(Path, sys.argv[1:])
    mono, modgui = (path.read_text(encoding="utf-8") for path in (mono, modgui))
    prefixes = sorted({line for line in (mono + modgui).splitlines() if line.startswith("@prefix")})
    out.write_text("\n".join(prefixes) + "\n\n" + group("input", "InputGroup") + group("output", "OutputGroup") +
                   plugin_turtle(mono) + "\n" + modgui_turtle(modgui), encoding="utf-8")


if __name__ == "__main__":
    main()
