// SPDX-License-Identifier: MIT
// Forward and backward passes of a cell(1 -> HIDDEN) + linear output, for training on a CPU.
//
// training_kernel.py builds this file for one hidden size, with -DHIDDEN=n, a multiple of 8, and
// for a GRU (-DLSTM=0) or an LSTM (-DLSTM=1). Arrays hold several streams: signals that are played
// side by side, each with parameters theta [N_THETA] of its own (see
// rnn/theta_layout.h). A call computes the streams from `first_stream` up to `end_stream` and
// touches no other stream's elements, so several threads may call with the same arrays and
// different streams. All arrays are float32 and contiguous; the caller owns them.

#if LSTM
#include "training_lstm.h"
#else
#include "training_gru.h"
#endif

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
  GATES = N_GATES * HIDDEN,
  N_THETA = HEAD + GATES * HIDDEN,
  BLOCK = 32,   // time steps whose outer products are summed together
  TOGETHER = 2, // streams played side by side, so that one computes while the other waits
  LINE = 64,    // bytes of a cache line
};

static float
output(const float* out_weight, float out_bias, const float* state)
{
  Vector sum = broadcast(0.0f);
  for (int k = 0; k < N_VECTORS; ++k) {
    sum += load(out_weight + VECTOR_FLOATS * k) * load(state + VECTOR_FLOATS * k);
  }
  for (int k = 0; k < VECTOR_FLOATS; ++k) {
    out_bias += sum[k];
  }
  return out_bias;
}

// The arguments of render().
typedef struct {
  int n_samples, delay, n_taps;
  const float *taps, *x, *theta, *out_weight;
  float out_bias;
  float *history, *y;
} Rendering;

// Renders n_streams streams from `first` on.
static inline __attribute__((always_inline)) void
render_together(int first, int n_streams, const Rendering* r)
{
  const int length = r->delay + r->n_taps - 1;
  Kept kept;
  for (int t = 0; t < r->n_samples; ++t) {
    for (int stream = first; stream < first + n_streams; ++stream) {
      float* states = r->history + (size_t)stream * length * STATE;
      float state[STATE] = {0};
      for (int k = 0; k < r->n_taps; ++k) {
        const float* from = states + (t + length - r->delay - k) % length * STATE;
        for (int i = 0; i < STATE; ++i) {
          state[i] += r->taps[k] * from[i];
        }
      }
      float* next = states + t % length * STATE;
      const size_t sample = (size_t)stream * r->n_samples + t;
      step(r->theta + (size_t)stream * N_THETA, r->x[sample], state, next, &kept);
      r->y[sample] = output(r->out_weight, r->out_bias, next);
    }
  }
}

// Plays n_samples of each stream without keeping anything for a backward pass.
// The state fed back at t is the sum over k of taps[k] times the state of `delay + k` samples ago.
// history[n_streams][delay + n_taps - 1][STATE] is read and updated, oldest state first.
// n_samples is a multiple of the history's length.
void
render(int first_stream, int end_stream, int n_samples, int delay, int n_taps, const float* taps,
       const float* x, const float* theta, const float* out_weight, float out_bias, float* history,
       float* y)
{
  const Rendering r = {n_samples, delay, n_taps, taps, x, theta, out_weight, out_bias, history, y};
  int stream = first_stream;
  for (; stream + TOGETHER <= end_stream; stream += TOGETHER) {
    render_together(stream, TOGETHER, &r);
  }
  for (; stream < end_stream; ++stream) {
    render_together(stream, 1, &r);
  }
}

// The arguments of forward().
typedef struct {
  int n_samples;
  const float *x, *theta, *out_weight;
  float out_bias;
  float* states;
  Kept* kept;
  float* y;
} Playing;

// Plays n_streams streams from `first` on.
static inline __attribute__((always_inline)) void
forward_together(int first, int n_streams, const Playing* p)
{
  for (int t = 0; t < p->n_samples; ++t) {
    for (int stream = first; stream < first + n_streams; ++stream) {
      const size_t sample = (size_t)stream * p->n_samples + t;
      float* state = p->states + (sample + stream) * STATE; // a stream has one more than samples
      step(p->theta + (size_t)stream * N_THETA, p->x[sample], state, state + STATE,
           p->kept + sample);
      p->y[sample] = output(p->out_weight, p->out_bias, state + STATE);
    }
  }
}

// Plays n_samples of each stream at a state delay of 1 and keeps what backward() needs:
// states[n_streams][n_samples + 1][STATE], where the caller sets the first state of each stream,
// and kept[n_streams][n_samples].
void
forward(int first_stream, int end_stream, int n_samples, const float* x, const float* theta,
        const float* out_weight, float out_bias, float* states, Kept* kept, float* y)
{
  const Playing p = {n_samples, x, theta, out_weight, out_bias, states, kept, y};
  int stream = first_stream;
  for (; stream + TOGETHER <= end_stream; stream += TOGETHER) {
    forward_together(stream, TOGETHER, &p);
  }
  for (; stream < end_stream; ++stream) {
    forward_together(stream, 1, &p);
  }
}

// Sets transposed[GATES][H] to the transposed hidden matrix [H][GATES].
static void
transpose(const float* hidden, float* transposed)
{
  for (int j = 0; j < HIDDEN; ++j) {
    for (int i = 0; i < GATES; ++i) {
      transposed[i * HIDDEN + j] = hidden[j * GATES + i];
    }
  }
}

