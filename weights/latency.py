# SPDX-License-Identifier: MIT
"""Finds the latency of a recorded system: the onset of its response, not the peak of a correlation.

A pedal's filters delay its loudest response but not its first, and a model that cannot look ahead needs
every sample of y to come from x at or before it. Therefore:

1. A correlation of x and y, both whitened with the inverse spectrum of x, over all lags of the recording,
   gives the neighbourhood. For octave fuzzes it is also tried with |x|.
2. Least squares give the impulse response of the system around it, before it as well as after it. What
   distorts answers to a clipped x more clearly than to x, and no function of single samples changes when
   they come: so x is also clipped at several levels, and the response with the least before it counts.
3. The onset is where this response first leaves the noise that precedes it.
4. The responses of sections of the recording tell whether the latency moves.
"""

from dataclasses import dataclass

import numpy as np
from scipy import fft
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter, oaconvolve

WHITENING_ORDER, WHITENING_FLOOR = 32, 1e-3
BEFORE, AFTER = 2048, 1024  # samples of the response before and after the correlation's peak
RIDGE = 1e-4  # part of the whitened input's energy that counts as noise
CLIPPING = (np.inf, 2.0, 0.5, 0.1)  # levels at which x is clipped, in parts of its RMS
SKIRT = slice(BEFORE - 512, BEFORE - 64)  # samples of the response that tell how clear it is
MUCH_LESS = 0.7
BLOCK = 1 << 16
NEIGHBOURHOOD_S = 0.05  # peaks of the correlation that are nearer than this belong to one latency
LEAST_CONFIDENCE = 1.5
SHORTEST_OVERLAP = 0.25  # of x and y, as a part of the shorter
EDGE = 128  # the first samples of a response hold what comes before it
ABOVE_NOISE, OF_PEAK = 4.0, 0.02  # the onset is this many times the noise, and this part of the peak
SURE = 0.2  # part of the peak that is a response beyond doubt
LONGEST_GAP = 16
LARGEST_MARGIN = 8
N_SECTIONS = 5
SHORTEST_SECTION_S = 0.5
OVERSAMPLING = 16
LEAST_ALIKE = 0.5  # correlation of two sections' responses that can be compared
SHORTEST_STRAY_S = 2
QUIET = 0.03  # of the loudest second's level; below it, a noise gate may close
STRAY = 0.2  # of the usual correlation of a second of y with what the response makes of x
LARGEST_MOVE = 1.5  # samples by which the sections may differ
LARGEST_BEND, JUMP = 0.25, 0.9  # parts of a move: a straight one without a jump comes from clocks


@dataclass(frozen=True)
class Latency:
    """The latency of one pair: y comes `samples` after x.

    `confidence` is the correlation's peak over the largest one elsewhere; below LEAST_CONFIDENCE, nothing
    is known. `moves` are the middles of sections in s, and their latencies in samples after the first's.
    `strays` are the parts, from s to s, in which y does not follow x.
    """

    samples: int
    confidence: float
    is_inverted: bool
    moves: tuple
    strays: tuple


def _lpc(x):
    """The coefficients of the filter that whitens x."""
    correlation = _correlate(x, x, 0, WHITENING_ORDER)
    correlation[0] *= 1 + WHITENING_FLOOR
    return np.concatenate([[1.0], -solve_toeplitz(correlation[:-1], correlation[1:])])


def _correlate(x, y, first, last):
    """The sum over t of x[t] y[t + lag], for lags from first to last, in blocks."""
    total = np.zeros(last - first + 1)
    n_fft = fft.next_fast_len(BLOCK + last - first)
    for start in range(0, len(x), BLOCK):
        block = x[start:start + BLOCK]
        low = start + first
        part = np.pad(y[max(0, low):start + len(block) + last], (max(0, -low), 0))
        total += fft.irfft(np.conj(fft.rfft(block, n_fft)) * fft.rfft(part, n_fft), n_fft)[:len(total)]
    return total


