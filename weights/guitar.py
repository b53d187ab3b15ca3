# SPDX-License-Identifier: MIT
"""Guitar and bass playing made from scratch, as material to train on.

Phrases and chords drawn at random are played twice: by FluidSynth through the FluidR3 sound font
(Debian: fluidsynth, fluid-soundfont-gm) and by plucked-string synthesis (Karplus-Strong).
"""

import subprocess
import tempfile
from pathlib import Path

import mido
import numpy as np
import soundfile
from scipy.signal import butter, lfilter, sosfilt

SAMPLE_RATE_HZ = 48000
PEAK = 10 ** (-3 / 20)
SOUND_FONT = "/usr/share/sounds/sf2/FluidR3_GM.sf2"
# General MIDI: nylon, steel, jazz, clean and muted guitar, finger and pick bass.
PROGRAMS = (24, 25, 26, 27, 28, 33, 34)
CHORDS = ((0, 7, 12), (0, 7, 12, 16, 19, 24), (0, 7, 12, 15, 19, 24), (0, 4, 7), (0, 3, 7, 10), (0, 7), (0, 12),
          (0, 5), (0, 4, 7, 10), (0, 2, 7, 12), (0, 7, 14))
STEPS = (-7, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 7, 12)
LOWEST, HIGHEST = 36, 88


def phrases(rng, seconds):
    """Notes (start_s, length_s, pitch, velocity) of random runs and strummed chords."""
    notes = []
    now = 0.1
    while now < seconds:
        velocity = float(np.clip(rng.normal(85, 28), 12, 127))
        if rng.random() < 0.45:
            step = rng.choice([0.08, 0.12, 0.17, 0.25, 0.4])
            pitch = int(rng.integers(40, 84))
            for _ in range(rng.integers(1, 9)):
                length = step * rng.choice([0.4, 0.9, 1.0, 2.0])
                notes.append((now, length, pitch, velocity * rng.uniform(0.8, 1.2)))
                pitch = int(np.clip(pitch + rng.choice(STEPS), LOWEST, HIGHEST))
                now += step
        else:
            root = int(rng.integers(40, 62))
            chord = CHORDS[rng.integers(len(CHORDS))]
            length = rng.choice([0.2, 0.35, 0.6, 1.0, 2.0, 3.5])
            strum = rng.choice([0.0, 0.006, 0.02, 0.05])
            for _ in range(rng.integers(1, 4)):
                notes.extend((now + i * strum, length, root + p, velocity * rng.uniform(0.85, 1.15))
                             for i, p in enumerate(chord))
                now += length
        if rng.random() < 0.1:
            now += rng.choice([0.2, 0.6, 1.2])
    return notes


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


def pluck(rng, pitch, seconds, decay_s, brightness, position):
    """One plucked string of peak 1: noise through a comb (where it is plucked) into a damped loop."""
    frequency = 440 * 2 ** ((pitch - 69 + rng.normal(0, 0.05)) / 12)
    period = SAMPLE_RATE_HZ / frequency - 0.5
    whole = int(period)
    fraction = period - whole
    excitation = np.zeros(int(seconds * SAMPLE_RATE_HZ))
    burst = lfilter([brightness], [1, brightness - 1], rng.uniform(-1, 1, whole + 1))
    excitation[:whole + 1] = burst[:len(excitation)]
    lag = max(1, int(position * whole))
    excitation[lag:] -= 0.9 * excitation[:-lag]
    loop = np.zeros(whole + 3)
    loop[0] = 1
    loop[whole:] -= 10 ** (-3 / (frequency * decay_s)) * np.convolve([1 - fraction, fraction], [0.5, 0.5])
    string = lfilter([1], loop, excitation)
    return string / (np.abs(string).max() + 1e-9)


def plucked(rng, notes, seconds):
    """The notes played on plucked strings, with a new touch every few of them."""
    audio = np.zeros(int((seconds + 6) * SAMPLE_RATE_HZ))
    for i, (start, _, pitch, velocity) in enumerate(notes):
        if i % 8 == 0:
            decay_s = rng.choice([0.3, 0.8, 2.0, 4.0])
            brightness, position = rng.uniform(0.05, 0.85), rng.uniform(0.05, 0.4)
        string = pluck(rng, pitch, min(1.2 * decay_s, 4.0), decay_s, brightness, position)
        first = int(start * SAMPLE_RATE_HZ)
        end = min(len(audio), first + len(string))
        audio[first:end] += (velocity / 127) ** 2 * string[:end - first]
    high_pass = butter(1, 70, "hp", fs=SAMPLE_RATE_HZ, output="sos")
    return sosfilt(high_pass, audio[:int(seconds * SAMPLE_RATE_HZ)])


def playing(seed, seconds):
    """Float32 playing at 48 kHz of about `seconds` in all, each part's peak at -3 dBFS."""
    rng = np.random.default_rng(seed)
    part = seconds / (len(PROGRAMS) + 3)
    parts = [fluid(phrases(rng, part), program, part) for program in PROGRAMS]
    parts += [plucked(rng, phrases(rng, part), part) for _ in range(3)]
    return np.concatenate([PEAK * audio / np.abs(audio).max() for audio in parts]).astype(np.float32)
