// SPDX-License-Identifier: MIT
// Frames of a GRU of 32 units by the steps that src/gru_sse2.py writes.
#ifndef OD3_GRU_SSE2_FRAMES_H
#define OD3_GRU_SSE2_FRAMES_H

#include "gru_sse2.h"
#include "memory.h"
#include "vector.h"

enum {
  GRU_SSE2_VECTORS = 8, // of a state
  GRU_SSE2_MAX_FRAMES = 128,
};

// Of a lane, each vector twice.
typedef Vector GruSse2States[GRU_SSE2_VECTORS][2];

// Frames [n] with these inputs.
ALWAYS_INLINE void
begin_frames(const float* in, uint32_t n, GruSse2Frame* frames)
{
  uint32_t t = 0;
  for (; t + 4 <= n; t += 4) {
    Vector four;
    memcpy(&four, in + t, sizeof four);
#pragma GCC unroll 4
    for (uint32_t i = 0; i < 4; ++i) {
      *(Vector*)frames[t + i].in = copies(four, i);
    }
  }
  for (; t < n; ++t) {
    *(Vector*)frames[t].in = splat(in[t]);
  }
}

// Frames' [n] outputs: total(sum, out_bias), of four at once.
ALWAYS_INLINE void
end_frames(const GruSse2Frame* frames, uint32_t n, float out_bias, float* out)
{
  uint32_t t = 0;
  for (; t + 4 <= n; t += 4) {
    __m128 a = _mm_load_ps(frames[t].sum);
    __m128 b = _mm_load_ps(frames[t + 1].sum);
    __m128 c = _mm_load_ps(frames[t + 2].sum);
    __m128 d = _mm_load_ps(frames[t + 3].sum);
    _MM_TRANSPOSE4_PS(a, b, c, d);
    const Vector totals = splat(out_bias) + (Vector)a + (Vector)b + (Vector)c + (Vector)d;
    memcpy(out + t, &totals, sizeof totals);
  }
  for (; t < n; ++t) {
    out[t] = total(*(const Vector*)frames[t].sum, out_bias);
  }
}

// A GruProcess.
static void
gru_sse2_process_32(const Gru* gru, uint32_t n_lanes, float* states, const float* in, float* out,
                    uint32_t n_frames) NONBLOCKING
{
  GruSse2States ring[GRU_MAX_LANES + 1];
  GruSse2Frame frames[GRU_SSE2_MAX_FRAMES + 1] __attribute__((aligned(ALIGNMENT)));
  Vector* lanes = (Vector*)states;
  for (uint32_t done = 0; done < n_frames;) {
    const uint32_t left = n_frames - done;
    const uint32_t end = left < GRU_SSE2_MAX_FRAMES ? left : GRU_SSE2_MAX_FRAMES;
    for (size_t i = 0; i < n_lanes * GRU_SSE2_VECTORS; ++i) {
      Vector* twice = ring[1 + i / GRU_SSE2_VECTORS][i % GRU_SSE2_VECTORS];
      twice[0] = lanes[i];
      twice[1] = lanes[i];
    }
    begin_frames(in + done, end, frames);
    *(Vector*)frames[end].in = splat(0.0f);
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
    end_frames(frames, end, gru->out_bias, out + done);
    done += end;
  }
}

#endif
