# SPDX-License-Identifier: MIT
"""Makes the test signal that one records through a pedal: clicks, silence, a level check, sweeps, playing, clicks."""

import math

import numpy as np
from scipy.signal import resample_poly

import click_track
import strings

SILENCE_S, CHECK_S, SWEEP_S, PHRASE_S, FADE_S = 1.5, 1.0, 4.0, 6.0, 0.005
CHECK_HZ, LOWEST_HZ, HIGHEST_HZ = 220, 20, 20000
SWEEPS_DB, PHRASES_DB = (-40, -20, -6), (-3, -15, -28, -9)
PEAK_DB = max(PHRASES_DB)
SEED = 7


def _faded(audio, rate_hz):
    ramp = np.sin(np.linspace(0, np.pi / 2, round(FADE_S * rate_hz))) ** 2
    audio[:len(ramp)] *= ramp
    audio[-len(ramp):] *= ramp[::-1]
    return audio


def _sweep(rate_hz):
    """A sine from LOWEST_HZ to HIGHEST_HZ, or to where the rate ends, its frequency rising exponentially."""
    t = np.arange(round(SWEEP_S * rate_hz)) / rate_hz
    growth = math.log(min(HIGHEST_HZ, 0.45 * rate_hz) / LOWEST_HZ) / SWEEP_S
    return np.sin(2 * np.pi * LOWEST_HZ / growth * np.expm1(growth * t))


def _phrase(rng, rate_hz):
    """PHRASE_S of plucked strings, peak 1."""
    audio = strings.plucked(rng, strings.phrases(rng, PHRASE_S), PHRASE_S)
    common = math.gcd(rate_hz, strings.SAMPLE_RATE_HZ)
    audio = resample_poly(audio, rate_hz // common, strings.SAMPLE_RATE_HZ // common)
    return audio / np.abs(audio).max()


def make(rate_hz, minutes):
    """The test signal [n] at a rate, with so many minutes of playing; the same for the same arguments."""
    rng = np.random.default_rng(SEED)
    check = np.sin(2 * np.pi * CHECK_HZ * np.arange(round(CHECK_S * rate_hz)) / rate_hz)
    sounds = [(PEAK_DB, check), *((level_db, _sweep(rate_hz)) for level_db in SWEEPS_DB)]
    for number in range(max(1, round(60 * minutes / PHRASE_S))):
        sounds.append((PHRASES_DB[number % len(PHRASES_DB)], _phrase(rng, rate_hz)))
    parts = [10 ** (level_db / 20) * _faded(audio, rate_hz) for level_db, audio in sounds]
    silence = np.zeros(round(SILENCE_S * rate_hz))
    clicks = click_track.track(rate_hz)
    return np.concatenate([clicks, silence, *parts, silence, clicks]).astype(np.float32)
