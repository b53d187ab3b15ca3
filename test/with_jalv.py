#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""jalv under a JACK server without a sound card, in freewheel mode: sound, controls, a preset, latency."""

import os
import re
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import jack
import numpy as np
import soundfile
from scipy.signal import correlate

import common

URI = "urn:od3-lv2:od3"
SERVER = f"od3-test-{os.getpid()}"
RATE_HZ, PERIOD = 48000, 128
N = 2 * RATE_HZ
TIMEOUT_S = 30


def wait_for(condition):
    """Waits until condition() holds, or fails."""
    end = time.monotonic() + TIMEOUT_S
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)


class Player:
    """A JACK client that plays a clip and records what comes back."""

    def __init__(self, clip):
        self.clip, self.recorded, self.position = clip, np.zeros(len(clip) + 8 * PERIOD, np.float32), None
        self.client = jack.Client("player", servername=SERVER)
        self.input, self.output = self.client.inports.register("in"), self.client.outports.register("out")
        self.client.set_process_callback(self.process)
        self.client.activate()

    def process(self, n_frames):
        """JACK's callback, one period."""
        out = self.output.get_array()
        out[:] = 0
        if self.position is None or self.position + n_frames > len(self.recorded):
            return
        part = slice(self.position, self.position + n_frames)
        out[:len(self.clip[part])] = self.clip[part]
        self.recorded[part] = self.input.get_array()
        self.position += n_frames

    def play(self):
        """What comes back for the clip, as fast as it goes."""
        self.client.set_freewheel(True)
        time.sleep(0.2)
        self.recorded[:] = 0
        self.position = 0
        wait_for(lambda: self.position + PERIOD > len(self.recorded))
        self.position = None
        self.client.set_freewheel(False)
        return self.recorded.astype(np.float64)


class Jalv(unittest.TestCase):
    def setUp(self):
        os.environ.update(JACK_DEFAULT_SERVER=SERVER, JACK_NO_AUDIO_RESERVATION="1")
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.folder = Path(self._folder.name)
        self.clip, _ = soundfile.read(common.TOP / "test/guitar.flac", frames=N, dtype="float32")
        self.start("jackd", "-n", SERVER, "-d", "dummy", "-r", str(RATE_HZ), "-p", str(PERIOD))
        subprocess.run(["jack_wait", "-s", SERVER, "-w", "-t", "20"], check=True, capture_output=True)
        self.player = Player(self.clip)
        self.addCleanup(self.player.client.close)

    def start(self, *command):
        """A process that ends with the test; its words go to a file."""
        log = open(self.folder / f"{command[0]}.log", "a", encoding="utf-8")  # closed by the cleanup
        process = subprocess.Popen(["stdbuf", "-oL", *command], stdin=subprocess.PIPE, stdout=log, stderr=log,
                                   text=True)

        def stop():
            process.stdin.close()
            process.terminate()
            process.wait(TIMEOUT_S)
            log.close()

        self.addCleanup(stop)
        return process

    def said(self):
        return (self.folder / "jalv.log").read_text()

    def jalv(self, *controls):
        """A connected jalv."""
        process = self.start("jalv", "-p", "-n", "od3", *(word for c in controls for word in ("-c", c)), URI)
        wait_for(lambda: self.player.client.get_ports("od3:out"))
        wait_for(lambda: self.connect(self.player.output, "od3:in"))  # its ports come before they work
        wait_for(lambda: self.connect("od3:out", self.player.input))
        return process

    def connect(self, output, target):
        """Whether it could be done."""
        try:
            self.player.client.connect(output, target)
        except jack.JackErrorCode:
            return False
        return True

    def offline(self, **controls):
        """lv2apply's render, its latency included."""
        padded = np.concatenate([self.clip, np.zeros(8 * PERIOD, np.float32)])
        soundfile.write(self.folder / "in.wav", padded, RATE_HZ, "FLOAT")
        words = [word for name, value in controls.items() for word in ("-c", name, str(value))]
        subprocess.run(["lv2apply", "-i", self.folder / "in.wav", "-o", self.folder / "out.wav", *words, URI],
                       check=True, capture_output=True)
        return soundfile.read(self.folder / "out.wav")[0]

    def compare(self, played, wanted):
        """The lag at which they are the same to -100 dB."""
        lag = int(np.argmax(correlate(played, wanted, method="fft"))) - (len(wanted) - 1)
        difference = played[lag:] - wanted[:len(wanted) - lag]
        difference_db = 10 * np.log10(np.sum(difference ** 2) / np.sum(wanted ** 2) + 1e-20)
        common.note(f"{difference_db:.1f} dB from an offline render, {lag} frames later")
        self.assertLess(difference_db, -100)
        return lag

    def test_plays(self):
        """controls set on the command line and at the prompt are heard"""
        process = self.jalv("gain=7", "oversampling=1")
        self.compare(self.player.play(), self.offline(gain=7, oversampling=1))
        process.stdin.write("set 2 1.5\n")
        process.stdin.flush()
        wait_for(lambda: "gain = 1.5" in self.said())
        self.player.play()  # the knob glides
        self.compare(self.player.play(), self.offline(gain=1.5, oversampling=1))

    def test_preset(self):
        """a preset of the bundle loads, and is heard"""
        process = self.jalv("oversampling=1")
        for command, answer in (("presets", r"preset-blues-lead \(Blues Lead\)"),
                                (f"preset {URI}#preset-blues-lead\ncontrols", r"gain = 6\.5.*level = \S+\n")):
            process.stdin.write(f"{command}\n")
            process.stdin.flush()
            wait_for(lambda answer=answer: re.search(answer, self.said(), re.DOTALL))
        level_db = float(re.findall(r"level = (\S+)", self.said())[-1])
        self.player.play()
        self.compare(self.player.play(), self.offline(gain=6.5, tone=4, level=level_db, oversampling=1))

    def test_latency(self):
        """what the sound is late by at 2x and 4x is what jalv tells JACK"""
        base = None
        for times in (1, 2, 4):
            process = self.jalv(f"oversampling={times}")
            played = self.player.play()
            lag = int(np.argmax(correlate(played, self.offline(oversampling=1), method="fft")))
            base = lag if base is None else base
            ports = subprocess.run(["jack_lsp", "-s", SERVER, "-l", "od3:"], check=True, capture_output=True, text=True)
            reported = max(int(frames) for frames in re.findall(r"latency = \[ (\d+) ", ports.stdout))
            common.note(f"{times}x: reported {reported} frames, heard {lag - base}")
            self.assertEqual(lag - base, reported)
            self.assertEqual(reported > 0, times > 1)
            process.stdin.close()
            process.terminate()
            process.wait(TIMEOUT_S)


if __name__ == "__main__":
    common.main()