// Adds the transposed hidden matrix [GATES][H] times dpre to dstate[H].
static inline void
state_gradient(const float* transposed, const float* dpre, float* dstate)
{
  Vector sum[N_GATES * N_VECTORS];
  for (int k = 0; k < N_GATES * N_VECTORS; ++k) {
    sum[k] = broadcast(0.0f);
  }
  for (int i = 0; i < HIDDEN; ++i) {
#pragma GCC unroll 4
    for (int gate = 0; gate < N_GATES; ++gate) {
      const int row = gate * HIDDEN + i;
      const Vector factor = broadcast(dpre[row]);
#pragma GCC unroll 10
      for (int k = 0; k < N_VECTORS; ++k) {
        sum[gate * N_VECTORS + k] += factor * load(transposed + row * HIDDEN + VECTOR_FLOATS * k);
      }
    }
  }
#pragma GCC unroll 10
  for (int k = 0; k < N_VECTORS; ++k) {
    Vector total = sum[k];
#pragma GCC unroll 4
    for (int gate = 1; gate < N_GATES; ++gate) {
      total += sum[gate * N_VECTORS + k];
    }
    store(dstate + VECTOR_FLOATS * k, load(dstate + VECTOR_FLOATS * k) + total);
  }
}

// Adds the outer products of n_steps states and their dpre to dhidden[H][GATES].
static inline void
matrix_gradient(int n_steps, const float* states, const float* dpre, float* dhidden)
{
  for (int j = 0; j < HIDDEN; ++j) {
    Vector sum[N_GATES * N_VECTORS];
#pragma GCC unroll 40
    for (int k = 0; k < N_GATES * N_VECTORS; ++k) {
      sum[k] = load(dhidden + GATES * j + VECTOR_FLOATS * k);
    }
    for (int t = 0; t < n_steps; ++t) {
      const Vector factor = broadcast(states[STATE * t + j]);
#pragma GCC unroll 40
      for (int k = 0; k < N_GATES * N_VECTORS; ++k) {
        sum[k] += factor * load(dpre + D_PARTS * HIDDEN * t + VECTOR_FLOATS * k);
      }
    }
#pragma GCC unroll 40
    for (int k = 0; k < N_GATES * N_VECTORS; ++k) {
      store(dhidden + GATES * j + VECTOR_FLOATS * k, sum[k]);
    }
  }
}

// Adds the gradient of the output layer to dout_weight[H], and to that of the next state, dnext[H].
static inline void
output_backward(float dy, const float* next, const float* out_weight, float* restrict dout_weight,
                float* restrict dnext)
{
  for (int k = 0; k < HIDDEN; ++k) {
    dout_weight[k] += dy * next[k];
    dnext[k] += dy * out_weight[k];
  }
}

// One stream's part of backward()'s arguments.
typedef struct {
  const float *x, *states, *dy;
  const Kept* kept;
  const float *out_weight, *transposed;
  float *dtheta, *dout_weight, *dout_bias;
} Stream;

// Goes back through the samples from `end` down to `start`, at most BLOCK of them. dstate[STATE] is
// the gradient of the state after them, and becomes that of the state before them.
static inline void
block_backward(const Stream* s, int start, int end, float* dstate)
{
  _Alignas(LINE) float dpre[BLOCK * D_PARTS * HIDDEN];
  for (int t = end - 1; t >= start; --t) {
    float dnext[STATE];
    memcpy(dnext, dstate, sizeof dnext);
    *s->dout_bias += s->dy[t];
    output_backward(s->dy[t], s->states + (t + 1) * STATE, s->out_weight, s->dout_weight, dnext);
    float* d = dpre + D_PARTS * HIDDEN * (t - start);
    step_backward(s->kept + t, s->states + t * STATE, dnext, d, dstate);
    state_gradient(s->transposed, d, dstate);
  }
  head_gradient(end - start, s->x + start, dpre, s->dtheta);
  matrix_gradient(end - start, s->states + start * STATE, dpre, s->dtheta + HEAD);
}

// Computes the gradients from dy[n_streams][n_samples] and what forward() kept. It adds to
// dtheta[n_streams][N_THETA], dout_weight[n_streams][H] and dout_bias[n_streams],
// which the caller sets to 0. Returns 0; or -1 when memory is short, and then changes nothing.
int
backward(int first_stream, int end_stream, int n_samples, const float* x, const float* theta,
         const float* out_weight, const float* states, const Kept* kept, const float* dy,
         float* dtheta, float* dout_weight, float* dout_bias)
{
  float* transposed = aligned_alloc(LINE, sizeof(float) * GATES * HIDDEN);
  if (!transposed) {
    return -1;
  }
  for (int stream = first_stream; stream < end_stream; ++stream) {
    const size_t first_theta = (size_t)stream * N_THETA;
    const size_t first_sample = (size_t)stream * n_samples;
    const size_t first_state = (size_t)stream * (n_samples + 1);
    const Stream s = {
        .x = x + first_sample,
        .states = states + first_state * STATE,
        .dy = dy + first_sample,
        .kept = kept + first_sample,
        .out_weight = out_weight,
        .transposed = transposed,
        .dtheta = dtheta + first_theta,
        .dout_weight = dout_weight + (size_t)stream * HIDDEN,
        .dout_bias = dout_bias + stream,
    };
    float dstate[STATE] = {0};
    transpose(theta + first_theta + HEAD, transposed);
    for (int end = n_samples; end > 0; end -= BLOCK) {
      block_backward(&s, end > BLOCK ? end - BLOCK : 0, end, dstate);
    }
  }
  free(transposed);
  return 0;
}