def _peak(x, y, rate_hz):
    """(lag, confidence, value) of the largest correlation of x and y over all lags."""
    n = fft.next_fast_len(len(x) + len(y))
    spectra = (fft.rfft(signal.astype(np.float32), n) for signal in (x, y))
    correlation = fft.irfft(np.conj(next(spectra)) * next(spectra), n)
    overlap = int(SHORTEST_OVERLAP * min(len(x), len(y)))
    lags = np.arange(overlap - len(x), len(y) - overlap + 1)
    values = correlation[lags % n]
    sizes = np.abs(values)
    best, near = int(np.argmax(sizes)), int(NEIGHBOURHOOD_S * rate_hz)
    elsewhere = np.concatenate([sizes[:max(0, best - near)], sizes[best + near:]])
    return int(lags[best]), float(sizes[best] / (elsewhere.max() + 1e-20)), float(values[best])


def cut(x, y, lag):
    """x and y without the lag, equally long."""
    x, y = x[max(0, -lag):], y[max(0, lag):]
    n = min(len(x), len(y))
    return x[:n], y[:n]


def _response(x, y):
    """The impulse response from x to y by least squares, from BEFORE samples before its input to AFTER after it."""
    own = _correlate(x, x, 0, BEFORE + AFTER)
    own[0] = own[0] * (1 + RIDGE) + 1e-20
    return solve_toeplitz(own, _correlate(x, y, -BEFORE, AFTER))


def _onset(response):
    """The index where the response leaves the noise before it, less half of its rise, which may have begun in it.

    Going back from the first sample that is a response beyond doubt, the response has begun where LONGEST_GAP samples
    together are noise.
    """
    sizes = np.abs(response)
    sizes[:EDGE] = 0
    noise = np.sqrt(np.mean(response[EDGE:BEFORE // 2] ** 2))
    sure = int(np.argmax(sizes >= min(max(2 * ABOVE_NOISE * noise, SURE * sizes.max()), sizes.max())))
    loud = np.flatnonzero(sizes[:sure + 1] >= min(max(ABOVE_NOISE * noise, OF_PEAK * sizes.max()), sizes[sure]))
    gaps = np.flatnonzero(np.diff(loud) > LONGEST_GAP)
    onset = int(loud[gaps[-1] + 1] if len(gaps) else loud[0])
    rise = int(np.argmax(sizes[onset:] >= sizes[onset:sure + LONGEST_GAP].max() / 2))
    return onset - min(LARGEST_MARGIN, (rise + 1) // 2)


def _whitened(source, y):
    """The source and y, both filtered with the inverse spectrum of the source."""
    source = source - source.mean()
    whitener = _lpc(source)
    return lfilter(whitener, 1, source), lfilter(whitener, 1, y)


def _clearest_response(source, y, lag):
    """The response to the source, or to the source clipped where that has much less before it."""
    level = np.sqrt(np.mean(source ** 2))
    best, least = None, np.inf
    for part in CLIPPING:
        response = _response(*cut(*_whitened(np.clip(source, -part * level, part * level), y), lag))
        skirt = np.sqrt(np.mean(response[SKIRT] ** 2)) / np.abs(response).max()
        if best is None or skirt < MUCH_LESS * least:
            best, least = response, skirt
    return best


def _shift(response, reference):
    """The samples, with a fraction, by which a response comes later than the reference; None if they differ."""
    n = fft.next_fast_len(2 * len(response))
    correlation = fft.irfft(fft.rfft(response, n) * np.conj(fft.rfft(reference, n)), OVERSAMPLING * n)
    best = int(np.argmax(correlation))
    alike = OVERSAMPLING * correlation[best] / np.sqrt((response ** 2).sum() * (reference ** 2).sum() + 1e-30)
    if alike < LEAST_ALIKE:
        return None
    return (best - len(correlation) if best > len(correlation) // 2 else best) / OVERSAMPLING


def _moves(x, y, rate_hz):
    """Where the middle of each section is, in s, and by how many samples its latency differs from the first's."""
    edges = np.linspace(0, len(x), N_SECTIONS + 1).astype(int)
    if edges[1] < SHORTEST_SECTION_S * rate_hz:
        return ()
    sections = [(a, b) for a, b in zip(edges, edges[1:]) if x[a:b].any() and y[a:b].any()]
    responses = [_response(x[a:b], y[a:b]) for a, b in sections]
    shifts = [_shift(response, responses[0]) for response in responses]
    return tuple(((a + b) / 2 / rate_hz, shift) for (a, b), shift in zip(sections, shifts) if shift is not None)


def _far_moves(x, y, rate_hz):
    """As _moves for the first and the last third, of which each has a latency where the whole has none."""
    third = len(x) // 3
    found = [_peak(x[a:a + third], y, rate_hz) for a in (0, len(x) - third)]
    if min(confidence for _, confidence, _ in found) < LEAST_CONFIDENCE:
        return ()
    first, last = found[0][0], found[1][0] - (len(x) - third)
    return (third / 2 / rate_hz, 0.0), ((len(x) - third / 2) / rate_hz, float(last - first))


def _stray(x, source, target, response, rate_hz):
    """(start_s, end_s) of each part in which x plays and y does not follow it."""
    second = int(rate_hz)
    n = len(source) // second
    if n < 2 * SHORTEST_STRAY_S:
        return ()
    predicted = oaconvolve(np.pad(source, (AFTER, BEFORE)), response, "valid")[:len(target)]
    x, predicted, target = (signal[:n * second].reshape(n, second) for signal in (x, predicted, target))
    level = np.sqrt((x ** 2).mean(1))
    follows = (predicted * target).sum(1) / np.sqrt((predicted ** 2).sum(1) * (target ** 2).sum(1) + 1e-30)
    strays = (level > QUIET * level.max()) & (follows < STRAY * np.median(follows[level > QUIET * level.max()]))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], strays.astype(int), [0]])))
    return tuple((int(a), int(b)) for a, b in edges.reshape(-1, 2) if b - a >= SHORTEST_STRAY_S)


