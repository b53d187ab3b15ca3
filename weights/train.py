#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Trains a PyNeuralFx GRU on prepared pairs, on one CPU core or, where torch sees one, a GPU.

usage: train.py CONFIG.yml DATA_DIR OUT_DIR [--minutes M] [--rate R] [--seed N] [--from CHECKPOINT.pt]

CONFIG.yml is PyNeuralFx's: its arch and sizes, buffer_size, batch_size, lr, epochs, interval_val and
improvement_patience. DATA_DIR comes from prepare.py. OUT_DIR gets best_params.pt (the best in
validation) and config.yml, which PyNeuralFx and export.py open; loss.csv; and state.pt, from which a
killed run goes on when it is started again. What is validated and kept are the parameters' means over
the last steps. Each segment is played in buffers with the state carried over, one optimiser step a
buffer, the learning rate falling along a cosine. By epochs, the same seed gives the same model,
through any number of kills; by --minutes, how far it gets is the machine's.
"""

import argparse
import ctypes
import io
import math
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

import gru_file
import kernel
import loss
import plan as plans
import pyneuralfx
from pairs import WARM_UP, Batches, Pairs
from soap import Soap

SAVE_EVERY_S = 30
RATE_WARM_UP_STEPS = 300
CLIP_NORM = 1.0
AVERAGED_STEPS = 1000  # what is validated and kept is the mean of the parameters over about so many
M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -3, -1


def save(value, path):
    """torch.save that leaves the old file or the new one, never half of one; OSError when it can't."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    gru_file.write_atomically(path, buffer.getvalue())


