// SPDX-License-Identifier: MIT
// The kernel that is easiest to read, in plain C: what the others are measured by.
#include "activation.h"
#include "kernel.h"
#include "matrix.h"
#include "memory.h"

#include <string.h>

// Sums of r, of n on the state's side, and of z, before what bends them: each [H].
static void
sum_inputs(const Gru* gru, const float* state, float x, float* sums) NONBLOCKING
{
  const size_t n = gru->shape.n_columns;
  const float* bias = gru->theta;
  const float* in_weight = bias + 4 * n;
  const float* matrix = bias + 7 * n;
  for (size_t i = 0; i < n; ++i) {
    sums[i] = bias[i] + in_weight[i] * x;
    sums[n + i] = bias[3 * n + i];
    sums[2 * n + i] = bias[n + i] + in_weight[n + i] * x;
  }
  for (size_t pass = 0; pass < 3; ++pass) {
    add_rows(n, n, state, matrix + pass * n * n, sums + pass * n);
  }
}

static void
update_state(const Gru* gru, const float* sums, float x, float* state) NONBLOCKING
{
  const size_t n = gru->shape.n_columns;
  const float* bias = gru->theta + 2 * n;
  const float* in_weight = gru->theta + 6 * n;
  for (size_t i = 0; i < n; ++i) {
    const float reset = fast_sigmoid(sums[i]);
    const float candidate = fast_tanh(bias[i] + in_weight[i] * x + reset * sums[n + i]);
    const float change = fast_sigmoid(-sums[2 * n + i]); // 1 - z, without its rounding
    state[i] += change * (candidate - state[i]);
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

static void
process(const Gru* gru, uint32_t n_lanes, float* states, const float* in, float* out,
        uint32_t n_frames) NONBLOCKING
{
  const size_t n = gru->shape.n_columns;
  float sums[3 * GRU_MAX_HIDDEN];
  for (size_t t = 0; t < n_frames; ++t) {
    float* state = states + t % n_lanes * n;
    const float x = in[t];
    sum_inputs(gru, state, x, sums);
    update_state(gru, sums, x, state);
    out[t] = gru->out_bias + dot(n, gru->out_weight, state);
  }
}

static void
fold(const float* theta0, const float* moved, const float* features, size_t n_features, size_t n,
     float* theta) NONBLOCKING
{
  memcpy(theta, theta0, n * sizeof *theta);
  for (size_t i = 0; i < n; i += ALIGNED_FLOATS) {
    add_rows(n_features, ALIGNED_FLOATS, features, moved + i * n_features, theta + i);
  }
}

static void
approach(const float* aim, float part, size_t n, float* theta) NONBLOCKING
{
  for (size_t i = 0; i < n; ++i) {
    theta[i] += part * (aim[i] - theta[i]);
  }
}

static GruShape
shape(unsigned hidden_size)
{
  return (GruShape){.n_rows = hidden_size,
                    .n_columns = hidden_size,
                    .n_block = hidden_size,
                    .n_turned = 1,
                    .process = process};
}

const Kernel kernel_plain = {"plain", shape, fold, approach};
