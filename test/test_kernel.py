#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The training kernel: its sound and its gradients against torch in double precision."""

import unittest

import torch

import common
import kernel
import pyneuralfx

LANES, N = 3, 50


class Kernel(unittest.TestCase):
    def inputs(self, hidden):
        generator = torch.Generator().manual_seed(hidden)
        theta = torch.randn(LANES, 7 * hidden + 3 * hidden ** 2, generator=generator) / hidden ** 0.5
        return (torch.randn(LANES, N, generator=generator), theta, torch.randn(hidden, generator=generator),
                torch.tensor(0.1), 0.5 * torch.randn(LANES, hidden, generator=generator))

    def gradients(self, function, inputs, dtype):
        x, *rest = (tensor.to(dtype) for tensor in inputs)
        parameters = [tensor.clone().requires_grad_(True) for tensor in rest[:3]]
        y, state = function(x, *parameters, rest[3])
        (y ** 2).mean().backward()
        return [y.detach(), state.detach(), *(p.grad for p in parameters)]

    def test_gradients(self):
        """outputs, states and gradients, for sizes with and without padding"""
        for hidden in (8, 16, 32, 40):
            inputs = self.inputs(hidden)
            exact = self.gradients(kernel.gru_torch, inputs, torch.float64)
            fast = self.gradients(kernel.gru, inputs, torch.float32)
            for name, a, b in zip(("y", "state", "theta", "out_weight", "out_bias"), fast, exact):
                error = ((a - b).abs().max() / b.abs().max()).item()
                common.note(f"{hidden} units, {name}: {error:.2g}")
                self.assertLess(error, 3e-6)

    def test_padding(self):
        """a size that is no multiple of 8"""
        x, theta, out_weight, out_bias, _ = self.inputs(12)
        zeros = torch.zeros(LANES, 12, dtype=torch.float64)
        exact, _ = kernel.gru_torch(x.double(), theta.double(), out_weight.double(), out_bias.double(), zeros)
        y, _ = kernel.render(x, theta, out_weight, out_bias)
        self.assertLess((y - exact).abs().max(), 3e-6)
        theta.requires_grad_(True)
        y, _ = kernel.gru(x, theta, out_weight, out_bias, torch.zeros(LANES, 16))
        y.sum().backward()
        self.assertGreater(theta.grad.abs().min(1).values.max(), 0)

    def test_delay(self):
        """a state delay of m plays m interleaved signals apart"""
        x, theta, out_weight, out_bias, _ = self.inputs(16)
        mixed = torch.stack([x, 0.5 * x.flip(1)], 2).reshape(LANES, 2 * N).contiguous()
        y, _ = kernel.render(mixed, theta, out_weight, out_bias, delay=2)
        first, _ = kernel.render(x, theta, out_weight, out_bias)
        second, _ = kernel.render((0.5 * x.flip(1)).contiguous(), theta, out_weight, out_bias)
        self.assertTrue(torch.equal(y[:, ::2], first) and torch.equal(y[:, 1::2], second))

    def test_fractional_delay(self):
        """a delay between samples feeds back a parabola through the three nearest states"""
        x, theta, out_weight, out_bias, _ = self.inputs(8)
        for delay, first in ((1.8375, 1), (3.675, 3), (1.333, 1)):
            at, taps = kernel.lagrange_taps(delay)
            self.assertEqual(at, first)
            for power in range(3):
                self.assertAlmostEqual(sum(tap * (first + k) ** power for k, tap in enumerate(taps)), delay ** power)
            n = N // (first + 2) * (first + 2)
            y, _ = kernel.render(x[:, :n].contiguous(), theta, out_weight, out_bias, delay=delay)
            states = [torch.zeros(LANES, 8)] * (first + 2)
            for t in range(n):
                fed_back = sum(tap * states[-first - k] for k, tap in enumerate(taps))
                one, state = kernel.gru_torch(x[:, t:t + 1], theta, out_weight, out_bias, fed_back)
                self.assertLess((one[:, 0] - y[:, t]).abs().max(), 1e-5)
                states.append(state)

    def test_carried_state(self):
        """two halves with the state carried over are the whole"""
        x, theta, out_weight, out_bias, _ = self.inputs(32)
        whole, _ = kernel.render(x, theta, out_weight, out_bias)
        first, state = kernel.render(x[:, :20].contiguous(), theta, out_weight, out_bias)
        second, _ = kernel.render(x[:, 20:].contiguous(), theta, out_weight, out_bias, state)
        self.assertTrue(torch.equal(torch.cat([first, second], 1), whole))

    def test_broken_lane(self):
        """a lane whose gradient overflows is dropped, and the others are kept"""
        dtheta = torch.ones(3, 10)
        dtheta[1, 3] = float("inf")
        dtheta[2] *= 100
        scale = kernel._lane_scale(dtheta)  # pylint: disable=protected-access
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
            y, _ = kernel.gru(torch.ones(1, 8), model.theta(knobs), model.out_weight, model.out_bias, torch.zeros(1, 8))
            y.sum().backward()
            for name, tensor in parameters.items():
                self.assertGreater(tensor.grad.abs().max(), 0, name)


if __name__ == "__main__":
    common.main()
