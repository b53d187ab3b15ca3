// SPDX-License-Identifier: MIT
// A GRU step for SSE2, where registers are few, and loads, multiplications and additions equally
// expensive. The activations of one gate are computed between the matrix rows of the next, a part
// after each row, so that neither waits for the other. The factors of a row are loaded from memory,
// where each state is stored VECTOR_FLOATS times: shuffles would compete with additions.
#ifndef OD3_INTERLEAVED_H
#define OD3_INTERLEAVED_H

#include "rnn/cell.h"
#include "rnn/vector/vector_exp2.h"

enum { INTERLEAVED_MAX_BLOCK = 8, INTERLEAVED_MAX_CHAINS = 2 };

typedef struct {
  size_t n_rows;    // a multiple of n_block
  size_t n_vectors; // in a state
  size_t n_block;   // vectors of units that are computed together
} Interleaved;

// Adds a state times its row [n_block] to sums [n_block], in the order written.
ALWAYS_INLINE void
interleaved_row(Interleaved n, Vector factor, const Vector* row, Vector* sums)
{
#pragma GCC unroll 8
  for (size_t i = 0; i < n.n_block; ++i) {
    sums[i] = pin_register(sums[i] + factor * row[i]);
  }
}

// Returns the number of rows in a group: n_powers are computed between its rows.
ALWAYS_INLINE size_t
interleaved_group(Interleaved n)
{
  return n.n_rows % 8 == 0 ? 8 : 4;
}

// Adds a group of rows to sums, and computes n_powers meanwhile.
ALWAYS_INLINE void
interleaved_rows(Interleaved n, const Vector* factors, const Vector* rows, Vector* sums,
                 size_t n_powers, Power* powers)
{
  const float* k = launder(exp2_constants[0]);
  const size_t n_together = POWER_PARTS / interleaved_group(n);
#pragma GCC unroll 8
  for (size_t j = 0; j < interleaved_group(n); ++j) {
    interleaved_row(n, pin_register(factors[j]), rows + j * n.n_block, sums);
#pragma GCC unroll 4
    for (size_t i = 0; i < n_together * n_powers; ++i) {
      power_part(k, j * n_together + i / n_powers, powers + i % n_powers);
    }
  }
}

// The gate whose activations are computed meanwhile.
typedef enum { NO_GATE, RESET_GATE, UPDATE_GATE } PendingGate;

typedef struct {
  Vector reset[INTERLEAVED_MAX_BLOCK];     // r
  Vector numerator[INTERLEAVED_MAX_BLOCK]; // 2^z is numerator / ...
  Vector sum[INTERLEAVED_MAX_BLOCK];       // ... (sum - numerator)
} Gates;

// Adds all rows of a gate to sums, and activates the pending gate in place.
ALWAYS_INLINE void
interleaved_gate(Interleaved n, const Vector* factors, const float* weights, PendingGate pending,
                 Gates* gates, Vector* sums)
{
  const size_t group = interleaved_group(n);
  const size_t n_powers = group * n.n_block / n.n_rows;
  const Vector* from = (const Vector*)launder((const float*)factors);
  const Vector* rows = (const Vector*)launder(weights);
#pragma GCC unroll 1
  for (size_t j = 0; j < n.n_block; j += n_powers) {
    Power powers[INTERLEAVED_MAX_CHAINS];
    Vector* pending_sums = pending == RESET_GATE ? gates->reset : gates->numerator;
    const size_t n_pending = pending == NO_GATE ? 0 : n_powers;
#pragma GCC unroll 2
    for (size_t i = 0; i < n_pending; ++i) {
      powers[i].x = pending_sums[j + i];
    }
    interleaved_rows(n, from, rows, sums, n_pending, powers);
#pragma GCC unroll 2
    for (size_t i = 0; i < n_pending; ++i) {
      const Vector sum = powers[i].numerator + powers[i].denominator;
      pending_sums[j + i] =
          pending == RESET_GATE ? quotient(powers[i].denominator, sum) : powers[i].numerator;
      if (pending == UPDATE_GATE) {
        gates->sum[j + i] = sum;
      }
    }
    from += group;
    rows += group * n.n_block;
  }
}

