# SPDX-License-Identifier: MIT
"""What training minimises: the audible error, and the tendency to whistle in silence."""

import torch

import training_kernel
from shared_modules import theta_layout

PRE_EMPHASIS = 0.95
FLOOR = 1e-7  # -70 dB; smaller errors hardly count
REST_STEPS = 512  # samples of silence, after which the state is steady
REST_STREAMS = 4  # for so many streams of a batch the eigenvalues are computed
# The largest eigenvalues that one step in silence may have. A pedal's slow bias needs some near +1.
# Negative ones ring near half the sample rate; those below -1 whistle.
LARGEST_POSITIVE, LARGEST_NEGATIVE = 0.999, 0.9


def relative_error(y, target):
    """The error of each stream relative to its target: 0 is exact, 1 is as loud as the target."""
    def energies(signal):
        emphasised = signal[:, 1:] - PRE_EMPHASIS * signal[:, :-1]
        mean = signal.mean(1, keepdim=True)
        return (emphasised ** 2).sum(1) + ((signal - mean) ** 2).sum(1) / 16, mean[:, 0] ** 2 * signal.shape[1]

    error, error_dc = energies(y - target)
    wanted, _ = energies(target)
    floor = FLOOR * y.shape[1]
    return torch.sqrt((error + error_dc / 16) / (wanted + floor) + 1e-9)


def _gru_jacobian(theta, state):
    """The Jacobian [streams][H][H] of a GRU's step in silence from state [streams][H]."""
    size = state.shape[1]
    biases, _, hidden = training_kernel.split_theta(theta, size)
    bias_r, bias_z, bias_in, bias_hidden = biases.split(size, 1)
    sum_r, sum_z, sum_n = (state[:, None] @ hidden)[:, 0].split(size, 1)
    to_r, to_z, to_n = hidden.transpose(1, 2).split(size, 1)
    r, z = torch.sigmoid(bias_r + sum_r), torch.sigmoid(bias_z + sum_z)
    recurrent = bias_hidden + sum_n
    n = torch.tanh(bias_in + r * recurrent)
    through_n = (1 - z) * (1 - n ** 2)
    return (torch.diag_embed(z) + ((state - n) * z * (1 - z))[:, :, None] * to_z
            + (through_n * r)[:, :, None] * to_n + (through_n * recurrent * r * (1 - r))[:, :, None] * to_r)


def _lstm_jacobian(theta, state):
    """The Jacobian [streams][2H][2H] of an LSTM's step in silence from state [streams][2H]."""
    size = state.shape[1] // 2
    biases, _, hidden = training_kernel.split_theta(theta, size, theta_layout.LSTM)
    h, c = state.split(size, 1)
    sum_i, sum_f, sum_g, sum_o = (biases + (h[:, None] @ hidden)[:, 0]).split(size, 1)
    to_i, to_f, to_g, to_o = hidden.transpose(1, 2).split(size, 1)
    i, f, g, o = torch.sigmoid(sum_i), torch.sigmoid(sum_f), torch.tanh(sum_g), torch.sigmoid(sum_o)
    next_c = torch.tanh(f * c + i * g)
    c_of_h = ((g * i * (1 - i))[:, :, None] * to_i + (c * f * (1 - f))[:, :, None] * to_f
              + (i * (1 - g ** 2))[:, :, None] * to_g)
    c_of_c = torch.diag_embed(f)
    through_c = (o * (1 - next_c ** 2))[:, :, None]
    h_of_h = through_c * c_of_h + (next_c * o * (1 - o))[:, :, None] * to_o
    return torch.cat([torch.cat([h_of_h, through_c * c_of_c], 2), torch.cat([c_of_h, c_of_c], 2)], 1)


def rest_jacobian(model, theta):
    """The Jacobian [streams][S][S] of one step in silence, where the state [S] is steady."""
    size = len(model.out_weight)
    network = theta, model.out_weight, model.out_bias
    with torch.no_grad():
        silence = torch.zeros(len(theta), REST_STEPS, device=theta.device)
        state = training_kernel.render(silence, *network, cell=model.cell)[1][:, 0]
        next_state = training_kernel.play(silence[:, :1].contiguous(), *network, state, model.cell)[1]
        state = (state + next_state) / 2  # the centre, if it whistles
        state = state.reshape(len(theta), training_kernel.N_STATES[model.cell], -1)[:, :, :size].flatten(1)
    return (_lstm_jacobian if model.cell == theta_layout.LSTM else _gru_jacobian)(theta, state)


def unrest(model, theta):
    """The sum by which eigenvalues of a step in silence exceed their limits, mean over the first streams.

    It is 0 when all of these streams become silent.
    """
    eigenvalues = torch.linalg.eigvals(rest_jacobian(model, theta[:REST_STREAMS]))
    limit = torch.where(eigenvalues.real < 0, LARGEST_NEGATIVE, LARGEST_POSITIVE)
    return (eigenvalues.abs() - limit).clamp(min=0).sum(1).mean()
