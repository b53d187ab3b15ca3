# SPDX-License-Identifier: MIT
"""Makes guitar and bass playing to train on.

Random phrases and chords are played by FluidSynth with the FluidR3 sound font (Debian: fluidsynth,
fluid-soundfont-gm), and on plucked strings (strings.py); other strings are struck, harder than a plectrum can.
"""

import subprocess
import tempfile
from pathlib import Path

import mido
import numpy as np
import soundfile

from strings import SAMPLE_RATE_HZ, phrases, plucked, struck

PEAK = 10 ** (-3 / 20)
SOUND_FONT = "/usr/share/sounds/sf2/FluidR3_GM.sf2"
# General MIDI: nylon, steel, jazz, clean and muted guitar, finger and pick bass.
PROGRAMS = (24, 25, 26, 27, 28, 33, 34)
N_PLUCKED, N_STRUCK = 3, 4  # parts


def _midi(notes, program):
    """A MIDI file of one track at 1000 ticks a second."""
    events = []
    for start, length, pitch, velocity in notes:
        events.append((int(start * 1000), 1, pitch, int(np.clip(velocity, 8, 127))))
        events.append((int((start + length) * 1000), 0, pitch, 0))
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=500000),
                            mido.Message("program_change", program=program)])
    last = 0
    for tick, is_on, pitch, velocity in sorted(events):
        kind = "note_on" if is_on else "note_off"
        track.append(mido.Message(kind, note=pitch, velocity=velocity, time=tick - last))
        last = tick
    track.append(mido.MetaMessage("end_of_track", time=1000))
    return mido.MidiFile(type=0, ticks_per_beat=500, tracks=[track])


def fluid(notes, program, seconds):
    """The notes played by FluidSynth, dry, mono, float64 at 48 kHz."""
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "notes.mid", Path(folder) / "notes.wav"
        _midi(notes, program).save(midi)
        subprocess.run(["fluidsynth", "-ni", "-R", "0", "-C", "0", "-g", "0.8", "-r", str(SAMPLE_RATE_HZ),
                        "-F", str(wav), SOUND_FONT, str(midi)], check=True, capture_output=True)
        audio, _ = soundfile.read(wav, always_2d=True)
    return audio.mean(1)[:int(seconds * SAMPLE_RATE_HZ)]


def playing(seed, seconds):
    """Float32 playing at 48 kHz, about `seconds` long; the peak of each part is -3 dBFS."""
    rng = np.random.default_rng(seed)
    part = seconds / (len(PROGRAMS) + N_PLUCKED + N_STRUCK)
    parts = [fluid(phrases(rng, part), program, part) for program in PROGRAMS]
    parts += [plucked(rng, phrases(rng, part), part) for _ in range(N_PLUCKED)]
    parts += [struck(rng, part) for _ in range(N_STRUCK)]
    return np.concatenate([PEAK * audio / np.abs(audio).max() for audio in parts]).astype(np.float32)
