# SPDX-License-Identifier: MIT
"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner.

It follows Vyas et al., "SOAP: Improving and Stabilizing Shampoo using Adam" (arXiv 2409.11321). A
parameter is an array with one or more axes. For each axis, SOAP tracks the second moment of the
gradient along it; Adam runs in the basis of the eigenvectors of these moments.
"""

import torch

MOMENTUM, SECOND_MOMENT, AXIS_MOMENT = 0.95, 0.99, 0.95
EPSILON = 1e-8
REFINE_EVERY = 10  # steps between refinements of the eigenvectors
LONGEST_AXIS = 256  # a longer axis keeps its own basis


def _rotate(array, bases, is_back=False):
    """The array in the bases of its axes; with is_back, the inverse."""
    for basis in bases:
        if basis is None:
            array = array.movedim(0, -1)
        else:
            array = torch.tensordot(array, basis.T if is_back else basis, dims=([0], [0]))
    return array


class Soap(torch.optim.Optimizer):
    """The optimiser. A first axis that is a multiple of `gates` counts as two axes: (n, gates)."""

    def __init__(self, parameters, gates):
        super().__init__(list(parameters), {"lr": 0.0})
        self.gates = gates

    def _natural(self, tensor):
        if tensor.shape[0] % self.gates == 0:
            tensor = tensor.reshape(-1, self.gates, *tensor.shape[1:])
        return tensor.squeeze()

    def _start(self, state, gradient):
        state["moments"] = [gradient.new_zeros(n, n) if 1 < n <= LONGEST_AXIS else None for n in gradient.shape]
        state["momentum"] = torch.zeros_like(gradient)
        state["second"] = torch.zeros_like(gradient)
        state["steps"] = 0

    @staticmethod
    def _track(state, gradient):
        for axis, moment in enumerate(state["moments"]):
            if moment is not None:
                rows = gradient.movedim(axis, 0).reshape(gradient.shape[axis], -1)
                moment.lerp_(rows @ rows.T, 1 - AXIS_MOMENT)
        if state["steps"] == 0:
            state["bases"] = [None if m is None else torch.linalg.eigh(m)[1] for m in state["moments"]]
        elif state["steps"] % REFINE_EVERY == 0:
            state["bases"] = [None if m is None else torch.linalg.qr(m @ basis)[0]
                              for m, basis in zip(state["moments"], state["bases"])]

    @torch.no_grad()
    def step(self, closure=None):
        """Takes one step with the present gradients; the first step only starts the moments."""
        for group in self.param_groups:
            for parameter in group["params"]:
                gradient = self._natural(parameter.grad)
                state = self.state[parameter]
                if not state:
                    self._start(state, gradient)
                self._track(state, gradient)
                steps = state["steps"]
                state["steps"] += 1
                if steps == 0:
                    continue
                rotated = _rotate(gradient, state["bases"])
                state["momentum"].lerp_(gradient, 1 - MOMENTUM)
                state["second"].mul_(SECOND_MOMENT).addcmul_(rotated, rotated, value=1 - SECOND_MOMENT)
                mean = _rotate(state["momentum"], state["bases"]) / (1 - MOMENTUM ** steps)
                scale = (state["second"] / (1 - SECOND_MOMENT ** steps)).sqrt().add_(EPSILON)
                step = _rotate(mean / scale, state["bases"], is_back=True)
                parameter.sub_(step.reshape(parameter.shape), alpha=group["lr"])
