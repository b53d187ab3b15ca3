// SPDX-License-Identifier: MIT
#include "gru.h"

#include "activation.h"
#include "matrix.h"

// Sums of r and z before their sigmoids, and of n on the state's side: sums [n_lanes][3H].
static inline void
sum_inputs(const Gru* gru, size_t n_lanes, const float* states, const float* in,
           float* sums) NONBLOCKING
{
  const size_t n = gru->hidden_size;
  const float* bias = gru->theta;
  const float* in_weight = bias + 4 * n;

  for (size_t lane = 0; lane < n_lanes; ++lane) {
    const float x = in[lane];
    float* lane_sums = sums + lane * 3 * n;
    for (size_t i = 0; i < n; ++i) {
      lane_sums[i] = bias[i] + in_weight[i] * x;
      lane_sums[n + i] = bias[n + i] + in_weight[n + i] * x;
      lane_sums[2 * n + i] = bias[3 * n + i];
    }
  }
  add_rows(n_lanes, n, 3 * n, states, in_weight + 3 * n, sums);
}

static inline void
update_state(const Gru* gru, const float* sums, float x, float* state) NONBLOCKING
{
  const size_t n = gru->hidden_size;
  const float* bias = gru->theta + 2 * n;
  const float* in_weight = gru->theta + 6 * n;

  for (size_t i = 0; i < n; ++i) {
    const float reset = fast_sigmoid(sums[i]);
    const float update = fast_sigmoid(sums[n + i]);
    const float candidate = fast_tanh(bias[i] + in_weight[i] * x + reset * sums[2 * n + i]);
    state[i] = candidate + update * (state[i] - candidate);
  }
}

static float
dot(size_t n, const float* a, const float* b) NONBLOCKING
{
  float sums[4] = {0.0f};
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) {
      sums[lane] += a[i + lane] * b[i + lane];
    }
  }
  for (; i < n; ++i) {
    sums[0] += a[i] * b[i];
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// Lanes share one pass over the weights, and each hides the others' latency. A constant n_lanes
// lets the compiler unroll them.
static inline void
process(const Gru* gru, size_t n_lanes, float* states, const float* in, float* out,
        uint32_t n_frames) NONBLOCKING
{
  const size_t n = gru->hidden_size;
  float sums[GRU_MAX_LANES * 3 * GRU_MAX_HIDDEN];
  for (size_t t = 0; t < n_frames; t += n_lanes) {
    sum_inputs(gru, n_lanes, states, in + t, sums);
    for (size_t lane = 0; lane < n_lanes; ++lane) {
      float* state = states + lane * n;
      update_state(gru, sums + lane * 3 * n, in[t + lane], state);
      out[t + lane] = gru->out_bias + dot(n, gru->out_weight, state);
    }
  }
}

void
gru_process(const Gru* gru, uint32_t n_lanes, float* states, const float* in, float* out,
            uint32_t n_frames) NONBLOCKING
{
  switch (n_lanes) {
  case 1: process(gru, 1, states, in, out, n_frames); break;
  case 2: process(gru, 2, states, in, out, n_frames); break;
  default: process(gru, 4, states, in, out, n_frames); break;
  }
}
