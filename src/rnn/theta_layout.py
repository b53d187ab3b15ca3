# SPDX-License-Identifier: MIT
"""The order of a cell's parameters theta; theta_layout.h says the same in C.

H is the number of hidden units. In a model file, theta of a GRU begins with seven vectors of H numbers (the head),
numbered by the constants below, so that BIAS_Z * H is where the bias of z begins. Then comes the hidden matrix
[H][3 * H]: row j holds the weights that read unit j's state, in the columns of r, z, n. Theta of an LSTM has eight
vectors and a hidden matrix [H][4 * H], with the columns of i, f, g, o.

A packed GRU (src/model/packing.h) keeps the head's order. Its matrix has three passes for each block of columns, in
the order of PASS_R, PASS_N, PASS_Z.

This module imports nothing, because the generators of assembly code need it during the build.
"""

# The kinds of cell.
GRU, LSTM = range(2)

# The vectors of a GRU's head. n has two biases: one on the input's side, one on the hidden side, which r multiplies.
BIAS_R, BIAS_Z, BIAS_N_INPUT, BIAS_N_HIDDEN, INPUT_R, INPUT_Z, INPUT_N = range(7)
BIAS_PARTS = 4
INPUT_PARTS = 3
HEAD_PARTS = BIAS_PARTS + INPUT_PARTS

# Those of an LSTM's.
LSTM_BIAS_I, LSTM_BIAS_F, LSTM_BIAS_G, LSTM_BIAS_O, LSTM_INPUT_I, LSTM_INPUT_F, LSTM_INPUT_G, LSTM_INPUT_O = range(8)
LSTM_N_GATES = 4

# The groups of H columns in a GRU's hidden matrix in a model file.
COLUMNS_R, COLUMNS_Z, COLUMNS_N = range(3)
N_GATES = 3

_N_BIASES = {GRU: BIAS_PARTS, LSTM: LSTM_INPUT_I}
_N_INPUTS = {GRU: INPUT_PARTS, LSTM: LSTM_N_GATES}
_N_GATES = {GRU: N_GATES, LSTM: LSTM_N_GATES}

# The order in which a kernel reads a GRU's packed matrix.
PASS_R, PASS_N, PASS_Z = range(3)

# Kernels compute 2^t of a gate's scaled pre-activation t; they limit t to this from above.
MAX_EXPONENT = 30.0


def n_gates(cell):
    """The number of gates of a kind of cell."""
    return _N_GATES[cell]


def head_size(hidden_size, cell=GRU):
    """The number of parameters before the hidden matrix."""
    return (_N_BIASES[cell] + _N_INPUTS[cell]) * hidden_size


def matrix_size(hidden_size, cell=GRU):
    """The number of weights in the hidden matrix."""
    return _N_GATES[cell] * hidden_size * hidden_size


def size(hidden_size, cell=GRU):
    """The number of parameters in theta."""
    return head_size(hidden_size, cell) + matrix_size(hidden_size, cell)


def parts(first, count, hidden_size):
    """The slice of theta that holds `count` vectors of the head, starting with vector `first`."""
    return slice(first * hidden_size, (first + count) * hidden_size)


def biases(hidden_size, cell=GRU):
    """The slice of all four biases."""
    return parts(0, _N_BIASES[cell], hidden_size)


def input_weights(hidden_size, cell=GRU):
    """The slice of the input weights of r, z, n, or of i, f, g, o."""
    return parts(_N_BIASES[cell], _N_INPUTS[cell], hidden_size)


def hidden_matrix(hidden_size, cell=GRU):
    """The slice of the hidden matrix, row after row."""
    return slice(head_size(hidden_size, cell), size(hidden_size, cell))


def matrix_index(row, column_group, column, hidden_size):
    """The index in a GRU's theta of one hidden weight; column_group is COLUMNS_R, COLUMNS_Z or COLUMNS_N."""
    return head_size(hidden_size) + (N_GATES * row + column_group) * hidden_size + column
