# SPDX-License-Identifier: MIT
"""A preset that gives the player another model, and what that model sounds like."""

import os
import shutil
import subprocess
from pathlib import Path

import common
import soundfile

LABEL, URI = "Eco", "urn:od3-lv2:test#eco"
MODEL = common.TOP / "weights/od3-eco.gru"
FILE_NAME = "Eco ação.gru"
PREFIXES = """@prefix lv2: <http://lv2plug.in/ns/lv2core#> .
@prefix pset: <http://lv2plug.in/ns/ext/presets#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix state: <http://lv2plug.in/ns/ext/state#> .
"""


def write(folder, player_uri, knob1):
    """Writes a bundle of one preset, with its model beside it, into an LV2_PATH; the path of the model."""
    bundle = Path(folder) / "eco.lv2"
    bundle.mkdir(parents=True)
    shutil.copy(MODEL, bundle / FILE_NAME)
    head = f'<{URI}> a pset:Preset ; lv2:appliesTo <{player_uri}> ; rdfs:label "{LABEL}" ;'
    (bundle / "manifest.ttl").write_text(f"{PREFIXES}{head} rdfs:seeAlso <preset.ttl> .\n")
    (bundle / "preset.ttl").write_text(
        f'{PREFIXES}{head} lv2:port [ lv2:symbol "knob1" ; pset:value {knob1:.1f} ] ;\n'
        f"  state:state [ <{player_uri}#model> <Eco%20a%C3%A7%C3%A3o.gru> ] .\n", encoding="utf-8")
    return bundle / FILE_NAME


def expected(folder, clip, pedal_uri, **controls):
    """Renders a sound file through the bundle's pedal with the preset's model in place of its own; the samples."""
    bundle = Path(folder) / "expected/od3.lv2"
    if not bundle.exists():
        shutil.copytree(common.BUILD / "lv2/od3.lv2", bundle)
        shutil.copy(MODEL, bundle / "od3.gru")
    words = [word for name, value in controls.items() for word in ("-c", name, str(value))]
    subprocess.run(["lv2apply", "-i", clip, "-o", f"{folder}/expected.wav", *words, pedal_uri], check=True,
                   capture_output=True, env={**os.environ, "LV2_PATH": str(bundle.parent)})
    return soundfile.read(f"{folder}/expected.wav")[0]
