# SPDX-License-Identifier: MIT
"""Reads how to train from a PyNeuralFx YAML file and the command line."""

from dataclasses import dataclass

import yaml_file
from model_error import ModelError
from pyneuralfx import parse_config

LARGEST_SEED = (1 << 32) - 1
BUFFER_SIZE, BATCH_SIZE, RATE, VALIDATE_EVERY = 512, 32, 1e-3, 1500


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train.

    An optimiser step follows each buffer_size samples of batch_size segments. Training lasts
    `epochs`, or `minutes` unless that is None. It stops early after `patience` validations in a row
    without a better result, unless patience is None.
    """

    buffer_size: int
    batch_size: int
    rate: float
    epochs: int
    minutes: float
    validate_every: int
    patience: int
    seed: int


def _number(section, name, default, kind, low, high):
    value = section.get(name.rpartition(".")[2], default)
    if value is default:
        return value
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not (is_whole or isinstance(value, kind)) or not low <= value <= high:
        wanted = "a whole number" if kind is int else "a number"
        raise ModelError(f"{name} is {value!r}; it must be {wanted} from {low:g} to {high:g}")
    return kind(value)


def read(path, minutes=None, rate=None, seed=1):
    """The model's Config and the Plan in a YAML file; OSError or ModelError, with its path, when it holds none."""
    _check_option("--minutes", minutes)
    _check_option("--rate", rate)
    if not 0 <= seed <= LARGEST_SEED:
        raise ModelError(f"--seed is {seed}; the limits are 0 and {LARGEST_SEED}")
    with open(path, "rb") as file:
        text = file.read()
    try:
        return _parse(text, minutes, rate, seed)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _check_option(name, value):
    if value is not None and not 0 < value < float("inf"):
        raise ModelError(f"{name} is {value:g}; it must be above 0 and finite")


def _parse(text, minutes, rate, seed):
    config = parse_config(text)
    document = yaml_file.parse(text)
    train = document.get("train") or {}
    if not isinstance(train, dict):
        raise ModelError(f"train is {train!r}; it must be a mapping")
    return config, Plan(
        buffer_size=_number(document["data"], "data.buffer_size", BUFFER_SIZE, int, 16, 1 << 20),
        batch_size=_number(train, "train.batch_size", BATCH_SIZE, int, 1, 1 << 16),
        rate=rate or _number(train, "train.lr", RATE, float, 1e-9, 1.0),
        epochs=_number(train, "train.epochs", None, int, 1, 1 << 20),
        minutes=minutes,
        validate_every=_number(train, "train.interval_val", VALIDATE_EVERY, int, 1, 1 << 30),
        patience=_number(train, "train.improvement_patience", None, int, 1, 1 << 20),
        seed=seed,
    )
