// SPDX-License-Identifier: MIT
// A kernel in vectors, compiled once for each instruction set: KERNEL is what that is called,
// VECTOR_FLOATS how many floats a vector has.
//
// Sizes are constants after inlining, so that loops over them are unrolled and sums stay in
// registers.
#include "gru_bent.h"
#include "gru_woven.h"
#include "kernel.h"
#include "memory.h"
#include "rows_by_element.h"
#include "vector_exp2.h"
#include "vector_fold.h"

#include <stdbool.h>

#ifdef HAVE_ASSEMBLY
#if VECTOR_FLOATS == 8
#include "gru_avx2.h"
#define process_32 gru_avx2_process_32
#else
#include "gru_sse2_frames.h"
#define process_32 gru_sse2_process_32
#endif
#endif

enum {
  MAX_SUMS = 16,  // n_lanes * n_block
  MAX_SPLITS = 4, // of a sum, so that additions don't wait for each other
  MAX_VECTORS = GRU_MAX_HIDDEN / VECTOR_FLOATS,
#if defined(__SSE2__) && VECTOR_FLOATS == 4
  IS_WOVEN = true,
#else
  IS_WOVEN = false,
#endif
#ifdef HAVE_ASSEMBLY // of 32 units
  HAS_ASSEMBLY = true,
#else
  HAS_ASSEMBLY = false,
#endif
};

static const float stepped_unit = 0x1p23f; // UNIT of gru_sse2.py

typedef struct {
  size_t n_lanes; // that step together, and share a pass over the weights
  size_t n_rows;
  size_t n_vectors;  // of a state
  size_t n_block;    // of these, computed together
  size_t n_splits;   // of each sum; does not depend on n_lanes, and so no sound does
  size_t n_together; // of these, computed at once
} Sizes;

// Sums and the like are [n_block][n_lanes].

// sums += the state of a unit in each lane, the first of which is at `factor`, * row [n_block].
ALWAYS_INLINE void
add_row(Sizes n, const float* factor, const Vector* row, Vector* sums)
{
#pragma GCC unroll 16
  for (size_t i = 0; i < n.n_block; ++i) {
    const Vector weight = n.n_lanes == 1 ? row[i] : held(row[i]);
#pragma GCC unroll 2
    for (size_t lane = 0; lane < n.n_lanes; ++lane) {
      sums[i * n.n_lanes + lane] += splat(factor[lane * n.n_vectors * VECTOR_FLOATS]) * weight;
    }
  }
}

// splits [n_together][n_block][n_lanes] += the product of as many shares of the rows, each of
// n_rows / n_splits, from split `first` on.
ALWAYS_INLINE void
add_shares(Sizes n, size_t first, const float* states, const float* weights, Vector* splits)
{
  const size_t share = n.n_rows / n.n_splits;
  const size_t n_unrolled = share % 4 == 0 ? 4 : share % 2 == 0 ? 2 : 1;
  const float* factors = opaque(states) + first * share;
  const Vector* rows = (const Vector*)opaque(weights) + first * share * n.n_block;
#pragma GCC unroll 1
  for (size_t j = 0; j < share; j += n_unrolled) {
    if (MULTIPLIES_BY_ELEMENT && n.n_block == 4 && n.n_together == 2 && n_unrolled == 4) {
      add_four_rows_twice(factors, factors + share, rows, rows + share * 4, splits);
    } else if (MULTIPLIES_BY_ELEMENT && n_unrolled == 4) {
#pragma GCC unroll 4
      for (size_t s = 0; s < n.n_together; ++s) {
        add_four_rows(n.n_block, n.n_lanes, n.n_vectors * VECTOR_FLOATS, factors + s * share,
                      rows + s * share * n.n_block, splits + s * n.n_block * n.n_lanes);
      }
    } else {
#pragma GCC unroll 4
      for (size_t k = 0; k < n_unrolled; ++k) {
#pragma GCC unroll 4
        for (size_t s = 0; s < n.n_together; ++s) {
          add_row(n, factors + s * share + k, rows + (s * share + k) * n.n_block,
                  splits + s * n.n_block * n.n_lanes);
        }
      }
    }
    factors += n_unrolled;
    rows += n_unrolled * n.n_block;
  }
}

