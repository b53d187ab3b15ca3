// SPDX-License-Identifier: MIT
// A GRU step for states of two vectors and 32 registers, which AVX-512 has. Steps overlap, as in
// the AVX2 assembly (rnn/x86/README.md): the activations of one half of the units are computed
// between the matrix rows that do not need them, a part after each row.
//
//   rows                                                  activations meanwhile
//   sums of the first half, over the second half
//   sums of the second half, over the second half         first half of the new state
//   next step: sums of both halves, over the first half   second half of the new state
//
// One or two streams step together and share each load of a weight. When pairs of streams
// alternate, the next step is that of another pair.
#ifndef OD3_PIPELINED_H
#define OD3_PIPELINED_H

#include "rnn/cell.h"
#include "rnn/vector/vector_exp2.h"

#include <stdbool.h>

enum { PIPELINED_HALVES = 2, PIPELINED_MAX_STREAMS = 2, PIPELINED_GATES = 3 };

typedef struct {
  size_t n_rows;    // more than VECTOR_FLOATS and at most twice that
  size_t n_streams; // that step together
} Pipelined;

// Pre-activations of one vector of units, in the order of the matrix: r, the hidden side of n, z.
typedef Vector PipelinedSums[PIPELINED_GATES][PIPELINED_MAX_STREAMS];

// A state, or a vector of the head of theta.
typedef struct __attribute__((may_alias)) {
  Vector halves[PIPELINED_HALVES];
} PipelinedUnits;

// A row of the matrix for half of the units.
typedef struct __attribute__((may_alias)) {
  Vector gates[PIPELINED_GATES];
} PipelinedRow;

// The states and inputs of the streams that step together.
typedef struct {
  PipelinedUnits* states; // [n_streams]
  const float* in;
} PipelinedFrame;

// Starts the sums of a half with the bias and the input.
ALWAYS_INLINE void
pipelined_begin(Pipelined n, const PipelinedUnits* head, size_t half, PipelinedFrame frame,
                PipelinedSums sums)
{
#pragma GCC unroll 2
  for (size_t s = 0; s < n.n_streams; ++s) {
    const Vector x = splat(frame.in[s]);
    sums[0][s] = head[THETA_BIAS_R].halves[half] + head[THETA_INPUT_R].halves[half] * x;
    sums[1][s] = head[THETA_BIAS_N_HIDDEN].halves[half];
    sums[2][s] = head[THETA_BIAS_Z].halves[half] + head[THETA_INPUT_Z].halves[half] * x;
  }
}

// Loads unit `row` of the states into all elements of factors [n_streams], from memory: the
// compiler would permute a register, which costs an execution unit.
ALWAYS_INLINE void
pipelined_factors(Pipelined n, const PipelinedUnits* states, size_t row, Vector* factors)
{
#pragma GCC unroll 2
  for (size_t s = 0; s < n.n_streams; ++s) {
    factors[s] = pin_register(splat(launder((const float*)(states + s))[row]));
  }
}

// Adds factors [n_streams] times a row to sums.
ALWAYS_INLINE void
pipelined_row(Pipelined n, const PipelinedRow* row, const Vector* factors, PipelinedSums sums)
{
#pragma GCC unroll 3
  for (size_t gate = 0; gate < PIPELINED_GATES; ++gate) {
    const Vector weights = n.n_streams == 1 ? row->gates[gate] : pin_register(row->gates[gate]);
#pragma GCC unroll 2
    for (size_t s = 0; s < n.n_streams; ++s) {
      sums[gate][s] = pin_register(sums[gate][s] + factors[s] * weights);
    }
  }
}

// The activations of one vector of units of one stream. Divisions are an estimate of a reciprocal
// and a Newton step, which costs less than the instruction: a / b = a y (2 - b y).
typedef struct {
  Power r;
  Power n;
  Power z;
  Vector hidden; // of n
  Vector h;
  Vector sum; // of z's numerator and denominator
  Vector down;
  Vector up;
  Vector dividend;
  Vector divisor;
  Vector reciprocal;
} PipelinedChain;

enum { PIPELINED_PARTS = 17 };

// Estimates the divisor's reciprocal.
ALWAYS_INLINE void
pipelined_begin_division(PipelinedChain* c)
{
  c->reciprocal = reciprocal_estimate(c->divisor);
}

// Multiplies the dividend by the estimate; dividend * divisor is then the quotient.
ALWAYS_INLINE void
pipelined_refine_division(PipelinedChain* c)
{
  c->dividend = c->dividend * c->reciprocal;
  c->divisor = splat(2.0f) - c->divisor * c->reciprocal;
}

