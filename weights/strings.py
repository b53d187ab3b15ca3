# SPDX-License-Identifier: MIT
"""Makes guitar phrases and plays them on plucked strings (Karplus-Strong), with numpy and scipy alone."""

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

SAMPLE_RATE_HZ = 48000
CHORDS = ((0, 7, 12), (0, 7, 12, 16, 19, 24), (0, 7, 12, 15, 19, 24), (0, 4, 7), (0, 3, 7, 10), (0, 7), (0, 12),
          (0, 5), (0, 4, 7, 10), (0, 2, 7, 12), (0, 7, 14))
STEPS = (-7, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 7, 12)
LOWEST, HIGHEST = 36, 88
# Notes, palm mutes, bass and chords: the lowest and the highest root, the least and the most time between them and the
# decays, in s.
STRUCK = ((40, 76, 0.15, 0.5, (0.4, 3.0)), (28, 45, 0.08, 0.25, (0.03, 0.15)), (23, 45, 0.2, 0.6, (0.5, 4.0)),
          (40, 55, 0.3, 1.0, (0.5, 3.0)))


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


def pluck(rng, pitch, seconds, decay_s, brightness, position):
    """One plucked string with a peak of 1: noise through a comb filter, then a damped loop.

    position is where the string is plucked, as a part of its length; None strikes all of it at once.
    """
    frequency = 440 * 2 ** ((pitch - 69 + rng.normal(0, 0.05)) / 12)
    period = SAMPLE_RATE_HZ / frequency - 0.5
    whole = int(period)
    fraction = period - whole
    excitation = np.zeros(int(seconds * SAMPLE_RATE_HZ))
    burst = lfilter([brightness], [1, brightness - 1], rng.uniform(-1, 1, whole + 1))
    excitation[:whole + 1] = burst[:len(excitation)]
    if position is not None:
        lag = max(1, int(position * whole))
        excitation[lag:] -= 0.9 * excitation[:-lag]
    loop = np.zeros(whole + 3)
    loop[0] = 1
    loop[whole:] -= 10 ** (-3 / (frequency * decay_s)) * np.convolve([1 - fraction, fraction], [0.5, 0.5])
    string = lfilter([1], loop, excitation)
    return string / (np.abs(string).max() + 1e-9)


def plucked(rng, notes, seconds):
    """The notes on plucked strings; the timbre changes every 8 notes."""
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


def struck(rng, seconds):
    """Strings that noise of a wide band strikes: single notes, palm mutes, bass and chords, one kind for a while."""
    audio = np.zeros(int((seconds + 6) * SAMPLE_RATE_HZ))
    now = 0.1
    while now < seconds:
        lowest, highest, shortest_s, longest_s, decays_s = STRUCK[rng.integers(len(STRUCK))]
        chord = CHORDS[rng.integers(len(CHORDS))] if rng.random() < 0.4 else (0,)
        strum_s = rng.choice([0.0, 0.004, 0.008, 0.02])
        every_s, level = rng.uniform(shortest_s, longest_s), 10 ** (rng.uniform(-12, 0) / 20)
        for _ in range(rng.integers(2, 9)):
            root, decay_s = rng.integers(lowest, highest + 1), rng.uniform(*decays_s)
            brightness = rng.choice([1, rng.uniform(0.4, 1)])
            position = None if rng.random() < 0.6 else rng.uniform(0.05, 0.4)
            for i, interval in enumerate(chord):
                string = pluck(rng, root + interval, min(1.2 * decay_s, 3.0), decay_s, brightness, position)
                first = int((now + i * strum_s) * SAMPLE_RATE_HZ)
                end = min(len(audio), first + len(string))
                audio[first:end] += level * string[:end - first] / np.sqrt(len(chord))
            now += every_s
    return audio[:int(seconds * SAMPLE_RATE_HZ)]