// sums += states [n_lanes][n_vectors * VECTOR_FLOATS] * weights [n_rows][n_block].
ALWAYS_INLINE void
add_product(Sizes n, const float* states, const float* weights, Vector* sums)
{
  const size_t n_sums = n.n_block * n.n_lanes;
#pragma GCC unroll 4
  for (size_t first = 0; first < n.n_splits; first += n.n_together) {
    Vector kept[MAX_SUMS]; // in memory, so that the next splits have the registers
    Vector splits[MAX_SPLITS * MAX_SUMS];
#pragma GCC unroll 64
    for (size_t i = 0; i < n.n_together * n_sums; ++i) {
      splits[i] = !first && i < n_sums ? sums[i] : splat(0.0f);
    }
#pragma GCC unroll 16
    for (size_t i = 0; i < n_sums; ++i) {
      kept[i] = sums[i];
    }
    add_shares(n, first, states, weights, splits);
    const Vector* before = (const Vector*)opaque((const float*)kept);
#pragma GCC unroll 64
    for (size_t i = 0; i < n.n_together * n_sums; ++i) {
      if (i >= n_sums) {
        sums[i % n_sums] += splits[i];
      } else if (first) {
        sums[i] = before[i] + splits[i];
      } else {
        sums[i] = splits[i];
      }
    }
  }
}

// in [n_lanes] times a vector of weights for each unit, plus a bias.
ALWAYS_INLINE Vector
driven(Vector bias, Vector weight, float in)
{
  return bias + weight * splat(in);
}

// How many of n vectors are bent with the one at `first`.
ALWAYS_INLINE size_t
abreast(size_t n, size_t first)
{
  return n - first < MAX_ABREAST ? n - first : MAX_ABREAST;
}

// The new states, from unit `first` on, of one block of units.
ALWAYS_INLINE void
step_block(Sizes n, const float* theta, size_t first, const float* states, const float* in,
           float* next)
{
  const size_t n_sums = n.n_block * n.n_lanes;
  const size_t pass = n.n_rows * n.n_block * VECTOR_FLOATS;
  const float* matrix = theta + 7 * n.n_vectors * VECTOR_FLOATS + first * 3 * n.n_rows;
  const Vector* part = (const Vector*)(theta + first);
  const size_t to_part = n.n_vectors;
  Vector r[MAX_SUMS];
  Vector candidate[MAX_SUMS]; // times `whole`, once it is bent
  Vector whole[MAX_SUMS];
  Vector z[MAX_SUMS];
  Vector h[MAX_SUMS];

#pragma GCC unroll 16
  for (size_t i = 0; i < n_sums; ++i) {
    const Vector* p = part + i / n.n_lanes;
    r[i] = driven(p[0], p[4 * to_part], in[i % n.n_lanes]);
  }
  add_product(n, states, matrix, r);
  // So many sums leave no registers for constants; for AArch64, GCC makes each one's address anew.
  const bool is_full = n.n_lanes > 1 || n_sums > 6 || MULTIPLIES_BY_ELEMENT;
  const float* k = exp2_constants[0];
  k = is_full ? opaque(k) : k;
#pragma GCC unroll 16
  for (size_t i = 0; i < n_sums; i += MAX_ABREAST) {
    bend_reset(k, abreast(n_sums, i), r + i);
  }
#pragma GCC unroll 16
  for (size_t i = 0; i < n_sums; ++i) {
    candidate[i] = part[3 * to_part + i / n.n_lanes];
  }
  add_product(n, states, matrix + pass, candidate);
  k = is_full ? opaque(k) : k;
#pragma GCC unroll 16
  for (size_t i = 0; i < n_sums; ++i) {
    const Vector* p = part + i / n.n_lanes;
    const float x = in[i % n.n_lanes];
    candidate[i] = driven(p[2 * to_part], p[6 * to_part], x) + r[i] * candidate[i];
    z[i] = driven(p[to_part], p[5 * to_part], x);
  }
#pragma GCC unroll 16
  for (size_t i = 0; i < n_sums; i += MAX_ABREAST) {
    bend_candidate(k, abreast(n_sums, i), candidate + i, whole + i);
  }
  add_product(n, states, matrix + 2 * pass, z);
  k = is_full ? opaque(k) : k;
#pragma GCC unroll 16
  for (size_t i = 0; i < n_sums; ++i) {
    const size_t lane = i % n.n_lanes;
    h[i] = ((const Vector*)(states + first))[lane * n.n_vectors + i / n.n_lanes];
  }
#pragma GCC unroll 16
  for (size_t i = 0; i < n_sums; i += MAX_ABREAST) {
    update_states(k, abreast(n_sums, i), z + i, candidate + i, whole + i, h + i);
  }
#pragma GCC unroll 16
  for (size_t i = 0; i < n_sums; ++i) {
    const size_t lane = i % n.n_lanes;
    ((Vector*)(next + first))[lane * n.n_vectors + i / n.n_lanes] = h[i];
  }
}

