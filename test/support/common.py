# SPDX-License-Identifier: MIT
"""Functions that the Python tests share: paths, random checkpoints, and the bare C network."""

import os
import platform
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import tap
import torch

TOP = Path(os.environ.get("OD3_TOP") or Path(__file__).resolve().parents[2])
BUILD = Path(os.environ.get("OD3_BUILD") or TOP / "build")
SHARED = TOP.parent / "shared" / "reference"
sys.path[:0] = [str(TOP / "weights"), str(TOP / "src/rnn")]

import pyneuralfx  # noqa: E402 # found through the line above


def config_text(arch, hidden=8, knobs=2, bias=True, blocks=2, width=8, rate=48000, extra_model=""):
    """Returns the text of a PyNeuralFx configuration; knob k goes from 0 to k + 1."""
    ranges = [[0, k + 1] for k in range(knobs)]
    return f"""
data: {{sampling_rate: {rate}, inp_channels: 1, out_channels: 1, num_conds: {knobs}, norm_tensor: {ranges}}}
model: {{arch: {arch}, main_rnn_hidden_size: {hidden}, layer_norm: False, rnn_bias: {bias},
  n_mlp_blocks: {blocks}, mlp_size: {width}{extra_model}}}
"""


def random_parameters(config, seed):
    """Returns random initial parameters, as training draws them, for a seed.

    The hidden weights of a static-hyper network are halved; at 64 neurons it would be chaotic otherwise.
    """
    parameters = pyneuralfx.initial_parameters(config, torch.Generator().manual_seed(seed))
    return {name: tensor / 2 if "proj_hh" in name else tensor for name, tensor in parameters.items()}


def playing(n, seed):
    """Returns n float32 samples of noise bursts from -60 to 0 dBFS."""
    rng = np.random.default_rng(seed)
    level = np.repeat(10 ** rng.uniform(-3, 0, n // 1000 + 1), 1000)[:n]
    return (level * rng.uniform(-1, 1, n)).astype(np.float32)


def run(*command, text=True, **options):
    """Runs a command that must succeed, with options of subprocess.run; returns its standard output."""
    result = subprocess.run([str(word) for word in command], capture_output=True, check=False, text=text, **options)
    if result.returncode:
        raise AssertionError(f"{command} failed with {result.returncode}:\n{result.stdout[-3000:]}\n"
                             f"{result.stderr[-3000:]}")
    return result.stdout


def render(model, x, knobs, kernel=None, n_streams=1, program=("test/support/render",), sample="<f4"):
    """Returns the C network's output for float32 x at knobs from -1 to +1.

    The path of program is relative to the build folder; an emulator may come before it.
    """
    *emulator, name = program
    command = [*emulator, str(BUILD / name), str(model), str(n_streams), *(repr(float(knob)) for knob in knobs)]
    environment = {**os.environ, **({"OD3_KERNEL": kernel} if kernel else {})}
    result = subprocess.run(command, input=np.ascontiguousarray(x, sample).tobytes(), env=environment,
                            stdout=subprocess.PIPE, check=True)
    return np.frombuffer(result.stdout, sample).astype(np.float64)


def scratch_folder(add_cleanup):
    """Returns a temporary folder that add_cleanup (addCleanup or addClassCleanup) removes."""
    folder = tempfile.TemporaryDirectory()
    add_cleanup(folder.cleanup)
    return Path(folder.name)


def note(text):
    """Prints a TAP comment."""
    print(f"# {text}", flush=True)


def record_skips(reasons):
    """Appends reasons to the file that OD3_SKIPS names, from which `./waf test` tells how many tests skipped."""
    if "OD3_SKIPS" in os.environ:
        with open(os.environ["OD3_SKIPS"], "a", encoding="utf-8") as file:
            file.writelines(f"{reason}\n" for reason in reasons)


def native_kernels():
    """Returns the kernels that this processor runs."""
    if platform.machine() != "x86_64":
        return ("plain", *{"aarch64": ("neon",)}.get(platform.machine(), ()))
    flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    return ("plain", "sse2", *(["avx2"] if {"avx2", "fma"} <= flags else []),
            *(["avx512"] if {"avx512f", "avx512bw", "avx512dq", "avx512vl", "fma"} <= flags else []))


def main():
    """Runs the tests of the calling module and prints TAP."""
    runner = tap.TAPTestRunner(stream=sys.stderr)
    runner.set_stream(True)
    result = unittest.main(testRunner=runner, exit=False).result
    record_skips([reason for _, reason in result.skipped])
    sys.exit(not result.wasSuccessful())
