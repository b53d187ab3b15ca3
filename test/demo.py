#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plays a guitar through the built bundle with lv2file, and draws what it does.

usage: demo.py [INPUT]     without INPUT: guitar.flac, which riff.py made

Writes demo/NAME-od3.wav and demo/NAME-od3.png: waveform and spectrogram, in against out.
"""

import os
import subprocess
import sys
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


def play(source, out):
    """Renders source through the plugin into out; the tool's complaint and exit status 1 if it can't."""
    command = ["lv2file", "-b", "64", "-i", source, "-o", out, "-p", f"gain:{GAIN}", "-p", f"tone:{TONE}", "-p",
               f"level:{LEVEL_DB}", "-p", "enabled:1", "-p", "oversampling:2", "-m", URI]
    try:
        result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    except OSError as error:
        sys.exit(f"demo: lv2file does not run: {error}")
    if result.returncode or not Path(out).exists():
        sys.exit(f"demo: lv2file could not play {source}: {result.stderr.strip()}")


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
    top = Path(os.environ.get("OD3_TOP") or Path(__file__).resolve().parent.parent)
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else top / "test/guitar.flac"
    if not source.is_file():
        sys.exit(f"demo: there is no file {source}")
    folder = top / "demo"
    folder.mkdir(exist_ok=True)
    out, picture = (folder / f"{source.stem}-od3{suffix}" for suffix in (".wav", ".png"))
    out.unlink(missing_ok=True)
    play(source, out)
    draw(source, out, picture)
    print(f"Hear it:  {out}\nSee it:   {picture}")


if __name__ == "__main__":
    main()
