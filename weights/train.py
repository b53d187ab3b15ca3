#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Trains a PyNeuralFx GRU or LSTM on prepared pairs, on the CPU, or on a GPU if torch has one.

usage: train.py CONFIG.yml DATA_DIR OUT_DIR [--minutes M] [--rate R] [--seed N] [--from CHECKPOINT.pt]
                [--threads N]

CONFIG.yml is a PyNeuralFx configuration; train.py reads its arch and sizes, buffer_size, batch_size,
lr, epochs, interval_val and improvement_patience. prepare.py makes DATA_DIR. OUT_DIR gets four files:
best_params.pt (the best parameters in validation) and config.yml, which PyNeuralFx and export.py can
open; loss.csv; and state.pt, from which the same command continues a run that was killed. Ctrl-C ends a
run early. Each run ends with a validation.

Each segment is played in buffers with the state carried over. One optimiser step follows each buffer;
the learning rate falls along a cosine. Validation uses means of the parameters over the last steps.
With epochs, the same seed gives the same model, with any number of threads, and whether the run was
killed or not. With --minutes, the result depends on the machine's speed.
"""

import argparse
import contextlib
import ctypes
import io
import math
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

import checkpoint
import gru_file
import loss
import plan as plans
import pyneuralfx
import training_kernel
from pairs import WARM_UP, Batches, Pairs
from soap import Soap

SAVE_EVERY_S = 30
RATE_WARM_UP_STEPS = 300
CLIP_NORM = 1.0
REST_EVERY = 4  # steps between those that count the unrest, which then has this weight
FIRST_VALIDATION = 50  # steps
# Means of the parameters are validated, over about so many steps; early in a run, over the last 10th, 4th and half. At
# high rates a long mean is the best; it lags behind while the model still learns fast.
AVERAGES = {1000: 10, 8000: 4, 64000: 2}
MAX_THREADS = 1024
M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -3, -1


def save(value, path):
    """torch.save; after any failure, the old file is unchanged. OSError when it can't write."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    gru_file.write_atomically(path, buffer.getvalue())


def _is_due(before, steps, validate_every):
    """Whether a validation is due after `steps`: at multiples of validate_every, and at doubling steps before."""
    first = FIRST_VALIDATION
    while first < validate_every:
        if before < first <= steps:
            return True
        first *= 2
    return before // validate_every < steps // validate_every


