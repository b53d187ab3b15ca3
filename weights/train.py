#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Trains a PyNeuralFx GRU from scratch on prepared pairs, on one CPU core.

usage: train.py CONFIG.yml DATA_DIR OUT_DIR [--minutes M] [--batch N] [--chunk N] [--rate R] [--seed N]

DATA_DIR comes from prepare.py. OUT_DIR gets best_params.pt and config.yml, which PyNeuralFx and
export.py open; loss.csv; and state.pt, from which a killed run goes on when it is started again.
Each segment is played in chunks with the state carried over, one optimiser step a chunk. The error
is measured after pre-emphasis, relative to the target, lane by lane.
"""

import argparse
import ctypes
import math
import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import torch

import kernel
import pyneuralfx
from prepare import WARM_UP
from soap import Soap

MOST_VALID = 512
SAVE_EVERY_S = 30
REPORT_EVERY_S = 60
RATE_WARM_UP_STEPS = 300
CLIP_NORM = 1.0
PRE_EMPHASIS = 0.95
M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -3, -1


def relative_error(y, target):
    """The error of each lane relative to its target: 0 is exact, 1 is as loud as the target."""
    def energies(signal):
        emphasised = signal[:, 1:] - PRE_EMPHASIS * signal[:, :-1]
        mean = signal.mean(1, keepdim=True)
        return (emphasised ** 2).sum(1) + ((signal - mean) ** 2).sum(1) / 16, mean[:, 0] ** 2 * signal.shape[1]

    error, error_dc = energies(y - target)
    wanted, _ = energies(target)
    floor = 1e-7 * y.shape[1]
    return torch.sqrt((error + error_dc / 16) / (wanted + floor) + 1e-9)


class Data:
    """Prepared pairs in a seeded order, the last of which are kept for validation."""

    def __init__(self, directory, batch, seed):
        self.x, self.y, self.knobs = (np.load(directory / f"{name}.npy", mmap_mode="r")
                                      for name in ("x", "y", "knobs"))
        self.batch, self.seed = batch, seed
        self.n_valid = min(MOST_VALID, len(self.x) // 8)
        self.per_epoch = (len(self.x) - self.n_valid) // batch
        if self.per_epoch < 1:
            raise ValueError(f"{directory} has too few segments: {len(self.x)}")
        self.epoch = None

    def rows(self, rows):
        return tuple(torch.from_numpy(np.array(a[rows])) for a in (self.x, self.y, self.knobs))

    def __getitem__(self, index):
        epoch, position = divmod(index, self.per_epoch)
        if epoch != self.epoch:
            order = np.random.default_rng((self.seed, epoch)).permutation(len(self.x) - self.n_valid)
            self.epoch, self.order = epoch, order
        return self.rows(np.sort(self.order[position * self.batch:(position + 1) * self.batch]))

    def valid(self):
        return self.rows(slice(-self.n_valid, None))


def validate(parameters, config, data):
    """Mean relative error over the validation segments."""
    with torch.no_grad():
        model = pyneuralfx.affine_form(parameters, config)
        x, target, knobs = data.valid()
        y, _ = kernel.render(x, model.theta(knobs), model.out_weight, model.out_bias)
        return float(relative_error(y[:, WARM_UP:], target[:, WARM_UP:]).mean())


def save(value, path):
    """torch.save that leaves the old file or the new one, never half of one."""
    temporary = path.with_name(path.name + ".new")
    torch.save(value, temporary)
    os.replace(temporary, path)


class Run:
    """One training run: parameters, optimiser, how far it is, and where it is kept."""

    def __init__(self, config, options):
        self.config, self.options = config, options
        self.data = Data(options.data, options.batch, options.seed)
        self.parameters = pyneuralfx.initial_parameters(config, torch.Generator().manual_seed(options.seed))
        self.optimiser = Soap(self.parameters.values(), 3 * config.hidden_size)
        self.batches = self.steps = 0
        self.elapsed_s = 0.0
        self.state_path = options.out / "state.pt"
        if self.state_path.exists():
            self._resume()
        for tensor in self.parameters.values():
            tensor.requires_grad_(True)

    def _resume(self):
        state = torch.load(self.state_path)
        with torch.no_grad():
            for name, tensor in self.parameters.items():
                tensor.copy_(state["parameters"][name])
        self.optimiser.load_state_dict(state["optimiser"])
        self.batches, self.steps, self.elapsed_s = state["batches"], state["steps"], state["elapsed_s"]
        print(f"going on after {self.elapsed_s / 60:.1f} minutes", flush=True)

    def weights(self):
        return {name: tensor.detach().clone() for name, tensor in self.parameters.items()}

    def save(self):
        save({"parameters": self.weights(), "optimiser": self.optimiser.state_dict(), "batches": self.batches,
              "steps": self.steps, "elapsed_s": self.elapsed_s}, self.state_path)
        save(self.weights(), self.options.out / "best_params.pt")

    def progress(self):
        return min(1.0, self.elapsed_s / (60 * self.options.minutes))

    def _set_rate(self):
        warm_up = min(1.0, (self.steps + 1) / RATE_WARM_UP_STEPS)
        cosine = 0.5 + 0.5 * math.cos(math.pi * self.progress())
        for group in self.optimiser.param_groups:
            group["lr"] = self.options.rate * warm_up * (cosine + 0.002)

    def train_batch(self):
        """One optimiser step for each chunk of a batch; the mean loss."""
        x, target, knobs = self.data[self.batches]
        with torch.no_grad():
            model = pyneuralfx.affine_form(self.parameters, self.config)
            _, state = kernel.render(x[:, :WARM_UP].contiguous(), model.theta(knobs), model.out_weight, model.out_bias)
        state = state[:, 0]
        losses = []
        chunk = self.options.chunk
        for start in range(WARM_UP, x.shape[1] - chunk + 1, chunk):
            self._set_rate()
            part = slice(start, start + chunk)
            model = pyneuralfx.affine_form(self.parameters, self.config)
            y, state = kernel.gru(x[:, part].contiguous(), model.theta(knobs), model.out_weight, model.out_bias, state)
            loss = relative_error(y, target[:, part]).mean()
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.parameters.values(), CLIP_NORM)
            self.optimiser.step()
            self.steps += 1
            losses.append(float(loss))
        self.batches += 1
        return float(np.mean(losses))

    def train(self):
        """Trains until the minutes are up, saving and reporting on the way."""
        losses = []
        next_save = self.elapsed_s + SAVE_EVERY_S
        next_report = self.elapsed_s + REPORT_EVERY_S
        while self.progress() < 1.0:
            start = time.monotonic()
            losses.append(self.train_batch())
            self.elapsed_s += time.monotonic() - start
            if self.elapsed_s >= next_save or self.progress() == 1.0:
                self.save()
                next_save = self.elapsed_s + SAVE_EVERY_S
            if self.elapsed_s >= next_report or self.progress() == 1.0:
                self._report(np.mean(losses))
                losses = []
                next_report = self.elapsed_s + REPORT_EVERY_S

    def _report(self, loss):
        valid = validate(self.parameters, self.config, self.data)
        left_min = self.options.minutes - self.elapsed_s / 60
        print(f"step {self.steps}, loss {loss:.4f}, valid {valid:.4f}, {left_min:.1f} min left", flush=True)
        log = self.options.out / "loss.csv"
        header = "" if log.exists() else "minutes,step,train,valid\n"
        with open(log, "a", encoding="ascii") as file:
            file.write(f"{header}{self.elapsed_s / 60:.2f},{self.steps},{loss:.6f},{valid:.6f}\n")


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--chunk", type=int, default=512)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    # Keeps malloc from giving the big buffers of each step back to the system and asking again.
    for parameter in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD):
        ctypes.CDLL(None).mallopt(parameter, 1 << 30)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        config = pyneuralfx.read_config(options.config)
        run = Run(config, options)
    except (OSError, ValueError, pyneuralfx.ModelError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 2
    shutil.copyfile(options.config, options.out / "config.yml")
    run.train()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
