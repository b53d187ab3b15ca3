# SPDX-License-Identifier: MIT
"""What training makes small: the error that is heard, and whatever keeps the network from resting."""

import torch

import kernel

PRE_EMPHASIS = 0.95
FLOOR = 1e-7  # -70 dB: errors below it hardly count
REST_STEPS = 512
REST_LANES = 4
# The largest eigenvalues that one step in silence may have. A pedal's slow bias needs some near +1;
# those on the negative side ring near half the sample rate, and beyond -1 they whistle.
LARGEST_POSITIVE, LARGEST_NEGATIVE = 0.999, 0.9


def relative_error(y, target):
    """The error of each lane relative to its target: 0 is exact, 1 is as loud as the target."""
    def energies(signal):
        emphasised = signal[:, 1:] - PRE_EMPHASIS * signal[:, :-1]
        mean = signal.mean(1, keepdim=True)
        return (emphasised ** 2).sum(1) + ((signal - mean) ** 2).sum(1) / 16, mean[:, 0] ** 2 * signal.shape[1]

    error, error_dc = energies(y - target)
    wanted, _ = energies(target)
    floor = FLOOR * y.shape[1]
    return torch.sqrt((error + error_dc / 16) / (wanted + floor) + 1e-9)


def rest_jacobian(model, theta):
    """How a small change of the state [lanes][H] lives on for one step in silence, at rest: [lanes][H][H]."""
    size, lanes = len(model.out_weight), len(theta)
    with torch.no_grad():
        silence = torch.zeros(lanes, REST_STEPS, device=theta.device)
        state = kernel.render(silence, theta, model.out_weight, model.out_bias)[1][:, 0]
        next_state = kernel.gru(silence[:, :1].contiguous(), theta, model.out_weight, model.out_bias, state)[1]
        state = ((state + next_state) / 2)[:, :size]  # of a whistle, the middle that it whistles around
    bias_r, bias_z, bias_in, bias_hidden = theta[:, :4 * size].split(size, 1)
    hidden = theta[:, 7 * size:].reshape(lanes, size, 3 * size)
    sum_r, sum_z, sum_n = (state[:, None] @ hidden)[:, 0].split(size, 1)
    to_r, to_z, to_n = hidden.transpose(1, 2).split(size, 1)
    r, z = torch.sigmoid(bias_r + sum_r), torch.sigmoid(bias_z + sum_z)
    recurrent = bias_hidden + sum_n
    n = torch.tanh(bias_in + r * recurrent)
    through_n = (1 - z) * (1 - n ** 2)
    return (torch.diag_embed(z) + ((state - n) * z * (1 - z))[:, :, None] * to_z
            + (through_n * r)[:, :, None] * to_n + (through_n * recurrent * r * (1 - r))[:, :, None] * to_r)


def unrest(model, theta):
    """By how much the eigenvalues of the first lanes' steps in silence are too large: 0 when all come to rest."""
    eigenvalues = torch.linalg.eigvals(rest_jacobian(model, theta[:REST_LANES]))
    limit = torch.where(eigenvalues.real < 0, LARGEST_NEGATIVE, LARGEST_POSITIVE)
    return (eigenvalues.abs() - limit).clamp(min=0).sum(1).mean()