class Run:
    """One training run: its parameters, optimiser and progress, and the folder that keeps them."""

    def __init__(self, config, plan, data, out, start=None):
        self.config, self.plan, self.out = config, plan, out
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        train, self.valid = Pairs(data / "train"), Pairs(data / "valid")
        if train.n_knobs != config.n_knobs:
            raise pyneuralfx.ModelError(f"{data} has {train.n_knobs} knobs; data.num_conds is {config.n_knobs}")
        if train.length < plan.buffer_size:
            raise pyneuralfx.ModelError(f"data.buffer_size is {plan.buffer_size}; the limit is {train.length}, the "
                                        f"samples of a segment in {data}")
        self.batches = Batches(train, plan.batch_size, plan.seed)
        parameters = (pyneuralfx.read_parameters(start, config) if start else
                      pyneuralfx.initial_parameters(config, torch.Generator().manual_seed(plan.seed)))
        self.parameters = {name: tensor.to(self.device) for name, tensor in parameters.items()}
        self.averages = [{name: tensor.clone() for name, tensor in self.parameters.items()} for _ in AVERAGES]
        self.optimiser = Soap(self.parameters.values(), config.n_gate_units)
        self.flat_averages = [self.optimiser.flatten(list(average.values())) for average in self.averages]
        self.n_batches = self.steps = self.stale = 0
        self.elapsed_s, self.best = 0.0, math.inf
        self.losses, self.log = [], []
        self.is_stopped = False
        if (out / "state.pt").exists():
            self._resume(start is not None)
        for tensor in self.parameters.values():
            tensor.requires_grad_(True)

    # state.pt holds these beside the parameters, as tensors: the safe mode of torch 1.13 reads no Python floats.
    COUNTERS = ("n_batches", "steps", "stale")
    NUMBERS = ("elapsed_s", "best", "losses", "log")

    def _resume(self, has_start):
        path = self.out / "state.pt"
        try:
            self._take(checkpoint.load(path.read_bytes(), self.device))
        except pyneuralfx.ModelError as error:
            raise pyneuralfx.ModelError(f"{path}: {error}") from error
        except (KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise pyneuralfx.ModelError(f"{path} is not the state of a run of this configuration; choose another "
                                        "OUT_DIR, or delete it to start again") from error
        print(f"going on after {self.steps} steps, {self.elapsed_s / 60:.1f} minutes"
              + ("; --from is for new runs and changes nothing" if has_start else ""), flush=True)

    def _take(self, state):
        with torch.no_grad():
            for own, kept in zip([self.parameters, *self.averages], [state["parameters"], *state["averages"]],
                                 strict=True):
                for name, tensor in own.items():
                    if tensor.shape != kept[name].shape:
                        raise ValueError(f"{name} has another shape")
                    tensor.copy_(kept[name])
        self.optimiser.load_state_dict(state["optimiser"])
        for name in self.COUNTERS:
            setattr(self, name, state[name])
        for name in self.NUMBERS:
            setattr(self, name, state[name].tolist())

    def save(self):
        """Writes everything that a later start needs."""
        save({"parameters": self.parameters, "averages": self.averages, "optimiser": self.optimiser.state_dict(),
              **{name: getattr(self, name) for name in self.COUNTERS},
              **{name: torch.tensor(getattr(self, name), dtype=torch.float64) for name in self.NUMBERS}},
             self.out / "state.pt")

    def progress(self):
        """The part of the plan that is done, from 0 to 1."""
        if self.plan.minutes is not None:
            return min(1.0, self.elapsed_s / (60 * self.plan.minutes))
        return self.n_batches / (self.plan.epochs * self.batches.per_epoch)

    def is_over(self):
        """Whether the plan is done, or its patience is used up."""
        return self.progress() >= 1.0 or (self.plan.patience is not None and self.stale >= self.plan.patience)

    def _model(self):
        return pyneuralfx.affine_form(self.parameters, self.config)

    def _take_averages(self):
        for (n_steps, part), average in zip(AVERAGES.items(), self.flat_averages):
            average.lerp_(self.optimiser.flat, max(1 / n_steps, part / (self.steps + part)))

    def _rate(self):
        warm_up = min(1.0, (self.steps + 1) / RATE_WARM_UP_STEPS)
        cosine = 0.5 + 0.5 * math.cos(math.pi * self.progress())
        return self.plan.rate * warm_up * (cosine + 0.002)

    def _step(self, x, target, knobs, state):
        model = self._model()
        theta = model.theta(knobs)
        y, state = training_kernel.play(x, theta, model.out_weight, model.out_bias, state, model.cell)
        error = loss.relative_error(y, target).mean()
        total = error
        if self.steps % REST_EVERY == 0:
            unrest = loss.unrest(model, theta)
            if unrest != 0:  # else its gradient is 0
                total = error + REST_EVERY * unrest
        gradient = self.optimiser.join(torch.autograd.grad(total, list(self.parameters.values())))
        norm = float(gradient.norm())
        if math.isfinite(norm):
            self.optimiser.step(gradient.mul_(min(1.0, CLIP_NORM / (norm + 1e-6))), self._rate())
        self._take_averages()
        self.steps += 1
        self.losses.append(float(error))
        return state

    def train_batch(self):
        """Takes one optimiser step for each buffer of a batch."""
        x, target, knobs = (tensor.to(self.device) for tensor in self.batches[self.n_batches])
        with torch.no_grad():
            model = self._model()
            _, state = training_kernel.render(x[:, :WARM_UP].contiguous(), model.theta(knobs), model.out_weight,
                                              model.out_bias, cell=model.cell)
        state = state[:, 0]
        size = self.plan.buffer_size
        before = self.steps
        for start in range(WARM_UP, x.shape[1] - size + 1, size):
            part = slice(start, start + size)
            state = self._step(x[:, part].contiguous(), target[:, part], knobs, state)
        self.n_batches += 1
        if _is_due(before, self.steps, self.plan.validate_every):
            self._validate()

    def _valid_error(self, parameters):
        """The mean error of the validation segments."""
        with torch.no_grad():
            model = pyneuralfx.affine_form(parameters, self.config)
            x, target, knobs = (tensor.to(self.device) for tensor in self.valid.rows(slice(None)))
            y, _ = training_kernel.render(x, model.theta(knobs), model.out_weight, model.out_bias, cell=model.cell)
            return float(loss.relative_error(y[:, WARM_UP:], target[:, WARM_UP:]).mean())

    def _validate(self):
        """Logs the least error of the means; saves the parameters of that one if they are the best so far."""
        errors = [self._valid_error(average) for average in self.averages]
        valid = min(errors)
        self.log.append((self.elapsed_s / 60, self.steps, float(np.mean(self.losses)), valid))
        self.losses = []
        self.stale += 1
        if valid < self.best:
            self.best, self.stale = valid, 0
            average = self.averages[errors.index(valid)]
            save({name: tensor.cpu().clone() for name, tensor in average.items()}, self.out / "best_params.pt")
        rows = [f"{minutes:.2f},{steps:.0f},{train:.6f},{valid:.6f}\n" for minutes, steps, train, valid in self.log]
        gru_file.write_atomically(self.out / "loss.csv", "".join(["minutes,step,train,valid\n", *rows]).encode())

    def best_esr(self):
        """The error-to-signal ratio of the best parameters over all validation segments; ModelError without any."""
        path = self.out / "best_params.pt"
        if not path.exists():
            raise pyneuralfx.ModelError(f"{self.out}: training diverged, no validation error is finite; lower --rate")
        parameters = pyneuralfx.read_parameters(path, self.config)
        with torch.no_grad():
            model = pyneuralfx.affine_form(parameters, self.config)
            x, target, knobs = self.valid.rows(slice(None))
            y, _ = training_kernel.render(x, model.theta(knobs), model.out_weight, model.out_bias, cell=model.cell)
            error, wanted = ((sound - sound.mean(1, keepdim=True)).square().sum()
                             for sound in ((y - target)[:, WARM_UP:], target[:, WARM_UP:]))
        return float(error / (wanted + 1e-12))

    def stop(self, *_):
        """Makes train() end after this batch, or after the first; a signal handler."""
        self.is_stopped = True

    def train(self):
        """Trains until the plan is done or stop() is called; saves the state every SAVE_EVERY_S; validates at last."""
        self._train_batches()
        if self.losses:
            self._validate()
            self.save()

    def _train_batches(self):
        saved_s = self.elapsed_s
        with tqdm(total=1.0, initial=self.progress(), mininterval=1 if sys.stderr.isatty() else 60,
                  bar_format="{l_bar}{bar}| {elapsed} gone, {remaining} left{postfix}") as bar:
            while not self.is_over() and not (self.is_stopped and self.steps):
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
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)),
                        help="instead of one for each processor that the process may use")
    parser.add_argument("--from", dest="start", metavar="CHECKPOINT.pt", help="parameters to start from")
    return parser.parse_args(arguments)


