# SPDX-License-Identifier: MIT
"""One picture of how far a model is from its teacher."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402 # after the choice of a backend
import numpy as np  # noqa: E402

NFFT = 2048
FLOOR_DB, TOP_DB = -110, -30
CLOSE_UP_S = 0.012


def _spectrogram(axes, audio, rate_hz, title):
    with np.errstate(divide="ignore"):  # silence
        image = axes.specgram(audio, NFFT=NFFT, Fs=rate_hz, noverlap=NFFT * 3 // 4, scale="dB", mode="magnitude",
                              cmap="magma", vmin=FLOOR_DB, vmax=TOP_DB)[3]
    axes.set(title=title, xlabel="seconds", ylabel="Hz", ylim=(0, 20000))
    return image


def _heat(figure, axes, grid, ratios):
    image = axes.imshow(100 * ratios, origin="lower", cmap="viridis")
    for (row, column), ratio in np.ndenumerate(100 * ratios):
        axes.text(column, row, f"{ratio:.2f}", ha="center", va="center", color="white", fontsize=8)
    ticks = [f"{value:+.1f}" for value in grid]
    axes.set(title="ESR in % over the knobs", xlabel="tone", ylabel="gain", xticks=range(len(grid)), xticklabels=ticks,
             yticks=range(len(grid)), yticklabels=ticks)
    figure.colorbar(image, ax=axes)


def draw(path, rate_hz, grid, ratios, target, played, title):
    """Writes a PNG: ratios [5][5] as a heat map, and the target, what was played [n] and their difference."""
    figure, axes = plt.subplots(2, 3, figsize=(15, 8), layout="constrained")
    figure.suptitle(title)
    _heat(figure, axes[0, 0], grid, ratios)
    loudest = max(0, int(np.argmax(np.abs(target))) - int(CLOSE_UP_S * rate_hz / 2))
    part = slice(loudest, loudest + int(CLOSE_UP_S * rate_hz))
    milliseconds = 1000 * np.arange(len(target))[part] / rate_hz
    axes[0, 1].plot(milliseconds, target[part], label="teacher", color="black", linewidth=2)
    axes[0, 1].plot(milliseconds, played[part], label="model", color="orange", linewidth=1)
    axes[0, 1].set(title="at the loudest sample", xlabel="ms")
    axes[0, 1].legend()
    for label, signal, color in (("teacher", target, "black"), ("model", played, "orange"),
                                 ("difference", played - target, "crimson")):
        power = np.mean(np.abs(np.fft.rfft(_frames(signal) * np.hanning(NFFT))) ** 2, 0)
        axes[0, 2].semilogx(np.fft.rfftfreq(NFFT, 1 / rate_hz)[1:], 10 * np.log10(power[1:] + 1e-20), label=label,
                            color=color, linewidth=1)
    axes[0, 2].set(title="spectrum", xlabel="Hz", ylabel="dB", xlim=(40, rate_hz / 2))
    axes[0, 2].legend()
    for column, (label, signal) in enumerate((("teacher", target), ("model", played), ("difference", played - target))):
        image = _spectrogram(axes[1, column], signal, rate_hz, label)
    figure.colorbar(image, ax=axes[1, :], label="dB")
    figure.savefig(path, dpi=90)


def _frames(signal):
    return signal[:len(signal) // NFFT * NFFT].reshape(-1, NFFT)
