#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Turns a PyNeuralFx GRU checkpoint into a model file that the plugin plays.

usage: export.py CHECKPOINT.pt CONFIG.yml OUT.gru [--knob NAME]... [--author TEXT] [--source TEXT]

Knows snapshot-gru, concat-gru, film-gru and statichyper-gru. One line and exit status 2 for a model
that can't be played; OUT.gru is then as it was before.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import gru_file
import pyneuralfx

DEFAULT_NAMES = ("gain", "tone", "knob 3", "knob 4")


def export(checkpoint, config_path, out, names=None, author="", source=""):
    """Writes the model file; OSError or ModelError when it can't be made."""
    config = pyneuralfx.read_config(config_path)
    parameters = pyneuralfx.read_parameters(checkpoint, config)
    names = names or DEFAULT_NAMES[:config.n_knobs]
    if len(names) != config.n_knobs:
        raise pyneuralfx.ModelError(f"{len(names)} knob names for {config.n_knobs} knobs")
    model = pyneuralfx.affine_form({name: tensor.double() for name, tensor in parameters.items()}, config)
    knobs = [(name, low, high) for name, (low, high) in zip(names, config.knob_ranges)]
    digest = hashlib.sha256(Path(checkpoint).read_bytes()).hexdigest()
    lines = [f"kind: {config.arch}, {config.hidden_size} units", f"checkpoint: sha256 {digest}",
             "exporter: od3.lv2 weights/export.py"]
    lines += [f"{key}: {' '.join(text.split())}" for key, text in (("author", author), ("source", source)) if text]
    data = gru_file.encode(model, config.sample_rate_hz, knobs, "\n".join(lines) + "\n")
    gru_file.write_atomically(out, data)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("config")
    parser.add_argument("out")
    parser.add_argument("--knob", action="append", dest="knobs", metavar="NAME", help="name of the next knob")
    parser.add_argument("--author", default="", help="who trained the model")
    parser.add_argument("--source", default="", help="what it was trained on")
    options = parser.parse_args(arguments)
    try:
        export(options.checkpoint, options.config, options.out, options.knobs, options.author, options.source)
    except (OSError, pyneuralfx.ModelError) as error:
        print(f"export.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
