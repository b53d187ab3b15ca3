// SPDX-License-Identifier: MIT
// Forward and backward passes of GRU(1 -> HIDDEN) + linear output, for training on a CPU.
//
// Built for one hidden size by kernel.py, with -DHIDDEN=n, a multiple of 8. Every lane of a batch
// has parameters of its own, laid out as in a model file (see FORMAT.md):
//   theta[N_THETA]: bias r, z, n_input, n_hidden [4H]; input weights r, z, n [3H];
//   hidden weights [H][3H], one row per state that is read, columns r, z, n.
// All arrays are float32, contiguous, and the caller's.

#include "../src/activation.h"

#include <stddef.h>
#include <stdlib.h>

enum {
  LANES = 8,
  GATES = 3 * HIDDEN,
  N_THETA = 4 * HIDDEN + GATES + HIDDEN * GATES,
  V = HIDDEN / LANES,
  BLOCK = 32, // time steps whose outer products are summed in one go
};

typedef float vec __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

typedef struct {
  float reset[HIDDEN], update[HIDDEN], candidate[HIDDEN], recurrent[HIDDEN];
} Gates;

static vec
load(const float* from)
{
  return *(const vec*)from;
}

static void
store(float* to, vec value)
{
  *(vec*)to = value;
}

static vec
splat(float value)
{
  return value - (vec){};
}

// One step: gates and the next state from this one.
static inline void
step(const float* theta, float x, const float* state, float* restrict next, Gates* restrict gates)
{
  const float* in = theta + 4 * HIDDEN;
  const float* hidden = in + GATES;
  vec sum[3 * V];
  for (int k = 0; k < 2 * V; ++k) {
    sum[k] = load(theta + LANES * k) + splat(x) * load(in + LANES * k);
  }
  for (int k = 0; k < V; ++k) {
    sum[2 * V + k] = load(theta + 3 * HIDDEN + LANES * k);
  }
  for (int j = 0; j < HIDDEN; ++j) {
    const vec from = splat(state[j]);
#pragma GCC unroll 24
    for (int k = 0; k < 3 * V; ++k) {
      sum[k] += from * load(hidden + GATES * j + LANES * k);
    }
  }
#pragma GCC unroll 8
  for (int k = 0; k < V; ++k) {
    store(gates->reset + LANES * k, sum[k]);
    store(gates->update + LANES * k, sum[V + k]);
    store(gates->recurrent + LANES * k, sum[2 * V + k]);
  }
  for (int k = 0; k < HIDDEN; ++k) {
    const float r = fast_sigmoid(gates->reset[k]);
    const float z = fast_sigmoid(gates->update[k]);
    const float n =
        fast_tanh(theta[2 * HIDDEN + k] + in[2 * HIDDEN + k] * x + r * gates->recurrent[k]);
    gates->reset[k] = r;
    gates->update[k] = z;
    gates->candidate[k] = n;
    next[k] = n + z * (state[k] - n);
  }
}

static float
output(const float* out_weight, float out_bias, const float* state)
{
  vec sum = splat(0.0f);
  for (int k = 0; k < V; ++k) {
    sum += load(out_weight + LANES * k) * load(state + LANES * k);
  }
  for (int k = 0; k < LANES; ++k) {
    out_bias += sum[k];
  }
  return out_bias;
}

// Renders n_lanes signals of n_samples. The state fed back at t is the sum over k of taps[k] times
// the one of `first + k` samples ago. history[n_lanes][first + n_taps - 1][H], oldest first, is
// read and updated; n_samples is a multiple of its length.
void
gru_render(int n_lanes, int n_samples, int first, int n_taps, const float* taps, const float* x,
           const float* theta, const float* out_weight, float out_bias, float* history, float* y)
{
  const int length = first + n_taps - 1;
  for (int lane = 0; lane < n_lanes; ++lane) {
    Gates gates;
    float* states = history + (size_t)lane * length * HIDDEN;
    for (int t = 0; t < n_samples; ++t) {
      float h[HIDDEN] = {0};
      for (int k = 0; k < n_taps; ++k) {
        const float* from = states + (t + length - first - k) % length * HIDDEN;
        for (int i = 0; i < HIDDEN; ++i) {
          h[i] += taps[k] * from[i];
        }
      }
      float* next = states + t % length * HIDDEN;
      step(theta + (size_t)lane * N_THETA, x[(size_t)lane * n_samples + t], h, next, &gates);
      y[(size_t)lane * n_samples + t] = output(out_weight, out_bias, next);
    }
  }
}

// As gru_render with delay 1, keeping what the backward pass needs:
// states[n_lanes][n_samples + 1][H], of which the first is the caller's start, and
// gates[n_lanes][n_samples].
void
gru_forward(int n_lanes, int n_samples, const float* x, const float* theta, const float* out_weight,
            float out_bias, float* states, Gates* gates, float* y)
{
  for (int lane = 0; lane < n_lanes; ++lane) {
    float* h = states + (size_t)lane * (n_samples + 1) * HIDDEN;
    for (int t = 0; t < n_samples; ++t, h += HIDDEN) {
      const size_t i = (size_t)lane * n_samples + t;
      step(theta + (size_t)lane * N_THETA, x[i], h, h + HIDDEN, gates + i);
      y[i] = output(out_weight, out_bias, h + HIDDEN);
    }
  }
}

