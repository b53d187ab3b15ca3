// SPDX-License-Identifier: MIT
// A recurrent cell of one input, a GRU or an LSTM, with a linear output layer and a direct path
// from input to output, as a kernel runs it.
#ifndef OD3_CELL_H
#define OD3_CELL_H

#include "common/realtime.h"
#include "rnn/theta_layout.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
  CELL_MIN_HIDDEN = 4,
  CELL_MAX_HIDDEN = 80,
  CELL_MAX_STATE = 2 * CELL_MAX_HIDDEN, // floats: h and c of an LSTM
  CELL_MAX_STREAMS = 4,
  // The largest number of floats in theta of a kernel that computes no more units than the model
  // has.
  CELL_MAX_THETA = CELL_MAX_HIDDEN * (LSTM_N_GATES * CELL_MAX_HIDDEN + LSTM_N_PARTS),
};

// The largest magnitude of an LSTM's c. No trained model comes near: c grows by less than 1 in a
// sample.
#define CELL_MAX_C 65536.0f

typedef struct Cell Cell;

// The contract is that of cell_process for a cell whose direct term is 0.
typedef void
CellProcess(const Cell* cell, uint32_t n_streams, float* states, const float* in, float* out,
            uint32_t n_frames) NONBLOCKING;

// How a kernel wants a cell's parameters. It may compute more units than the model has: parameters
// of 0 keep the states of the others at 0. Packed theta is, in this order:
//   the head: the vectors of theta_layout.h [theta_n_parts(kind)][n_columns]
//   the matrix [n_columns / n_block][passes][n_rows][n_together][n_block]: the pre-activations of
//     n_block units are computed together, in passes of n_together gates each. The gates come in
//     the order r, n, z or i, g, f, o. Within each group of `rotation` rows, row j holds for column
//     i the weight of the group's unit (j + i) % rotation.
typedef struct {
  CellKind kind;
  unsigned n_rows;     // units whose states are read
  unsigned n_columns;  // units whose states are written: n_rows, rounded up to whole vectors
  unsigned n_block;    // a divisor of n_columns
  unsigned n_together; // a divisor of the number of gates
  unsigned rotation;   // 1, or a power of 2 that divides n_rows and n_block
  // Where gates compute 2^t, parameters of sigmoids are scaled by -log2(e) times this, and those of
  // tanh by twice that. 0: nothing is scaled.
  float preactivation_scale;
  CellProcess* process;
} CellShape;

// theta, out_weight and states are aligned to ALIGNMENT (common/memory.h).
struct Cell {
  CellShape shape;
  const float* theta;      // [cell_n_packed(&shape)]
  const float* out_weight; // [n_columns]
  float out_bias;
  float direct; // times the input, is part of the output
};

// Returns the number of floats in packed theta. Any thread.
static inline size_t
cell_n_packed(const CellShape* shape) NONBLOCKING
{
  return (size_t)shape->n_columns *
         (theta_n_gates(shape->kind) * shape->n_rows + theta_n_parts(shape->kind));
}

// Returns the number of floats in a state: h [n_columns], and for an LSTM then c [n_columns]. Any
// thread.
static inline unsigned
cell_n_state(const CellShape* shape) NONBLOCKING
{
  return shape->kind == CELL_LSTM ? 2U * shape->n_columns : shape->n_columns;
}

// Runs n_frames of `in` into `out`, which may be the same, and updates `states`
// [n_streams][cell_n_state(&shape)]. Frame i belongs to stream i % n_streams; n_streams is 1, 2 or
// 4 and divides n_frames. A stream's output does not depend on n_streams (on 32-bit ARM, it does
// within rounding).
//
// Parameters, out_weight and direct within 6e25, input within 1000, h within +-1 and c within
// +-CELL_MAX_C give finite output, h within +-1, up to 1e-6 of rounding, and c within +-CELL_MAX_C.
// Smaller parameters allow larger input. Audio thread; the time depends on n_streams, n_frames and
// the cell alone.
static inline void
cell_process(const Cell* cell, uint32_t n_streams, float* states, const float* in, float* out,
             uint32_t n_frames) NONBLOCKING
{
  enum { BLOCK = 64 }; // a multiple of CELL_MAX_STREAMS
  if (cell->direct == 0.0f) {
    cell->shape.process(cell, n_streams, states, in, out, n_frames);
    return;
  }
  for (uint32_t done = 0; done < n_frames; done += BLOCK) {
    float direct[BLOCK];
    const uint32_t n = n_frames - done < BLOCK ? n_frames - done : BLOCK;
    memcpy(direct, in + done, n * sizeof *direct);
    cell->shape.process(cell, n_streams, states, direct, out + done, n);
    for (uint32_t i = 0; i < n; ++i) {
      out[done + i] += cell->direct * direct[i];
    }
  }
}

#endif
