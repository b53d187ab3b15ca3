# SPDX-License-Identifier: MIT
"""Writes the parts of report.py's page: tables, pictures with a sentence each, and players."""

import html
from string import Template

import numpy as np
import soundfile

PLAYED_S = 12
PEAK = 0.9
PAGE = Template("""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title>
<meta name="viewport" content="width=device-width">
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem }
figure { margin: 1rem 0 }
img { max-width: 100%; background: white }
table { border-collapse: collapse }
th, td { border: 1px solid #8888; padding: .2rem .6rem; text-align: right }
pre { white-space: pre-wrap }
.players { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0 }
.players label { display: grid }
</style></head><body>
<h1>$title</h1>
$body
</body></html>
""")


def table(head, rows):
    """An HTML table; it escapes the text of the cells."""
    def line(tag, cells):
        return "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"

    return "<table>\n" + "\n".join([line("th", head), *(line("td", row) for row in rows)]) + "\n</table>"


def figure(name, caption):
    """A picture in the page's folder, and a sentence that says how to read it."""
    words = html.escape(caption)
    return f'<figure><img src="{html.escape(name)}" alt="{words}"><figcaption>{words}</figcaption></figure>\n'


def worst_start(n, target, played):
    """Where the n samples begin that hold most of the difference of two sounds; 0 when they are no longer than n."""
    energy = np.cumsum(np.concatenate([[0.0], (np.asarray(played) - target) ** 2]))
    return int(np.argmax(energy[n:] - energy[:-n])) if len(target) > n else 0


def players(folder, name, rate_hz, target, played):
    """Writes the sounds of target and model [n] and of their difference, equally scaled; returns their players.

    Of longer sounds, it takes the PLAYED_S seconds with most of the difference.
    """
    n = int(PLAYED_S * rate_hz)
    start = worst_start(n, target, played)
    target, played = target[start:start + n], played[start:start + n]
    sounds = {"target": target, "model": played, "difference": played - target}
    scale = PEAK / max(1e-9, *(np.abs(sound).max() for sound in sounds.values()))
    parts = []
    for label, sound in sounds.items():
        file = f"{name}-{label}.flac"
        soundfile.write(folder / file, scale * sound, rate_hz, "PCM_16")
        parts.append(f'<label>{label}<audio controls preload="none" src="{html.escape(file)}"></audio></label>')
    told = f"<p>from second {start / rate_hz:.1f} on:</p>\n" if start else ""
    return told + '<div class="players">' + "".join(parts) + "</div>\n"