class Run:
    """One training run: parameters, optimiser, how far it is, and where it is kept."""

    def __init__(self, config, plan, data, out, start=None):
        self.config, self.plan, self.out = config, plan, out
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        train, self.valid = Pairs(data / "train"), Pairs(data / "valid")
        if train.n_knobs != config.n_knobs:
            raise pyneuralfx.ModelError(f"{data} has {train.n_knobs} knobs; the configuration {config.n_knobs}")
        if train.length < plan.buffer_size:
            raise pyneuralfx.ModelError(f"{data} has segments of {train.length} samples; buffer_size is larger")
        self.batches = Batches(train, plan.batch_size, plan.seed)
        parameters = (pyneuralfx.read_parameters(start, config) if start else
                      pyneuralfx.initial_parameters(config, torch.Generator().manual_seed(plan.seed)))
        self.parameters = {name: tensor.to(self.device) for name, tensor in parameters.items()}
        self.average = {name: tensor.clone() for name, tensor in self.parameters.items()}
        self.optimiser = Soap(self.parameters.values(), 3 * config.hidden_size)
        self.n_batches = self.steps = self.stale = 0
        self.elapsed_s, self.best = 0.0, math.inf
        self.losses, self.log = [], []
        if (out / "state.pt").exists():
            self._resume()
        for tensor in self.parameters.values():
            tensor.requires_grad_(True)

    KEPT = ("n_batches", "steps", "stale", "elapsed_s", "best", "losses", "log")

    def _resume(self):
        state = torch.load(self.out / "state.pt", map_location=self.device)
        with torch.no_grad():
            for kept in ("parameters", "average"):
                for name, tensor in getattr(self, kept).items():
                    tensor.copy_(state[kept][name])
        self.optimiser.load_state_dict(state["optimiser"])
        for name in self.KEPT:
            setattr(self, name, state[name])
        print(f"going on after {self.steps} steps, {self.elapsed_s / 60:.1f} minutes", flush=True)

    def save(self):
        """Everything that a later start needs."""
        save({"parameters": self.parameters, "average": self.average, "optimiser": self.optimiser.state_dict(),
              **{name: getattr(self, name) for name in self.KEPT}}, self.out / "state.pt")

    def progress(self):
        """From 0 to 1, where the run ends."""
        if self.plan.minutes is not None:
            return min(1.0, self.elapsed_s / (60 * self.plan.minutes))
        return self.n_batches / (self.plan.epochs * self.batches.per_epoch)

    def is_over(self):
        """The plan is done, or nothing has got better for as long as it allows."""
        return self.progress() >= 1.0 or (self.plan.patience is not None and self.stale >= self.plan.patience)

    def _model(self):
        return pyneuralfx.affine_form(self.parameters, self.config)

    def _take_average(self):
        weight = max(1 / AVERAGED_STEPS, 10 / (self.steps + 10))  # at first, over the last tenth
        with torch.no_grad():
            for name, tensor in self.average.items():
                tensor.lerp_(self.parameters[name], weight)

    def _set_rate(self):
        warm_up = min(1.0, (self.steps + 1) / RATE_WARM_UP_STEPS)
        cosine = 0.5 + 0.5 * math.cos(math.pi * self.progress())
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.rate * warm_up * (cosine + 0.002)

    def _step(self, x, target, knobs, state):
        self._set_rate()
        model = self._model()
        theta = model.theta(knobs)
        y, state = kernel.gru(x, theta, model.out_weight, model.out_bias, state)
        error = loss.relative_error(y, target).mean()
        self.optimiser.zero_grad(set_to_none=True)
        (error + loss.unrest(model, theta)).backward()
        norm = torch.nn.utils.clip_grad_norm_(self.parameters.values(), CLIP_NORM)
        if torch.isfinite(norm):
            self.optimiser.step()
        self._take_average()
        self.steps += 1
        self.losses.append(float(error))
        return state

    def train_batch(self):
        """One optimiser step for each buffer of a batch."""
        x, target, knobs = (tensor.to(self.device) for tensor in self.batches[self.n_batches])
        with torch.no_grad():
            model = self._model()
            _, state = kernel.render(x[:, :WARM_UP].contiguous(), model.theta(knobs), model.out_weight, model.out_bias)
        state = state[:, 0]
        size = self.plan.buffer_size
        before = self.steps
        for start in range(WARM_UP, x.shape[1] - size + 1, size):
            part = slice(start, start + size)
            state = self._step(x[:, part].contiguous(), target[:, part], knobs, state)
        self.n_batches += 1
        if before // self.plan.validate_every < self.steps // self.plan.validate_every or self.progress() >= 1.0:
            self._validate()

    def _validate(self):
        """Logs the mean error of the validation segments, and keeps the parameters if they are the best."""
        with torch.no_grad():
            model = pyneuralfx.affine_form(self.average, self.config)
            x, target, knobs = (tensor.to(self.device) for tensor in self.valid.rows(slice(None)))
            y, _ = kernel.render(x, model.theta(knobs), model.out_weight, model.out_bias)
            valid = float(loss.relative_error(y[:, WARM_UP:], target[:, WARM_UP:]).mean())
        self.log.append((self.elapsed_s / 60, self.steps, float(np.mean(self.losses)), valid))
        self.losses = []
        self.stale += 1
        if valid < self.best:
            self.best, self.stale = valid, 0
            save({name: tensor.cpu() for name, tensor in self.average.items()}, self.out / "best_params.pt")
        rows = [f"{minutes:.2f},{steps},{train:.6f},{valid:.6f}\n" for minutes, steps, train, valid in self.log]
        gru_file.write_atomically(self.out / "loss.csv", "".join(["minutes,step,train,valid\n", *rows]).encode())

    def train(self):
        """Trains until the plan is done, saving on the way."""
        saved_s = self.elapsed_s
        with tqdm(total=1.0, initial=self.progress(), mininterval=1 if sys.stderr.isatty() else 60,
                  bar_format="{l_bar}{bar}| {elapsed} gone, {remaining} left{postfix}") as bar:
            while not self.is_over():
                start = time.monotonic()
                self.train_batch()
                self.elapsed_s += time.monotonic() - start
                if self.elapsed_s >= saved_s + SAVE_EVERY_S or self.is_over():
                    self.save()
                    saved_s = self.elapsed_s
                if self.log:
                    bar.set_postfix(step=self.steps, train=f"{self.log[-1][2]:.4f}", valid=f"{self.log[-1][3]:.4f}",
                                    refresh=False)
                bar.update(self.progress() - bar.n)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, help="instead of the epochs in CONFIG.yml")
    parser.add_argument("--rate", type=float, help="instead of the lr in CONFIG.yml")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", dest="start", metavar="CHECKPOINT.pt", help="parameters to start from")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    torch.set_num_threads(1)
    # Keeps malloc from giving the big buffers of each step back to the system and asking again.
    for parameter in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD):
        ctypes.CDLL(None).mallopt(parameter, 1 << 30)
    try:
        config, plan = plans.read(options.config, options.minutes, options.rate, options.seed)
        if plan.epochs is None and plan.minutes is None:
            raise pyneuralfx.ModelError(f"neither {options.config} (train.epochs) nor --minutes says how long")
        options.out.mkdir(parents=True, exist_ok=True)
        run = Run(config, plan, options.data, options.out, options.start)
        shutil.copyfile(options.config, options.out / "config.yml")
        run.train()
    except (OSError, pyneuralfx.ModelError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
