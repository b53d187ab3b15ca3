// SPDX-License-Identifier: MIT
// An LSTM's step and its gradients, for training_kernel.c; training_gru.h has the same functions.
#ifndef OD3_TRAINING_LSTM_H
#define OD3_TRAINING_LSTM_H

#include "training_cell.h"

enum {
  N_GATES = LSTM_N_GATES,
  HEAD = LSTM_N_PARTS * HIDDEN, // floats of theta before the hidden matrix
  STATE = 2 * HIDDEN,           // floats of a state: h, the cell's output, and then c
};

// The gates of one step and tanh of the new c, which the backward pass needs.
typedef struct {
  float in[HIDDEN], forget[HIDDEN], candidate[HIDDEN], out[HIDDEN], tanh_c[HIDDEN];
} Kept;

// The parts of one step's gradient: those of the hidden matrix's columns.
enum { D_IN, D_FORGET, D_CANDIDATE, D_OUT, D_PARTS };

// Computes one step: the gates, and the next state from this one.
static inline void
step(const float* theta, float x, const float* state, float* restrict next, Kept* restrict kept)
{
  Vector sum[N_GATES * N_VECTORS];
  for (int k = 0; k < N_GATES * N_VECTORS; ++k) {
    sum[k] = load(part(theta, LSTM_BIAS_I) + VECTOR_FLOATS * k) +
             broadcast(x) * load(part(theta, LSTM_INPUT_I) + VECTOR_FLOATS * k);
  }
  add_hidden(N_GATES * N_VECTORS, theta + HEAD, state, sum);
  store_all(N_VECTORS, sum, kept->in);
  store_all(N_VECTORS, sum + N_VECTORS, kept->forget);
  store_all(N_VECTORS, sum + 2 * N_VECTORS, kept->candidate);
  store_all(N_VECTORS, sum + 3 * N_VECTORS, kept->out);
  for (int k = 0; k < HIDDEN; ++k) {
    const float i = fast_sigmoid(kept->in[k]);
    const float f = fast_sigmoid(kept->forget[k]);
    const float g = fast_tanh(kept->candidate[k]);
    const float o = fast_sigmoid(kept->out[k]);
    const float c = f * state[HIDDEN + k] + i * g;
    const float tanh_c = fast_tanh(c);
    kept->in[k] = i;
    kept->forget[k] = f;
    kept->candidate[k] = g;
    kept->out[k] = o;
    kept->tanh_c[k] = tanh_c;
    next[k] = o * tanh_c;
    next[HIDDEN + k] = c;
  }
}

// Computes the gradients dpre[D_PARTS][H] of one step's pre-activations from that of the next
// state, dnext[STATE]. Sets dstate[STATE] to what does not pass through the hidden matrix.
static inline void
step_backward(const Kept* kept, const float* state, const float* dnext, float* restrict dpre,
              float* restrict dstate)
{
  for (int k = 0; k < HIDDEN; ++k) {
    const float i = kept->in[k];
    const float f = kept->forget[k];
    const float g = kept->candidate[k];
    const float o = kept->out[k];
    const float tanh_c = kept->tanh_c[k];
    const float dc = dnext[HIDDEN + k] + dnext[k] * o * (1.0f - tanh_c * tanh_c);
    dpre[D_IN * HIDDEN + k] = dc * g * i * (1.0f - i);
    dpre[D_FORGET * HIDDEN + k] = dc * state[HIDDEN + k] * f * (1.0f - f);
    dpre[D_CANDIDATE * HIDDEN + k] = dc * i * (1.0f - g * g);
    dpre[D_OUT * HIDDEN + k] = dnext[k] * tanh_c * o * (1.0f - o);
    dstate[k] = 0.0f;
    dstate[HIDDEN + k] = dc * f;
  }
}

// Adds the gradients of biases and input weights of n_steps steps to dtheta.
static inline void
head_gradient(int n_steps, const float* x, const float* dpre, float* dtheta)
{
  for (int t = 0; t < n_steps; ++t) {
    const float* d = dpre + D_PARTS * HIDDEN * t;
    for (int k = 0; k < D_PARTS * HIDDEN; ++k) {
      dtheta[LSTM_BIAS_I * HIDDEN + k] += d[k];
      dtheta[LSTM_INPUT_I * HIDDEN + k] += x[t] * d[k];
    }
  }
}

#endif
