// SPDX-License-Identifier: MIT
// The reference kernel in plain C: the one to read first, and the one that tests compare the others
// with.
#include "common/memory.h"
#include "rnn/activation.h"
#include "rnn/kernel.h"
#include "rnn/matrix.h"

#include <string.h>

// Computes the pre-activations [3][H] of r, of n on the hidden side, and of z.
static void
sum_inputs(const Cell* gru, const float* state, float x, float* sums) NONBLOCKING
{
  const size_t n = gru->shape.n_columns;
  const float* bias_r = gru->theta + THETA_BIAS_R * n;
  const float* bias_z = gru->theta + THETA_BIAS_Z * n;
  const float* bias_n = gru->theta + THETA_BIAS_N_HIDDEN * n;
  const float* input_r = gru->theta + THETA_INPUT_R * n;
  const float* input_z = gru->theta + THETA_INPUT_Z * n;
  const float* matrix = gru->theta + THETA_N_PARTS * n;
  for (size_t i = 0; i < n; ++i) {
    sums[i] = bias_r[i] + input_r[i] * x;
    sums[n + i] = bias_n[i];
    sums[2 * n + i] = bias_z[i] + input_z[i] * x;
  }
  for (size_t pass = 0; pass < 3; ++pass) {
    add_rows(n, n, state, matrix + pass * n * n, sums + pass * n);
  }
}

static void
update_state(const Cell* gru, const float* sums, float x, float* state) NONBLOCKING
{
  const size_t n = gru->shape.n_columns;
  const float* bias = gru->theta + THETA_BIAS_N_INPUT * n;
  const float* in_weight = gru->theta + THETA_INPUT_N * n;
  for (size_t i = 0; i < n; ++i) {
    const float reset = fast_sigmoid(sums[i]);
    const float candidate = fast_tanh(bias[i] + in_weight[i] * x + reset * sums[n + i]);
    const float change = fast_sigmoid(-sums[2 * n + i]); // 1 - z, with less rounding
    state[i] += change * (candidate - state[i]);
  }
}

static void
process(const Cell* gru, uint32_t n_streams, float* states, const float* in, float* out,
        uint32_t n_frames) NONBLOCKING
{
  const size_t n = gru->shape.n_columns;
  float sums[3 * CELL_MAX_HIDDEN];
  for (size_t t = 0; t < n_frames; ++t) {
    float* state = states + t % n_streams * n;
    const float x = in[t];
    sum_inputs(gru, state, x, sums);
    update_state(gru, sums, x, state);
    out[t] = gru->out_bias + dot(n, gru->out_weight, state);
  }
}

static void
condition(const float* theta0, const float* weight_deltas, const float* features, size_t n_features,
          size_t n, float* theta) NONBLOCKING
{
  memcpy(theta, theta0, n * sizeof *theta);
  for (size_t i = 0; i < n; i += ALIGNED_FLOATS) {
    add_rows(n_features, ALIGNED_FLOATS, features, weight_deltas + i * n_features, theta + i);
  }
}

static void
lerp(const float* target, float fraction, size_t n, float* theta) NONBLOCKING
{
  for (size_t i = 0; i < n; ++i) {
    theta[i] += fraction * (target[i] - theta[i]);
  }
}

static CellShape
shape(unsigned hidden_size)
{
  return (CellShape){.kind = CELL_GRU,
                     .n_rows = hidden_size,
                     .n_columns = hidden_size,
                     .n_block = hidden_size,
                     .n_together = 1,
                     .rotation = 1,
                     .process = process};
}

const Kernel kernel_plain = {"plain", shape, lstm_plain_shape, condition, lerp};
