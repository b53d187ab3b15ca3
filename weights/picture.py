# SPDX-License-Identifier: MIT
"""Draws a model's error against its target, and what measure.py measures."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402 # after the choice of a backend
import numpy as np  # noqa: E402
from matplotlib.colors import LogNorm  # noqa: E402

NFFT = 2048
FLOOR_DB, TOP_DB = -110, -30
CLOSE_UP_S = 0.012
LEAST_PERCENT = 1e-4  # of an ESR that a heat map tells from 0
MOST_WRITTEN = 121  # fields that still have room for their numbers
LIGHT = 0.6  # part of the colour map from where it is light


def _save(figure, path):
    figure.savefig(path, dpi=90)
    plt.close(figure)


def spectrogram(axes, audio, rate_hz, title):
    with np.errstate(divide="ignore"):  # silence
        image = axes.specgram(audio, NFFT=NFFT, Fs=rate_hz, noverlap=NFFT * 3 // 4, scale="dB", mode="magnitude",
                              cmap="magma", vmin=FLOOR_DB, vmax=TOP_DB)[3]
    axes.set(title=title, xlabel="seconds", ylabel="Hz", ylim=(0, 20000))
    return image


def heat(figure, axes, ratios, knobs):
    """ESR [rows][columns] over two knobs, each (name, values); NaN where there is none."""
    percents = 100 * ratios
    known = percents[np.isfinite(percents)]
    scale = LogNorm(max(LEAST_PERCENT, known.min()), max(2 * LEAST_PERCENT, 1.01 * known.max()))
    image = axes.imshow(percents.clip(LEAST_PERCENT), origin="lower", cmap="viridis", norm=scale, aspect="auto")
    for (row, column), percent in np.ndenumerate(percents if percents.size <= MOST_WRITTEN else percents[:0]):
        if np.isfinite(percent):
            is_light = scale(max(LEAST_PERCENT, percent)) > LIGHT
            axes.text(column, row, f"{percent:.2g}", ha="center", va="center", color="black" if is_light else "white")
    (down, rows), (across, columns) = knobs
    axes.set(title="ESR in %", xlabel=across, ylabel=down, xticks=range(len(columns)),
             xticklabels=[f"{value:.3g}" for value in columns] if across else [""], yticks=range(len(rows)),
             yticklabels=[f"{value:.3g}" for value in rows] if down else [""])
    figure.colorbar(image, ax=axes, format="%.2g").minorticks_off()


def heats(path, maps):
    """Heat maps beside each other: (ratios, knobs) as heat takes them."""
    columns = min(3, len(maps))
    rows = -(-len(maps) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(5 * columns, 4 * rows), layout="constrained", squeeze=False)
    for axis, one in zip(axes.ravel(), maps):
        heat(figure, axis, *one)
    _save(figure, path)


def draw(path, rate_hz, ratios, knobs, target, played, title):
    """Writes a PNG: the ratios as a heat map; the target, the model's output [n] and their difference."""
    figure, axes = plt.subplots(2, 3, figsize=(15, 8), layout="constrained")
    figure.suptitle(title)
    heat(figure, axes[0, 0], ratios, knobs)
    loudest = max(0, int(np.argmax(np.abs(target))) - int(CLOSE_UP_S * rate_hz / 2))
    part = slice(loudest, loudest + int(CLOSE_UP_S * rate_hz))
    milliseconds = 1000 * np.arange(len(target))[part] / rate_hz
    axes[0, 1].plot(milliseconds, target[part], label="target", color="black", linewidth=2)
    axes[0, 1].plot(milliseconds, played[part], label="model", color="orange", linewidth=1)
    axes[0, 1].set(title="at the loudest sample", xlabel="ms")
    axes[0, 1].legend()
    for label, signal, color in (("target", target, "black"), ("model", played, "orange"),
                                 ("difference", played - target, "crimson")):
        power = np.mean(np.abs(np.fft.rfft(_frames(signal) * np.hanning(NFFT))) ** 2, 0)
        axes[0, 2].semilogx(np.fft.rfftfreq(NFFT, 1 / rate_hz)[1:], 10 * np.log10(power[1:] + 1e-20), label=label,
                            color=color, linewidth=1)
    axes[0, 2].set(title="spectrum", xlabel="Hz", ylabel="dB", xlim=(40, rate_hz / 2))
    axes[0, 2].legend()
    for column, (label, signal) in enumerate((("target", target), ("model", played), ("difference", played - target))):
        image = spectrogram(axes[1, column], signal, rate_hz, label)
    figure.colorbar(image, ax=axes[1, :], label="dB")
    _save(figure, path)


def _frames(signal):
    return signal[:len(signal) // NFFT * NFFT].reshape(-1, NFFT)


def losses(path, log):
    """log [rows][minutes, step, train, valid]."""
    figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
    for column, name in ((2, "train"), (3, "valid")):
        axes.loglog(log[:, 1], log[:, column], marker="o", markersize=3, label=name)
    axes.set(xlabel="step", ylabel="mean relative error")
    axes.grid(alpha=0.3)
    axes.legend()
    _save(figure, path)


def curves(path, panels, is_log=False):
    """Panels side by side: (title, xlabel, ylabel, [(label, x, model's y, target's y or None)])."""
    figure, axes = plt.subplots(1, len(panels), figsize=(5 * len(panels), 4), layout="constrained", squeeze=False)
    for axis, (title, xlabel, ylabel, lines) in zip(axes[0], panels):
        for number, (label, x, model, target) in enumerate(lines):
            axis.plot(x, model, color=f"C{number}", label=label)
            if target is not None:
                axis.plot(x, target, color="black", linewidth=0.8, linestyle="--")
        axis.set(title=title, xlabel=xlabel, ylabel=ylabel, xscale="log" if is_log else "linear")
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
    _save(figure, path)


def sweeps(path, sounds):
    """Spectrograms beside each other: (title, sound [n], rate in Hz)."""
    figure, axes = plt.subplots(1, len(sounds), figsize=(5 * len(sounds), 4), layout="constrained")
    for axis, (title, sound, rate_hz) in zip(axes, sounds):
        image = spectrogram(axis, sound, rate_hz, title)
    figure.colorbar(image, ax=axes, label="dB")
    _save(figure, path)


def rest_maps(path, maps, knobs, limit):
    """Maps beside each other: (title, peak-to-peak [rows][columns]) over two knobs, each (name, values)."""
    figure, axes = plt.subplots(1, len(maps), figsize=(3.4 * len(maps), 3.6), layout="constrained", squeeze=False)
    (down, rows), (across, columns) = knobs
    extent = [columns[0], columns[-1] if across else 1, rows[0], rows[-1] if down else 1]
    for axis, (title, moves) in zip(axes[0], maps):
        image = axis.imshow(np.log10(moves + 1e-9), origin="lower", extent=extent, aspect="auto", vmin=-8,
                            vmax=np.log10(limit) + 2, cmap="magma")
        axis.set(title=title, xlabel=across, ylabel=down)
    figure.colorbar(image, ax=axes, label="peak to peak, log10")
    _save(figure, path)
