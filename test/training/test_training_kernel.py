#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The training kernel: its sound and its gradients against torch in double precision."""

import os
import unittest
from pathlib import Path
from unittest import mock

import torch

import common
import pyneuralfx
import theta_layout
import training_kernel

N_STREAMS, N = 3, 50


CELLS = (theta_layout.GRU, theta_layout.LSTM)


class Kernel(unittest.TestCase):
    def inputs(self, hidden, cell=theta_layout.GRU, n_streams=N_STREAMS, n=N):
        generator = torch.Generator().manual_seed(hidden)
        theta = torch.randn(n_streams, theta_layout.size(hidden, cell), generator=generator) / hidden ** 0.5
        size = training_kernel.N_STATES[cell] * hidden
        return (torch.randn(n_streams, n, generator=generator), theta, torch.randn(hidden, generator=generator),
                torch.tensor(0.1), 0.5 * torch.randn(n_streams, size, generator=generator))

    def gradients(self, function, inputs, dtype, cell=theta_layout.GRU):
        x, *rest = (tensor.to(dtype) for tensor in inputs)
        parameters = [tensor.clone().requires_grad_(True) for tensor in rest[:3]]
        y, state = function(x, *parameters, rest[3], cell)
        (y ** 2).mean().backward()
        return [y.detach(), state.detach(), *(p.grad for p in parameters)]

    def test_scan(self):
        """the reference in torch plays as torch's own GRU and LSTM"""
        for cell, kind in zip(CELLS, (torch.nn.GRU, torch.nn.LSTM)):
            network = kind(1, 6, batch_first=True).double()
            x = torch.randn(1, N, generator=torch.Generator().manual_seed(1)).double()
            with torch.no_grad():
                exact, last = network(x[:, :, None])
                sides = [[network.weight_ih_l0[:, 0], network.bias_ih_l0], [network.weight_hh_l0.T, network.bias_hh_l0]]
                theta = pyneuralfx.pack_theta(cell, sides[0][0], sides[1][0], sides[0][1], sides[1][1])[None]
                last = torch.cat(last if cell == theta_layout.LSTM else [last], 2)[0]
                for unit, out_weight in enumerate(torch.eye(6).double()):
                    zeros = torch.zeros(1, last.shape[1]).double()
                    y, state = training_kernel.play_torch(x, theta, out_weight, torch.tensor(0.0), zeros, cell)
                    self.assertLess((y - exact[:, :, unit]).abs().max(), 1e-14)
                    self.assertLess((state - last).abs().max(), 1e-14)

    def test_gradients(self):
        """outputs, states and gradients of GRU and LSTM against double precision"""
        for cell, hidden in ((cell, hidden) for cell in CELLS for hidden in (8, 16, 32, 40)):
            inputs = self.inputs(hidden, cell)
            exact = self.gradients(training_kernel.play_torch, inputs, torch.float64, cell)
            fast = self.gradients(training_kernel.play, inputs, torch.float32, cell)
            for name, a, b in zip(("y", "state", "theta", "out_weight", "out_bias"), fast, exact):
                error = ((a - b).abs().max() / b.abs().max()).item()
                common.note(f"{training_kernel.NAMES[cell]}, {hidden} units, {name}: {error:.2g}")
                self.assertLess(error, 3e-6)

    def test_padding(self):
        """a size that is no multiple of 8"""
        for cell in CELLS:
            x, theta, out_weight, out_bias, state = self.inputs(12, cell)
            zeros = torch.zeros_like(state).double()
            exact, _ = training_kernel.play_torch(x.double(), theta.double(), out_weight.double(), out_bias.double(),
                                                  zeros, cell)
            y, state = training_kernel.render(x, theta, out_weight, out_bias, cell=cell)
            self.assertLess((y - exact).abs().max(), 3e-6)
            theta.requires_grad_(True)
            y, _ = training_kernel.play(x, theta, out_weight, out_bias, torch.zeros_like(state[:, 0]), cell)
            y.sum().backward()
            self.assertGreater(theta.grad.abs().min(1).values.max(), 0)

    def test_delay(self):
        """a state delay of m plays m interleaved signals apart"""
        for cell in CELLS:
            x, *network, _ = self.inputs(16, cell)
            mixed = torch.stack([x, 0.5 * x.flip(1)], 2).reshape(N_STREAMS, 2 * N).contiguous()
            y, _ = training_kernel.render(mixed, *network, delay=2, cell=cell)
            first, _ = training_kernel.render(x, *network, cell=cell)
            second, _ = training_kernel.render((0.5 * x.flip(1)).contiguous(), *network, cell=cell)
            self.assertTrue(torch.equal(y[:, ::2], first) and torch.equal(y[:, 1::2], second))

    def test_fractional_delay(self):
        """a delay between samples feeds back a parabola through the three nearest states"""
        x, theta, out_weight, out_bias, _ = self.inputs(8)
        for delay, first in ((1.8375, 1), (3.675, 3), (1.333, 1)):
            at, taps = training_kernel.lagrange_taps(delay)
            self.assertEqual(at, first)
            for power in range(3):
                self.assertAlmostEqual(sum(tap * (first + k) ** power for k, tap in enumerate(taps)), delay ** power)
            n = N // (first + 2) * (first + 2)
            y, _ = training_kernel.render(x[:, :n].contiguous(), theta, out_weight, out_bias, delay=delay)
            states = [torch.zeros(N_STREAMS, 8)] * (first + 2)
            for t in range(n):
                fed_back = sum(tap * states[-first - k] for k, tap in enumerate(taps))
                one, state = training_kernel.play_torch(x[:, t:t + 1], theta, out_weight, out_bias, fed_back)
                self.assertLess((one[:, 0] - y[:, t]).abs().max(), 1e-5)
                states.append(state)

    def test_carried_state(self):
        """two halves with the state carried over are the whole"""
        x, theta, out_weight, out_bias, _ = self.inputs(32)
        whole, _ = training_kernel.render(x, theta, out_weight, out_bias)
        first, state = training_kernel.render(x[:, :20].contiguous(), theta, out_weight, out_bias)
        second, _ = training_kernel.render(x[:, 20:].contiguous(), theta, out_weight, out_bias, state)
        self.assertTrue(torch.equal(torch.cat([first, second], 1), whole))

    def test_threads(self):
        """sounds, states and gradients are the same bit by bit with any number of threads"""
        self.addCleanup(training_kernel.set_threads, len(os.sched_getaffinity(0)))
        for cell, hidden in ((cell, hidden) for cell in CELLS for hidden in (8, 16)):
            inputs = self.inputs(hidden, cell, n_streams=7, n=400)
            self.assertGreater(inputs[0].numel(), training_kernel.SHORTEST_SHARED)
            results = []
            for n_threads in (1, 2, 3, 16):
                training_kernel.set_threads(n_threads)
                results.append([*self.gradients(training_kernel.play, inputs, torch.float32, cell),
                                *training_kernel.render(*inputs[:4], delay=2, cell=cell)])
            for other in results[1:]:
                for name, a, b in zip(("y", "state", "theta", "out_weight", "out_bias", "sound", "history"),
                                      results[0], other):
                    self.assertTrue(torch.equal(a, b), name)

    def test_broken_stream(self):
        """a stream whose gradient overflows is dropped, and the others are kept"""
        dtheta = torch.ones(3, 10)
        dtheta[1, 3] = float("inf")
        dtheta[2] *= 100
        scale = training_kernel._stream_scale(dtheta)  # pylint: disable=protected-access
        self.assertTrue(torch.isfinite(dtheta).all())
        self.assertEqual(scale[1], 0)
        self.assertEqual(scale[0], 1)
        self.assertLess(scale[2], 1)

    def test_affine_form_is_differentiable(self):
        """every parameter of every kind gets a gradient"""
        for arch in pyneuralfx.ARCHS:
            config = pyneuralfx.parse_config(common.config_text(arch))
            parameters = common.random_parameters(config, 3)
            for tensor in parameters.values():
                tensor.requires_grad_(True)
            model = pyneuralfx.affine_form(parameters, config)
            knobs = torch.tensor([[0.5, -0.5]])[:, :config.n_knobs]
            y, _ = training_kernel.play(torch.ones(1, 8), model.theta(knobs), model.out_weight, model.out_bias,
                                        torch.zeros(1, 8 * training_kernel.N_STATES[model.cell]), model.cell)
            y.sum().backward()
            for name, tensor in parameters.items():
                self.assertGreater(tensor.grad.abs().max(), 0, name)

    def build_in(self, folder, compiler="gcc"):
        """Makes the kernel build in an empty cache, with this compiler, until the test ends."""
        patch = mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(folder), "CC": compiler})
        patch.start()
        self.addCleanup(training_kernel._library.cache_clear)  # pylint: disable=protected-access
        self.addCleanup(patch.stop)
        training_kernel._library.cache_clear()  # pylint: disable=protected-access

    def test_no_memory(self):
        """a backward pass without memory is a MemoryError that names the size"""
        folder = common.scratch_folder(self.addCleanup)
        (folder / "no_memory.h").write_text("#include <stdlib.h>\n"
                                            "#define aligned_alloc(alignment, size) ((void)(size), NULL)\n")
        self.build_in(folder, f"gcc -include {folder}/no_memory.h")
        x, theta, out_weight, out_bias, state = self.inputs(16)
        y, _ = training_kernel.play(x, theta.requires_grad_(True), out_weight, out_bias, state)
        with self.assertRaisesRegex(MemoryError, "no memory for 3072 bytes"):
            y.sum().backward()

    def test_cache_per_processor(self):
        """a library that was built for one processor is not run on another, and is kept for the first"""
        folder = common.scratch_folder(self.addCleanup)
        self.build_in(folder)
        libraries = []
        for flags in ("fpu sse2 avx512f", "fpu sse2", "fpu sse2 avx512f"):
            (folder / "cpuinfo").write_text(f"processor : 0\nflags : {flags}\ncpu MHz : {len(libraries)}\n")
            with mock.patch.object(training_kernel, "CPUINFO", folder / "cpuinfo"):
                libraries.append(training_kernel._build(8))  # pylint: disable=protected-access
        self.assertNotEqual(libraries[0], libraries[1])
        self.assertEqual(libraries[0], libraries[2])
        self.assertEqual(set((folder / "od3.lv2").iterdir()), {Path(library) for library in libraries})

    def test_failed_build(self):
        """a compiler that fails is told in one line, and leaves nothing in the cache"""
        folder = common.scratch_folder(self.addCleanup)
        self.build_in(folder, "gcc -DHIDDEN=broken -include no/such/file.h")
        with self.assertRaisesRegex(OSError, "training_kernel.c: gcc failed with exit status 1: .*no/such/file.h"):
            training_kernel._build(8)  # pylint: disable=protected-access
        self.assertEqual(list((folder / "od3.lv2").iterdir()), [])


if __name__ == "__main__":
    common.main()
