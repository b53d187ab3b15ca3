// SPDX-License-Identifier: MIT
// A gated recurrent unit of one input, with a linear output layer.
#ifndef OD3_GRU_H
#define OD3_GRU_H

#include "realtime.h"

#include <stddef.h>
#include <stdint.h>

enum { GRU_MIN_HIDDEN = 4, GRU_MAX_HIDDEN = 64, GRU_MAX_LANES = 4 };

// Parameters theta of H hidden units in a model's file, in this order:
//   bias of r, z, n (input side), n (hidden side) [4H]
//   input weights of r, z, n [3H]
//   hidden weights [H][3H]: one row for each unit that is read, columns r, z, n
static inline size_t
gru_n_parameters(unsigned hidden_size) NONBLOCKING
{
  return (size_t)hidden_size * (3U * hidden_size + 7U);
}

typedef struct Gru Gru;

typedef void
GruProcess(const Gru* gru, uint32_t n_lanes, float* states, const float* in, float* out,
           uint32_t n_frames) NONBLOCKING;

// How a kernel plays a GRU. It may have more units than the model: parameters of 0 keep them at 0.
// Its parameters theta are in the order of use:
//   bias of r, z, n (input side), n (hidden side) [4][n_columns]
//   input weights of r, z, n [3][n_columns]
//   hidden weights [n_columns / n_block][r, n, z][n_rows][n_block]; of each n_turned rows, row j
//   has for column i the weight of the unit (j + i) % n_turned of these
typedef struct {
  unsigned n_rows;    // units that are read
  unsigned n_columns; // units that are written: n_rows, rounded up to whole vectors
  unsigned n_block;   // of these, so many are computed together
  unsigned n_turned;  // 1, or a power of 2 that divides n_rows and n_block
  float unit;         // of t where gates compute 2^t: what makes r, z is times -log2(e) * unit,
                      // what makes n times twice that; or 0, and nothing is
  GruProcess* process;
} GruShape;

// theta, out_weight and states begin at multiples of ALIGNMENT (memory.h).
struct Gru {
  GruShape shape;
  const float* theta;      // [gru_n_packed(shape)]
  const float* out_weight; // [n_columns]
  float out_bias;
};

static inline size_t
gru_n_packed(GruShape shape) NONBLOCKING
{
  return (size_t)shape.n_columns * (3U * shape.n_rows + 7U);
}

// Plays n_frames of `in` into `out`, which may be the same, by n_lanes states that take turns,
// frame by frame, and moves `states` [n_lanes][n_columns] on. n_lanes is 1, 2 or 4 and divides
// n_frames; a lane's sound does not depend on how many play (on 32-bit ARM, but for rounding).
// Audio thread. Parameters and out_weight within 6e25, input within 1000 and states within [-1, 1]
// give finite output and leave the states within [-1, 1], but for rounding: 1e-6. Louder input
// does, too, where the parameters are smaller. The time depends on n_lanes, n_frames and the shape
// alone.
static inline void
gru_process(const Gru* gru, uint32_t n_lanes, float* states, const float* in, float* out,
            uint32_t n_frames) NONBLOCKING
{
  gru->shape.process(gru, n_lanes, states, in, out, n_frames);
}

#endif
