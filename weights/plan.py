# SPDX-License-Identifier: MIT
"""How to train: what a PyNeuralFx YAML file and the command line ask for."""

from dataclasses import dataclass

import yaml

from pyneuralfx import ModelError, parse_config

BUFFER_SIZE, BATCH_SIZE, RATE, VALIDATE_EVERY = 512, 32, 1e-3, 1500


@dataclass(frozen=True)
class Plan:
    """buffer_size samples are played between two optimiser steps, of batch_size segments each.

    Training lasts `epochs`, or `minutes` if that is not None; it ends before when `patience`
    validations in a row bring nothing better, unless patience is None.
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
    value = section.get(name, default)
    if value is default:
        return value
    if isinstance(value, bool) or not isinstance(value, (int, kind)) or not low <= value <= high:
        raise ModelError(f"{name} is {value}; it must be a number from {low} to {high}")
    return kind(value)


def read(path, minutes=None, rate=None, seed=1):
    """The model's Config and the Plan in a YAML file; OSError or ModelError when it holds none."""
    with open(path, "rb") as file:
        text = file.read()
    config = parse_config(text)
    document = yaml.safe_load(text)
    train = document.get("train") or {}
    if not isinstance(train, dict):
        raise ModelError("train is no mapping")
    return config, Plan(
        buffer_size=_number(document["data"], "buffer_size", BUFFER_SIZE, int, 16, 1 << 20),
        batch_size=_number(train, "batch_size", BATCH_SIZE, int, 1, 1 << 16),
        rate=rate or _number(train, "lr", RATE, float, 1e-9, 1.0),
        epochs=_number(train, "epochs", None, int, 1, 1 << 20),
        minutes=minutes,
        validate_every=_number(train, "interval_val", VALIDATE_EVERY, int, 1, 1 << 30),
        patience=_number(train, "improvement_patience", None, int, 1, 1 << 20),
        seed=seed,
    )
