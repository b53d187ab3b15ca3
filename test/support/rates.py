# SPDX-License-Identifier: MIT
"""Measures accuracy, latency and aliasing of the pedal at other sample rates and oversampling factors.

The reference for accuracy is the model's own output at 48 kHz and 1x, resampled to the other rate by
one FFT over the whole clip. That output contains aliases. A second reference has none: the model runs
at 384 kHz with a state delay of 8, and an FFT limits the result to the band of 48 kHz. When the other
rate is lower, both references play the clip limited to the band of that rate.
"""

import functools
import itertools
import math
import os
import subprocess
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

TOP = Path(os.environ.get("OD3_TOP") or Path(__file__).resolve().parents[2])
BUILD = Path(os.environ.get("OD3_BUILD") or TOP / "build")
MODEL = TOP / "od3.lv2/od3.gru"
MODEL_HZ, WIDE_HZ = 48000, 384000
LIMIT_HZ = 18000  # accuracy counts below it, or below 0.4 of a rate that is lower than 45 kHz
PAUSE_S = 0.25  # silence before and after a clip
PROBE_HZ, PROBE_DB = (1245, 2500, 5000), (-20, -10, 0)
PROBE_KNOBS = ((1, 0), (1, 1), (1, -1), (0, 0))  # gain at its maximum, thrice, and in the middle


def choices(rate_hz):
    """Returns the oversampling values that give different factors at a rate."""
    factors = {}
    for times in (1, 2, 4):
        factor = 1
        while factor * rate_hz < 0.9 * times * MODEL_HZ:
            factor *= 2
        factors.setdefault(factor, times)
    return list(factors.values())


def play(x, rate_hz, oversampling, knobs, model=MODEL):
    """Returns the pedal's output for x, and its reported latency in frames."""
    command = [BUILD / "test/support/play", model, rate_hz, oversampling, *knobs]
    result = subprocess.run([str(word) for word in command], input=np.ascontiguousarray(x, "<f4").tobytes(),
                            capture_output=True, check=True)
    return np.frombuffer(result.stdout, "<f4").astype(float), int(result.stderr.split()[1])


def resample(x, n):
    """Resamples x to n samples through its spectrum, limited to the new band."""
    spectrum = np.fft.rfft(x)
    n_bins = min(len(spectrum), n // 2 + 1)
    return np.fft.irfft(spectrum[:n_bins], n) * n / len(x)


@functools.lru_cache(maxsize=1)
def clip(path, seconds):
    """Returns `seconds` s of the first channel of a sound file at 48 kHz, with a pause at each end."""
    audio, rate_hz = soundfile.read(path, always_2d=True)
    common = math.gcd(rate_hz, MODEL_HZ)
    audio = resample_poly(audio[:, 0], MODEL_HZ // common, rate_hz // common)
    pause = int(PAUSE_S * MODEL_HZ)
    x = np.zeros(seconds * MODEL_HZ)
    part = audio[:len(x) - 2 * pause]
    x[pause:pause + len(part)] = part
    return x


def knob_grid(n):
    return list(itertools.product(np.linspace(-1, 1, n), repeat=2))


@functools.lru_cache(maxsize=2)
def _clip_at(path, seconds, rate_hz):
    return resample(clip(path, seconds), round(seconds * rate_hz))


@functools.lru_cache(maxsize=64)
def _references(path, seconds, knobs, clip_hz):
    x = resample(_clip_at(path, seconds, clip_hz), seconds * MODEL_HZ)
    plain, _ = play(x, MODEL_HZ, 1, knobs)
    wide, _ = play(resample(x, seconds * WIDE_HZ), WIDE_HZ, 1, knobs)
    return plain, resample(wide, len(x))


def _band(y, rate_hz):
    return np.fft.rfft(y)[:int(min(LIMIT_HZ, 0.4 * rate_hz) * len(y) / rate_hz)]


def esr(y, target, rate_hz):
    """Returns the error-to-signal ratio below LIMIT_HZ."""
    y, target = _band(y, rate_hz), _band(target, rate_hz)
    return (np.abs(y - target) ** 2).sum() / (np.abs(target) ** 2).sum()


def accuracy(path, seconds, knobs, rate_hz, oversampling):
    """Returns the ESR of the pedal at a rate against both references."""
    y, latency = play(_clip_at(path, seconds, rate_hz), rate_hz, oversampling, knobs)
    references = _references(path, seconds, knobs, min(rate_hz, MODEL_HZ))
    return [esr(np.roll(y, -latency), resample(reference, len(y)), rate_hz) for reference in references]


def measured_latency(path, seconds, knobs, rate_hz, oversampling):
    """Returns the latency in frames: (reported, measured against the alias-free reference).

    The measured latency is the reported one plus the slope of the remaining phase difference, weighted
    by energy over all frequencies.
    """
    y, latency = play(_clip_at(path, seconds, rate_hz), rate_hz, oversampling, knobs)
    reference = resample(_references(path, seconds, knobs, min(rate_hz, MODEL_HZ))[1], len(y))
    cross = _band(np.roll(y, -latency), rate_hz) * np.conj(_band(reference, rate_hz))
    turn = 2 * np.pi * np.arange(len(cross)) / len(y)
    weight = np.abs(cross)
    return latency, latency - (weight * turn * np.angle(cross)).sum() / (weight * turn ** 2).sum()


def asr_db(y, rate_hz, frequency_hz):
    """Returns the energy outside DC and the harmonics over that of the harmonics, in dB, for one second."""
    energy = np.abs(np.fft.rfft(y[-rate_hz:])) ** 2
    is_harmonic = np.arange(len(energy)) % frequency_hz == 0
    aliases = energy[~is_harmonic].sum()
    return 10 * np.log10(aliases / energy[is_harmonic][1:].sum())


def _probe(rate_hz, frequency_hz, level_db):
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * frequency_hz * np.arange(rate_hz * 3 // 2) / rate_hz)


def aliasing(rate_hz, oversampling, level_db, model=MODEL):
    """Returns the mean ASR in dB over the frequencies and knobs of the probes."""
    return np.mean([asr_db(play(_probe(rate_hz, f, level_db), rate_hz, oversampling, knobs, model)[0], rate_hz, f)
                    for f in PROBE_HZ for knobs in PROBE_KNOBS])


def least_aliasing(factor, level_db, model=MODEL):
    """Returns the mean ASR in dB at 48 kHz with ideal filters around a network at `factor` times the rate.

    The network plays at the higher rate natively, and an FFT limits the result to the band of 48 kHz.
    """
    high_hz = factor * MODEL_HZ
    return np.mean([asr_db(resample(play(_probe(high_hz, f, level_db), high_hz, factor, knobs, model)[0][-high_hz:],
                                    MODEL_HZ), MODEL_HZ, f) for f in PROBE_HZ for knobs in PROBE_KNOBS])


def loudest_idle(rate_hz, oversampling, n, model=MODEL):
    """Returns (peak to peak, gain, tone, seconds) of the idle output after noise on an n x n grid of knobs.

    The first three are where it is largest; the last is the longest time until it is quiet.
    """
    command = [BUILD / "test/bench/idle_map", model, rate_hz, oversampling, n]
    said = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout
    return tuple(float(word) for word in said.split())
