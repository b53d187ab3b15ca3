// SPDX-License-Identifier: MIT
// A step of a GRU where registers are few and loads, multiplications and additions equally dear:
// what bends one gate is computed between the rows of the next, a part after each row, so that
// neither waits for the other. Factors are read from memory, where each state lies VECTOR_FLOATS
// times: shuffles would take the place of additions.
#ifndef OD3_GRU_WOVEN_H
#define OD3_GRU_WOVEN_H

#include "gru.h"
#include "vector_exp2.h"

enum { WOVEN_MAX_BLOCK = 8, WOVEN_MAX_CHAINS = 2 };

typedef struct {
  size_t n_rows;    // a multiple of n_block
  size_t n_vectors; // of a state
  size_t n_block;   // of these, computed together
} Woven;

// sums [n_block] += a state * row [n_block], in this order.
ALWAYS_INLINE void
woven_row(Woven n, Vector factor, const Vector* row, Vector* sums)
{
#pragma GCC unroll 8
  for (size_t i = 0; i < n.n_block; ++i) {
    sums[i] = held(sums[i] + factor * row[i]);
  }
}

// So many rows between which n_powers are computed.
ALWAYS_INLINE size_t
woven_group(Woven n)
{
  return n.n_rows % 8 == 0 ? 8 : 4;
}

// sums += a group of rows; meanwhile, powers.
ALWAYS_INLINE void
woven_rows(Woven n, const Vector* factors, const Vector* rows, Vector* sums, size_t n_powers,
           Power* powers)
{
  const float* k = opaque(exp2_constants[0]);
  const size_t n_together = POWER_PARTS / woven_group(n);
#pragma GCC unroll 8
  for (size_t j = 0; j < woven_group(n); ++j) {
    woven_row(n, held(factors[j]), rows + j * n.n_block, sums);
#pragma GCC unroll 4
    for (size_t i = 0; i < n_together * n_powers; ++i) {
      power_part(k, j * n_together + i / n_powers, powers + i % n_powers);
    }
  }
}

// What bends the gate before: one of these follows each group of rows.
typedef enum { NOTHING, RESET, UPDATE } Bend;

typedef struct {
  Vector reset[WOVEN_MAX_BLOCK]; // r
  Vector above[WOVEN_MAX_BLOCK]; // 2^z, over ...
  Vector whole[WOVEN_MAX_BLOCK]; // ... this less itself
} Gates;

// sums += all rows of a gate. The gate before is bent in place.
ALWAYS_INLINE void
woven_gate(Woven n, const Vector* factors, const float* weights, Bend bend, Gates* gates,
           Vector* sums)
{
  const size_t group = woven_group(n);
  const size_t n_powers = group * n.n_block / n.n_rows;
  const Vector* from = (const Vector*)opaque((const float*)factors);
  const Vector* rows = (const Vector*)opaque(weights);
#pragma GCC unroll 1
  for (size_t j = 0; j < n.n_block; j += n_powers) {
    Power powers[WOVEN_MAX_CHAINS];
    Vector* bent = bend == RESET ? gates->reset : gates->above;
#pragma GCC unroll 2
    for (size_t i = 0; i < n_powers && bend != NOTHING; ++i) {
      powers[i].x = bent[j + i];
    }
    woven_rows(n, from, rows, sums, bend == NOTHING ? 0 : n_powers, powers);
#pragma GCC unroll 2
    for (size_t i = 0; i < n_powers && bend != NOTHING; ++i) {
      const Vector whole = powers[i].above + powers[i].below;
      bent[j + i] = bend == RESET ? quotient(powers[i].below, whole) : powers[i].above;
      if (bend == UPDATE) {
        gates->whole[j + i] = whole;
      }
    }
    from += group;
    rows += group * n.n_block;
  }
}

