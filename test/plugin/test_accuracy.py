#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pedal is accurate and has the reported latency at every rate and oversampling factor."""

import unittest

import numpy as np

import common
import rates

GUITAR = common.TOP / "test/data/guitar.flac"
SECONDS = 2
GRID = rates.knob_grid(3)
COMMON_HZ = (44100, 48000, 88200, 96000, 176400, 192000)


class Accuracy(unittest.TestCase):
    """Uses 9 knob positions; `./waf bench --quality` uses 25 and a second guitar."""

    def check(self, rate_hz, oversampling, limit):
        ratios = np.mean([rates.accuracy(GUITAR, SECONDS, knobs, rate_hz, oversampling) for knobs in GRID], 0)
        common.note(f"{rate_hz} Hz, {oversampling}x: mean ESR {ratios[0]:.2g} against the model's own output, "
                    f"{ratios[1]:.2g} against that without aliasing")
        self.assertLessEqual(ratios.max(), limit)

    def test_44100(self):
        """at 44.1 kHz, 2x the mean ESR is at most 1e-4"""
        self.check(44100, 2, 1e-4)

    def test_48000(self):
        """at 48 kHz, 2x and 4x, the mean ESR is at most 3e-5"""
        self.check(48000, 2, 3e-5)
        self.check(48000, 4, 3e-5)

    def test_88200(self):
        """at 88.2 kHz the mean ESR is at most 1e-4"""
        self.check(88200, 1, 1e-4)

    def test_whole_delays(self):
        """at 96 and 192 kHz the mean ESR is at most 3e-5"""
        self.check(96000, 1, 3e-5)
        self.check(192000, 1, 3e-5)

    def test_176400(self):
        """at 176.4 kHz the mean ESR is at most 1e-4"""
        self.check(176400, 1, 1e-4)

    def test_odd_rates(self):
        """at 22.05, 32, 64, 128 and 384 kHz, 2x, the mean ESR is at most 1e-4"""
        for rate_hz in (22050, 32000, 64000, 128000, 384000):
            self.check(rate_hz, 2, 1e-4)

    def test_bare(self):
        """at 48 kHz, 1x, the pedal equals the bare network without its DC offset"""
        x = rates.clip(GUITAR, SECONDS)
        for knobs in GRID:
            bare = common.render(rates.MODEL, x, knobs)
            pedal, latency = rates.play(x, 48000, 1, knobs)
            self.assertEqual(latency, 0)
            # The pedal is primed; the bare network starts from zeros and becomes steady in the pause.
            idle = np.mean((bare - pedal)[10000:12000])
            self.assertLessEqual(np.abs(bare - idle - pedal)[10000:].max(), 5e-6)


class Latency(unittest.TestCase):
    def test_to_the_sample(self):
        """the reported latency is that of the sound at every rate and oversampling factor"""
        for rate_hz in COMMON_HZ:
            for times in rates.choices(rate_hz):
                if (rate_hz, times) == (44100, 1):
                    continue  # its frequency response differs, and so does its phase
                told, measured = rates.measured_latency(GUITAR, SECONDS, (0.5, 0.5), rate_hz, times)
                common.note(f"{rate_hz} Hz, {times}x: {told} frames, measured {measured:.4f}")
                self.assertLessEqual(abs(told - measured), 0.02)
                if times == 2:
                    self.assertLessEqual(told, 0.001 * rate_hz)


# Float32 rounding and the stop bands of the filters leave this much even without aliasing.
FLOOR_DB = -120


class Aliasing(unittest.TestCase):
    def test_levels(self):
        """at 48 kHz the mean aliasing is at most 2 dB above that of ideal filters plus -120 dB"""
        for times, limits_db in ((2, (-78, -52, -29)), (4, (-104, -73, -42))):
            for level_db, limit_db in zip(rates.PROBE_DB, limits_db):
                mean_db, least_db = (f(*arguments) for f, arguments in (
                    (rates.aliasing, (48000, times, level_db)), (rates.least_aliasing, (times, level_db))))
                common.note(f"{times}x, {level_db} dBFS: {mean_db:.1f} dB, with ideal filters {least_db:.1f} dB")
                self.assertLessEqual(mean_db, limit_db)
                left_db = 10 * np.log10(10 ** (least_db / 10) + 10 ** (FLOOR_DB / 10))
                self.assertLessEqual(mean_db, left_db + 2)


class Idle(unittest.TestCase):
    def test_silent(self):
        """after noise the output falls below 1e-5 peak to peak at every rate, factor and 9 x 9 knob positions"""
        for rate_hz in (*COMMON_HZ, 32000):
            for times in rates.choices(rate_hz):
                loudest, gain, tone, silence_s = rates.loudest_idle(rate_hz, times, 9)
                common.note(f"{rate_hz} Hz, {times}x: {loudest:.2g} at gain {gain:+.2f}, tone {tone:+.2f}; "
                            f"after {silence_s:.2f} s at most")
                self.assertLessEqual(loudest, 1e-5)


if __name__ == "__main__":
    common.main()