// Gradients of the four pre-activations at one step, and of the state by way of the update gate.
// dpre: reset, update, recurrent (into W_hidden), candidate input (n_input).
static inline void
step_backward(const Gates* gates, const float* state, const float* dnext, float* restrict dpre,
              float* restrict dstate)
{
  for (int k = 0; k < HIDDEN; ++k) {
    const float r = gates->reset[k];
    const float z = gates->update[k];
    const float n = gates->candidate[k];
    const float dn = dnext[k] * (1.0f - z) * (1.0f - n * n);
    dpre[k] = dn * gates->recurrent[k] * r * (1.0f - r);
    dpre[HIDDEN + k] = dnext[k] * (state[k] - n) * z * (1.0f - z);
    dpre[2 * HIDDEN + k] = dn * r;
    dpre[3 * HIDDEN + k] = dn;
    dstate[k] = dnext[k] * z;
  }
}

// dstate += W_hidden^T dpre, with transposed[3H][H] = W_hidden^T.
static inline void
state_gradient(const float* transposed, const float* dpre, float* dstate)
{
  vec sum[3 * V];
  for (int k = 0; k < 3 * V; ++k) {
    sum[k] = splat(0.0f);
  }
  for (int i = 0; i < HIDDEN; ++i) {
#pragma GCC unroll 3
    for (int gate = 0; gate < 3; ++gate) {
      const int row = gate * HIDDEN + i;
      const vec from = splat(dpre[row]);
#pragma GCC unroll 8
      for (int k = 0; k < V; ++k) {
        sum[gate * V + k] += from * load(transposed + row * HIDDEN + LANES * k);
      }
    }
  }
#pragma GCC unroll 8
  for (int k = 0; k < V; ++k) {
    store(dstate + LANES * k, load(dstate + LANES * k) + (sum[k] + sum[V + k] + sum[2 * V + k]));
  }
}

// dtheta += the outer products of n_steps steps.
static inline void
parameter_gradient(int n_steps, const float* x, const float* states, const float* dpre,
                   float* dtheta)
{
  float* din = dtheta + 4 * HIDDEN;
  float* dhidden = din + GATES;
  for (int t = 0; t < n_steps; ++t) {
    const float* d = dpre + 4 * HIDDEN * t;
    for (int k = 0; k < HIDDEN; ++k) {
      dtheta[k] += d[k];
      dtheta[HIDDEN + k] += d[HIDDEN + k];
      dtheta[2 * HIDDEN + k] += d[3 * HIDDEN + k];
      dtheta[3 * HIDDEN + k] += d[2 * HIDDEN + k];
      din[k] += x[t] * d[k];
      din[HIDDEN + k] += x[t] * d[HIDDEN + k];
      din[2 * HIDDEN + k] += x[t] * d[3 * HIDDEN + k];
    }
  }
  for (int j = 0; j < HIDDEN; ++j) {
    vec sum[3 * V];
#pragma GCC unroll 24
    for (int k = 0; k < 3 * V; ++k) {
      sum[k] = load(dhidden + GATES * j + LANES * k);
    }
    for (int t = 0; t < n_steps; ++t) {
      const vec from = splat(states[HIDDEN * t + j]);
#pragma GCC unroll 24
      for (int k = 0; k < 3 * V; ++k) {
        sum[k] += from * load(dpre + 4 * HIDDEN * t + LANES * k);
      }
    }
#pragma GCC unroll 24
    for (int k = 0; k < 3 * V; ++k) {
      store(dhidden + GATES * j + LANES * k, sum[k]);
    }
  }
}

// Back-propagation through time, from dy[n_lanes][n_samples] and what gru_forward kept.
// dtheta[n_lanes][N_THETA], dout_weight[n_lanes][H] and dout_bias[n_lanes] arrive as zeros.
void
gru_backward(int n_lanes, int n_samples, const float* x, const float* theta,
             const float* out_weight, const float* states, const Gates* gates, const float* dy,
             float* dtheta, float* dout_weight, float* dout_bias)
{
  float* transposed = malloc(sizeof(float) * GATES * HIDDEN);
  float dpre[BLOCK * 4 * HIDDEN];
  for (int lane = 0; lane < n_lanes; ++lane) {
    const float* hidden = theta + (size_t)lane * N_THETA + 4 * HIDDEN + GATES;
    for (int j = 0; j < HIDDEN; ++j) {
      for (int i = 0; i < GATES; ++i) {
        transposed[i * HIDDEN + j] = hidden[j * GATES + i];
      }
    }
    const float* h = states + (size_t)lane * (n_samples + 1) * HIDDEN;
    const size_t first = (size_t)lane * n_samples;
    float dstate[HIDDEN] = {0};
    for (int end = n_samples; end > 0;) {
      const int start = end > BLOCK ? end - BLOCK : 0;
      for (int t = end - 1; t >= start; --t) {
        float dnext[HIDDEN];
        const float d = dy[first + t];
        dout_bias[lane] += d;
        for (int k = 0; k < HIDDEN; ++k) {
          dout_weight[lane * HIDDEN + k] += d * h[(t + 1) * HIDDEN + k];
          dnext[k] = dstate[k] + d * out_weight[k];
        }
        float* pre = dpre + 4 * HIDDEN * (t - start);
        step_backward(gates + first + t, h + t * HIDDEN, dnext, pre, dstate);
        state_gradient(transposed, pre, dstate);
      }
      parameter_gradient(end - start, x + first + start, h + start * HIDDEN, dpre,
                         dtheta + (size_t)lane * N_THETA);
      end = start;
    }
  }
  free(transposed);
}
