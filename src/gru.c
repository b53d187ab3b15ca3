// SPDX-License-Identifier: MIT
#include "gru.h"

#include "activation.h"

typedef struct {
  float reset_update[2 * GRU_MAX_HIDDEN]; // before the sigmoid
  float recurrent[GRU_MAX_HIDDEN];        // the hidden side of n, before the reset gate
} Sums;

static void
sum_inputs(const Gru* gru, const float* state, float x, Sums* sums) NONBLOCKING
{
  const unsigned n = gru->hidden_size;
  const float* bias = gru->theta;
  const float* in_weight = bias + 4U * n;
  const float* row = in_weight + 3U * n;

  for (unsigned i = 0; i < 2U * n; ++i) {
    sums->reset_update[i] = bias[i] + in_weight[i] * x;
  }
  for (unsigned i = 0; i < n; ++i) {
    sums->recurrent[i] = bias[3U * n + i];
  }
  for (unsigned j = 0; j < n; ++j, row += 3U * n) {
    const float from = state[j];
    for (unsigned i = 0; i < 2U * n; ++i) {
      sums->reset_update[i] += from * row[i];
    }
    for (unsigned i = 0; i < n; ++i) {
      sums->recurrent[i] += from * row[2U * n + i];
    }
  }
}

static void
update_state(const Gru* gru, const Sums* sums, float x, float* state) NONBLOCKING
{
  const unsigned n = gru->hidden_size;
  const float* bias = gru->theta + 2U * n;
  const float* in_weight = gru->theta + 6U * n;

  for (unsigned i = 0; i < n; ++i) {
    const float reset = fast_sigmoid(sums->reset_update[i]);
    const float update = fast_sigmoid(sums->reset_update[n + i]);
    const float candidate = fast_tanh(bias[i] + in_weight[i] * x + reset * sums->recurrent[i]);
    state[i] = candidate + update * (state[i] - candidate);
  }
}

void
gru_process(const Gru* gru, float* state, const float* in, float* out,
            uint32_t n_frames) NONBLOCKING
{
  Sums sums;
  for (uint32_t t = 0; t < n_frames; ++t) {
    const float x = in[t];
    sum_inputs(gru, state, x, &sums);
    update_state(gru, &sums, x, state);

    float y = gru->out_bias;
    for (unsigned i = 0; i < gru->hidden_size; ++i) {
      y += gru->out_weight[i] * state[i];
    }
    out[t] = y;
  }
}