// Computes two of the parts of a power.
ALWAYS_INLINE void
pipelined_power(size_t pair, Power* p)
{
  power_part(exp2_constants[0], 2 * pair, p);
  power_part(exp2_constants[0], 2 * pair + 1, p);
}

// Computes one of the parts of a half of a new state, which replaces the old one. With n and z as
// numerators and denominators (n', n", z', z"), the state moves by
//   (z' (1 - h) n" - z' (1 + h) n') / ((z' + z") (n' + n"))
ALWAYS_INLINE void
pipelined_part(size_t i, const PipelinedUnits* head, size_t half, float in, Vector* state,
               PipelinedChain* c)
{
  enum { PAIRS = POWER_PARTS / 2, R_AND_Z_PAIRS = 2 * PAIRS, ALL_PAIRS = 3 * PAIRS };
  if (i < ALL_PAIRS) {
    pipelined_power(i % PAIRS, i < PAIRS ? &c->r : i < R_AND_Z_PAIRS ? &c->z : &c->n);
  }
  switch (i) {
  case 4:
    c->divisor = c->r.denominator + c->r.numerator;
    c->dividend = c->r.denominator * c->hidden;
    break;
  case 5:
    pipelined_begin_division(c);
    c->n.x = head[THETA_BIAS_N_INPUT].halves[half] + head[THETA_INPUT_N].halves[half] * splat(in);
    break;
  case 6:
    pipelined_refine_division(c);
    c->h = state[half];
    break;
  case 7: c->n.x = pin_register(c->n.x + c->dividend * c->divisor); break;
  case 8:
    c->up = c->z.numerator - c->h * c->z.numerator;
    c->down = c->z.numerator + c->h * c->z.numerator;
    c->sum = c->z.denominator + c->z.numerator;
    break;
  case 11:
    c->dividend = c->up * c->n.denominator;
    c->divisor = c->sum * c->n.denominator;
    break;
  case 12:
    c->dividend = c->dividend - c->down * c->n.numerator;
    c->divisor = c->divisor + c->sum * c->n.numerator;
    break;
  case 13: pipelined_begin_division(c); break;
  case 14: pipelined_refine_division(c); break;
  case 15: c->h = c->h + c->dividend * c->divisor; break;
  case 16: state[half] = c->h; break;
  default: break;
  }
}

// Computes the parts of all streams' chains that come after row i of n_rows.
ALWAYS_INLINE void
pipelined_parts(Pipelined n, size_t i, size_t n_rows, const PipelinedUnits* head, size_t half,
                PipelinedFrame frame, PipelinedChain* chains)
{
  const size_t n_parts = PIPELINED_PARTS;
  const size_t end = n_parts * (i + 1) / n_rows;
#pragma GCC unroll 32
  for (size_t p = n_parts * i / n_rows; p < end; ++p) {
#pragma GCC unroll 2
    for (size_t s = 0; s < n.n_streams; ++s) {
      pipelined_part(p, head, half, frame.in[s], frame.states[s].halves, chains + s);
    }
  }
}

// Starts the sums of a frame, over the first half of its state. Meanwhile, computes the second half
// of the states of `before` from `chains`, unless that is NULL.
ALWAYS_INLINE void
pipelined_first_half(Pipelined n, const float* theta, PipelinedFrame frame, PipelinedFrame before,
                     PipelinedChain* chains, PipelinedSums* sums)
{
  const PipelinedUnits* head = (const PipelinedUnits*)theta;
  const PipelinedRow* matrix = (const PipelinedRow*)(head + THETA_N_PARTS);
#pragma GCC unroll 2
  for (size_t half = 0; half < PIPELINED_HALVES; ++half) {
    pipelined_begin(n, head, half, frame, sums[half]);
  }
#pragma GCC unroll 16
  for (size_t i = 0; i < VECTOR_FLOATS; ++i) {
    Vector factors[PIPELINED_MAX_STREAMS];
    pipelined_factors(n, frame.states, i, factors);
#pragma GCC unroll 2
    for (size_t half = 0; half < PIPELINED_HALVES; ++half) {
      pipelined_row(n, matrix + half * n.n_rows + i, factors, sums[half]);
    }
    if (chains) {
      pipelined_parts(n, i, VECTOR_FLOATS, head, 1, before, chains);
    }
  }
}

