# SPDX-License-Identifier: MIT
"""Click tracks at the start and the end of a test signal: where they are in a recording, and what that tells.

A track is a few short bursts with silence around them, at distances that occur once only. Its place in a
recording gives the latency; two tracks tell that the recording is whole and that one clock recorded it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d
from scipy.signal import butter, sosfilt

import latency

TRACK_S = 1.2
AT_S = (0.3, 0.4, 0.56, 0.78)  # the bursts in a track
BURST_S, DECAY_S, PEAK = 0.01, 0.002, 0.7
SEED = 3
HOP_S, HEARD_S = 0.001, 0.03  # a burst's response is looked for in so much time
HIGH_PASS_HZ = 100
BEFORE_S = 0.05  # the silence before a burst that is looked at
LEAST_RATIO, LEAST_CLEAN_RATIO = 10, 1e4  # power in the bursts over power between them: in y, and in x
LARGEST_STRETCH = 0.01  # of the time between the tracks; beyond it, the second is another sound
LEAST_SHARE = 0.02  # of the loudest burst's power
ABOVE_NOISE, OF_PEAK = 1.5, 0.02  # a response begins at so much of the loudest sample before it, and of its peak
LARGEST_MARGIN = 8
SOFTEST_SECOND, LOUD = 1e-3, 0.1  # of the loudest second's level, in y where it is loud in x


@dataclass(frozen=True)
class Tracks:
    """Where the two tracks of a signal begin, in samples, by the onset of the response to their bursts."""

    start: int
    end: int


def track(rate_hz):
    """One click track."""
    audio = np.zeros(round(TRACK_S * rate_hz))
    n = round(BURST_S * rate_hz)
    burst = np.random.default_rng(SEED).uniform(-1, 1, n) * np.exp(-np.arange(n) / (DECAY_S * rate_hz))
    burst[0] = 1
    for at_s in AT_S:
        first = round(at_s * rate_hz)
        audio[first:first + n] = PEAK * burst
    return audio


def _scores(audio, rate_hz):
    """For each hop where a track may begin: the power in its bursts over the power between them; 0 where one lacks."""
    hop = round(HOP_S * rate_hz)
    audio = sosfilt(butter(1, HIGH_PASS_HZ, "high", fs=rate_hz, output="sos"), audio)  # offsets follow the sound
    power = (audio[:len(audio) // hop * hop].reshape(-1, hop) ** 2).sum(1)
    sums = np.concatenate([[0], np.cumsum(power)])
    heard, first, last = (round(s / HOP_S) for s in (HEARD_S, AT_S[0] - BEFORE_S, AT_S[-1] + HEARD_S))
    n = len(power) - last
    if n <= 0:
        return np.zeros(0)
    bursts = np.stack([sums[at + heard:at + heard + n] - sums[at:at + n]
                       for at in (round(s / HOP_S) for s in AT_S)])
    rest = sums[last:last + n] - sums[first:first + n] - bursts.sum(0)
    ratio = bursts.sum(0) / (len(AT_S) * heard) / (rest.clip(0) / (last - first - len(AT_S) * heard) + 1e-14)
    return np.where(bursts.min(0) > LEAST_SHARE * bursts.max(0), ratio, 0)


def _onset(audio, first, rate_hz):
    """Where the response to a burst begins, near `first`, less half of its rise."""
    before, heard = round(BEFORE_S * rate_hz), round(HEARD_S * rate_hz)
    near = round(0.1 * BEFORE_S * rate_hz)
    silence = audio[max(0, first - before):max(1, first - near)]
    noise = np.abs(silence - silence.mean()).max()
    sizes = np.abs(audio[max(0, first - near):first + heard] - silence.mean())
    begin = int(np.argmax(sizes > max(ABOVE_NOISE * noise, OF_PEAK * sizes.max())))
    rise = int(np.argmax(sizes[begin:] >= sizes.max() / 2))
    return max(0, first - near) + begin - min(LARGEST_MARGIN, rise // 2)


def find(audio, rate_hz, least_ratio=LEAST_RATIO):
    """The starts of all that looks like a track in a signal, in samples."""
    scores = _scores(audio, rate_hz)
    if not len(scores):
        return []
    span = round(AT_S[-1] / HOP_S)
    peaks = np.flatnonzero((scores >= least_ratio) & (scores == maximum_filter1d(scores, 2 * span + 1)))
    peaks = peaks[np.diff(peaks, prepend=-span) >= span]
    hop = round(HOP_S * rate_hz)
    return [min(_onset(audio, hop * peak + round(s * rate_hz), rate_hz) - round(s * rate_hz) for s in AT_S)
            for peak in peaks]


def tracks(x, rate_hz):
    """The Tracks of a test signal; None if x is none."""
    found = find(x, rate_hz, LEAST_CLEAN_RATIO)
    is_at_ends = len(found) > 1 and found[0] < TRACK_S * rate_hz and found[-1] > len(x) - 2 * TRACK_S * rate_hz
    return Tracks(found[0], found[-1]) if is_at_ends else None


def _silence(x, y, shift, rate_hz):
    """The first second, in x's time, in which x is loud and y nearly silent; None if there is none."""
    second = int(rate_hz)
    x, y = latency.cut(x, y, shift)
    n = len(x) // second
    levels = [np.sqrt((signal[:n * second].reshape(n, second) ** 2).mean(1)) for signal in (x, y - y.mean())]
    silent = (levels[0] > LOUD * levels[0].max()) & (levels[1] < SOFTEST_SECOND * levels[1].max())
    return int(np.argmax(silent)) if silent.any() else None


def measure(x, y, wanted, rate_hz):
    """(latency, fault): by how many samples y's tracks come after x's `wanted`; what is wrong, or an empty text."""
    found = find(y, rate_hz)
    length = wanted.end - wanted.start
    pairs = [(first, last) for first in found for last in found
             if abs(last - first - length) < LARGEST_STRETCH * length]
    if not pairs:
        seen = "once" if found else "not at all"
        return 0, (f"x has its clicks at both ends, and y has them {seen}: record all of x, louder if need be, "
                   "without a noise gate")
    start, end = pairs[0]
    moved = end - start - length
    if abs(moved) > latency.LARGEST_MOVE:
        return 0, (f"from the first clicks to the last, y takes {moved:+d} samples more than x, "
                   f"{1e6 * moved / length:+.0f} ppm; record both with one clock, and lose no samples")
    shift = start - wanted.start
    second = _silence(x, y, shift, rate_hz)
    if second is not None:
        return shift, f"y is silent from {second} to {second + 1} s, where x plays"
    return shift, ""
