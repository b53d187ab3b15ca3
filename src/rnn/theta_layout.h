// SPDX-License-Identifier: MIT
// The order of a cell's parameters theta in a model file; theta_layout.py says the same for Python.
#ifndef OD3_THETA_LAYOUT_H
#define OD3_THETA_LAYOUT_H

#include "common/realtime.h"

#include <stddef.h>

// A gated recurrent unit, or a long short-term memory.
typedef enum { CELL_GRU, CELL_LSTM, N_CELL_KINDS } CellKind;

// Theta of a GRU of H hidden units begins with these vectors of H floats, its head. After them
// comes the hidden matrix [H][3 * H]: row j holds the weights that read unit j's state, in the
// columns of r, z, n.
enum {
  THETA_BIAS_R,
  THETA_BIAS_Z,
  THETA_BIAS_N_INPUT,
  THETA_BIAS_N_HIDDEN, // r multiplies this one
  THETA_INPUT_R,
  THETA_INPUT_Z,
  THETA_INPUT_N,
  THETA_N_PARTS,
};

// The head of an LSTM. Its hidden matrix [H][4 * H] has the columns of i, f, g, o.
enum {
  LSTM_BIAS_I,
  LSTM_BIAS_F,
  LSTM_BIAS_G,
  LSTM_BIAS_O,
  LSTM_INPUT_I,
  LSTM_INPUT_F,
  LSTM_INPUT_G,
  LSTM_INPUT_O,
  LSTM_N_PARTS,
};

enum { GRU_N_BIASES = THETA_INPUT_R, LSTM_N_BIASES = LSTM_INPUT_I };
enum { GRU_N_GATES = 3, LSTM_N_GATES = 4, MAX_GATES = LSTM_N_GATES };

// Returns the number of vectors in the head.
static inline unsigned
theta_n_parts(CellKind kind) NONBLOCKING
{
  return kind == CELL_LSTM ? LSTM_N_PARTS : THETA_N_PARTS;
}

// Returns how many of these vectors are biases; they come first.
static inline unsigned
theta_n_biases(CellKind kind)
{
  return kind == CELL_LSTM ? LSTM_N_BIASES : GRU_N_BIASES;
}

// Returns the number of gates, each with its columns in the hidden matrix.
static inline unsigned
theta_n_gates(CellKind kind) NONBLOCKING
{
  return kind == CELL_LSTM ? LSTM_N_GATES : GRU_N_GATES;
}

// Returns the number of floats in theta.
static inline size_t
theta_size(CellKind kind, unsigned hidden_size) NONBLOCKING
{
  return (size_t)hidden_size * (theta_n_gates(kind) * hidden_size + theta_n_parts(kind));
}

#endif
