// SPDX-License-Identifier: MIT
#include "gru.h"

#include "activation.h"
#include "matrix.h"

// Sums of r and z before their sigmoids, and of n on the state's side: sums [3H].
static void
sum_inputs(const Gru* gru, const float* state, float x, float* sums) NONBLOCKING
{
  const size_t n = gru->hidden_size;
  const float* bias = gru->theta;
  const float* in_weight = bias + 4 * n;

  for (size_t i = 0; i < n; ++i) {
    sums[i] = bias[i] + in_weight[i] * x;
    sums[n + i] = bias[n + i] + in_weight[n + i] * x;
    sums[2 * n + i] = bias[3 * n + i];
  }
  add_rows(n, 3 * n, state, in_weight + 3 * n, sums);
}

static void
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

void
gru_process(const Gru* gru, float* state, const float* in, float* out,
            uint32_t n_frames) NONBLOCKING
{
  float sums[3 * GRU_MAX_HIDDEN];
  for (uint32_t t = 0; t < n_frames; ++t) {
    const float x = in[t];
    sum_inputs(gru, state, x, sums);
    update_state(gru, sums, x, state);

    out[t] = gru->out_bias + dot(gru->hidden_size, gru->out_weight, state);
  }
}