// Computes new states [n_together] from the sums of n. `in` is the input, `part` the head of theta
// at these units. Returns their part of the output.
ALWAYS_INLINE Vector
interleaved_states(Interleaved n, size_t n_together, const Vector* part, Vector in,
                   const Gates* gates, size_t first, const Vector* sums, Vector* states,
                   const Vector* out_weight, Vector* factors)
{
  const float* k = launder(exp2_constants[0]);
  Power p[INTERLEAVED_MAX_BLOCK];
  Vector away[INTERLEAVED_MAX_BLOCK];
  Vector out = splat(0.0f);
#pragma GCC unroll 8
  for (size_t i = 0; i < n_together; ++i) {
    const Vector from_in =
        part[THETA_BIAS_N_INPUT * n.n_vectors + i] + part[THETA_INPUT_N * n.n_vectors + i] * in;
    p[i].x = pin_register(from_in + gates->reset[first + i] * sums[i]);
  }
  powers_of_two(k, n_together, p);
#pragma GCC unroll 8
  for (size_t i = 0; i < n_together; ++i) {
    const Vector sum = pin_register(p[i].denominator + p[i].numerator);
    away[i] = pin_register((p[i].denominator - p[i].numerator) - states[i] * sum);
    away[i] = pin_register(away[i] * gates->numerator[first + i]);
    p[i].x = pin_register(sum * gates->sum[first + i]);
  }
#pragma GCC unroll 8
  for (size_t i = 0; i < n_together; ++i) {
    const Vector exact = states[i] + quotient(away[i], p[i].x);
    const Vector h = pin_register(max_or_second(min_or_second(exact, splat(1.0f)),
                                                splat(-1.0f))); // rounding could exceed +-1
    states[i] = h;
    out += h * out_weight[i];
#pragma GCC unroll 8
    for (size_t j = 0; j < VECTOR_FLOATS; ++j) {
      factors[i * VECTOR_FLOATS + j] = broadcast(h, j);
    }
  }
  return out;
}

// Runs one frame. `factors` [n_vectors * VECTOR_FLOATS] hold each state in a vector of its own, and
// `next` receives the new ones. Returns a vector whose elements sum to the output less out_bias.
ALWAYS_INLINE Vector
interleaved_step(Interleaved n, const Cell* gru, Vector* states, float in, const Vector* factors,
                 Vector* next)
{
  const size_t pass = n.n_rows * n.n_block * VECTOR_FLOATS;
  const size_t n_together = n.n_block <= 5 ? n.n_block : n.n_block / 2;
  const Vector x = splat(in);
  Vector out = splat(0.0f);
#pragma GCC unroll 1
  for (size_t first = 0; first < n.n_vectors; first += n.n_block) {
    const Vector* part = (const Vector*)gru->theta + first;
    const float* matrix =
        gru->theta + (THETA_N_PARTS * n.n_vectors + 3 * first * n.n_rows) * VECTOR_FLOATS;
    Gates gates;
    Vector sums[INTERLEAVED_MAX_BLOCK];
#pragma GCC unroll 8
    for (size_t i = 0; i < n.n_block; ++i) {
      sums[i] = part[THETA_BIAS_R * n.n_vectors + i] + part[THETA_INPUT_R * n.n_vectors + i] * x;
    }
    interleaved_gate(n, factors, matrix, NO_GATE, &gates, sums);
#pragma GCC unroll 8
    for (size_t i = 0; i < n.n_block; ++i) {
      gates.reset[i] = sums[i];
      sums[i] = part[THETA_BIAS_Z * n.n_vectors + i] + part[THETA_INPUT_Z * n.n_vectors + i] * x;
    }
    interleaved_gate(n, factors, matrix + 2 * pass, RESET_GATE, &gates, sums);
#pragma GCC unroll 8
    for (size_t i = 0; i < n.n_block; ++i) {
      gates.numerator[i] = sums[i];
      sums[i] = part[THETA_BIAS_N_HIDDEN * n.n_vectors + i];
    }
    interleaved_gate(n, factors, matrix + pass, UPDATE_GATE, &gates, sums);
#pragma GCC unroll 2
    for (size_t i = 0; i < n.n_block; i += n_together) {
      out += interleaved_states(n, n_together, part + i, x, &gates, i, sums + i, states + first + i,
                                (const Vector*)gru->out_weight + first + i,
                                next + (first + i) * VECTOR_FLOATS);
    }
  }
  return out;
}

// Implements cell_process.
ALWAYS_INLINE void
process_interleaved(Interleaved n, const Cell* gru, uint32_t n_streams, float* states,
                    const float* in, float* out, uint32_t n_frames)
{
  Vector factors[CELL_MAX_STREAMS][2][CELL_MAX_HIDDEN]; // for this frame and the next
  Vector sums[MAX_OUT_FRAMES];
  Vector* state = (Vector*)states;
  for (size_t i = 0; i < n_streams * n.n_vectors * VECTOR_FLOATS; ++i) {
    const size_t per_stream = n.n_vectors * VECTOR_FLOATS;
    factors[i / per_stream][0][i % per_stream] = splat(states[i]);
  }
  size_t stream = 0;
  size_t turn = 0;
  for (uint32_t done = 0; done < n_frames;) {
    const uint32_t left = n_frames - done;
    const uint32_t end = left < MAX_OUT_FRAMES ? left : MAX_OUT_FRAMES;
    // cppcheck-suppress knownConditionTrueFalse // it thinks that left is 0
    for (size_t t = 0; t < end; ++t) {
      sums[t] = interleaved_step(n, gru, state + stream * n.n_vectors, in[done + t],
                                 factors[stream][turn], factors[stream][1 - turn]);
      ++stream;
      if (stream == n_streams) {
        stream = 0;
        turn = 1 - turn;
      }
    }
    // cppcheck-suppress knownConditionTrueFalse // it thinks that left is 0
    for (uint32_t t = 0; t < end; ++t) {
      out[done + t] = horizontal_sum(sums[t], gru->out_bias);
    }
    done += end;
  }
}

#endif