// New states [n_together], from the sums of what makes n. `in` is the input; `part`, where their
// biases begin. Returns their share of the output.
ALWAYS_INLINE Vector
woven_states(Woven n, size_t n_together, const Vector* part, Vector in, const Gates* gates,
             size_t first, const Vector* sums, Vector* states, const Vector* out_weight,
             Vector* factors)
{
  const float* k = opaque(exp2_constants[0]);
  Power p[WOVEN_MAX_BLOCK];
  Vector away[WOVEN_MAX_BLOCK];
  Vector out = splat(0.0f);
#pragma GCC unroll 8
  for (size_t i = 0; i < n_together; ++i) {
    const Vector from_in = part[2 * n.n_vectors + i] + part[6 * n.n_vectors + i] * in;
    p[i].x = held(from_in + gates->reset[first + i] * sums[i]);
  }
  powers_of_two(k, n_together, p);
#pragma GCC unroll 8
  for (size_t i = 0; i < n_together; ++i) {
    const Vector whole = held(p[i].below + p[i].above);
    away[i] = held((p[i].below - p[i].above) - states[i] * whole);
    away[i] = held(away[i] * gates->above[first + i]);
    p[i].x = held(whole * gates->whole[first + i]);
  }
#pragma GCC unroll 8
  for (size_t i = 0; i < n_together; ++i) {
    const Vector exact = states[i] + quotient(away[i], p[i].x);
    const Vector h = held(greater(lesser(exact, splat(1.0f)), splat(-1.0f))); // despite rounding
    states[i] = h;
    out += h * out_weight[i];
#pragma GCC unroll 8
    for (size_t j = 0; j < VECTOR_FLOATS; ++j) {
      factors[i * VECTOR_FLOATS + j] = copies(h, j);
    }
  }
  return out;
}

// One frame. `factors` [n_vectors * VECTOR_FLOATS] are the states' copies, `next` those after it.
// Returns what sums to the output, short of out_bias.
ALWAYS_INLINE Vector
woven_step(Woven n, const Gru* gru, Vector* states, float in, const Vector* factors, Vector* next)
{
  const size_t pass = n.n_rows * n.n_block * VECTOR_FLOATS;
  const size_t n_together = n.n_block <= 5 ? n.n_block : n.n_block / 2;
  const Vector x = splat(in);
  Vector out = splat(0.0f);
#pragma GCC unroll 1
  for (size_t first = 0; first < n.n_vectors; first += n.n_block) {
    const Vector* part = (const Vector*)gru->theta + first;
    const float* matrix = gru->theta + (7 * n.n_vectors + 3 * first * n.n_rows) * VECTOR_FLOATS;
    Gates gates;
    Vector sums[WOVEN_MAX_BLOCK];
#pragma GCC unroll 8
    for (size_t i = 0; i < n.n_block; ++i) {
      sums[i] = part[i] + part[4 * n.n_vectors + i] * x;
    }
    woven_gate(n, factors, matrix, NOTHING, &gates, sums);
#pragma GCC unroll 8
    for (size_t i = 0; i < n.n_block; ++i) {
      gates.reset[i] = sums[i];
      sums[i] = part[n.n_vectors + i] + part[5 * n.n_vectors + i] * x;
    }
    woven_gate(n, factors, matrix + 2 * pass, RESET, &gates, sums);
#pragma GCC unroll 8
    for (size_t i = 0; i < n.n_block; ++i) {
      gates.above[i] = sums[i];
      sums[i] = part[3 * n.n_vectors + i];
    }
    woven_gate(n, factors, matrix + pass, UPDATE, &gates, sums);
#pragma GCC unroll 2
    for (size_t i = 0; i < n.n_block; i += n_together) {
      out += woven_states(n, n_together, part + i, x, &gates, i, sums + i, states + first + i,
                          (const Vector*)gru->out_weight + first + i,
                          next + (first + i) * VECTOR_FLOATS);
    }
  }
  return out;
}

// As gru_process.
ALWAYS_INLINE void
process_woven(Woven n, const Gru* gru, uint32_t n_lanes, float* states, const float* in, float* out,
              uint32_t n_frames)
{
  Vector factors[GRU_MAX_LANES][2][GRU_MAX_HIDDEN]; // for this frame and the next
  Vector sums[MAX_OUT_FRAMES];
  Vector* state = (Vector*)states;
  for (size_t i = 0; i < n_lanes * n.n_vectors * VECTOR_FLOATS; ++i) {
    const size_t per_lane = n.n_vectors * VECTOR_FLOATS;
    factors[i / per_lane][0][i % per_lane] = splat(states[i]);
  }
  size_t lane = 0;
  size_t turn = 0;
  for (uint32_t done = 0; done < n_frames;) {
    const uint32_t left = n_frames - done;
    const uint32_t end = left < MAX_OUT_FRAMES ? left : MAX_OUT_FRAMES;
    // cppcheck-suppress knownConditionTrueFalse // it thinks that left is 0
    for (size_t t = 0; t < end; ++t) {
      sums[t] = woven_step(n, gru, state + lane * n.n_vectors, in[done + t], factors[lane][turn],
                           factors[lane][1 - turn]);
      ++lane;
      if (lane == n_lanes) {
        lane = 0;
        turn = 1 - turn;
      }
    }
    // cppcheck-suppress knownConditionTrueFalse // it thinks that left is 0
    for (uint32_t t = 0; t < end; ++t) {
      out[done + t] = total(sums[t], gru->out_bias);
    }
    done += end;
  }
}

#endif
