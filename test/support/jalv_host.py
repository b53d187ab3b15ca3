# SPDX-License-Identifier: MIT
"""A freewheeling JACK server without a sound card, a client that plays a clip through a host, and the host jalv."""

import os
import re
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import common
import jack
import numpy as np
import soundfile
from scipy.signal import correlate

SERVER = f"od3-test-{os.getpid()}"
RATE_HZ, PERIOD = 48000, 128
N = 2 * RATE_HZ
TIMEOUT_S = 120


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
        """Plays the clip faster than real time; the recording."""
        self.client.set_freewheel(True)
        time.sleep(0.2)
        self.recorded[:] = 0
        self.position = 0
        wait_for(lambda: self.position + PERIOD > len(self.recorded))
        self.position = None
        self.client.set_freewheel(False)
        return self.recorded.astype(np.float64)


class JackCase(unittest.TestCase):
    """A test with a JACK server and a player."""

    def setUp(self):
        os.environ.update(JACK_DEFAULT_SERVER=SERVER, JACK_NO_AUDIO_RESERVATION="1")
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.folder = Path(self._folder.name)
        self.clip, _ = soundfile.read(common.TOP / "test/data/guitar.flac", frames=N, dtype="float32")
        self.start("jackd", "-n", SERVER, "-d", "dummy", "-r", str(RATE_HZ), "-p", str(PERIOD))
        subprocess.run(["jack_wait", "-s", SERVER, "-w", "-t", "20"], check=True, capture_output=True)
        self.player = Player(self.clip)
        self.addCleanup(self.player.client.close)

    def start(self, *command):
        """A process that ends with the test; its output goes to a log file."""
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

    def connect(self, output, target):
        """Connects two ports; whether JACK did it."""
        try:
            self.player.client.connect(output, target)
        except jack.JackErrorCode:
            return False
        return True

    def compare(self, played, wanted):
        """Asserts that both are the same to -100 dB after a lag; the lag in frames."""
        lag = int(np.argmax(correlate(played, wanted, method="fft"))) - (len(wanted) - 1)
        difference = played[lag:] - wanted[:len(wanted) - lag]
        difference_db = 10 * np.log10(np.sum(difference ** 2) / np.sum(wanted ** 2) + 1e-20)
        common.note(f"{difference_db:.1f} dB from an offline render, {lag} frames later")
        self.assertLess(difference_db, -100)
        return lag


class JalvCase(JackCase):
    """A test in which jalv() starts a plugin."""

    def said(self):
        return (self.folder / "jalv.log").read_text()

    def jalv(self, uri, *controls, options=()):
        """Starts jalv with a plugin and connects it to the player."""
        words = [word for control in controls for word in ("-c", control)]
        process = self.start("jalv", "-p", "-n", "od3", *options, *words, uri)
        wait_for(lambda: self.player.client.get_ports("od3:out"))
        wait_for(lambda: self.connect(self.player.output, "od3:in"))  # its ports come before they work
        wait_for(lambda: self.connect("od3:out", self.player.input))
        return process

    def tell(self, process, command, answer):
        """Types a command at jalv's prompt, and waits for an answer in its log."""
        process.stdin.write(f"{command}\n")
        process.stdin.flush()
        wait_for(lambda: re.search(answer, self.said(), re.DOTALL))

    def reported_frames(self, client):
        """The latency that a client reports to JACK."""
        ports = subprocess.run(["jack_lsp", "-s", SERVER, "-l", client], check=True, capture_output=True, text=True)
        return max((int(frames) for frames in re.findall(r"latency = \[ (\d+) ", ports.stdout)), default=0)
