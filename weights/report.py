#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes one HTML page, with pictures, that shows how good a model is.

usage: report.py MODEL.gru OUT_DIR [--teacher CHECKPOINT.pt CONFIG.yml --clips CLIP.wav...]
                 [--data DATA_DIR] [--loss RUN/loss.csv] [--positions N]

With --teacher, it compares the model with a teacher on clips. With --data, it compares the model with
the test part of recordings that prepare.py split. Without both, it measures the model alone. The page
plays target, model and difference at the worst positions of the knobs. It tests at N x N knob positions
(17 x 17 by default) whether the model becomes silent.
"""

import argparse
import html
import itertools
import sys
from pathlib import Path

import numpy as np

import evaluate
import gru_file
import measure
import picture
import pyneuralfx
import report_page
from pairs import WARM_UP, Pairs

FACTORS = (1, 2, 4)
LEVEL_STEP_DB = 4
N_HEARD = 3  # positions of the knobs, the worst of each clip, that the page plays
LONGEST_TABLE = 25
SOUND_CAPTION = ("Top left, the error at each position of the knobs: the darker, the nearer the model is to the pedal; "
                 "1 % is a difference 20 dB below the sound, 0.1 % one of 30 dB. Then the worst position: model and "
                 "target at the loudest moment, their spectra, and their sound over time with the difference at last.")


LEVELS_DB = np.arange(-60, 4, 3)


def percent(ratio):
    """A ratio as text in percent, without the sign."""
    return f"{100 * ratio:.3f}"


class Report:
    """The page of one model; each method adds one section."""

    def __init__(self, options):
        self.options, self.out = options, options.out
        self.model, self.rate_hz, self.knobs, self.provenance = gru_file.read(options.model)
        self.teacher = None
        if options.teacher:
            self.teacher = evaluate.read_models(options.model, *options.teacher)[-1]
        self.names = [name for name, _, _ in self.knobs]
        self.parts = []

    def add(self, title, text, *figures):
        """Adds a section. text is HTML; figures are (file name, sentence) of its pictures."""
        self.parts.append(f"<h2>{html.escape(title)}</h2>\n<div>{text}</div>\n"
                          + "".join(report_page.figure(*one) for one in figures))

    def along(self, knob):
        """Positions along one knob, with the others in the middle, and labels; one position without this knob."""
        if knob >= len(self.names):
            return np.zeros((1, len(self.names)), np.float32), ["all knobs in the middle"]
        values = (-1.0, 0.0, 1.0)
        positions = np.zeros((len(values), len(self.names)), np.float32)
        positions[:, knob] = values
        return positions, [evaluate.position_text([self.knobs[knob]], [value]) for value in values]

    def knob_pairs(self):
        """All pairs of knobs where there are more than two."""
        return list(itertools.combinations(range(len(self.names)), 2)) if len(self.names) > 2 else []

    def plane(self, pair, positions, ratios):
        """The mean ratio at each place of two knobs, and their axes, as picture.heat takes them."""
        values = [np.unique(positions[:, k]) if k < len(self.names) else np.zeros(1) for k in pair]
        wide = np.pad(positions, ((0, 0), (0, 2)))
        places = tuple(np.searchsorted(some, wide[:, k]) for some, k in zip(values, pair))
        shape = [len(some) for some in values]
        total, count = np.zeros(shape), np.zeros(shape)
        np.add.at(total, places, ratios)
        np.add.at(count, places, 1)
        with np.errstate(invalid="ignore"):
            return total / count, measure.knob_axes(self.knobs, values, pair)

    def compare(self, function):
        """function(model) and function(teacher); without a teacher, a list of None in its place."""
        ours = function(self.model)
        return ours, function(self.teacher) if self.teacher else [None] * len(ours)

    def loss(self):
        """Adds the course of training."""
        if self.options.loss:
            log = np.loadtxt(self.options.loss, delimiter=",", skiprows=1, ndmin=2)
            picture.losses(self.out / "loss.png", log)
            self.add("Training", f"{log[-1, 0]:.0f} minutes, {log[-1, 1]:.0f} steps. Mean relative error of the "
                     f"validation segments: {log[-1, 3]:.4f} at the end, {log[:, 3].min():.4f} at best.",
                     ("loss.png", "The lower, the nearer to the pedal. Where the line of valid still falls at its end, "
                      "longer training helps; where it lies flat and far above train, more recordings do."))

    def clips(self):
        """Adds the ESR against the teacher."""
        if not self.teacher:
            return
        n_knobs = len(self.names)
        pairs = self.knob_pairs() or [(0, 1)]
        grids = [measure.pair_positions(n_knobs, pair) for pair in pairs]
        knobs = np.concatenate([*grids, measure.knob_positions(n_knobs, 25)[len(grids[0]):]])
        rows, heard, figures = [], [], []
        for number, path in enumerate(self.options.clips, 1):
            clip = measure.read_clip(path, self.rate_hz)
            played, target = (measure.play(model, clip, knobs) for model in (self.model, self.teacher))
            quiet = measure.esr(*(measure.play(model, clip / 100, knobs) for model in (self.model, self.teacher)),
                                self.rate_hz)
            ratios = measure.esr(played, target, self.rate_hz)
            maps = [self.plane(pair, grid, part)
                    for pair, grid, part in zip(pairs, grids, np.split(ratios, np.cumsum([len(g) for g in grids])))]
            worst = int(np.argmax(ratios))
            where = self.position(knobs[worst])
            picture.draw(self.out / f"clip{number}.png", self.rate_hz, *maps[0], target[worst], played[worst],
                         f"{Path(path).name}; sound at {where}")
            figures.append((f"clip{number}.png", SOUND_CAPTION))
            figures += self.more_heats(f"clip{number}-knobs.png", maps)
            heard.append(f"<h3>{html.escape(Path(path).name)}, the worst positions</h3>\n"
                         + self.worst(f"clip{number}", knobs, ratios, target, played))
            rows.append((Path(path).name, percent(ratios.mean()), percent(ratios.max()), where,
                         percent(quiet.mean())))
        self.add("Error against the teacher", "ESR in percent, mean removed, over a grid of knob positions and 25 "
                 "random ones; and with the input 40 dB lower. "
                 + report_page.table(("clip", "mean", "worst", "worst at", "at -40 dB, mean"), rows)
                 + "".join(heard), *figures)

    def position(self, knobs):
        """A position in the knobs' own units, in words."""
        return evaluate.position_text(self.knobs, knobs) or "the only position"

    def worst(self, name, positions, ratios, target, played):
        """Players for the positions with the largest ratios, the worst first; target and played are [positions][n]."""
        parts = []
        for number, at in enumerate(np.argsort(-ratios, kind="stable")[:N_HEARD], 1):
            below_db = -10 * np.log10(ratios[at] + 1e-12)
            parts.append(f"<p>{html.escape(self.position(positions[at]))}: ESR {percent(ratios[at])} %, a difference "
                         f"{below_db:.0f} dB below the sound</p>\n"
                         + report_page.players(self.out, f"{name}-{number}", self.rate_hz, target[at], played[at]))
        return "".join(parts)

    def more_heats(self, name, maps):
        """The figure of all pairs of knobs, where there are more than two."""
        if len(maps) < 2:
            return []
        picture.heats(self.out / name, maps)
        return [(name, "The error for each pair of knobs; the darker, the nearer the model is to the pedal.")]

    def recordings(self):
        """Adds the ESR against recordings, for each position."""
        if not self.options.data:
            return
        pairs = Pairs(self.options.data / "test")
        if pairs.n_knobs != len(self.names):
            raise pyneuralfx.ModelError(f"{self.options.data} has {pairs.n_knobs} knobs; the model has "
                                        f"{len(self.names)}")
        x, target, knobs = (tensor.numpy() for tensor in pairs.rows(slice(None)))
        y = measure.play(self.model, x, knobs)[:, WARM_UP:]
        x, target = x[:, WARM_UP:], target[:, WARM_UP:]
        positions, which = np.unique(knobs, axis=0, return_inverse=True)
        ratios = np.array([self.joined_esr(y[which == i], target[which == i]) for i in range(len(positions))])
        maps = [self.plane(pair, positions, ratios) for pair in self.knob_pairs() or [(0, 1)]]
        worst = int(np.argmax(ratios))
        where = self.position(positions[worst])
        joined = [[sound[which == i].ravel() for i in range(len(positions))] for sound in (target, y)]
        picture.draw(self.out / "recordings.png", self.rate_hz, *maps[0], *(sounds[worst] for sounds in joined),
                     f"test recordings; sound at {where}")
        self.levels(x, target, y, positions, which)
        order = np.argsort(-ratios, kind="stable")[:LONGEST_TABLE]
        rows = [(self.position(positions[at]), percent(ratios[at])) for at in order]
        self.add("Error against the recordings", f"ESR over the test part, mean removed: mean "
                 f"{percent(ratios.mean())} %, worst {percent(ratios.max())} % at {html.escape(where)}. "
                 + report_page.table(("position, the worst first", "ESR in percent"), rows)
                 + self.worst("recordings", positions, ratios, *joined),
                 ("recordings.png", SOUND_CAPTION),
                 *self.more_heats("knobs.png", maps),
                 ("levels.png", "How loud the pedal answers to soft and loud playing: model and pedal should lie on "
                  "each other. Dashed: the pedal."))

    def levels(self, x, target, y, positions, which):
        """Draws output over input level of segments [n][samples], at the ends and the middle of the first knob."""
        levels_db = [10 * np.log10((sound - sound.mean(1, keepdims=True)).var(1) + 1e-12) for sound in (x, y, target)]
        off_middle = np.abs(positions[:, 1:]).sum(1) if positions.shape[1] else np.zeros(len(positions))
        lines = []
        for value in (-1, 0, 1) if len(self.names) else (0,):
            off = off_middle + (9 * np.abs(positions[:, 0] - value) if len(self.names) else 0)
            at = int(np.argmin(off))
            bins = np.round(levels_db[0][which == at] / LEVEL_STEP_DB)
            steps = np.unique(bins)
            curves = [[level_db[which == at][bins == step].mean() for step in steps] for level_db in levels_db[1:]]
            label = evaluate.position_text(self.knobs, positions[at]) or "all recordings"
            if label not in [line[0] for line in lines]:
                lines.append((label, LEVEL_STEP_DB * steps, *curves))
        panel = "85 ms of playing", "input level in dB", "output level in dB", lines
        picture.curves(self.out / "levels.png", [panel])

    @staticmethod
    def joined_esr(y, target):
        """The ESR of all segments of one position together."""
        error, target = (signal - signal.mean() for signal in ((y - target).ravel(), target.ravel()))
        return (error ** 2).sum() / ((target ** 2).sum() + 1e-12)

    def harmonics(self):
        """Adds the harmonics of a sine, by number and by level."""
        knobs, labels = self.along(0)
        count = 20
        ours, theirs = self.compare(lambda m: measure.harmonics_db(m, knobs, self.rate_hz, 220, -20, count))
        numbers = np.arange(1, count + 1)
        panels = [("220 Hz at -20 dBFS", "harmonic", "dB", list(zip(labels, [numbers] * len(labels), ours, theirs)))]
        middle = np.zeros((1, len(self.names)), np.float32)
        ours, theirs = self.compare(lambda m: np.stack([
            measure.harmonics_db(m, middle, self.rate_hz, 220, level, 5)[0] for level in LEVELS_DB]).T)
        panels.append(("220 Hz, knobs in the middle", "input level in dB", "dB",
                       [(f"harmonic {n + 1}", LEVELS_DB, *pair) for n, pair in enumerate(zip(ours, theirs))]))
        picture.curves(self.out / "harmonics.png", panels)
        self.add("Harmonics", "", ("harmonics.png", "The overtones that distortion adds to an A: at three settings of "
                                   f"the first knob, and from soft to loud playing. {self.dashed()}"))

    def transfer(self):
        """Adds the transfer curve: output over input, of a slow sine."""
        panels = []
        for knob in range(max(1, min(2, len(self.names)))):
            knobs, labels = self.along(knob)
            x, _ = measure.transfer(self.model, knobs[:1], self.rate_hz)
            ours, theirs = self.compare(lambda m, knobs=knobs: measure.transfer(m, knobs, self.rate_hz)[1])
            panels.append(("100 Hz at -6 dBFS", "in", "out", list(zip(labels, [x] * len(labels), ours, theirs))))
        picture.curves(self.out / "transfer.png", panels)
        self.add("Transfer curve", "", ("transfer.png", "What comes out for what goes in: a straight line is "
                                        f"clean, a bent one distorts, a loop has memory. {self.dashed()}"))

    def response(self):
        """Adds the small-signal gain over frequency, for each knob."""
        panels = []
        for knob in range(max(1, len(self.names))):
            knobs, labels = self.along(knob)
            frequency, _ = measure.response_db(self.model, knobs[:1], self.rate_hz)
            ours, theirs = self.compare(lambda m, knobs=knobs: measure.response_db(m, knobs, self.rate_hz)[1])
            lines = list(zip(labels, [frequency] * len(labels), ours, theirs))
            panels.append(("impulse at -60 dBFS", "Hz", "dB", lines))
        picture.curves(self.out / "response.png", panels, is_log=True)
        self.add("Frequency response", "", ("response.png", "Bass at the left, treble at the right, for playing so "
                                            f"soft that nothing distorts. {self.dashed()}"))

    def dashed(self):
        return "Dashed: the teacher." if self.teacher else ""

    def aliasing(self):
        """Adds the spectrogram of a sweep, and the aliasing-to-signal ratio."""
        loudest = np.zeros((1, len(self.names)), np.float32)
        loudest[:, :1] = 1
        sounds = [(f"{factor}x", measure.play(self.model, measure.sweep(self.rate_hz * factor), loudest, factor)[0],
                   self.rate_hz * factor) for factor in FACTORS]
        picture.sweeps(self.out / "sweep.png", sounds)
        positions = np.concatenate([loudest, 0 * loudest])
        rows = []
        for name, model in (("model", self.model), ("teacher", self.teacher)):
            for factor in FACTORS if model else ():
                ratios = measure.mean_aliasing_db(model, positions, self.rate_hz, factor)
                rows.append((f"{name}, {factor}x", *(f"{ratio:.1f}" for ratio in ratios)))
        self.add("Aliasing", "A sine sweep at -10 dBFS, the first knob at the end; and the "
                 "aliasing-to-signal ratio in dB, mean over sines of 1245, 2500 and 5000 Hz with the first knob at "
                 "the end and in the middle, without any filter's help: "
                 + report_page.table(("", *(f"{level} dBFS" for level in measure.TONE_LEVELS_DB)), rows),
                 ("sweep.png", "A tone glides upwards. Lines that rise are overtones; those that fall back are "
                  "aliasing, which oversampling removes."))

    def rest(self):
        """Adds whether the model becomes silent at all positions."""
        maps, rows = [], []
        for rate_hz in measure.REST_RATES_HZ:
            moves = measure.unrest(self.model, self.rate_hz, rate_hz, len(self.names), self.options.positions)
            maps.append((f"{rate_hz / 1000:g} kHz", moves))
            n_above = (moves > measure.REST_LIMIT).sum()
            rows.append((f"{rate_hz} Hz", f"{moves.max():.1e}", f"{n_above} of {moves.size}"))
        axis = np.linspace(-1, 1, self.options.positions)
        picture.rest_maps(self.out / "rest.png", maps, measure.knob_axes(self.knobs, (axis, axis)), measure.REST_LIMIT)
        told = report_page.table(("rate", "worst", f"above {measure.REST_LIMIT:g}"), rows)
        self.add("Rest", "The output peak to peak, 0.3 s after noise has ended (1.3 s where it is above the limit), "
                 f"over the plane of the first two knobs, with others at random: {told}",
                 ("rest.png", "Bright places whistle or hum when you stop to play; there should be none."))

    def cost(self):
        """Adds the cost: computation and size."""
        faster = measure.times_faster_than_torch(self.model, measure.knob_positions(len(self.names)))
        n_bytes = Path(self.options.model).stat().st_size
        multiplications = measure.multiplications(self.model)
        self.add("Cost", report_page.table(("", ""), (
            ("hidden units", len(self.model.out_weight)), ("multiplications a sample", multiplications),
            (f"million multiplications a second at {self.rate_hz} Hz", f"{multiplications * self.rate_hz / 1e6:.0f}"),
            ("model file, bytes", n_bytes), ("times faster than torch's own cell, this machine", f"{faster:.0f}"))))

    def write(self):
        """Makes all sections and writes the page."""
        self.out.mkdir(parents=True, exist_ok=True)
        knobs = ", ".join(f"{name} ({low:g} to {high:g})" for name, low, high in self.knobs) or "none"
        self.parts.append(f"<p>{self.rate_hz} Hz; knobs: {html.escape(knobs)}</p>\n"
                          f"<pre>{html.escape(self.provenance)}</pre>")
        for section in (self.loss, self.clips, self.recordings, self.harmonics, self.transfer, self.response,
                        self.aliasing, self.rest, self.cost):
            print(f"{section.__name__} ...", flush=True)
            section()
        title = html.escape(Path(self.options.model).name)
        text = report_page.PAGE.substitute(title=title, body="\n".join(self.parts))
        gru_file.write_atomically(self.out / "index.html", text.encode())


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("out", type=Path)
    parser.add_argument("--teacher", nargs=2, metavar=("CHECKPOINT.pt", "CONFIG.yml"))
    parser.add_argument("--clips", nargs="+", default=[], metavar="CLIP.wav")
    parser.add_argument("--data", type=Path, metavar="DATA_DIR")
    parser.add_argument("--loss", type=Path, metavar="loss.csv")
    parser.add_argument("--positions", type=int, default=17)
    options = parser.parse_args(arguments)
    if bool(options.teacher) != bool(options.clips):
        parser.error("--teacher and --clips go together")
    return options


def main(arguments):
    options = parse(arguments)
    try:
        Report(options).write()
    except (OSError, RuntimeError, ValueError, pyneuralfx.ModelError) as error:
        print(f"report.py: {error}", file=sys.stderr)
        return 2
    print(options.out / "index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
