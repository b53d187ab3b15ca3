#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""64 instances in one process under a JACK server without a sound card: sound, memory and load."""

import os
import subprocess
import time
import unittest

import jack
import numpy as np
import soundfile

import common

SERVER = f"od3-load-{os.getpid()}"
RATE_HZ, PERIOD = 48000, 128
N = RATE_HZ // PERIOD * PERIOD
N_INSTANCES = 64
LOAD_S = 3
TIMEOUT_S = 60
SETTINGS = "a third each at 1x, 2x and 4x, all knobs moving"
RACK = common.BUILD / "test/hosts/rack"


class Clip:
    """Two JACK clients: one plays a clip and one records all instances, while the transport rolls."""

    def __init__(self, clip):
        self.clip, self.played, self.n_recorded = clip, 0, 0
        self.recorded = np.zeros((N_INSTANCES, len(clip)), np.float32)
        self.player, self.recorder = (jack.Client(name, servername=SERVER) for name in ("player", "recorder"))
        self.output = self.player.outports.register("out")
        self.inputs = [self.recorder.inports.register(f"in_{i}") for i in range(N_INSTANCES)]
        self.player.set_process_callback(self.play)
        self.recorder.set_process_callback(self.record)
        self.player.activate()
        self.recorder.activate()

    def play(self, _n_frames):
        """Plays the clip in a loop."""
        part = self.clip[self.played:self.played + PERIOD]
        is_rolling = self.player.transport_state == jack.ROLLING
        self.output.get_array()[:] = part if is_rolling else 0
        self.played = (self.played + PERIOD * is_rolling) % len(self.clip)

    def record(self, _n_frames):
        """Records the first pass of the clip."""
        if self.recorder.transport_state == jack.ROLLING and self.n_recorded < len(self.clip):
            for recorded, port in zip(self.recorded, self.inputs):
                recorded[self.n_recorded:self.n_recorded + PERIOD] = port.get_array()
            self.n_recorded += PERIOD

    def close(self):
        """Closes both clients."""
        self.recorder.close()
        self.player.close()


class Load(unittest.TestCase):
    def setUp(self):
        os.environ.update(JACK_DEFAULT_SERVER=SERVER, JACK_NO_AUDIO_RESERVATION="1")
        self.start("jackd", "-n", SERVER, "-d", "dummy", "-r", str(RATE_HZ), "-p", str(PERIOD))
        common.run("jack_wait", "-s", SERVER, "-w", "-t", "20")
        clip, _ = soundfile.read(common.TOP / "test/data/guitar.flac", frames=N, dtype="float32")
        self.clip = Clip(clip)
        self.addCleanup(self.clip.close)

    def start(self, *command):
        """A process that ends with the test."""
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)

        def stop():
            process.stdin.close()
            process.terminate()
            process.wait(TIMEOUT_S)
            process.stdout.close()

        self.addCleanup(stop)
        return process

    def read_figures(self, process, n_lines):
        """Reads lines of "name number"; {name: number}."""
        return {name: float(number) for name, number in (process.stdout.readline().split() for _ in range(n_lines))}

    def rack(self, n_instances):
        """Starts a rack that is connected to the player; (process, its memory figures)."""
        process = self.start(RACK, n_instances)
        memory = self.read_figures(process, 3)
        self.clip.player.connect(self.clip.output, "rack:in")
        return process, memory

    def load(self, process):
        """Asks a rack for its load figures."""
        process.stdin.write("\n")
        process.stdin.flush()
        return self.read_figures(process, 5)

    def offline(self):
        """Each instance's render of the clip, without JACK: [N_INSTANCES][N]."""
        sound = common.run(RACK, N_INSTANCES, "offline", input=self.clip.clip.tobytes(), text=False)
        return np.frombuffer(sound, "<f4").reshape(N_INSTANCES, -1)

    def play_freewheeling(self):
        """Plays the clip once, faster than real time."""
        self.clip.player.set_freewheel(True)
        time.sleep(0.2)
        self.clip.player.transport_start()
        end = time.monotonic() + TIMEOUT_S
        while self.clip.n_recorded < len(self.clip.clip):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        self.clip.player.transport_stop()
        self.clip.player.set_freewheel(False)

    def test_sound(self):
        """each of 64 instances plays as without JACK, bit for bit; they share the model"""
        process, memory = self.rack(N_INSTANCES)
        for i, port in enumerate(self.clip.inputs):
            self.clip.recorder.connect(f"rack:out_{i}", port)
        before_s = self.load(process)["cpu-seconds"]
        self.play_freewheeling()
        taken_s = self.load(process)["cpu-seconds"] - before_s
        wanted = self.offline()
        self.assertEqual(wanted.shape, self.clip.recorded.shape)
        self.assertGreater(np.std(wanted, axis=1).min(), 0.001)
        self.assertEqual(len({sound.tobytes() for sound in wanted}), N_INSTANCES)
        different = [i for i in range(N_INSTANCES) if not np.array_equal(self.clip.recorded[i], wanted[i])]
        self.assertFalse(different)
        common.note(f"{N_INSTANCES} instances, {SETTINGS}: "
                    f"{100 * taken_s * RATE_HZ / N:.0f} % of real time on one core")
        model_bytes = (common.TOP / "od3.lv2/od3.gru").stat().st_size
        common.note(f"memory: the first instance {memory['first-bytes']:.0f} bytes, each other one "
                    f"{memory['next-bytes']:.0f}, its host's part included; the model's file {model_bytes}")
        self.assertGreater(memory["first-bytes"], model_bytes)
        self.assertLess(memory["next-bytes"], memory["first-bytes"] - 0.8 * model_bytes)

    def test_load(self):
        """16 and 64 instances all play in real time, in whole JACK periods"""
        self.clip.recorder.deactivate()
        for n_instances in (16, N_INSTANCES):
            process, _ = self.rack(n_instances)
            self.assertEqual(len(self.clip.player.get_ports("rack:out_", is_output=True)), n_instances)
            before = self.load(process)
            self.assertEqual((before["frames"], before["instances-sounding"]), (0, 0))
            self.clip.player.transport_start()
            time.sleep(LOAD_S)
            told = self.load(process)
            end = time.monotonic() + TIMEOUT_S
            while told["frames"] < N and time.monotonic() < end:
                time.sleep(0.1)
                told = self.load(process)
            self.clip.player.transport_stop()
            common.note(f"{n_instances} instances, {SETTINGS}: JACK's load {told['dsp-load-percent']:.0f} %, "
                        f"{told['xruns']:.0f} xruns")
            self.assertEqual(told["instances-sounding"], n_instances)
            self.assertGreaterEqual(told["frames"], N)
            self.assertEqual(told["frames"] % PERIOD, 0)
            process.stdin.close()
            self.assertEqual(process.wait(TIMEOUT_S), 0)


if __name__ == "__main__":
    common.main()
