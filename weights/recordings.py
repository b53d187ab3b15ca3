# SPDX-License-Identifier: MIT
"""Reads and splits recorded pairs of a pedal, which are in PyNeuralFx's layout."""

import math
import re
from dataclasses import dataclass

import numpy as np
import soundfile
from scipy.signal import resample_poly

import alignment
from pairs import WARM_UP, Writer, segment_length
from pyneuralfx import ModelError

TRAIN_PART, VALID_PART = 0.6, 0.1
PARTS = ("train", "valid", "test")
SUFFIXES = (".wav", ".flac", ".aif", ".aiff", ".w64", ".rf64", ".caf")
KNOB = re.compile(r"_([a-z]+)(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")
NAME = re.compile(rf"((?:{KNOB.pattern})*)(?:-\d+)?")  # the last number counts takes


@dataclass
class Recording:
    """One pair: x and y [n], and its knob positions, by letter and in the pedal's units."""

    name: str
    letters: tuple
    knobs: tuple
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Source:
    """How sound files are read: which channel of several counts, and whether other sample rates are converted."""

    channel: int = None
    is_resampled: bool = False


def _channel(path, audio, source):
    """The channel that counts, of audio [n][channels]."""
    n_channels = audio.shape[1]
    if n_channels == 1:
        return audio[:, 0]
    if source.channel is None:
        raise ModelError(f"{path} has {n_channels} channels; the limit is 1, unless --channel says which one to take")
    if source.channel > n_channels:
        raise ModelError(f"{path} has {n_channels} channels; --channel is {source.channel}")
    return audio[:, source.channel - 1]


