# SPDX-License-Identifier: MIT
"""Recorded pairs of a pedal, in PyNeuralFx's layout, checked, aligned and split."""

import re
from dataclasses import dataclass

import numpy as np
import soundfile
from scipy.signal import correlate, correlation_lags

from pairs import WARM_UP, Writer, segment_length
from pyneuralfx import ModelError

TRAIN_PART, VALID_PART = 0.6, 0.1
LONGEST_LAG_S = 0.5
SAME_LATENCY = 16  # lags that differ by fewer samples are one latency, and the pedal's own phase
CLIPPED_RUN = 3  # samples in a row at the peak of what the file can hold
FULL_SCALE = 0.999
NAME = re.compile(r"[xy]((?:_[a-z]+-?\d+(?:\.\d+)?)*)\.wav")
KNOB = re.compile(r"([a-z]+)(-?\d+(?:\.\d+)?)")


@dataclass
class Recording:
    """One pair: x and y [n], and the knobs that it was played at, by letter and in the pedal's units."""

    name: str
    letters: tuple
    knobs: tuple
    x: np.ndarray
    y: np.ndarray


def _read(path, rate_hz):
    try:
        audio, file_rate_hz = soundfile.read(path, always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ModelError(f"{path} is no sound file that can be read: {error.error_string}") from error
    if file_rate_hz != rate_hz:
        raise ModelError(f"{path} is at {file_rate_hz} Hz; data.sampling_rate is {rate_hz}")
    if audio.shape[1] != 1:
        raise ModelError(f"{path} has {audio.shape[1]} channels; it must have one")
    if not np.isfinite(audio).all():
        raise ModelError(f"{path} has numbers that are not finite")
    if not audio.any():
        raise ModelError(f"{path} is silent")
    return audio[:, 0]


def is_clipped(audio):
    """Whether some samples in a row stand at full scale."""
    at_peak = (np.abs(audio) >= FULL_SCALE).astype(int)
    return bool((np.convolve(at_peak, np.ones(CLIPPED_RUN, int)) == CLIPPED_RUN).any())


def lag(x, y, rate_hz):
    """By how many samples y comes later than x, upside down or not."""
    n = min(len(x), len(y))
    correlation = np.abs(correlate(y[:n], x[:n], method="fft"))
    lags = correlation_lags(n, n)
    near = np.abs(lags) <= LONGEST_LAG_S * rate_hz
    return int(lags[near][np.argmax(correlation[near])])


def _files(folder):
    """The names in folder/x that have their partner in folder/y; ModelError when one is missing."""
    names = {side: {path.name[1:] for path in (folder / side).glob("*.wav")} for side in "xy"}
    for side, other in ("xy", "yx"):
        for name in sorted(names[side] - names[other]):
            raise ModelError(f"{folder}/{side}/{side}{name} has no {folder}/{other}/{other}{name}")
    if not names["x"]:
        raise ModelError(f"{folder} has no recordings: no x/*.wav")
    return sorted(names["x"])


def _knobs(name, config):
    match = NAME.fullmatch(f"x{name}")
    if not match:
        raise ModelError(f"x{name}: names must look like x_d0_t0.5.wav")
    knobs = KNOB.findall(match[1])
    if len(knobs) != config.n_knobs:
        raise ModelError(f"x{name} tells {len(knobs)} knobs; the configuration has {config.n_knobs}")
    for (letter, value), (low, high) in zip(knobs, config.knob_ranges):
        if not low <= float(value) <= high:
            raise ModelError(f"x{name}: {letter} is beyond its norm_tensor, {low:g} to {high:g}")
    return tuple(letter for letter, _ in knobs), tuple(float(value) for _, value in knobs)


def read(folder, config):
    """All Recordings in a folder; ModelError for the first thing that is wrong with them."""
    recordings = []
    for name in _files(folder):
        letters, knobs = _knobs(name, config)
        if recordings and letters != recordings[0].letters:
            raise ModelError(f"x{name} names its knobs {letters}; {recordings[0].name} {recordings[0].letters}")
        x, y = (_read(folder / side / f"{side}{name}", config.sample_rate_hz) for side in "xy")
        recordings.append(Recording(f"x{name}", letters, knobs, x, y))
    return recordings


def _cut(recording, shift):
    """The recording with y taken `shift` samples later, and both of one length."""
    x, y = recording.x[max(0, -shift):], recording.y[max(0, shift):]
    n = min(len(x), len(y))
    return x[:n], y[:n]


def align(recordings, rate_hz, is_wanted):
    """x and y of each recording, shifted against each other if that is wanted; tells what it found."""
    lags = np.array([lag(r.x, r.y, rate_hz) for r in recordings])
    for recording, samples in zip(recordings, lags):
        clipped = [side for side in "xy" if is_clipped(getattr(recording, side))]
        notes = [f"y comes {samples} samples after x"]
        notes += [f"{side} is clipped" for side in clipped]
        if len(recording.x) != len(recording.y):
            notes.append(f"x has {len(recording.x)} samples and y {len(recording.y)}: the longer is cut")
        print(f"{recording.name}: {', '.join(notes)}", flush=True)
    if not is_wanted:
        if lags.any():
            print("not aligned; --align takes the lag out", flush=True)
        return [_cut(recording, 0) for recording in recordings]
    if np.ptp(lags) < SAME_LATENCY:
        lags[:] = lags.min()  # what differs is the pedal's, and a model cannot look ahead
    return [_cut(recording, int(samples)) for recording, samples in zip(recordings, lags)]


def bounds(n):
    """Where train, valid and test start and end in n samples."""
    train, valid = int(n * TRAIN_PART), int(n * (TRAIN_PART + VALID_PART))
    return {"train": (0, train), "valid": (train, valid), "test": (valid, n)}


def _windows(pair, part, length):
    """Where the segments of one part of a pair begin."""
    start, end = bounds(len(pair[0]))[part]
    return range(start, end - WARM_UP - length + 1, length)


def split(folder, config, buffer_size, out, is_aligned):
    """Writes the data folder `out` of the recordings in `folder`."""
    recordings = read(folder, config)
    pairs = align(recordings, config.sample_rate_hz, is_aligned)
    length = segment_length(buffer_size)
    knobs = [[2 * (value - low) / (high - low) - 1 for value, (low, high) in zip(r.knobs, config.knob_ranges)]
             for r in recordings]
    with Writer(out) as writer:
        for part in ("train", "valid", "test"):
            windows = [_windows(pair, part, length) for pair in pairs]
            n = sum(map(len, windows))
            if not n:
                raise ModelError(f"the recordings are too short: no segment of {length} samples fits into {part}")
            arrays = writer.part(part, n, length, config.n_knobs)
            row = 0
            for (x, y), position, starts in zip(pairs, knobs, windows):
                for start in starts:
                    window = slice(start, start + WARM_UP + length)
                    for array, values in zip(arrays, (x[window], y[window], position)):
                        array[row] = values
                    row += 1
            print(f"{part}: {n} segments, {n * length / config.sample_rate_hz:.1f} s", flush=True)
