#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The optimiser SOAP: its steps equal a plain computation in double precision, and its bases fit the gradients."""

import os
import unittest

import numpy as np
import torch

import common
import soap
import training_kernel

GATES = 6
# Equal shapes, a first axis of gates, an axis that is too long for a basis, vectors, and a number.
SHAPES = ((6, 3), (12, 3), (5,), (6, 3), (1,), (12,), (4, 2 + soap.LONGEST_AXIS), (5,), (1, 7))


def noise(seed, shapes=SHAPES):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


def natural(array):
    """Returns an array with its first axis in two if that is a multiple of GATES, without axes of length 1."""
    if array.shape[0] % GATES == 0:
        array = array.reshape(-1, GATES, *array.shape[1:])
    return array.squeeze()


def rotate(array, bases):
    """Returns the array times one matrix for each axis, or for none where that is None."""
    for axis, basis in enumerate(bases):
        if basis is not None:
            array = np.moveaxis(np.moveaxis(array, axis, -1) @ basis, -1, axis)
    return array


def bases_of(optimiser, number):
    """Returns the optimiser's present bases of a parameter, in double precision."""
    shape = tuple(natural(torch.zeros(SHAPES[number])).shape)
    group = next(group for group in optimiser.groups if group.shape[1:] == shape)
    place = [n for n in range(len(SHAPES)) if tuple(natural(torch.zeros(SHAPES[n])).shape) == shape].index(number)
    return [None if basis is None else basis[place].double().numpy() for basis in group.bases]


class Reference:
    """The steps of one parameter, with the optimiser's bases and the momentum outside of them."""

    def __init__(self, start):
        self.value = natural(start.double().numpy())
        self.momentum, self.second, self.steps = np.zeros_like(self.value), np.zeros_like(self.value), 0

    def step(self, gradient, bases, rate):
        self.steps += 1
        if self.steps == 1:
            return
        gradient, n = natural(gradient.double().numpy()), self.steps - 1
        self.momentum = 0.95 * self.momentum + 0.05 * gradient
        self.second = 0.99 * self.second + 0.01 * rotate(gradient, bases) ** 2
        mean = rotate(self.momentum, bases) / (1 - 0.95 ** n)
        step = mean / (np.sqrt(self.second / (1 - 0.99 ** n)) + 1e-8)
        self.value = self.value - rate * rotate(step, [None if basis is None else basis.T for basis in bases])


class Soap(unittest.TestCase):
    def test_steps(self):
        """each parameter moves as it would alone, in double precision, in its own shape"""
        parameters = noise(1)
        references = [Reference(tensor) for tensor in parameters]
        start = [tensor.clone() for tensor in parameters]
        optimiser = soap.Soap(parameters, GATES)
        for n in range(35):
            gradients = [0.3 * tensor + drift for tensor, drift in zip(noise(n + 2), start)]
            optimiser.step(optimiser.join(gradients), 0.01)
            for number, (reference, gradient) in enumerate(zip(references, gradients)):
                reference.step(gradient, bases_of(optimiser, number), 0.01)
        for tensor, reference, first, shape in zip(parameters, references, start, SHAPES):
            self.assertEqual(tuple(tensor.shape), shape)
            self.assertLess(np.abs(natural(tensor.numpy()) - reference.value).max(), 1e-4)
            self.assertGreater((tensor - first).abs().max(), 0.1)

    def test_bases(self):
        """the bases are orthonormal, and become the eigenvectors of the gradients' moments"""
        optimiser = soap.Soap([torch.zeros(12, 3)], GATES)
        mixes = [mix * 3.0 ** -torch.arange(len(mix)) for mix in noise(7, [(2, 2), (6, 6), (3, 3)])]
        for n in range(40 * soap.REFINE_EVERY):
            optimiser.step(torch.einsum("ai,bj,ck,ijk->abc", *mixes, *noise(n, [(2, 6, 3)])).reshape(-1), 0.0)
        for moment, basis in zip(optimiser.groups[0].moments, optimiser.groups[0].bases):
            size = len(moment[0])
            self.assertLess((basis[0].T @ basis[0] - torch.eye(size)).abs().max(), 1e-5)
            inside = basis[0].T @ moment[0] @ basis[0]
            self.assertLess((inside - torch.diag(inside.diag())).norm(), 0.2 * inside.norm())
            self.assertGreater((moment[0] - torch.diag(moment[0].diag())).norm(), 0.25 * moment[0].norm())

    def test_resumes(self):
        """an optimiser that takes another's state goes on as that one, and refuses one of other shapes"""
        ones, others = noise(1), noise(1)
        one, other = soap.Soap(ones, GATES), soap.Soap(others, GATES)
        for n in range(12):
            one.step(one.join(noise(n)), 0.01)
        other.flat.copy_(one.flat)
        other.load_state_dict(one.state_dict())
        for n in range(12):
            for optimiser in (one, other):
                optimiser.step(optimiser.join(noise(n + 50)), 0.01)
        self.assertTrue(torch.equal(one.flat, other.flat))
        with self.assertRaises(ValueError):
            soap.Soap([torch.zeros(12, 3)], GATES).load_state_dict(one.state_dict())

    def test_threads(self):
        """the steps are the same bit by bit with any number of threads"""
        self.addCleanup(training_kernel.set_threads, len(os.sched_getaffinity(0)))
        results = []
        for n_threads in (1, 2, 5):
            training_kernel.set_threads(n_threads)
            optimiser = soap.Soap(noise(1), GATES)
            for n in range(25):
                optimiser.step(optimiser.join(noise(n)), 0.01)
            results.append(optimiser.flat)
        self.assertTrue(torch.equal(results[0], results[1]) and torch.equal(results[0], results[2]))


if __name__ == "__main__":
    common.main()
