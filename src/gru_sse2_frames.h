// SPDX-License-Identifier: MIT
// Frames of a GRU of 32 units by the steps that src/gru_sse2.py writes.
#ifndef OD3_GRU_SSE2_FRAMES_H
#define OD3_GRU_SSE2_FRAMES_H

#include "gru_sse2.h"
#include "memory.h"
#include "vector.h"

enum { GRU_SSE2_VECTORS = 8 }; // of a state

// Of a lane, each vector twice.
typedef Vector GruSse2States[GRU_SSE2_VECTORS][2];

// A GruProcess.
static void
gru_sse2_process_32(const Gru* gru, uint32_t n_lanes, float* states, const float* in, float* out,
                    uint32_t n_frames) NONBLOCKING
{
  GruSse2States ring[GRU_MAX_LANES + 1];
  GruSse2Frame frames[MAX_OUT_FRAMES + 1] __attribute__((aligned(ALIGNMENT)));
  Vector* lanes = (Vector*)states;
  for (uint32_t done = 0; done < n_frames;) {
    const uint32_t left = n_frames - done;
    const uint32_t end = left < MAX_OUT_FRAMES ? left : MAX_OUT_FRAMES;
    for (size_t i = 0; i < n_lanes * GRU_SSE2_VECTORS; ++i) {
      Vector* twice = ring[1 + i / GRU_SSE2_VECTORS][i % GRU_SSE2_VECTORS];
      twice[0] = lanes[i];
      twice[1] = lanes[i];
    }
    for (uint32_t t = 0; t < end; ++t) {
      *(Vector*)frames[t].in = splat(in[done + t]);
      *(Vector*)frames[t].sum = splat(0.0f);
    }
    frames[end] = frames[0];
    const GruSse2Steps steps = {.theta = gru->theta,
                                .out_weight = gru->out_weight,
                                .states = (float*)ring,
                                .states_end = (float*)(ring + n_lanes + 1),
                                .frames = frames};
    gru_sse2_steps(&steps, end);
    for (size_t lane = 0; lane < n_lanes; ++lane) {
      const size_t next = (1 + end + lane) % (n_lanes + 1);
      for (size_t i = 0; i < GRU_SSE2_VECTORS; ++i) {
        lanes[lane * GRU_SSE2_VECTORS + i] = ring[next][i][0];
      }
    }
    for (uint32_t t = 0; t < end; ++t) {
      out[done + t] = total(*(const Vector*)frames[t].sum, gru->out_bias);
    }
    done += end;
  }
}

#endif
