// SPDX-License-Identifier: MIT
// A gated recurrent unit of one input, with a linear output layer.
#ifndef OD3_GRU_H
#define OD3_GRU_H

#include "realtime.h"

#include <stddef.h>
#include <stdint.h>

enum { GRU_MIN_HIDDEN = 4, GRU_MAX_HIDDEN = 64, GRU_MAX_LANES = 4 };

// Parameters theta of H hidden units, in this order:
//   bias of r, z, n (input side), n (hidden side) [4H]
//   input weights of r, z, n [3H]
//   hidden weights [H][3H]: one row for each unit that is read, columns r, z, n
static inline size_t
gru_n_parameters(unsigned hidden_size) NONBLOCKING
{
  return (size_t)hidden_size * (3U * hidden_size + 7U);
}

typedef struct {
  unsigned hidden_size;    // H, GRU_MIN_HIDDEN to GRU_MAX_HIDDEN
  const float* theta;      // [gru_n_parameters(H)]
  const float* out_weight; // [H]
  float out_bias;
} Gru;

// Plays n_frames of `in` into `out`, which may be the same, by n_lanes states that take turns,
// frame by frame, and moves `states` [n_lanes][H] on. n_lanes is 1, 2 or 4 and divides n_frames; a
// lane's sound does not depend on how many play. Audio thread. Finite parameters, input and states
// within [-1, 1] give finite output and leave the states within [-1, 1]. The time depends on
// n_lanes, n_frames and H alone.
void
gru_process(const Gru* gru, uint32_t n_lanes, float* states, const float* in, float* out,
            uint32_t n_frames) NONBLOCKING;

#endif