def find(x, y, rate_hz):
    """The Latency of y after x, both [n], with any lengths."""
    x, y = x - x.mean(), y - y.mean()
    found = []
    for function in (np.asarray, np.abs):
        source, target = _whitened(function(x), y)
        found.append((_peak(source, target, rate_hz), function, source, target))
    (lag, confidence, value), function, source, target = max(found, key=lambda one: one[0][1])
    if confidence < LEAST_CONFIDENCE:
        return Latency(lag, confidence, False, _far_moves(source, target, rate_hz), ())
    onset = _onset(_clearest_response(function(x), y, lag))
    audible = cut(x, y, lag)[0]
    source, target = cut(source, target, lag)
    return Latency(lag + onset - BEFORE, confidence, value < 0, _moves(source, target, rate_hz),
                   _stray(audible, source, target, _response(source, target), rate_hz))


def fault(found, rate_hz):
    """Why no latency explains a pair, as the end of a sentence; empty if one does."""
    seconds, shifts = np.array(found.moves).reshape(-1, 2).T
    if len(shifts) > 1 and np.ptp(shifts) > LARGEST_MOVE:
        slope, start = np.polyfit(seconds, shifts, 1)
        bend, jump = np.abs(start + slope * seconds - shifts).max(), np.abs(np.diff(shifts)).max()
        if bend <= LARGEST_BEND * np.ptp(shifts) + 0.5 and (len(shifts) == 2 or jump < JUMP * np.ptp(shifts)):
            return (f"the clocks of x and y differ by about {1e6 * abs(slope) / rate_hz:.0f} ppm, {np.ptp(shifts):.0f} "
                    f"samples from {seconds[0]:.0f} to {seconds[-1]:.0f} s; record both with one clock")
        return (f"the latency of y moves by {np.ptp(shifts):.0f} samples between {seconds[0]:.0f} and "
                f"{seconds[-1]:.0f} s; a recorder dropped samples, or a tape was in between")
    if found.confidence < LEAST_CONFIDENCE:
        return (f"no latency explains y: at the likeliest, {found.samples} samples, y is only {found.confidence:.2f} "
                f"times as like x as at the next; the limit is {LEAST_CONFIDENCE:g}; y is not a recording of x, or x "
                "repeats itself")
    if len(shifts) == 1:
        return "the response of y to x changes from section to section; the clocks of x and y may be far apart"
    for start_s, end_s in found.strays:
        return f"y does not follow x from {start_s} to {end_s} s: it is silent there, or plays something else"
    return ""
