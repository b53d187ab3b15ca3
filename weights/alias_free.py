# SPDX-License-Identifier: MIT
"""Plays a model without its aliasing: at 8 times its rate with a state delay of 8 samples, then decimated."""

import numpy as np
import torch

import training_kernel

OVERSAMPLING = 8
STREAMS_AT_ONCE = 16
PASS_HZ = 21500  # where the decimator's pass band ends; a raised cosine falls from there to half the rate


def upsample(x, factor):
    """x [streams][n] resampled to `factor` times its rate in its spectrum; x must fade at both ends."""
    spectrum = np.fft.rfft(x)
    spectrum[:, -1] = 0
    return np.fft.irfft(spectrum * factor, x.shape[1] * factor)


def downsample(y, factor, sample_rate_hz):
    """y [streams][n] resampled to 1/`factor` of its rate in its spectrum, without phase shift."""
    n = y.shape[1] // factor
    spectrum = np.fft.rfft(y)[:, :n // 2 + 1] / factor
    frequency = np.linspace(0, sample_rate_hz / 2, n // 2 + 1)
    edge = (frequency - PASS_HZ) / (sample_rate_hz / 2 - PASS_HZ)
    return np.fft.irfft(spectrum * (0.5 + 0.5 * np.cos(np.pi * edge.clip(0, 1))), n)


def play(model, x, knobs, sample_rate_hz):
    """The model's output for x [streams][n] at knobs [streams][n_knobs], without its aliasing."""
    y = np.empty(x.shape)
    for start in range(0, len(x), STREAMS_AT_ONCE):
        rows = slice(start, start + STREAMS_AT_ONCE)
        wide = torch.from_numpy(upsample(x[rows], OVERSAMPLING).astype(np.float32))
        theta = model.theta(torch.from_numpy(knobs[rows]))
        wide_y, _ = training_kernel.render(wide, theta, model.out_weight, model.out_bias, delay=OVERSAMPLING,
                                           cell=model.cell)
        y[rows] = downsample(wide_y.numpy(), OVERSAMPLING, sample_rate_hz)
    return y
