#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One page that shows how good a model is: HTML, with its pictures beside it.

usage: report.py MODEL.gru OUT_DIR [--teacher CHECKPOINT.pt CONFIG.yml --clips CLIP.wav...]
                 [--data DATA_DIR] [--loss RUN/loss.csv] [--positions N]

Against a teacher, on clips; or against the test part of recordings that prepare.py split; or, with
neither, on its own. N x N knob positions are tried for rest (81).
"""

import argparse
import html
import sys
from pathlib import Path
from string import Template

import numpy as np

import evaluate
import gru_file
import measure
import picture
import pyneuralfx
from pairs import WARM_UP, Pairs

FACTORS = (1, 2, 4)
LEVELS_DB = np.arange(-60, 4, 3)
PAGE = Template("""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title>
<meta name="viewport" content="width=device-width">
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem }
img { max-width: 100%; background: white }
table { border-collapse: collapse }
th, td { border: 1px solid #8888; padding: .2rem .6rem; text-align: right }
pre { white-space: pre-wrap }
</style></head><body>
<h1>$title</h1>
$body
</body></html>
""")


def table(head, rows):
    """An HTML table; cells are text."""
    def line(tag, cells):
        return "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"

    return "<table>\n" + "\n".join([line("th", head), *(line("td", row) for row in rows)]) + "\n</table>"


class Report:
    """The page of one model, section by section."""

    def __init__(self, options):
        self.options, self.out = options, options.out
        self.model, self.rate_hz, self.knobs, self.provenance = gru_file.read(options.model)
        self.teacher = None
        if options.teacher:
            self.teacher = evaluate.read_models(options.model, *options.teacher)[-1]
        self.names = [name for name, _, _ in self.knobs]
        self.parts = []

    def add(self, title, text, name=None):
        """A section: its text is HTML; `name` is that of its picture in the folder."""
        image = f'<img src="{name}" alt="{html.escape(title)}">' if name else ""
        self.parts.append(f"<h2>{html.escape(title)}</h2>\n<div>{text}</div>\n{image}")

    def along(self, knob):
        """Positions along one knob, the others in the middle, and their labels; one position if it is not there."""
        values = (-1.0, 0.0, 1.0) if knob < len(self.names) else (0.0,)
        positions = np.zeros((len(values), len(self.names)), np.float32)
        labels = ["all knobs in the middle"]
        if knob < len(self.names):
            positions[:, knob] = values
            labels = [f"{self.names[knob]} {value:+.0f}" for value in values]
        return positions, labels

    def compare(self, function):
        """function(model) and function(teacher), which is None for each lane when there is no teacher."""
        ours = function(self.model)
        return ours, function(self.teacher) if self.teacher else [None] * len(ours)

    def loss(self):
        """How training went."""
        if self.options.loss:
            log = np.loadtxt(self.options.loss, delimiter=",", skiprows=1, ndmin=2)
            picture.losses(self.out / "loss.png", log)
            self.add("Training", f"{log[-1, 0]:.0f} minutes, {log[-1, 1]:.0f} steps. Mean relative error of the "
                     f"validation segments: {log[-1, 3]:.4f} at the end, {log[:, 3].min():.4f} at best.", "loss.png")

    def clips(self):
        """ESR against the teacher."""
        if not self.teacher:
            return
        knobs = measure.knob_positions(len(self.names), 25)
        shape = measure.grid_shape(len(self.names))
        rows, pictures = [], ""
        for number, path in enumerate(self.options.clips):
            clip = measure.read_clip(path, self.rate_hz)
            played, target = (measure.play(model, clip, knobs) for model in (self.model, self.teacher))
            quiet = measure.esr(*(measure.play(model, clip / 100, knobs) for model in (self.model, self.teacher)),
                                self.rate_hz)
            ratios = measure.esr(played, target, self.rate_hz)
            worst = int(np.argmax(ratios[:np.prod(shape)]))
            name = f"clip{number + 1}.png"
            picture.draw(self.out / name, self.rate_hz, ratios[:np.prod(shape)].reshape(shape),
                         measure.grid_axes(self.names), target[worst], played[worst],
                         f"{Path(path).name}; sound at {evaluate.position_text(self.knobs, knobs[worst])}")
            pictures += f'<img src="{name}" alt="{html.escape(Path(path).name)}">\n'
            rows.append((Path(path).name, *(f"{100 * r:.3f}" for r in (ratios.mean(), ratios.max(), quiet.mean()))))
        self.add("Error against the teacher", "ESR in percent, mean removed, over a grid of knob positions and 25 "
                 "random ones; and with the input 40 dB lower. "
                 + table(("clip", "mean", "worst", "at -40 dB, mean"), rows) + pictures)

    def recordings(self):
        """ESR against recordings, position by position."""
        if not self.options.data:
            return
        pairs = Pairs(self.options.data / "test")
        if pairs.n_knobs != len(self.names):
            raise pyneuralfx.ModelError(f"{self.options.data} has {pairs.n_knobs} knobs; the model {len(self.names)}")
        x, target, knobs = (tensor.numpy() for tensor in pairs.rows(slice(None)))
        y = measure.play(self.model, x, knobs)[:, WARM_UP:]
        target = target[:, WARM_UP:]
        positions, which = np.unique(knobs, axis=0, return_inverse=True)
        ratios = np.array([self.joined_esr(y[which == i], target[which == i]) for i in range(len(positions))])
        axes = [np.unique(positions[:, k]) if k < len(self.names) else np.zeros(1) for k in range(2)]
        plane = np.full([len(values) for values in axes], np.nan)
        for position, ratio in zip(positions, ratios):
            plane[tuple(np.searchsorted(values, value) for values, value in zip(axes, [*position, 0, 0]))] = ratio
        worst = int(np.argmax(ratios))
        names = [*self.names, "", ""]
        picture.draw(self.out / "recordings.png", self.rate_hz, plane, list(zip(names, axes)),
                     target[which == worst].ravel(), y[which == worst].ravel(),
                     f"test recordings; sound at {evaluate.position_text(self.knobs, positions[worst])}")
        self.add("Error against the recordings", f"ESR over the test part, mean removed: mean "
                 f"{100 * ratios.mean():.3f} %, worst {100 * ratios.max():.3f} %.", "recordings.png")

    @staticmethod
    def joined_esr(y, target):
        """ESR of all segments of one position together."""
        error, target = (signal - signal.mean() for signal in ((y - target).ravel(), target.ravel()))
        return (error ** 2).sum() / ((target ** 2).sum() + 1e-12)

    def harmonics(self):
        """Of a sine, by number and by level."""
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
        self.add("Harmonics", self.dashed(), "harmonics.png")

    def transfer(self):
        """Out over in, of a slow sine."""
        panels = []
        for knob in range(max(1, min(2, len(self.names)))):
            knobs, labels = self.along(knob)
            x, _ = measure.transfer(self.model, knobs[:1], self.rate_hz)
            ours, theirs = self.compare(lambda m, knobs=knobs: measure.transfer(m, knobs, self.rate_hz)[1])
            panels.append(("100 Hz at -6 dBFS", "in", "out", list(zip(labels, [x] * len(labels), ours, theirs))))
        picture.curves(self.out / "transfer.png", panels)
        self.add("Transfer curve", self.dashed(), "transfer.png")

    def response(self):
        """Small-signal gain over frequency, knob by knob."""
        panels = []
        for knob in range(max(1, len(self.names))):
            knobs, labels = self.along(knob)
            frequency, _ = measure.response_db(self.model, knobs[:1], self.rate_hz)
            ours, theirs = self.compare(lambda m, knobs=knobs: measure.response_db(m, knobs, self.rate_hz)[1])
            lines = list(zip(labels, [frequency] * len(labels), ours, theirs))
            panels.append(("impulse at -60 dBFS", "Hz", "dB", lines))
        picture.curves(self.out / "response.png", panels, is_log=True)
        self.add("Frequency response", self.dashed(), "response.png")

    def dashed(self):
        return "Dashed: the teacher." if self.teacher else ""

    def aliasing(self):
        """A sweep to look at, and the ratio."""
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
                 + table(("", *(f"{level} dBFS" for level in measure.TONE_LEVELS_DB)), rows), "sweep.png")

    def rest(self):
        """Whether it falls silent, everywhere."""
        maps, rows = [], []
        for rate_hz in measure.REST_RATES_HZ:
            moves = measure.unrest(self.model, self.rate_hz, rate_hz, len(self.names), self.options.positions)
            maps.append((f"{rate_hz / 1000:g} kHz", moves))
            n_above = (moves > measure.REST_LIMIT).sum()
            rows.append((f"{rate_hz} Hz", f"{moves.max():.1e}", f"{n_above} of {moves.size}"))
        picture.rest_maps(self.out / "rest.png", maps, [*self.names, "", ""], measure.REST_LIMIT)
        told = table(("rate", "worst", f"above {measure.REST_LIMIT:g}"), rows)
        self.add("Rest", "How much the output still moves 0.3 s after noise (where that is more than the limit, 1.3 s "
                 f"after), peak to peak, over the plane of the first two knobs: {told}", "rest.png")

    def cost(self):
        """What it takes to run and to keep."""
        faster = measure.times_faster_than_torch(self.model, measure.knob_positions(len(self.names)))
        n_bytes = Path(self.options.model).stat().st_size
        multiplications = measure.multiplications(self.model)
        self.add("Cost", table(("", ""), (
            ("hidden units", len(self.model.out_weight)), ("multiplications a sample", multiplications),
            (f"million multiplications a second at {self.rate_hz} Hz", f"{multiplications * self.rate_hz / 1e6:.0f}"),
            ("model file, bytes", n_bytes), ("times faster than torch's nn.GRU, this machine", f"{faster:.0f}"))))

    def write(self):
        """All sections, then the page."""
        self.out.mkdir(parents=True, exist_ok=True)
        knobs = ", ".join(f"{name} ({low:g} to {high:g})" for name, low, high in self.knobs) or "none"
        self.parts.append(f"<p>{self.rate_hz} Hz; knobs: {html.escape(knobs)}</p>\n"
                          f"<pre>{html.escape(self.provenance)}</pre>")
        for section in (self.loss, self.clips, self.recordings, self.harmonics, self.transfer, self.response,
                        self.aliasing, self.rest, self.cost):
            print(f"{section.__name__} ...", flush=True)
            section()
        title = html.escape(Path(self.options.model).name)
        page = PAGE.substitute(title=title, body="\n".join(self.parts))
        gru_file.write_atomically(self.out / "index.html", page.encode())


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("out", type=Path)
    parser.add_argument("--teacher", nargs=2, metavar=("CHECKPOINT.pt", "CONFIG.yml"))
    parser.add_argument("--clips", nargs="+", default=[], metavar="CLIP.wav")
    parser.add_argument("--data", type=Path, metavar="DATA_DIR")
    parser.add_argument("--loss", type=Path, metavar="loss.csv")
    parser.add_argument("--positions", type=int, default=81)
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
