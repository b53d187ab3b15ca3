# SPDX-License-Identifier: MIT
"""Aligns recorded pairs with the latency of the device, and says what is wrong with a pair."""

import numpy as np

import click_track
import latency
from model_error import ModelError

# A latency stays, or one value is cut from all pairs, or each pair's own.
KEEP, DEVICE, EACH = MODES = ("keep", "device", "each")
SAME_LATENCY = 48  # latencies that differ by at most so many samples are one, found with different certainty
EARLY = 8  # y may begin this many samples before x: so much can be the error of a latency
EXCHANGED = "no pedal answers before its input: are x and y exchanged?"
CLIPPED_RUN = 3  # this many samples in a row at full scale are clipping
FULL_SCALE = 0.999
LARGEST_DC = 0.01  # of the signal's RMS
SOFT_DB = -30
POLARITY_S = 8  # of a test signal's playing tell the polarity


def is_clipped(audio):
    """Whether CLIPPED_RUN samples in a row are at full scale."""
    at_peak = (np.abs(audio) >= FULL_SCALE).astype(int)
    return bool((np.convolve(at_peak, np.ones(CLIPPED_RUN, int)) == CLIPPED_RUN).any())


def _notes(recording):
    """What there is to say about the sound of a pair."""
    notes = []
    for side in "xy":
        audio = getattr(recording, side)
        if is_clipped(audio):
            notes.append(f"{side} is clipped")
        if abs(audio.mean()) > LARGEST_DC * audio.std():
            notes.append(f"{side} has a DC offset of {audio.mean():.4f}")
    peak_db = 20 * np.log10(np.abs(recording.y).max())
    if peak_db < SOFT_DB:
        notes.append(f"y is soft: its peak is {peak_db:.0f} dBFS")
    if len(recording.x) != len(recording.y):
        notes.append(f"x has {len(recording.x)} samples and y {len(recording.y)}: the longer is cut")
    return notes


def _by_clicks(recording, tracks, rate_hz):
    """(latency, fault, how it was found, whether y is inverted) of a recorded test signal."""
    samples, fault = click_track.measure(recording.x, recording.y, tracks, rate_hz)
    if fault:
        return samples, fault, "", False
    x, y = latency.cut(recording.x, recording.y, samples)
    played = slice(max(0, tracks.end - round(POLARITY_S * rate_hz)), tracks.end)
    found = latency.find(x[played], y[played], rate_hz)
    return samples, "", "by the clicks", found.is_inverted


def _by_playing(recording, rate_hz):
    """As _by_clicks, of any other pair."""
    found = latency.find(recording.x, recording.y, rate_hz)
    told = f"confidence {found.confidence:.1f}; the limit is {latency.LEAST_CONFIDENCE:g}"
    return found.samples, latency.fault(found, rate_hz), told, found.is_inverted


def _measure(recording, rate_hz):
    """The pair's latency in samples; prints it, with what else is to say. ModelError when there is none."""
    tracks = click_track.tracks(recording.x, rate_hz)
    samples, fault, told, is_inverted = (_by_clicks(recording, tracks, rate_hz) if tracks else
                                         _by_playing(recording, rate_hz))
    if fault:
        raise ModelError(f"{recording.name}: {fault}" + (f"; {EXCHANGED}" if samples < -EARLY else ""))
    notes = [f"y comes {abs(samples)} samples {'before' if samples < 0 else 'after'} x ({told})",
             *([EXCHANGED] if samples < -EARLY else []), *(["y is inverted"] if is_inverted else []),
             *_notes(recording)]
    print(f"{recording.name}: {', '.join(notes)}", flush=True)
    return samples


def _one_latency(recordings, latencies):
    """The latency of the device: the shortest, since a model cannot look ahead; ModelError when there are several."""
    first, last = int(np.argmin(latencies)), int(np.argmax(latencies))
    if latencies[last] - latencies[first] > SAME_LATENCY:
        raise ModelError(f"{recordings[first].name} comes {latencies[first]} samples after its x, and "
                         f"{recordings[last].name} {latencies[last]}; one device has one latency, within "
                         f"{SAME_LATENCY} samples; --align-each aligns each pair by itself")
    return latencies[first]


def align(recordings, rate_hz, mode):
    """(x, y) of each recording, equally long, without its latency where mode says so; prints what it cuts."""
    latencies = [_measure(recording, rate_hz) for recording in recordings]
    shifts = latencies
    if mode == KEEP:
        shifts = [0] * len(recordings)
        if min(latencies) < -EARLY:
            raise ModelError(f"{recordings[int(np.argmin(latencies))].name} comes {-min(latencies)} samples before its "
                             "x, and no model can look ahead; use --align, or exchange x and y")
        if any(latencies):
            print("not aligned; --align takes the latency out", flush=True)
    elif mode == DEVICE:
        shifts = [_one_latency(recordings, latencies)] * len(recordings)
    pairs = [latency.cut(recording.x, recording.y, shift) for recording, shift in zip(recordings, shifts)]
    for shift in sorted(set(shifts) - {0}):
        front, end = ("y", "x") if shift > 0 else ("x", "y")
        print(f"cut {abs(shift)} samples from the start of each {front} and the end of each {end}"
              + (f", {shifts.count(shift)} of {len(shifts)} pairs" if mode == EACH else ""), flush=True)
    return pairs
