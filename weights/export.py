#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Turns a GRU or LSTM of other programs into a model file that the plugin plays.

usage: export.py CHECKPOINT.pt CONFIG.yml OUT [--knob NAME]... [--author TEXT] [--source TEXT] [--name NAME]
                 [--trained-peak DBFS] [--input-level DBU]
       export.py CAPTURE.json OUT [the same options] [--rate HZ]
       export.py MODEL.gru OUT.json

The first form reads PyNeuralFx's kinds snapshot, concat, film and statichyper of GRUs and LSTMs, such as concat-lstm.
The second reads captures of AIDA-X and of Automated-GuitarAmpModelling (Proteus, NeuralPi, TS-M1N3); --rate is for
files that do not state theirs. If OUT ends in .json or .aidax, the model file is wrapped in JSON, which file browsers
of MOD devices list. When the plugin could not play the model, it prints one line, exits with status 2, and leaves OUT
unchanged.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import torch

import capture_json
import gru_file
import pyneuralfx

DEFAULT_NAMES = ("gain", "tone", "knob 3", "knob 4")
LARGEST_LEVEL_DB = 200


def _write(out, data, name):
    is_wrapped = str(out).lower().endswith((".json", ".aidax"))
    gru_file.write_atomically(out, capture_json.wrap(data, name) if is_wrapped else data)


def _knob_names(names, n_knobs, where):
    names = names or DEFAULT_NAMES[:n_knobs]
    if len(names) != n_knobs:
        raise pyneuralfx.ModelError(f"--knob gives {len(names)} names; {where} is {n_knobs}")
    for name in names:
        gru_file.encode_name(name)
    return names


def _encode(source_path, model, sample_rate_hz, knobs, facts, name, test=gru_file.NO_TEST):
    """The bytes of the model file; facts are (key, text) about it."""
    digest = hashlib.sha256(Path(source_path).read_bytes()).hexdigest()
    facts = [*facts[:1], ("checkpoint", f"sha256 {digest}"), ("exporter", "od3.lv2 weights/export.py"), *facts[1:]]
    provenance = "".join(f"{key}: {' '.join(text.split())}\n" for key, text in facts if text)
    gru_file.encode_text(provenance)
    try:
        return gru_file.encode(model, sample_rate_hz, knobs, provenance, name, test)
    except pyneuralfx.ModelError as error:
        raise pyneuralfx.ModelError(f"{source_path}: {error}") from error


def _level_facts(trained_peak, input_level):
    """The (key, text) of the levels that are given; ModelError when one is beyond its limit."""
    facts = []
    for key, level in (("trained_peak_dbfs", trained_peak), ("input_level_dbu", input_level)):
        if level is not None:
            if not abs(level) <= LARGEST_LEVEL_DB:
                raise pyneuralfx.ModelError(f"{key} is {level:g}; the limits are {-LARGEST_LEVEL_DB} and "
                                            f"{LARGEST_LEVEL_DB}")
            facts.append((key, f"{level:.3f}".rstrip("0").rstrip(".")))
    return facts


def export(checkpoint, config_path, out, names=None, author="", source="", name="", levels=()):
    """Writes the model file of a checkpoint; OSError or ModelError when it can't be made."""
    config = pyneuralfx.read_config(config_path)
    names = _knob_names(names, config.n_knobs, f"data.num_conds in {config_path}")
    model = pyneuralfx.affine_form(pyneuralfx.read_parameters(checkpoint, config, torch.float64), config)
    knobs = [(label, low, high) for label, (low, high) in zip(names, config.knob_ranges)]
    facts = [("kind", f"{config.arch}, {config.hidden_size} units"), ("author", author), ("source", source), *levels]
    _write(out, _encode(checkpoint, model, config.sample_rate_hz, knobs, facts, name), name)


def convert(path, out, names=None, author="", source="", name="", levels=(), rate_hz=None):
    """Writes the model file of a capture in JSON, or wraps a model file; OSError or ModelError when it can't."""
    data = Path(path).read_bytes()
    if data.startswith(gru_file.MAGIC):
        _write(out, data, name or Path(path).stem)
        return
    capture = capture_json.read(path)
    name = name or capture.name.encode()[:gru_file.MODEL_NAME_BYTES].decode(errors="ignore")
    given = {**dict(capture.facts), **dict(levels)}
    facts = [("kind", f"capture in JSON, {len(capture.model.out_weight)} units"),
             ("author", author or given.pop("author", "")), ("source", source or given.pop("source", "")),
             *given.items()]
    knobs = [(label, 0.0, 1.0) for label in _knob_names(names, capture.n_knobs, f"the number of knobs of {path}")]
    _write(out, _encode(path, capture.model, rate_hz or capture.sample_rate_hz, knobs, facts, name, capture.test), name)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", metavar="FILE",
                        help="CHECKPOINT.pt CONFIG.yml OUT, or CAPTURE.json OUT, or MODEL.gru OUT.json")
    parser.add_argument("--knob", action="append", dest="knobs", metavar="NAME", help="name of the next knob")
    parser.add_argument("--author", default="", help="who trained the model")
    parser.add_argument("--source", default="", help="what it was trained on")
    parser.add_argument("--name", default="", help="the model's name, at most 63 bytes")
    parser.add_argument("--rate", type=int, metavar="HZ", help="the sample rate of a capture that does not state it")
    parser.add_argument("--trained-peak", type=float, metavar="DBFS",
                        help="the loudest peak that the model has learned, for the light in the plugin")
    parser.add_argument("--input-level", type=float, metavar="DBU",
                        help="the analog level of a sine at full scale in the recordings")
    options = parser.parse_args(arguments)
    try:
        facts = (options.knobs, options.author, options.source, options.name,
                 _level_facts(options.trained_peak, options.input_level))
        if len(options.files) == 3 and options.rate is None:
            export(*options.files, *facts)
        elif len(options.files) == 2:
            convert(*options.files, *facts, options.rate)
        else:
            parser.error("give a checkpoint, its configuration and OUT, or a capture and OUT")
    except (OSError, pyneuralfx.ModelError) as error:
        print(f"export.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
