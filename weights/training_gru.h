// SPDX-License-Identifier: MIT
// A GRU's step and its gradients, for training_kernel.c; training_lstm.h has the same functions.
#ifndef OD3_TRAINING_GRU_H
#define OD3_TRAINING_GRU_H

#include "training_cell.h"

enum {
  N_GATES = GRU_N_GATES,
  HEAD = THETA_N_PARTS * HIDDEN, // floats of theta before the hidden matrix
  STATE = HIDDEN,                // floats of a state; the first HIDDEN are the cell's output
};

// The values of one step that the backward pass needs.
typedef struct {
  float reset[HIDDEN], update[HIDDEN], candidate[HIDDEN];
  float hidden_n[HIDDEN]; // the hidden side of n, before r multiplies it
} Kept;

// The parts of one step's gradient; the first N_GATES are those of the hidden matrix's columns.
enum { D_RESET, D_UPDATE, D_HIDDEN_N, D_INPUT_N, D_PARTS };

// Computes one step: the gates, and the next state from this one.
static inline void
step(const float* theta, float x, const float* state, float* restrict next, Kept* restrict kept)
{
  const float* bias_n = part(theta, THETA_BIAS_N_INPUT);
  const float* input_n = part(theta, THETA_INPUT_N);
  Vector sum[N_GATES * N_VECTORS];
  for (int k = 0; k < 2 * N_VECTORS; ++k) {
    sum[k] = load(part(theta, THETA_BIAS_R) + VECTOR_FLOATS * k) +
             broadcast(x) * load(part(theta, THETA_INPUT_R) + VECTOR_FLOATS * k);
  }
  for (int k = 0; k < N_VECTORS; ++k) {
    sum[2 * N_VECTORS + k] = load(part(theta, THETA_BIAS_N_HIDDEN) + VECTOR_FLOATS * k);
  }
  add_hidden(N_GATES * N_VECTORS, theta + HEAD, state, sum);
  store_all(N_VECTORS, sum, kept->reset);
  store_all(N_VECTORS, sum + N_VECTORS, kept->update);
  store_all(N_VECTORS, sum + 2 * N_VECTORS, kept->hidden_n);
  for (int k = 0; k < HIDDEN; ++k) {
    const float r = fast_sigmoid(kept->reset[k]);
    const float z = fast_sigmoid(kept->update[k]);
    const float n = fast_tanh(bias_n[k] + input_n[k] * x + r * kept->hidden_n[k]);
    kept->reset[k] = r;
    kept->update[k] = z;
    kept->candidate[k] = n;
    next[k] = n + z * (state[k] - n);
  }
}

// Computes the gradients dpre[D_PARTS][H] of one step's pre-activations from that of the next
// state, dnext[STATE]. Sets dstate[STATE] to what does not pass through the hidden matrix.
static inline void
step_backward(const Kept* kept, const float* state, const float* dnext, float* restrict dpre,
              float* restrict dstate)
{
  for (int k = 0; k < HIDDEN; ++k) {
    const float r = kept->reset[k];
    const float z = kept->update[k];
    const float n = kept->candidate[k];
    const float dn = dnext[k] * (1.0f - z) * (1.0f - n * n);
    dpre[D_RESET * HIDDEN + k] = dn * kept->hidden_n[k] * r * (1.0f - r);
    dpre[D_UPDATE * HIDDEN + k] = dnext[k] * (state[k] - n) * z * (1.0f - z);
    dpre[D_HIDDEN_N * HIDDEN + k] = dn * r;
    dpre[D_INPUT_N * HIDDEN + k] = dn;
    dstate[k] = dnext[k] * z;
  }
}

// Adds the gradients of biases and input weights of n_steps steps to dtheta.
static inline void
head_gradient(int n_steps, const float* x, const float* dpre, float* dtheta)
{
  for (int t = 0; t < n_steps; ++t) {
    const float* d = dpre + D_PARTS * HIDDEN * t;
    for (int k = 0; k < HIDDEN; ++k) {
      dtheta[THETA_BIAS_R * HIDDEN + k] += d[D_RESET * HIDDEN + k];
      dtheta[THETA_BIAS_Z * HIDDEN + k] += d[D_UPDATE * HIDDEN + k];
      dtheta[THETA_BIAS_N_INPUT * HIDDEN + k] += d[D_INPUT_N * HIDDEN + k];
      dtheta[THETA_BIAS_N_HIDDEN * HIDDEN + k] += d[D_HIDDEN_N * HIDDEN + k];
      dtheta[THETA_INPUT_R * HIDDEN + k] += x[t] * d[D_RESET * HIDDEN + k];
      dtheta[THETA_INPUT_Z * HIDDEN + k] += x[t] * d[D_UPDATE * HIDDEN + k];
      dtheta[THETA_INPUT_N * HIDDEN + k] += x[t] * d[D_INPUT_N * HIDDEN + k];
    }
  }
}

#endif
