# SPDX-License-Identifier: MIT
"""Pictures: how far a model is from its target, and everything that measure.py measures."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402 # after the choice of a backend
import numpy as np  # noqa: E402

NFFT = 2048
FLOOR_DB, TOP_DB = -110, -30
CLOSE_UP_S = 0.012


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
    """ESR [rows][columns] over the first two knobs, each (name, values); NaN where there is none."""
    image = axes.imshow(100 * ratios, origin="lower", cmap="viridis")
    for (row, column), ratio in np.ndenumerate(100 * ratios):
        if np.isfinite(ratio):
            axes.text(column, row, f"{ratio:.2f}", ha="center", va="center", color="white", fontsize=8)
    (down, rows), (across, columns) = knobs
    axes.set(title="ESR in %", xlabel=across, ylabel=down, xticks=range(len(columns)),
             xticklabels=[f"{value:+.2g}" for value in columns], yticks=range(len(rows)),
             yticklabels=[f"{value:+.2g}" for value in rows])
    figure.colorbar(image, ax=axes)


def draw(path, rate_hz, ratios, knobs, target, played, title):
    """Writes a PNG: ratios as a heat map, and the target, what was played [n] and their difference."""
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
        axes.semilogy(log[:, 1], log[:, column], label=name)
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


def rest_maps(path, maps, names, limit):
    """Maps beside each other: (title, peak-to-peak [rows][columns]) over the first two knobs, -1...+1."""
    figure, axes = plt.subplots(1, len(maps), figsize=(3.4 * len(maps), 3.6), layout="constrained", squeeze=False)
    for axis, (title, moves) in zip(axes[0], maps):
        image = axis.imshow(np.log10(moves + 1e-9), origin="lower", extent=(-1, 1, -1, 1), vmin=-8,
                            vmax=np.log10(limit) + 2, cmap="magma")
        axis.set(title=title, xlabel=names[1], ylabel=names[0])
    figure.colorbar(image, ax=axes, label="peak to peak, log10")
    _save(figure, path)
