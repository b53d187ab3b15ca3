#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The sounds that scripts make, and scales that they use, stay the same: recordings and figures depend on them."""

import unittest
from unittest import mock

import numpy as np

import common
import click_track
import golden
import guitar
import hard_clips
import knobs
import pyneuralfx
import record
import simulated_pedals
import strings
import test_signal

CLOSE_DB = 0.02  # other processors and versions of numpy round differently
PEDALS_DB = {
    "wire": -28.65, "low-pass, 700 Hz, 1 pole": -34.93, "low-pass, 2 kHz, 2 poles": -31.21,
    "low-pass, 5 kHz, 4 poles": -29.19, "high-pass, 1.5 kHz, 2 poles": -31.17,
    "tanh, then band-pass 300 to 1200 Hz": -21.01, "band-pass 500 to 900 Hz, then tanh": -12.24,
    "hard clipping": -13.54, "fuzz, 60 dB": -5.92, "octave fuzz": -17.39, "inverting overdrive": -21.92,
    "amp and cabinet": -7.2, "noise gate": -13.47, "dry sound, 2 ms before the distortion": -26.82,
    "tape with wow of 0.6 samples": -23.17,
}


def level_db(audio):
    """The level of a sound in dBFS, by its RMS."""
    return 10 * np.log10(np.mean(np.asarray(audio, np.float64) ** 2))


class Sounds(unittest.TestCase):
    def check_levels(self, levels_db, wanted_db):
        """Compares levels by name."""
        self.assertEqual(list(levels_db), list(wanted_db))
        for name, level in levels_db.items():
            self.assertAlmostEqual(level, wanted_db[name], delta=CLOSE_DB, msg=name)

    def test_clicks(self):
        """a click track's bursts begin at 0.3, 0.4, 0.56 and 0.78 s"""
        track = click_track.track(48000)
        self.assertEqual(np.flatnonzero(track == 0.7).tolist(), [14400, 19200, 26880, 37440])
        self.check_levels({"track": level_db(track)}, {"track": -32.96})

    def test_test_signal(self):
        """the test signal has the same level in each twelfth"""
        x = test_signal.make(44100, 0.1)
        self.assertEqual(len(x), 1076040)
        wanted_db = (-35.23, -9.12, -43.01, -29.55, -23.01, -14.59, -9.01, -10.40, -50.05, -28.98, -36.79, -35.23)
        self.check_levels(dict(enumerate(map(level_db, np.array_split(x, 12)))), dict(enumerate(wanted_db)))

    def test_phrases(self):
        """ten minutes of random phrases have the same notes, and their strings the same level"""
        notes = strings.phrases(np.random.default_rng(1), 600)
        self.assertEqual((len(notes), sum(pitch for _, _, pitch, _ in notes)), (1814, 105069))
        for part, wanted in ((0, 539629.5), (1, 1552.9), (3, 146212.9)):
            self.assertAlmostEqual(sum(note[part] for note in notes), wanted, delta=0.1)
        self.check_levels({"plucked": level_db(strings.plucked(np.random.default_rng(2), notes[:30], 8))},
                          {"plucked": -22.75})

    def test_struck(self):
        """struck strings have the same level; in five minutes they have the same pitches, decays, times and levels"""
        self.check_levels({"struck": level_db(strings.struck(np.random.default_rng(2), 8))}, {"struck": -23.54})
        with mock.patch.object(strings, "pluck", return_value=np.ones(1)) as pluck:
            clicks = strings.struck(np.random.default_rng(3), 300)
        _, pitches, _, decays_s, brightness, positions = zip(*(call.args for call in pluck.call_args_list))
        at = np.flatnonzero(clicks)
        self.assertEqual((len(pitches), sum(pitches), len(at)), (1574, 77869, 1315))
        for value, wanted in ((sum(decays_s), 2061.963), (sum(brightness), 1326.382),
                              (sum(filter(None, positions)), 155.671),
                              (at.sum() / strings.SAMPLE_RATE_HZ, 206884.101), (clicks.sum(), 522.065)):
            self.assertAlmostEqual(value, wanted, delta=0.01)

    def test_hard_clips(self):
        """the clips of hard playing have the same levels"""
        self.check_levels({name: level_db(clip) for name, clip in hard_clips.clips().items()},
                          {"bursts": -22.72, "chords": -21.61, "hot": -14.68, "palm-mutes": -16.79, "bass": -16.11})

    def test_simulated_pedals(self):
        """the simulated pedals answer at the same levels"""
        x = simulated_pedals.playing(2)
        self.check_levels({name: level_db(pedal(x)) for name, pedal in simulated_pedals.PEDALS.items()}, PEDALS_DB)
        self.check_levels({name: level_db(play(x, 0.3, 0.6)) for name, play in simulated_pedals.KNOB_PEDALS.items()},
                          {"overdrive": -25.81, "distortion": -19.96, "amp": -12.98})
        self.check_levels({"wow": level_db(simulated_pedals.PEDALS["tape with wow of 0.6 samples"](x) - np.tanh(2 * x)),
                           "gate": level_db(simulated_pedals.PEDALS["noise gate"](x) - np.tanh(8 * x))},
                          {"wow": -35.21, "gate": -31.40})

    def test_midi(self):
        """each note has a beginning and an end, in milliseconds"""
        file = guitar._midi([(0.1, 0.5, 60, 90.7), (0.2, 0.4, 64, 3)], 25)
        notes = [(message.type, message.note, message.velocity, message.time)
                 for message in file.tracks[0] if message.type.startswith("note")]
        self.assertEqual(notes, [("note_on", 60, 90, 100), ("note_on", 64, 8, 100), ("note_off", 60, 0, 400),
                                 ("note_off", 64, 0, 0)])


class Scales(unittest.TestCase):
    def test_knobs(self):
        """positions from 0 to 10 become knobs from -1 to +1"""
        self.assertEqual([knobs.normalised(0, 10), knobs.normalised(5, 2.5)], [[[-1, 1]], [[0, -0.5]]])

    def test_knob_curves(self):
        """the picture of the knobs shows both ends of Gain and Tone and three positions between, as the model plays"""
        text = common.config_text("concat-gru")
        config = pyneuralfx.parse_config(text)
        model = pyneuralfx.affine_form(common.random_parameters(config, 1), config)
        with mock.patch.object(knobs.picture, "curves") as curves:
            knobs.draw(model, 48000, "out.png")
        _, panels = curves.call_args.args
        for (*_, lines), name in zip(panels, ("Gain", "Tone", "Gain"), strict=True):
            self.assertEqual([line[0] for line in lines], [f"{name} {at}" for at in ("0", "2.5", "5", "7.5", "10")])
        for (*_, lines), ends in zip(panels, ([[-1, 0], [1, 0]], [[0, -1], [0, 1]])):
            for (_, _, curve, _), end in zip((lines[0], lines[-1]), ends):
                np.testing.assert_allclose(curve, knobs.measure.response_db(model, [end], 48000)[1][0])

    def test_positions(self):
        """a knob's positions lie evenly between its ends; a single one lies in the middle"""
        self.assertEqual([record._knob_positions(2, 10, steps) for steps in (1, 2, 3)], [[6], [2, 10], [2, 6, 10]])

    def test_probe(self):
        """the golden vectors' input begins at sample 150000 of the clip, and ends with an impulse in silence"""
        x = golden.probe(np.arange(200000.0))
        self.assertEqual([x[0], x[7199], len(x), x[-1200], x[-1]], [150000, 157199, 12000, np.float32(0.3), 0])


if __name__ == "__main__":
    common.main()
