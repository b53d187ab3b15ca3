#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes ttl/presets.ttl and ttl/presets_manifest.ttl, the part of the presets that the bundle's manifest holds.

usage: ttl/presets.py        after ./waf; renders test/data/guitar.flac through the built bundle with lv2apply

Gain and Tone were chosen by ear. Level is computed: every preset gets the loudness of the Clean Boost preset at
0 dB. Only the Default preset keeps the default Level. libebur128 measures loudness by ITU-R BS.1770.
"""

import ctypes
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from plugin_definition import CONTROLS, URI
from stereo import STEREO as STEREO_URI

TOP = Path(__file__).resolve().parent.parent
CLIP = TOP / "test/data/guitar.flac"
EBUR128_MODE_I = 5  # integrated loudness, by ebur128.h
REFERENCE = "clean-boost"  # the preset whose loudness at Level 0 dB the others get


@dataclass(frozen=True)
class Preset:
    """Gain and Tone from 0 to 10; name and purpose in English and Portuguese.

    A level_db of None stands for the Level that gives the preset the reference's loudness.
    """

    symbol: str
    gain: float
    tone: float
    label: str
    label_pt: str
    comment: str
    comment_pt: str
    level_db: float | None = None


# Hosts sort presets by name; numbered() keeps this order there.
PRESETS = (
    Preset("default", CONTROLS["gain"].default, CONTROLS["tone"].default, "Default", "Padrão",
           "All knobs at their defaults.", "Todos os botões na posição padrão.", CONTROLS["level"].default),
    Preset("clean-boost", 0.0, 5.0, "Clean Boost", "Boost limpo",
           "The least distortion, to lift a solo or drive a tube amplifier.",
           "O mínimo de distorção, para destacar um solo ou empurrar um amplificador valvulado."),
    Preset("edge-of-breakup", 2.0, 5.5, "Edge of Breakup", "À beira da distorção",
           "Clean with soft picking, distorted with hard picking.",
           "Limpo com palhetada leve, distorcido com palhetada forte."),
    Preset("stacked-into-an-amp", 1.5, 7.0, "Stacked into an Amp", "Empurrando um amp",
           "Low gain and a bright tone, for an amplifier that already distorts.",
           "Pouco ganho e som brilhante, para um amplificador que já distorce."),
    Preset("rhythm-crunch", 4.5, 5.0, "Rhythm Crunch", "Base crunch",
           "Distorted chords whose notes stay clear.", "Acordes distorcidos em que cada nota continua clara."),
    Preset("blues-lead", 6.5, 4.0, "Blues Lead", "Solo de blues",
           "A warm tone for single notes on the neck pickup.",
           "Som quente para solos no captador do braço."),
    Preset("singing-sustain", 9.0, 4.5, "Singing Sustain", "Sustain cantante",
           "High gain for long notes.", "Muito ganho para notas longas."),
    Preset("cutting-lead", 7.5, 7.5, "Cutting Lead", "Solo cortante",
           "A bright tone that cuts through a dense mix.", "Som brilhante que se destaca em uma mixagem densa."),
    Preset("dark-and-thick", 10.0, 1.5, "Dark and Thick", "Escuro e denso",
           "Full gain with little treble, for low riffs.", "Ganho máximo e poucos agudos, para riffs graves."),
    Preset("bass-grit", 3.5, 3.0, "Bass Grit", "Baixo com textura",
           "Light distortion for a bass; the low end stays.", "Distorção leve para baixo; os graves continuam."),
    Preset("everything-up", 10.0, 10.0, "Everything Up", "Tudo no máximo",
           "Gain and Tone at their maximum.", "Ganho e Tonalidade no máximo."),
)


def loudness_db(audio, rate_hz):
    """Integrated loudness of mono audio in LUFS."""
    library = ctypes.CDLL("libebur128.so.1")
    library.ebur128_init.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.ebur128_init(1, ctypes.c_ulong(rate_hz), EBUR128_MODE_I))
    audio = np.ascontiguousarray(audio, np.float64)
    loudness = ctypes.c_double()
    library.ebur128_add_frames_double(state, audio.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(len(audio)))
    library.ebur128_loudness_global(state, ctypes.byref(loudness))
    library.ebur128_destroy(ctypes.byref(state))
    return loudness.value


def played_loudness_db(n_frames=-1, **controls):
    """Integrated loudness in LUFS of the clip's first frames or all, rendered by the built plugin at these controls."""
    environment = {**os.environ, "LV2_PATH": str(TOP / "build/lv2")}
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/out.wav"
        clip = f"{folder}/in.wav"
        soundfile.write(clip, *soundfile.read(CLIP, n_frames), "FLOAT")
        settings = [word for symbol, value in controls.items() for word in ("-c", symbol, str(value))]
        subprocess.run(["lv2apply", "-i", clip, "-o", out, *settings, URI], check=True, env=environment,
                       capture_output=True)
        return loudness_db(*soundfile.read(out))


HEAD = """# SPDX-License-Identifier: MIT
# Written by ttl/presets.py.
@prefix lv2: <http://lv2plug.in/ns/lv2core#> .
@prefix pset: <http://lv2plug.in/ns/ext/presets#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""


def numbered(label, position):
    """The name that hosts show: "00 Default", "01 Clean Boost"."""
    return f"{position:02d} {label}"


def head_turtle(position, preset):
    """Returns the statements of a preset that the manifest and the presets' file share, up to its names."""
    return f"""
<{URI}#preset-{preset.symbol}>
    a pset:Preset ;
    lv2:appliesTo <{URI}> , <{STEREO_URI}> ;
    rdfs:label "{numbered(preset.label, position)}" , "{numbered(preset.label_pt, position)}"@pt ;
"""


def turtle(position, preset, level_db):
    """The preset in Turtle, for the bundle's presets.ttl."""
    ports = " , ".join(f'[\n        lv2:symbol "{symbol}" ;\n        pset:value {value:.1f}\n    ]' for symbol, value in
                       (("gain", preset.gain), ("tone", preset.tone), ("level", level_db),
                        ("blend", CONTROLS["blend"].default), ("match", CONTROLS["match"].default)))
    return head_turtle(position, preset) + f"""    rdfs:comment "{preset.comment}" , "{preset.comment_pt}"@pt ;
    lv2:port {ports} .
"""


def manifest():
    """The text of ttl/presets_manifest.ttl: hosts list presets from it before they read presets.ttl."""
    return HEAD + "".join(head_turtle(*numbered_preset) + "    rdfs:seeAlso <presets.ttl> .\n"
                          for numbered_preset in enumerate(PRESETS))


def main():
    reference = next(preset for preset in PRESETS if preset.symbol == REFERENCE)
    target_db = played_loudness_db(gain=reference.gain, tone=reference.tone)
    text = HEAD
    for position, preset in enumerate(PRESETS):
        level_db = preset.level_db
        if level_db is None:
            level_db = round(target_db - played_loudness_db(gain=preset.gain, tone=preset.tone), 1)
        print(f"{preset.label}: level {level_db:+.1f} dB", flush=True)
        text += turtle(position, preset, level_db)
    (TOP / "ttl/presets.ttl").write_text(text, encoding="utf-8")
    (TOP / "ttl/presets_manifest.ttl").write_text(manifest(), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
