#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Assembles the page: one HTML file that needs no server, and beside it its clips and what keeps it offline.

usage: assemble.py CORE-SIMD.wasm CORE-SCALAR.wasm MODEL.gru PRESETS.ttl [CLIP.flac...] OUT-FOLDER

esbuild joins each script with the modules that it imports. The page's policy lists the hashes of its scripts and
styles.
"""

import base64
import gzip
import hashlib
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import rdflib
from rdflib.namespace import RDF, RDFS

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "ttl"))

import plugin_definition  # noqa: E402 # found through the line above

FACE = HERE.parent / "modgui"
LV2 = rdflib.Namespace("http://lv2plug.in/ns/lv2core#")
PSET = rdflib.Namespace("http://lv2plug.in/ns/ext/presets#")


def controls():
    """Returns the module controls.js: the range, default and choices of each input control of the plugin."""
    ranges = {symbol: {"min": control.minimum, "max": control.maximum, "initial": control.default,
                       **({"choices": control.choices} if control.choices else {})}
              for symbol, control in plugin_definition.CONTROLS.items() if control.is_input}
    return f"export const CONTROLS = {json.dumps(ranges)}\n"


def bundle(*names):
    """Returns the text of each script with all modules that it imports."""
    with tempfile.TemporaryDirectory() as folder:
        for module in [*HERE.glob("*.js"), HERE / "teacher.json"]:
            shutil.copy(module, folder)
        (Path(folder) / "controls.js").write_text(controls(), encoding="utf-8")
        command = ["esbuild", "--bundle", "--format=esm", "--minify-whitespace", "--minify-syntax", "--charset=utf8",
                   "--legal-comments=none", "--log-level=warning"]
        return [subprocess.run([*command, name], cwd=folder, check=True, capture_output=True, encoding="utf-8").stdout
                for name in names]


def data_uri(path):
    return f"data:image/svg+xml;base64,{base64.b64encode(path.read_bytes()).decode()}"


def plain(template):
    """Returns a template of the MOD interface as the page needs it: pictures inside, no namespaces, no jacks."""
    text = re.sub(r"\{\{#(.*?)\}\}.*?\{\{/\1\}\}", "", template.read_text(encoding="utf-8"), flags=re.S)
    text = re.sub(r"/resources/([\w.]+)\{\{\{ns\}\}\}", lambda found: data_uri(FACE / found.group(1)), text)
    return text.replace("{{{cns}}}", "")


def block(name, content, file_name=None):
    """Returns an element with text, or with bytes compressed by gzip, that scripts find by its id."""
    text = content if isinstance(content, str) else base64.b64encode(gzip.compress(content, mtime=0)).decode()
    if "</script" in text.lower():
        sys.exit(f"assemble.py: {name} contains </script")
    attribute = f' data-name="{html.escape(file_name)}"' if file_name else ""
    return f'<script type="text/plain" id="{name}"{attribute}>{text}</script>'


def source(text):
    """Returns the policy's source expression for an inline script or style: its hash."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def presets(path):
    """Returns the presets in the bundle's order: labels and comments by language, and settings by symbol."""
    turtle = path.read_text(encoding="utf-8")
    graph = rdflib.Graph().parse(data=turtle, format="turtle")

    def texts(preset, predicate):
        return {literal.language or "en": str(literal) for literal in graph.objects(preset, predicate)}

    return [{"id": preset.partition("#")[2], "label": texts(preset, RDFS.label), "comment": texts(preset, RDFS.comment),
             "settings": {str(graph.value(port, LV2.symbol)): float(graph.value(port, PSET.value))
                          for port in graph.objects(preset, LV2.port)}}
            for preset in sorted(graph.subjects(RDF.type, PSET.Preset), key=lambda uri: turtle.index(f"<{uri}>"))]


def page(simd, scalar, model, preset_file):
    style = plain(FACE / "stylesheet.css") + (HERE / "style.css").read_text(encoding="utf-8")
    face = (FACE / "script.js").read_text(encoding="utf-8")
    main, worklet, renderer = bundle("main.js", "worklet.js", "renderer.js")
    script = f"const face = {face}\n{main}"
    parts = {
        "policy": f"default-src 'none'; script-src {source(script)} 'self' data: 'wasm-unsafe-eval'; "
                  f"worker-src blob: 'self'; style-src {source(style)}; img-src data: 'self'; manifest-src 'self'; "
                  "base-uri 'none'; form-action 'none'",
        # The markup may not use 'self' and data: of the policy above; only what the page's script loads may.
        "markup_policy": f"script-src {source(script)} 'strict-dynamic' 'wasm-unsafe-eval'; worker-src blob: 'self'",
        "icon": data_uri(FACE / "knob.svg"),
        "style": style,
        "face": plain(FACE / "icon.html"),
        "data": "\n".join([block("core-simd", simd.read_bytes()), block("core-scalar", scalar.read_bytes()),
                           block("model", model.read_bytes(), model.name),
                           block("presets", json.dumps(presets(preset_file))),
                           block("worklet", worklet), block("renderer", renderer)]),
        "script": script,
    }
    template = (HERE / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found.group(1)], template)


def main():
    if len(sys.argv) < 6:
        sys.exit(__doc__.split("\n\n")[1])
    simd, scalar, model, preset_file, *clips, out = map(Path, sys.argv[1:])
    (out / "clips").mkdir(parents=True, exist_ok=True)
    (out / "index.html").write_text(page(simd, scalar, model, preset_file), encoding="utf-8")
    for name, file in {"offline.js": HERE / "offline.js", "manifest.webmanifest": HERE / "manifest.webmanifest",
                       "icon.svg": FACE / "knob.svg"}.items():
        shutil.copyfile(file, out / name)
    for clip in clips:
        sound = base64.b64encode(clip.read_bytes()).decode()
        (out / "clips" / f"{clip.stem}.js").write_text(f"od3Clip('{clip.stem}', '{sound}')\n")


if __name__ == "__main__":
    main()