// One frame of each of n_lanes; their outputs are the sums of `out` [n_lanes], short of out_bias.
ALWAYS_INLINE void
step(Sizes n, const Gru* gru, float* states, const float* in, Vector* out)
{
  const size_t n_columns = n.n_vectors * VECTOR_FLOATS;
  const size_t block = n.n_block * VECTOR_FLOATS;
  const Vector* out_weight = (const Vector*)gru->out_weight;
  Vector next[2 * MAX_VECTORS];
  for (size_t done = 0; done < n_columns; done += block) {
    step_block(n, gru->theta, done, states, in, (float*)next);
  }
#pragma GCC unroll 2
  for (size_t lane = 0; lane < n.n_lanes; ++lane) {
    Vector sums[2] = {splat(0.0f), splat(0.0f)}; // that don't wait for each other
#pragma GCC unroll 16
    for (size_t i = 0; i < n.n_vectors; ++i) {
      // cppcheck-suppress uninitvar // the blocks fill it
      const Vector h = next[lane * n.n_vectors + i];
      ((Vector*)states)[lane * n.n_vectors + i] = h;
      sums[i % 2] += h * out_weight[i];
    }
    out[lane] = sums[0] + sums[1];
  }
}

// As gru_process.
ALWAYS_INLINE void
process(Sizes n, const Gru* gru, uint32_t n_lanes, float* states, const float* in, float* out,
        uint32_t n_frames)
{
  const size_t state_size = n.n_vectors * VECTOR_FLOATS;
  Vector sums[MAX_OUT_FRAMES];
  for (uint32_t done = 0; done < n_frames;) {
    const uint32_t left = n_frames - done;
    const uint32_t end = left < MAX_OUT_FRAMES ? left : MAX_OUT_FRAMES;
    size_t lane = 0;
    // cppcheck-suppress knownConditionTrueFalse // it thinks that left is 0
    for (size_t t = 0; t < end; t += n.n_lanes) {
      step(n, gru, states + lane * state_size, in + done + t, sums + t);
      lane = lane + n.n_lanes < n_lanes ? lane + n.n_lanes : 0;
    }
    // cppcheck-suppress knownConditionTrueFalse // it thinks that left is 0
    for (uint32_t t = 0; t < end; ++t) {
      out[done + t] = total(sums[t], gru->out_bias);
    }
    done += end;
  }
}

