#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The level-matched bypass of the built plugin is as loud as the pedal, on a guitar that the table was not made of."""

import sys
import unittest

import common

sys.path.insert(0, str(common.TOP / "ttl"))

import presets  # noqa: E402 # found through the line above

MOST_APART_DB = 3.5
N_FRAMES = 4 * 48000
SETTINGS = ({"gain": 5, "tone": 5}, {"gain": 10, "tone": 9}, {"gain": 2, "tone": 3, "input": 8, "level": -6},
            {"gain": 6, "tone": 5, "level": 6, "blend": 40})


class Match(unittest.TestCase):
    def test_loudness(self):
        """on and off are equally loud by ITU-R BS.1770, at several controls"""
        plain_db = presets.played_loudness_db(N_FRAMES, enabled=0)
        gains_db = []
        for controls in SETTINGS:
            on_db = presets.played_loudness_db(N_FRAMES, **controls)
            off_db = presets.played_loudness_db(N_FRAMES, **controls, enabled=0, match=1)
            gains_db.append(off_db - plain_db)
            common.note(f"{controls}: on {on_db:.1f} LUFS, off {off_db:.1f} LUFS, without match {plain_db:.1f} LUFS")
            self.assertLess(abs(on_db - off_db), MOST_APART_DB)
        self.assertGreater(max(gains_db) - min(gains_db), MOST_APART_DB)


if __name__ == "__main__":
    common.main()