def _read(path, rate_hz, source):
    if not path.stat().st_size:
        raise ModelError(f"{path} has 0 bytes")
    try:
        audio, file_rate_hz = soundfile.read(path, always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ModelError(f"{path} is not a sound file that can be read: {error.error_string}") from error
    if not len(audio):
        raise ModelError(f"{path} has {path.stat().st_size} bytes, but its header says that it has no samples; a "
                         "recorder that lost power leaves such a file; repair its header")
    if not np.isfinite(audio).all():
        raise ModelError(f"{path}: sample {int(np.argmax(~np.isfinite(audio).all(1)))} is not finite")
    audio = _channel(path, audio, source)
    if not audio.any():
        raise ModelError(f"{path} is silent")
    if file_rate_hz != rate_hz:
        if not source.is_resampled:
            raise ModelError(f"{path} is at {file_rate_hz} Hz; data.sampling_rate is {rate_hz}; --resample converts it")
        common = math.gcd(file_rate_hz, rate_hz)
        audio = resample_poly(audio, rate_hz // common, file_rate_hz // common)
    return audio


def _name(path, side):
    """What follows x or y in the name of a file, in small letters and with decimal points."""
    if path.stem[:1].lower() != side:
        raise ModelError(f"{path}: the names in the folder {side} begin with {side}"
                         + ("; are x and y exchanged?" if path.stem[:1].lower() in ("x", "y") else ""))
    return path.stem[1:].lower().replace(",", ".")


def _files(folder):
    """(name, x's file, y's file) of each pair in folder/x and folder/y; ModelError when a partner is missing.

    A lone x.wav belongs to every y. Prints what it leaves out. Hidden files do not count: a Mac writes a
    ._x.wav beside each x.wav on some disks.
    """
    found = {}
    for side in "xy":
        found[side] = {}
        for path in sorted(path for path in (folder / side).glob("*") if not path.name.startswith(".")):
            if path.suffix.lower() not in SUFFIXES:
                print(f"{path} is left out: its ending is none of {' '.join(SUFFIXES)}", flush=True)
                continue
            other = found[side].setdefault(_name(path, side), path)
            if other != path:
                raise ModelError(f"{path} and {other.name} are the same take; remove one")
    if list(found["x"]) == [""]:
        found["x"] = dict.fromkeys(found["y"], found["x"][""])
    for side, other in ("xy", "yx"):
        for name in sorted(found[side].keys() - found[other].keys()):
            raise ModelError(f"{found[side][name]} has no partner {folder}/{other}/{other}{name}"
                             f"{found[side][name].suffix}")
    if not found["x"]:
        raise ModelError(f"{folder} has no recordings: no x/*.wav")
    return [(name, found["x"][name], found["y"][name]) for name in sorted(found["x"])]


def _knobs(path, name, config):
    match = NAME.fullmatch(name)
    if not match:
        raise ModelError(f"{path}: names must look like y_d0_t0.5.wav, or y_d0_t0.5-2.wav for a second take")
    knobs = KNOB.findall(match[1])
    if len(knobs) != config.n_knobs:
        raise ModelError(f"{path} tells {len(knobs)} knobs; data.num_conds is {config.n_knobs}")
    for (letter, value), (low, high) in zip(knobs, config.knob_ranges):
        if not low <= float(value) <= high:
            raise ModelError(f"{path}: {letter} is {value}; the limits in data.norm_tensor are {low:g} and {high:g}")
    return tuple(letter for letter, _ in knobs), tuple(float(value) for _, value in knobs)


def _read_folder(folder, config, source):
    """All Recordings in one folder; ModelError for the first one that has an error."""
    recordings = []
    for name, x_path, y_path in _files(folder):
        letters, knobs = _knobs(y_path, name, config)
        if recordings and letters != recordings[0].letters:
            raise ModelError(f"{y_path} names its knobs {', '.join(letters)}; {recordings[0].name} names them "
                             f"{', '.join(recordings[0].letters)}")
        x, y = (_read(path, config.sample_rate_hz, source) for path in (x_path, y_path))
        recordings.append(Recording(str(y_path), letters, knobs, x, y))
    return recordings


def read(folder, config, source=Source()):
    """The Recordings of each part that is split already (PyNeuralFx's train, valid and test); else of the part ""."""
    if not (folder / "train/x").is_dir():
        return {"": _read_folder(folder, config, source)}
    parts = {part: _read_folder(folder / part, config, source) for part in PARTS if (folder / part / "x").is_dir()}
    if "valid" not in parts:
        raise ModelError(f"{folder} has train/x but no valid/x")
    print(f"{folder} is split already: {', '.join(parts)}", flush=True)
    return parts


def bounds(n):
    """Where train, valid and test start and end in n samples."""
    train, valid = int(n * TRAIN_PART), int(n * (TRAIN_PART + VALID_PART))
    return {"train": (0, train), "valid": (train, valid), "test": (valid, n)}


def _windows(n, part, own_part, length):
    """Where the segments of `part` begin in a pair of n samples, which belongs to own_part or is to be split."""
    if own_part not in ("", part):
        return range(0)
    start, end = bounds(n)[part] if own_part == "" else (0, n)
    return range(start, end - WARM_UP - length + 1, length)


def split(folder, config, buffer_size, out, source, mode):
    """Writes the data folder `out` of the recordings in `folder`; alignment.MODES has the modes."""
    parts = read(folder, config, source)
    own_parts = [part for part, recordings in parts.items() for _ in recordings]
    recordings = [recording for some in parts.values() for recording in some]
    pairs = alignment.align(recordings, config.sample_rate_hz, mode)
    length = segment_length(buffer_size)
    knobs = [[2 * (value - low) / (high - low) - 1 for value, (low, high) in zip(r.knobs, config.knob_ranges)]
             for r in recordings]
    with Writer(out) as writer:
        for part in PARTS:
            windows = [_windows(len(x), part, own_part, length) for (x, _), own_part in zip(pairs, own_parts)]
            n = sum(map(len, windows))
            if not n and (part != "test" or "" in parts):
                raise ModelError(f"{folder}: the recordings are too short: {part} has no room for a segment of "
                                 f"{WARM_UP + length} samples")
            arrays = writer.part(part, n, length, config.n_knobs)
            row = 0
            for (x, y), position, starts in zip(pairs, knobs, windows):
                for start in starts:
                    window = slice(start, start + WARM_UP + length)
                    for array, values in zip(arrays, (x[window], y[window], position)):
                        array[row] = values
                    row += 1
            print(f"{part}: {n} segments, {n * length / config.sample_rate_hz:.1f} s", flush=True)
