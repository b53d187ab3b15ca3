#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes ttl/presets.ttl: positions chosen by ear, and for each the Level that makes it as loud as the others.

usage: ttl/presets.py        after ./waf; plays test/guitar.flac through the built bundle with lv2apply

Loudness is that of ITU-R BS.1770, measured by libebur128. All presets come out as loud as the first.
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

TOP = Path(__file__).resolve().parent.parent
URI = "urn:od3-lv2:od3"
CLIP = TOP / "test/guitar.flac"
TARGET_LEVEL_DB = 0.0  # of the first
EBUR128_MODE_I = 5  # integrated loudness, by ebur128.h


@dataclass(frozen=True)
class Preset:
    """Knobs from 0 to 10, and what it is for, in English and Portuguese."""

    symbol: str
    gain: float
    tone: float
    label: str
    label_pt: str
    comment: str
    comment_pt: str


PRESETS = (
    Preset("clean-boost", 0.0, 5.0, "Clean Boost", "Boost limpo",
           "As little drive as there is: lifts a solo, or wakes up a tube amplifier.",
           "O mínimo de distorção: realça um solo ou desperta um amplificador valvulado."),
    Preset("edge-of-breakup", 2.0, 5.5, "Edge of Breakup", "À beira da distorção",
           "Clean when picked softly, crunchy when dug in.",
           "Limpo com palhetada leve, sujo com palhetada forte."),
    Preset("stacked-into-an-amp", 1.5, 7.0, "Stacked into an Amp", "Empurrando um amp",
           "Low drive and a bright tone, to tighten an amplifier that already distorts.",
           "Pouca distorção e som brilhante, para definir um amplificador já distorcido."),
    Preset("rhythm-crunch", 4.5, 5.0, "Rhythm Crunch", "Base crunch",
           "Chords that growl and stay clear.", "Acordes que rosnam e continuam claros."),
    Preset("blues-lead", 6.5, 4.0, "Blues Lead", "Solo de blues",
           "Warm and vocal, for single notes on the neck pickup.",
           "Quente e vocal, para notas soltas no captador do braço."),
    Preset("singing-sustain", 9.0, 4.5, "Singing Sustain", "Sustain cantante",
           "High drive for long notes.", "Muita distorção para notas longas."),
    Preset("cutting-lead", 7.5, 7.5, "Cutting Lead", "Solo cortante",
           "Bright enough to get through a dense mix.", "Brilho para atravessar uma mixagem densa."),
    Preset("dark-and-thick", 10.0, 1.5, "Dark and Thick", "Escuro e denso",
           "All the drive, rolled off: thick low lines.", "Toda a distorção, sem agudos: linhas graves densas."),
    Preset("bass-grit", 3.5, 3.0, "Bass Grit", "Baixo com textura",
           "Grain for a bass that keeps its low end.", "Textura para um baixo que mantém os graves."),
    Preset("everything-up", 10.0, 10.0, "Everything Up", "Tudo no máximo",
           "Both knobs at the end.", "Os dois botões no fim."),
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


def played_loudness_db(gain, tone, level_db):
    """How loud the clip comes out of the built plugin."""
    environment = {**os.environ, "LV2_PATH": str(TOP / "build/lv2")}
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/out.wav"
        clip = f"{folder}/in.wav"
        soundfile.write(clip, *soundfile.read(CLIP), "FLOAT")
        subprocess.run(["lv2apply", "-i", clip, "-o", out, "-c", "gain", str(gain), "-c", "tone", str(tone),
                        "-c", "level", str(level_db), URI], check=True, env=environment, capture_output=True)
        return loudness_db(*soundfile.read(out))


HEAD = """# Written by ttl/presets.py.
@prefix lv2: <http://lv2plug.in/ns/lv2core#> .
@prefix pset: <http://lv2plug.in/ns/ext/presets#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""


def turtle(preset, level_db):
    """The preset in Turtle."""
    ports = " , ".join(f'[\n        lv2:symbol "{symbol}" ;\n        pset:value {value:.1f}\n    ]' for symbol, value in
                       (("gain", preset.gain), ("tone", preset.tone), ("level", level_db)))
    return f"""
<{URI}#preset-{preset.symbol}>
    a pset:Preset ;
    lv2:appliesTo <{URI}> ;
    rdfs:label "{preset.label}" , "{preset.label_pt}"@pt ;
    rdfs:comment "{preset.comment}" , "{preset.comment_pt}"@pt ;
    lv2:port {ports} .
"""


def main():
    target_db = played_loudness_db(PRESETS[0].gain, PRESETS[0].tone, TARGET_LEVEL_DB)
    text = HEAD
    for preset in PRESETS:
        level_db = round(target_db - played_loudness_db(preset.gain, preset.tone, 0.0), 1)
        print(f"{preset.label}: level {level_db:+.1f} dB", flush=True)
        text += turtle(preset, level_db)
    (TOP / "ttl/presets.ttl").write_text(text)


if __name__ == "__main__":
    sys.exit(main())