// Whether gru_sse2_steps plays a state of so many vectors.
ALWAYS_INLINE bool
is_stepped(size_t n_vectors)
{
  return IS_WOVEN && HAS_ASSEMBLY && n_vectors == 8;
}

// As many vectors as leave registers for 2 lanes of sums.
ALWAYS_INLINE size_t
block_of(size_t n_vectors)
{
  if (is_stepped(n_vectors)) {
    return 2;
  }
  if (IS_WOVEN) {
    return n_vectors <= WOVEN_MAX_BLOCK ? n_vectors : n_vectors / 2;
  }
  if (MULTIPLIES_BY_ELEMENT && n_vectors % 8 == 0) { // AArch64 has twice the registers
    return 8;
  }
  return n_vectors <= 6 ? n_vectors : n_vectors % 4 == 0 ? 4 : 5;
}

ALWAYS_INLINE Sizes
sizes_of(size_t n_units, size_t n_lanes)
{
  const size_t n_vectors = (n_units + VECTOR_FLOATS - 1) / VECTOR_FLOATS;
  const size_t n_splits = block_of(n_vectors) == 8 ? 1 : n_vectors > 2 ? 2 : 4;
  const size_t n_together = n_lanes == 1 ? n_splits : n_vectors > 2 ? 1 : n_vectors == 2 ? 2 : 4;
  return (Sizes){n_lanes, n_units, n_vectors, block_of(n_vectors), n_splits, n_together};
}

ALWAYS_INLINE Woven
woven_of(size_t n_units)
{
  const Sizes n = sizes_of(n_units, 1);
  return (Woven){n.n_rows, n.n_vectors, n.n_block};
}

// A GruProcess of so many units.
#define PROCESS(n_units)                                                                           \
  static void process_##n_units(const Gru* gru, uint32_t n_lanes, float* states, const float* in,  \
                                float* out, uint32_t n_frames) NONBLOCKING                         \
  {                                                                                                \
    if (IS_WOVEN) {                                                                                \
      process_woven(woven_of(n_units), gru, n_lanes, states, in, out, n_frames);                   \
    } else if (n_lanes == 1) {                                                                     \
      process(sizes_of(n_units, 1), gru, 1, states, in, out, n_frames);                            \
    } else {                                                                                       \
      process(sizes_of(n_units, 2), gru, n_lanes, states, in, out, n_frames);                      \
    }                                                                                              \
  }

PROCESS(8)
PROCESS(12)
PROCESS(16)
PROCESS(20)
PROCESS(24)
#ifndef HAVE_ASSEMBLY
PROCESS(32)
#endif
PROCESS(40)
PROCESS(48)
PROCESS(64)

static GruShape
shape(unsigned hidden_size)
{
  static const struct {
    unsigned n_units;
    GruProcess* process;
  } sizes[] = {
      {8, process_8},   {12, process_12}, {16, process_16}, {20, process_20}, {24, process_24},
      {32, process_32}, {40, process_40}, {48, process_48}, {64, process_64},
  };
  size_t i = 0;
  while (sizes[i].n_units < hidden_size) {
    ++i;
  }
  const Sizes n = sizes_of(sizes[i].n_units, 1);
  return (GruShape){.n_rows = (unsigned)n.n_rows,
                    .n_columns = (unsigned)n.n_vectors * VECTOR_FLOATS,
                    .n_block = (unsigned)n.n_block * VECTOR_FLOATS,
                    .n_turned = is_stepped(n.n_vectors) ? VECTOR_FLOATS : 1,
                    .unit = is_stepped(n.n_vectors) ? stepped_unit : 1.0f,
                    .process = sizes[i].process};
}

#define TEXT(name) #name
#define NAME(kernel) TEXT(kernel)
#define CONCATENATED(a, b) a##b
#define SYMBOL(kernel) CONCATENATED(kernel_, kernel)

const Kernel SYMBOL(KERNEL) = {NAME(KERNEL), shape, fold, approach};
