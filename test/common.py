# SPDX-License-Identifier: MIT
"""What the Python tests share: where things are, random checkpoints, and the bare C network."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import tap
import torch

TOP = Path(os.environ.get("OD3_TOP") or Path(__file__).resolve().parent.parent)
BUILD = Path(os.environ.get("OD3_BUILD") or TOP / "build")
SHARED = TOP.parent / "shared" / "reference"
sys.path.insert(0, str(TOP / "weights"))

import pyneuralfx  # noqa: E402 # found through the line above


def config_text(arch, hidden=8, knobs=2, bias=True, blocks=2, width=8, rate=48000, extra_model=""):
    """A PyNeuralFx configuration; knob k goes from 0 to k + 1."""
    ranges = [[0, k + 1] for k in range(knobs)]
    return f"""
data: {{sampling_rate: {rate}, inp_channels: 1, out_channels: 1, num_conds: {knobs}, norm_tensor: {ranges}}}
model: {{arch: {arch}, main_rnn_hidden_size: {hidden}, layer_norm: False, rnn_bias: {bias},
  n_mlp_blocks: {blocks}, mlp_size: {width}{extra_model}}}
"""


def random_parameters(config, seed):
    """Parameters as training starts with, drawn anew for each seed.

    A static-hyper network's hidden weights are halved: at 64 units it is chaotic otherwise.
    """
    parameters = pyneuralfx.initial_parameters(config, torch.Generator().manual_seed(seed))
    return {name: tensor / 2 if "proj_hh" in name else tensor for name, tensor in parameters.items()}


def playing(n, seed):
    """Float32 noise bursts of all levels."""
    rng = np.random.default_rng(seed)
    level = np.repeat(10 ** rng.uniform(-3, 0, n // 1000 + 1), 1000)[:n]
    return (level * rng.uniform(-1, 1, n)).astype(np.float32)


def run(*command, text=True, **options):
    """Runs a command that must not fail, with options of subprocess.run; what it says on standard output."""
    result = subprocess.run([str(word) for word in command], capture_output=True, check=False, text=text, **options)
    if result.returncode:
        raise AssertionError(f"{command} failed with {result.returncode}:\n{result.stdout[-3000:]}\n"
                             f"{result.stderr[-3000:]}")
    return result.stdout


def render(model, x, knobs, kernel=None, n_lanes=1, program=("test/render",), sample="<f4"):
    """The C network's output for float32 x at knobs from -1 to +1; program is relative to the build folder."""
    *emulator, name = program
    command = [*emulator, str(BUILD / name), str(model), str(n_lanes), *(repr(float(knob)) for knob in knobs)]
    environment = {**os.environ, **({"OD3_KERNEL": kernel} if kernel else {})}
    result = subprocess.run(command, input=np.ascontiguousarray(x, sample).tobytes(), env=environment,
                            stdout=subprocess.PIPE, check=True)
    return np.frombuffer(result.stdout, sample).astype(np.float64)


def scratch_folder(add_cleanup):
    """A folder that goes away with a test, or a class of them: by its addCleanup, or addClassCleanup."""
    folder = tempfile.TemporaryDirectory()
    add_cleanup(folder.cleanup)
    return Path(folder.name)


def note(text):
    """A line of TAP commentary."""
    print(f"# {text}", flush=True)


def main():
    """Runs the calling module's tests, told as TAP."""
    runner = tap.TAPTestRunner(stream=sys.stderr)
    runner.set_stream(True)
    sys.exit(not unittest.main(testRunner=runner, exit=False).result.wasSuccessful())
