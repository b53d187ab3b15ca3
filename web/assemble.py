#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts the page together: one HTML file that needs no server, and its clips beside it.

usage: assemble.py CORE-SIMD.wasm CORE-SCALAR.wasm MODEL.gru PRESETS.ttl [CLIP.flac...] OUT-FOLDER

Modules go into one script each, in the order in which they need each other, without their import
and export words. All scripts and styles are known to the page's policy by their hashes.
"""

import base64
import hashlib
import json
import re
import sys
from pathlib import Path

import rdflib
from rdflib.namespace import RDF, RDFS

HERE = Path(__file__).resolve().parent
FACE = HERE.parent / "modgui"
LV2 = rdflib.Namespace("http://lv2plug.in/ns/lv2core#")
PSET = rdflib.Namespace("http://lv2plug.in/ns/ext/presets#")


def modules(name, seen):
    """The text of a module after all that it imports."""
    if name in seen:
        return ""
    seen.add(name)
    text = (HERE / name).read_text(encoding="utf-8")
    imports = re.findall(r"^import .* from '\./([\w.]+)'\n", text, flags=re.M)
    body = re.sub(r"^import .*\n", "", text, flags=re.M)
    return "".join(modules(other, seen) for other in imports) + re.sub(r"^export ", "", body, flags=re.M)


def data_uri(path):
    return f"data:image/svg+xml;base64,{base64.b64encode(path.read_bytes()).decode()}"


def plain(template):
    """A file of the modgui as it is without a host: pictures inside, no namespaces, no jacks."""
    text = re.sub(r"\{\{#(.*?)\}\}.*?\{\{/\1\}\}", "", template.read_text(encoding="utf-8"), flags=re.S)
    text = re.sub(r"/resources/([\w.]+)\{\{\{ns\}\}\}", lambda found: data_uri(FACE / found.group(1)), text)
    return text.replace("{{{cns}}}", "")


def block(name, content):
    """Text or bytes that scripts find by a name."""
    text = content if isinstance(content, str) else base64.b64encode(content).decode()
    if "</script" in text.lower():
        sys.exit(f"assemble.py: {name} would end its own block")
    return f'<script type="text/plain" id="{name}">{text}</script>'


def source(text):
    """How a policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def presets(path):
    """The bundle's presets in their order there: names and comments by language, and settings by symbol."""
    turtle = path.read_text(encoding="utf-8")
    graph = rdflib.Graph().parse(data=turtle, format="turtle")

    def words(preset, predicate):
        return {literal.language or "en": str(literal) for literal in graph.objects(preset, predicate)}

    return [{"id": preset.partition("#")[2], "label": words(preset, RDFS.label), "comment": words(preset, RDFS.comment),
             "settings": {str(graph.value(port, LV2.symbol)): float(graph.value(port, PSET.value))
                          for port in graph.objects(preset, LV2.port)}}
            for preset in sorted(graph.subjects(RDF.type, PSET.Preset), key=lambda uri: turtle.index(f"<{uri}>"))]


def page(simd, scalar, model, bank):
    style = plain(FACE / "stylesheet.css") + (HERE / "style.css").read_text(encoding="utf-8")
    face = (FACE / "script.js").read_text(encoding="utf-8")
    script = f"const face = {face}\n{modules('main.js', set())}"
    parts = {
        "policy": f"default-src 'none'; script-src {source(script)} 'self' data: 'wasm-unsafe-eval'; worker-src blob:; "
                  f"style-src {source(style)}; img-src data:; base-uri 'none'; form-action 'none'",
        "icon": data_uri(FACE / "knob.svg"),
        "style": style,
        "face": plain(FACE / "icon.html"),
        "data": "\n".join([block("core-simd", simd.read_bytes()), block("core-scalar", scalar.read_bytes()),
                           block("model", model.read_bytes()), block("presets", json.dumps(presets(bank))),
                           block("worklet", modules("worklet.js", set())),
                           block("renderer", modules("renderer.js", set()))]),
        "script": script,
    }
    shell = (HERE / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found.group(1)], shell)


def main():
    if len(sys.argv) < 6:
        sys.exit(__doc__.split("\n\n")[1])
    simd, scalar, model, bank, *clips, out = map(Path, sys.argv[1:])
    (out / "clips").mkdir(parents=True, exist_ok=True)
    (out / "index.html").write_text(page(simd, scalar, model, bank), encoding="utf-8")
    for clip in clips:
        sound = base64.b64encode(clip.read_bytes()).decode()
        (out / "clips" / f"{clip.stem}.js").write_text(f"od3Clip('{clip.stem}', '{sound}')\n")


if __name__ == "__main__":
    main()