// Adds rows VECTOR_FLOATS to n_rows - 1 times the second half of the state to the sums of a half.
// Even and odd rows have sums of their own, so that additions overlap. Meanwhile, computes the
// first half of the new states from `chains`, unless that is NULL.
ALWAYS_INLINE void
pipelined_finish_sums(Pipelined n, const PipelinedUnits* head, const PipelinedRow* rows,
                      PipelinedFrame frame, PipelinedChain* chains, PipelinedSums sums)
{
  const size_t n_left = n.n_rows - VECTOR_FLOATS;
  PipelinedSums odd;
#pragma GCC unroll 3
  for (size_t gate = 0; gate < PIPELINED_GATES; ++gate) {
#pragma GCC unroll 2
    for (size_t s = 0; s < n.n_streams; ++s) {
      odd[gate][s] = splat(0.0f);
    }
  }
#pragma GCC unroll 16
  for (size_t i = 0; i < n_left; ++i) {
    Vector factors[PIPELINED_MAX_STREAMS];
    pipelined_factors(n, frame.states, VECTOR_FLOATS + i, factors);
    pipelined_row(n, rows + VECTOR_FLOATS + i, factors, i % 2 ? odd : sums);
    if (chains) {
      pipelined_parts(n, i, n_left, head, 0, frame, chains);
    }
  }
#pragma GCC unroll 3
  for (size_t gate = 0; gate < PIPELINED_GATES; ++gate) {
#pragma GCC unroll 2
    for (size_t s = 0; s < n.n_streams; ++s) {
      sums[gate][s] += odd[gate][s];
    }
  }
}

// Begins the chains of a half of the units from their sums.
ALWAYS_INLINE void
pipelined_begin_chains(Pipelined n, PipelinedSums sums, PipelinedChain* chains)
{
#pragma GCC unroll 2
  for (size_t s = 0; s < n.n_streams; ++s) {
    chains[s].r.x = sums[0][s];
    chains[s].hidden = sums[1][s];
    chains[s].z.x = sums[2][s];
  }
}

// Finishes the sums of a frame, over the second half of its state, computes the first half of the
// new states, and begins the chains of the second.
ALWAYS_INLINE void
pipelined_second_half(Pipelined n, const float* theta, PipelinedFrame frame, PipelinedSums* sums,
                      PipelinedChain* chains)
{
  const PipelinedUnits* head = (const PipelinedUnits*)theta;
  const PipelinedRow* matrix = (const PipelinedRow*)(head + THETA_N_PARTS);
  PipelinedChain first[PIPELINED_MAX_STREAMS];
  pipelined_finish_sums(n, head, matrix, frame, NULL, sums[0]);
  pipelined_begin_chains(n, sums[0], first);
  pipelined_finish_sums(n, head, matrix + n.n_rows, frame, first, sums[1]);
  pipelined_begin_chains(n, sums[1], chains);
}

// Adds up the summands [n] of outputs.
static inline void
pipelined_end(const FourFloats* summands, uint32_t n, float out_bias, float* out) NONBLOCKING
{
  for (uint32_t t = 0; t < n; ++t) {
    out[t] = ((summands[t][0] + summands[t][2]) + (summands[t][1] + summands[t][3])) + out_bias;
  }
}

// Implements cell_process.
ALWAYS_INLINE void
process_pipelined(Pipelined n, const Cell* gru, uint32_t n_streams, float* states, const float* in,
                  float* out, uint32_t n_frames)
{
  const Vector* out_weight = (const Vector*)gru->out_weight;
  PipelinedUnits* first = (PipelinedUnits*)states;
  PipelinedFrame frame = {first, in};
  PipelinedSums sums[PIPELINED_HALVES];
  PipelinedChain chains[PIPELINED_MAX_STREAMS];
  FourFloats summands[MAX_OUT_FRAMES];
  uint32_t n_pending = 0;
  if (n_frames == 0) {
    return;
  }
  pipelined_first_half(n, gru->theta, frame, frame, NULL, sums);
  for (uint32_t t = 0; t < n_frames; t += (uint32_t)n.n_streams) {
    const float* theta = launder(gru->theta);
    PipelinedFrame before = frame;
    const bool is_last = t + n.n_streams == n_frames; // then the next frame's sums are not used
    frame.states += n.n_streams;
    frame.states = frame.states == first + n_streams ? first : frame.states;
    frame.in += is_last ? 0 : n.n_streams;
    pipelined_second_half(n, theta, before, sums, chains);
    pipelined_first_half(n, launder(theta), frame, before, chains, sums);
#pragma GCC unroll 2
    for (size_t s = 0; s < n.n_streams; ++s) {
      const Vector* h = before.states[s].halves;
      summands[n_pending++] = four_sums(h[0] * out_weight[0] + h[1] * out_weight[1]);
    }
    if (n_pending == MAX_OUT_FRAMES || is_last) {
      pipelined_end(summands, n_pending, gru->out_bias, out);
      out += n_pending;
      n_pending = 0;
    }
  }
}

#endif
