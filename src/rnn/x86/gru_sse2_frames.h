// SPDX-License-Identifier: MIT
// The CellProcess of 32 hidden units for SSE2. Its steps are the assembly of gru_sse2.py.
#ifndef OD3_GRU_SSE2_FRAMES_H
#define OD3_GRU_SSE2_FRAMES_H

#include "common/memory.h"
#include "rnn/vector/vector.h"
#include "rnn/x86/gru_sse2.h"

enum {
  GRU_SSE2_VECTORS = 8, // of a state
  GRU_SSE2_MAX_FRAMES = 128,
};

// A stream's states, each vector twice.
typedef Vector GruSse2States[GRU_SSE2_VECTORS][2];

// Fills frames [n] with their inputs.
ALWAYS_INLINE void
begin_frames(const float* in, uint32_t n, GruSse2Frame* frames)
{
  uint32_t t = 0;
  for (; t + 4 <= n; t += 4) {
    Vector four;
    memcpy(&four, in + t, sizeof four);
#pragma GCC unroll 4
    for (uint32_t i = 0; i < 4; ++i) {
      *(Vector*)frames[t + i].in = broadcast(four, i);
    }
  }
  for (; t < n; ++t) {
    *(Vector*)frames[t].in = splat(in[t]);
  }
}

// Writes the outputs of frames [n]: horizontal_sum(sum, out_bias), four at once.
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
    out[t] = horizontal_sum(*(const Vector*)frames[t].sum, out_bias);
  }
}

// Implements cell_process.
static void
gru_sse2_process_32(const Cell* gru, uint32_t n_streams, float* states, const float* in, float* out,
                    uint32_t n_frames) NONBLOCKING
{
  GruSse2States ring[CELL_MAX_STREAMS + 1];
  GruSse2Frame frames[GRU_SSE2_MAX_FRAMES + 1] __attribute__((aligned(ALIGNMENT)));
  Vector* streams = (Vector*)states;
  for (uint32_t done = 0; done < n_frames;) {
    const uint32_t left = n_frames - done;
    const uint32_t end = left < GRU_SSE2_MAX_FRAMES ? left : GRU_SSE2_MAX_FRAMES;
    for (size_t i = 0; i < (size_t)n_streams * GRU_SSE2_VECTORS; ++i) {
      Vector* twice = ring[1 + i / GRU_SSE2_VECTORS][i % GRU_SSE2_VECTORS];
      twice[0] = streams[i];
      twice[1] = streams[i];
    }
    begin_frames(in + done, end, frames);
    *(Vector*)frames[end].in = splat(0.0f);
    const GruSse2Steps steps = {.theta = gru->theta,
                                .out_weight = gru->out_weight,
                                .states = (float*)ring,
                                .states_end = (float*)(ring + n_streams + 1),
                                .frames = frames};
    gru_sse2_steps(&steps, end);
    for (size_t stream = 0; stream < n_streams; ++stream) {
      const size_t next = (1 + end + stream) % (n_streams + 1);
      for (size_t i = 0; i < GRU_SSE2_VECTORS; ++i) {
        streams[stream * GRU_SSE2_VECTORS + i] = ring[next][i][0];
      }
    }
    end_frames(frames, end, gru->out_bias, out + done);
    done += end;
  }
}

#endif