def _set_up_process(n_threads):
    """Gives the training kernel n_threads; torch and OpenBLAS get one, since their matrices are small."""
    if not 1 <= n_threads <= MAX_THREADS:
        raise pyneuralfx.ModelError(f"--threads is {n_threads}; the limits are 1 and {MAX_THREADS}")
    training_kernel.set_threads(n_threads)
    torch.set_num_threads(1)
    with contextlib.suppress(OSError, AttributeError):  # another BLAS
        ctypes.CDLL("libblas.so.3").openblas_set_num_threads(1)
    # malloc keeps the big buffers of each step, and does not return them to the system.
    for parameter in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD):
        ctypes.CDLL(None).mallopt(parameter, 1 << 30)


def main(arguments):
    options = parse(arguments)
    try:
        _set_up_process(options.threads)
        config, plan = plans.read(options.config, options.minutes, options.rate, options.seed)
        if plan.epochs is None and plan.minutes is None:
            raise pyneuralfx.ModelError(f"{options.config}: train.epochs is missing, and so is --minutes; one of them "
                                        "must say how long to train")
        if (options.out / "train").is_dir():
            raise pyneuralfx.ModelError(f"{options.out} is a data folder, since it has train/; choose another OUT_DIR")
        options.out.mkdir(parents=True, exist_ok=True)
        run = Run(config, plan, options.data, options.out, options.start)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, run.stop)
        with contextlib.suppress(shutil.SameFileError):
            shutil.copyfile(options.config, options.out / "config.yml")
        run.train()
        print(f"ESR in validation: {100 * run.best_esr():.3f} %\nNext: weights/export.py {options.out}/best_params.pt "
              f"{options.config} {options.out}.gru", flush=True)
    except (OSError, MemoryError, pyneuralfx.ModelError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
