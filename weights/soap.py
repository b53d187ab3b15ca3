# SPDX-License-Identifier: MIT
"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner.

It follows Vyas et al., "SOAP: Improving and Stabilizing Shampoo using Adam" (arXiv 2409.11321). A
parameter is an array with one or more axes. For each axis, SOAP tracks the second moment of the
gradient along it; Adam runs in the basis of the eigenvectors of these moments.

All parameters are views of one flat tensor. There, parameters of equal shape follow each other, so that
one operation serves them all: a batch of them for an axis, the flat tensor for Adam.
"""

import math

import torch

import training_kernel

MOMENTUM, SECOND_MOMENT, AXIS_MOMENT = 0.95, 0.99, 0.95
EPSILON = 1e-8
REFINE_EVERY = 10  # steps between refinements of the eigenvectors
LONGEST_AXIS = 256  # a longer axis keeps its own basis


def _rotate(array, bases, is_back=False):
    """The array [n][axes...] in the bases [n][axis][axis] of its axes, flat; with is_back, the inverse."""
    for axis, basis in zip(array.shape[1:], bases):
        # The first axis becomes the last one, so that after all axes their order is the old one.
        array = array.reshape(len(array), axis, -1).transpose(1, 2)
        if basis is not None:
            array = torch.bmm(array, basis.transpose(1, 2) if is_back else basis)
    return array.reshape(-1)


class _Group:
    """Parameters of equal shape: their place in the flat tensor, and the moments and bases of their axes."""

    KEPT = ("moments", "bases")

    def __init__(self, place, shape, flat):
        self.place, self.shape = place, shape
        n = shape[0]
        for name in self.KEPT:
            setattr(self, name, [flat.new_zeros(n, axis, axis) if axis <= LONGEST_AXIS else None
                                 for axis in shape[1:]])

    def rotate(self, flat, is_back=False):
        """Changes the group's part of a flat tensor to its bases; with is_back, from them."""
        part = flat[self.place]
        part.copy_(_rotate(part.view(self.shape), self.bases, is_back))

    def track(self, gradient):
        """Updates the moments with a flat gradient."""
        array = gradient[self.place].view(self.shape)
        for axis, moment in enumerate(self.moments, 1):
            if moment is not None:
                rows = array.movedim(axis, 1).reshape(len(array), array.shape[axis], -1)
                moment.lerp_(torch.bmm(rows, rows.transpose(1, 2)), 1 - AXIS_MOMENT)

    def start_bases(self):
        """Sets the bases to the moments' eigenvectors."""
        self.bases = [None if moment is None else torch.linalg.eigh(moment)[1] for moment in self.moments]

    def refine_bases(self, momentum):
        """Brings the bases nearer to the eigenvectors, and changes the flat momentum from the old ones to these."""
        old = self.bases
        self.bases = [None if moment is None else torch.linalg.qr(torch.bmm(moment, basis))[0]
                      for moment, basis in zip(self.moments, old)]
        part = momentum[self.place]
        part.copy_(_rotate(part.view(self.shape), [None if basis is None else torch.bmm(basis.transpose(1, 2), new)
                                                   for basis, new in zip(old, self.bases)]))


class Soap:
    """The optimiser. A first axis that is a multiple of `gates` counts as two axes: (n, gates).

    `parameters` become views of the tensor `flat`.
    """

    KEPT = ("momentum", "second")

    def __init__(self, parameters, gates):
        parameters = list(parameters)
        self.steps = 0
        shapes = [self._natural_shape(parameter, gates) for parameter in parameters]
        self.order = sorted(range(len(parameters)), key=lambda number: (math.prod(shapes[number]), shapes[number]))
        self.flat = self.flatten(parameters)
        self.momentum, self.second = torch.zeros_like(self.flat), torch.zeros_like(self.flat)
        self.groups, start = [], 0
        for shape in dict.fromkeys(shapes[number] for number in self.order):
            n = shapes.count(shape)
            end = start + n * math.prod(shape)
            self.groups.insert(0, _Group(slice(start, end), (n, *shape), self.flat))  # threads begin with the largest
            start = end

    @staticmethod
    def _natural_shape(tensor, gates):
        shape = tensor.shape
        if shape[0] % gates == 0:
            shape = (shape[0] // gates, gates, *shape[1:])
        return tuple(axis for axis in shape if axis > 1)

    def join(self, tensors):
        """A flat copy of tensors that have the parameters' shapes and order."""
        return torch.cat([tensors[number].reshape(-1) for number in self.order])

    def flatten(self, tensors):
        """As join, but the tensors become views of the result."""
        flat = self.join(tensors)
        sizes = [tensors[number].numel() for number in self.order]
        for number, part in zip(self.order, flat.split(sizes)):
            tensors[number].data = part.view(tensors[number].shape)
        return flat

    def state_dict(self):
        """All that a later start needs, apart from the parameters."""
        return {"steps": self.steps, **{name: getattr(self, name) for name in self.KEPT},
                "groups": [{name: getattr(group, name) for name in group.KEPT} for group in self.groups]}

    def load_state_dict(self, state):
        """Takes what state_dict returned; ValueError, KeyError or TypeError when it is not of these parameters."""
        self.steps = state["steps"]
        pairs = [(getattr(self, name), state[name]) for name in self.KEPT]
        for group, kept in zip(self.groups, state["groups"], strict=True):
            for name in group.KEPT:
                pairs += zip(getattr(group, name), kept[name], strict=True)
        for old, new in pairs:
            if (None if old is None else old.shape) != (None if new is None else new.shape):
                raise ValueError("a moment has another shape")
            if old is not None:
                old.copy_(new)

    def _prepare(self, group, gradient):
        """Updates a group's moments, and changes its part of the gradient to its bases."""
        group.track(gradient)
        if self.steps == 0:
            group.start_bases()
        elif self.steps % REFINE_EVERY == 0:
            group.refine_bases(self.momentum)
        group.rotate(gradient)

    @torch.no_grad()
    def step(self, gradient, rate):
        """Takes one step with the gradient [n] of `flat`, which it changes; the first step only starts the moments."""
        training_kernel.in_threads(lambda group: self._prepare(group, gradient), self.groups)
        steps = self.steps
        self.steps += 1
        if steps == 0:
            return
        self.momentum.lerp_(gradient, 1 - MOMENTUM)
        self.second.mul_(SECOND_MOMENT).addcmul_(gradient, gradient, value=1 - SECOND_MOMENT)
        scale = (self.second / (1 - SECOND_MOMENT ** steps)).sqrt_().add_(EPSILON)
        torch.div(self.momentum, scale, out=gradient)
        training_kernel.in_threads(lambda group: group.rotate(gradient, is_back=True), self.groups)
        self.flat.sub_(gradient, alpha=rate / (1 - MOMENTUM ** steps))
