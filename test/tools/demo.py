#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plays a guitar through the built bundle with lv2file, and draws the input and output.

usage: demo.py [INPUT]     without INPUT: guitar.flac, which riff.py made

INPUT is any file that libsndfile reads, with any sample rate and number of channels. The pedal is mono: it plays the
mean of the channels that are not silent. Writes demo/NAME-od3.wav and demo/NAME-od3.png: waveforms and spectrograms of
input and output.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402 # after the choice of a backend
import numpy as np  # noqa: E402
import soundfile  # noqa: E402

URI = "urn:od3-lv2:od3"
GAIN, TONE, LEVEL_DB = 7.0, 6.0, -3.0
FLOOR_DB = -100
NFFT = 2048
SILENT = 0.01  # of the loudest channel's RMS: below it, a channel has noise and crosstalk only


def mono(path):
    """Reads a sound file. Returns (samples of one channel, rate_hz); exits with one line when it cannot be played.

    Prints which of several channels are played.
    """
    try:
        audio, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        sys.exit(f"demo: {path} is no sound file that can be read ({error.error_string.rstrip('.')}); convert it, for "
                 "example with: ffmpeg -i INPUT out.wav")
    if not len(audio):
        sys.exit(f"demo: {path} has no samples; a recorder that lost power leaves such a file")
    finite = np.isfinite(audio).all(1)
    if not finite.all():
        sys.exit(f"demo: {path}: sample {int(np.argmin(finite))} is not finite")
    if not audio.any():
        sys.exit(f"demo: {path} is silent")
    return one_channel(path, audio), rate_hz


def one_channel(path, audio):
    """Returns what a mono pedal plays of audio [n][channels], and prints what that is."""
    n_channels = audio.shape[1]
    levels = np.sqrt((audio.astype(np.float64) ** 2).mean(0))
    (heard,) = np.nonzero(levels >= SILENT * levels.max())
    mixed = audio[:, heard].mean(1)
    if np.sqrt((mixed.astype(np.float64) ** 2).mean()) < SILENT * levels.max():
        heard = heard[:1]
        print(f"{path}: the channels cancel each other; channel {heard[0] + 1} of {n_channels} is played")
        return audio[:, heard[0]]
    if len(heard) < n_channels:
        numbers = ", ".join(str(channel + 1) for channel in heard)
        print(f"{path}: of {n_channels} channels, {numbers} {'are' if len(heard) > 1 else 'is'} played; the others are "
              "silent")
    elif n_channels > 1:
        print(f"{path}: {n_channels} channels are mixed to one, since the pedal is mono")
    return mixed


def play(source, out):
    """Renders a mono file through the plugin into out. Exits with 1 and lv2file's message when it fails."""
    command = ["lv2file", "-b", "64", "-i", source, "-o", out, "-p", f"gain:{GAIN}", "-p", f"tone:{TONE}", "-p",
               f"level:{LEVEL_DB}", "-p", "enabled:1", "-p", "oversampling:2", URI]
    try:
        result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    except OSError as error:
        sys.exit(f"demo: lv2file does not run: {error}")
    if result.returncode or not Path(out).exists():
        sys.exit(f"demo: lv2file failed: {result.stderr.strip()}")


def draw(source, out, picture):
    figure, axes = plt.subplots(2, 2, figsize=(12, 6.5), sharex=True, layout="constrained")
    for column, (title, path) in enumerate((("in", source), ("out", out))):
        audio, rate_hz = soundfile.read(path, always_2d=True)
        audio = audio[:, 0]
        seconds = np.arange(len(audio)) / rate_hz
        axes[0, column].plot(seconds, audio, linewidth=0.4, color="#20639b")
        axes[0, column].set(title=title, ylim=(-1, 1), ylabel="sample")
        axes[0, column].grid(alpha=0.3)
        with np.errstate(divide="ignore"):  # silence
            image = axes[1, column].specgram(audio, NFFT=NFFT, Fs=rate_hz, noverlap=NFFT * 3 // 4,
                                             scale="dB", mode="magnitude", cmap="magma", vmin=FLOOR_DB, vmax=-30)[3]
        axes[1, column].set(xlabel="seconds", ylabel="Hz", ylim=(0, min(20000, rate_hz / 2)),
                            xlim=(0, len(audio) / rate_hz))
    figure.colorbar(image, ax=axes[1, :], label="dB")
    figure.suptitle(f"od3.lv2: gain {GAIN:g}, tone {TONE:g}, level {LEVEL_DB:g} dB")
    figure.savefig(picture, dpi=110)


def main():
    top = Path(os.environ.get("OD3_TOP") or Path(__file__).resolve().parents[2])
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else top / "test/data/guitar.flac"
    if not source.is_file():
        sys.exit(f"demo: there is no file {source}")
    folder = top / "demo"
    folder.mkdir(exist_ok=True)
    out, picture = (folder / f"{source.stem}-od3{suffix}" for suffix in (".wav", ".png"))
    out.unlink(missing_ok=True)
    samples, rate_hz = mono(source)
    with tempfile.TemporaryDirectory() as scratch:
        mixed = Path(scratch) / "in.wav"
        soundfile.write(mixed, samples, rate_hz, "FLOAT")
        play(mixed, out)
        draw(mixed, out, picture)
    print(f"Hear it:  {out}\nSee it:   {picture}")


if __name__ == "__main__":
    main()
