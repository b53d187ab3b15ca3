// SPDX-License-Identifier: MIT
// Frames of a GRU of 32 units by the steps that src/gru_sse2.py writes.
#ifndef OD3_GRU_SSE2_FRAMES_H
#define OD3_GRU_SSE2_FRAMES_H

#include "gru_sse2.h"
#include "vector.h"

// A GruProcess.
static void
gru_sse2_process_32(const Gru* gru, uint32_t n_lanes, float* states, const float* in, float* out,
                    uint32_t n_frames) NONBLOCKING
{
  enum { N_UNITS = 32 };
  Vector factors[GRU_MAX_LANES + 1][N_UNITS];
  Vector sums[MAX_OUT_FRAMES];
  for (uint32_t done = 0; done < n_frames;) {
    const uint32_t left = n_frames - done;
    const uint32_t end = left < MAX_OUT_FRAMES ? left : MAX_OUT_FRAMES;
    for (size_t i = 0; i < n_lanes * N_UNITS; ++i) {
      factors[1 + i / N_UNITS][i % N_UNITS] = splat(states[i]);
    }
    memset(sums, 0, end * sizeof *sums);
    GruSse2Steps steps = {.theta = gru->theta,
                          .out_weight = gru->out_weight,
                          .states = states,
                          .states_end = states + n_lanes * N_UNITS,
                          .factors = (float*)factors,
                          .factors_end = (float*)(factors + n_lanes + 1),
                          .in = in + done,
                          .sums = (float*)sums};
    gru_sse2_steps(&steps, end);
    for (uint32_t t = 0; t < end; ++t) {
      out[done + t] = total(sums[t], gru->out_bias);
    }
    done += end;
  }
}

#endif
