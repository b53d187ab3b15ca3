// SPDX-License-Identifier: MIT
// The vector kernel. It is compiled once for each instruction set: KERNEL is the kernel's name,
// VECTOR_FLOATS the number of floats in a vector.
//
// After inlining, all sizes are constants, so that compilers unroll the loops over them and keep
// sums in registers.
#include "common/memory.h"
#include "rnn/kernel.h"
#include "rnn/neon/matvec_neon.h"
#include "rnn/vector/interleaved.h"
#include "rnn/vector/lstm.h"
#include "rnn/vector/pipelined.h"
#include "rnn/vector/vector_activations.h"
#include "rnn/vector/vector_conditioning.h"
#include "rnn/vector/vector_exp2.h"

#include <stdbool.h>

#ifdef HAVE_ASSEMBLY
#if VECTOR_FLOATS == 8
#include "rnn/x86/gru_avx2.h"
#define process_32 gru_avx2_process_32
#else
#include "rnn/x86/gru_sse2_frames.h"
#define process_32 gru_sse2_process_32
#endif
#endif

enum {
  MAX_SUMS = 16,  // n_streams * n_block
  MAX_SPLITS = 4, // partial sums of a sum, so that additions overlap
  MAX_VECTORS = CELL_MAX_HIDDEN / VECTOR_FLOATS,
#if defined(__SSE2__) && VECTOR_FLOATS == 4
  IS_INTERLEAVED = true,
#else
  IS_INTERLEAVED = false,
#endif
#ifdef HAVE_ASSEMBLY // for 32 units
  HAS_ASSEMBLY = true,
  ASSEMBLY_ROTATION = GRU_ASSEMBLY_ROTATION,
#else
  HAS_ASSEMBLY = false,
  ASSEMBLY_ROTATION = 1,
#endif
};

#ifdef GRU_SSE2_PREACTIVATION_SCALE
static const float sse2_preactivation_scale = GRU_SSE2_PREACTIVATION_SCALE;
#else
static const float sse2_preactivation_scale = 1.0f; // without gru_sse2_steps
#endif

typedef struct {
  size_t n_streams; // that step together, and share a pass over the weights
  size_t n_rows;
  size_t n_vectors;  // in a state
  size_t n_block;    // vectors of units that are computed together
  size_t n_splits;   // partial sums of a sum; independent of n_streams, and so is the output
  size_t n_together; // partial sums that are computed at once
} Sizes;

// Arrays of sums are [n_block][n_streams].

// Adds row [n_block] times one unit's state in each stream to sums. `factor` is that of the first
// stream.
ALWAYS_INLINE void
add_row(Sizes n, const float* factor, const Vector* row, Vector* sums)
{
#pragma GCC unroll 16
  for (size_t i = 0; i < n.n_block; ++i) {
    const Vector weight = n.n_streams == 1 ? row[i] : pin_register(row[i]);
#pragma GCC unroll 2
    for (size_t stream = 0; stream < n.n_streams; ++stream) {
      sums[i * n.n_streams + stream] +=
          splat(factor[stream * n.n_vectors * VECTOR_FLOATS]) * weight;
    }
  }
}

// Adds shares of the rows, n_rows / n_splits in each, to the partial sums
// [n_together][n_block][n_streams], of which `first` is the first.
ALWAYS_INLINE void
add_shares(Sizes n, size_t first, const float* states, const float* weights, Vector* splits)
{
  const size_t share = n.n_rows / n.n_splits;
  const size_t n_unrolled = share % 4 == 0 ? 4 : share % 2 == 0 ? 2 : 1;
  const float* factors = launder(states) + first * share;
  const Vector* rows = (const Vector*)launder(weights) + first * share * n.n_block;
#pragma GCC unroll 1
  for (size_t j = 0; j < share; j += n_unrolled) {
    if (HAS_MULTIPLY_BY_ELEMENT && n.n_block == 4 && n.n_together == 2 && n_unrolled == 4) {
      add_four_rows_twice(factors, factors + share, rows, rows + share * 4, splits);
    } else if (HAS_MULTIPLY_BY_ELEMENT && n_unrolled == 4) {
#pragma GCC unroll 4
      for (size_t s = 0; s < n.n_together; ++s) {
        add_four_rows(n.n_block, n.n_streams, n.n_vectors * VECTOR_FLOATS, factors + s * share,
                      rows + s * share * n.n_block, splits + s * n.n_block * n.n_streams);
      }
    } else {
#pragma GCC unroll 4
      for (size_t k = 0; k < n_unrolled; ++k) {
#pragma GCC unroll 4
        for (size_t s = 0; s < n.n_together; ++s) {
          add_row(n, factors + s * share + k, rows + (s * share + k) * n.n_block,
                  splits + s * n.n_block * n.n_streams);
        }
      }
    }
    factors += n_unrolled;
    rows += n_unrolled * n.n_block;
  }
}

// Adds states [n_streams][n_vectors * VECTOR_FLOATS] times weights [n_rows][n_block] to sums.
ALWAYS_INLINE void
add_product(Sizes n, const float* states, const float* weights, Vector* sums)
{
  const size_t n_sums = n.n_block * n.n_streams;
#pragma GCC unroll 4
  for (size_t first = 0; first < n.n_splits; first += n.n_together) {
    Vector kept[MAX_SUMS]; // in memory, so that the next partial sums get the registers
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
    const Vector* before = (const Vector*)launder((const float*)kept);
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

// Returns bias + weight * in.
ALWAYS_INLINE Vector
input_sum(Vector bias, Vector weight, float in)
{
  return bias + weight * splat(in);
}

// Returns how many of n vectors are activated together, from `first` on.
ALWAYS_INLINE size_t
n_parallel(size_t n, size_t first)
{
  return n - first < MAX_PARALLEL ? n - first : MAX_PARALLEL;
}

// Computes the new states of one block of units, from unit `first` on, into `next`.
ALWAYS_INLINE void
step_block(Sizes n, const float* theta, size_t first, const float* states, const float* in,
           float* next)
{
  const size_t n_sums = n.n_block * n.n_streams;
  const size_t pass = n.n_rows * n.n_block * VECTOR_FLOATS;
  const float* matrix = theta + THETA_N_PARTS * n.n_vectors * VECTOR_FLOATS + first * 3 * n.n_rows;
  const Vector* part = (const Vector*)(theta + first);
  const size_t to_part = n.n_vectors;
  Vector r[MAX_SUMS];
  Vector candidate[MAX_SUMS]; // times `candidate_sum`, once it is activated
  Vector candidate_sum[MAX_SUMS];
  Vector z[MAX_SUMS];
  Vector h[MAX_SUMS];

#pragma GCC unroll 16
  for (size_t i = 0; i < n_sums; ++i) {
    const Vector* p = part + i / n.n_streams;
    r[i] = input_sum(p[THETA_BIAS_R * to_part], p[THETA_INPUT_R * to_part], in[i % n.n_streams]);
  }
  add_product(n, states, matrix, r);
  // Many sums leave no registers for constants, and on AArch64 GCC computes each constant's address
  // anew.
  const bool is_full = n.n_streams > 1 || n_sums > 6 || HAS_MULTIPLY_BY_ELEMENT;
  const float* k = exp2_constants[0];
  k = is_full ? launder(k) : k;
#pragma GCC unroll 16
  for (size_t i = 0; i < n_sums; i += MAX_PARALLEL) {
    activate_reset(k, n_parallel(n_sums, i), r + i);
  }
#pragma GCC unroll 16
  for (size_t i = 0; i < n_sums; ++i) {
    candidate[i] = part[THETA_BIAS_N_HIDDEN * to_part + i / n.n_streams];
  }
  add_product(n, states, matrix + pass, candidate);
  k = is_full ? launder(k) : k;
#pragma GCC unroll 16
  for (size_t i = 0; i < n_sums; ++i) {
    const Vector* p = part + i / n.n_streams;
    const float x = in[i % n.n_streams];
    candidate[i] = input_sum(p[THETA_BIAS_N_INPUT * to_part], p[THETA_INPUT_N * to_part], x) +
                   r[i] * candidate[i];
    z[i] = input_sum(p[THETA_BIAS_Z * to_part], p[THETA_INPUT_Z * to_part], x);
  }
#pragma GCC unroll 16
  for (size_t i = 0; i < n_sums; i += MAX_PARALLEL) {
    activate_candidate(k, n_parallel(n_sums, i), candidate + i, candidate_sum + i);
  }
  add_product(n, states, matrix + 2 * pass, z);
  k = is_full ? launder(k) : k;
#pragma GCC unroll 16
  for (size_t i = 0; i < n_sums; ++i) {
    const size_t stream = i % n.n_streams;
    h[i] = ((const Vector*)(states + first))[stream * n.n_vectors + i / n.n_streams];
  }
#pragma GCC unroll 16
  for (size_t i = 0; i < n_sums; i += MAX_PARALLEL) {
    update_states(k, n_parallel(n_sums, i), z + i, candidate + i, candidate_sum + i, h + i);
  }
#pragma GCC unroll 16
  for (size_t i = 0; i < n_sums; ++i) {
    const size_t stream = i % n.n_streams;
    ((Vector*)(next + first))[stream * n.n_vectors + i / n.n_streams] = h[i];
  }
}

// Runs one frame of each stream. The elements of out[i] sum to stream i's output less out_bias.
ALWAYS_INLINE void
step(Sizes n, const Cell* gru, float* states, const float* in, Vector* out)
{
  const size_t n_columns = n.n_vectors * VECTOR_FLOATS;
  const size_t block = n.n_block * VECTOR_FLOATS;
  const Vector* out_weight = (const Vector*)gru->out_weight;
  Vector next[2 * MAX_VECTORS];
  for (size_t done = 0; done < n_columns; done += block) {
    step_block(n, gru->theta, done, states, in, (float*)next);
  }
#pragma GCC unroll 2
  for (size_t stream = 0; stream < n.n_streams; ++stream) {
    Vector sums[2] = {splat(0.0f), splat(0.0f)}; // whose additions overlap
#pragma GCC unroll 16
    for (size_t i = 0; i < n.n_vectors; ++i) {
      // cppcheck-suppress uninitvar // step_block fills it
      const Vector h = next[stream * n.n_vectors + i];
      ((Vector*)states)[stream * n.n_vectors + i] = h;
      sums[i % 2] += h * out_weight[i];
    }
    out[stream] = sums[0] + sums[1];
  }
}

// Implements cell_process.
ALWAYS_INLINE void
process(Sizes n, const Cell* gru, uint32_t n_streams, float* states, const float* in, float* out,
        uint32_t n_frames)
{
  const size_t state_size = n.n_vectors * VECTOR_FLOATS;
  Vector sums[MAX_OUT_FRAMES];
  for (uint32_t done = 0; done < n_frames;) {
    const uint32_t left = n_frames - done;
    const uint32_t end = left < MAX_OUT_FRAMES ? left : MAX_OUT_FRAMES;
    size_t stream = 0;
    // cppcheck-suppress knownConditionTrueFalse // cppcheck takes left for 0
    for (size_t t = 0; t < end; t += n.n_streams) {
      step(n, gru, states + stream * state_size, in + done + t, sums + t);
      stream = stream + n.n_streams < n_streams ? stream + n.n_streams : 0;
    }
    // cppcheck-suppress knownConditionTrueFalse // cppcheck takes left for 0
    for (uint32_t t = 0; t < end; ++t) {
      out[done + t] = horizontal_sum(sums[t], gru->out_bias);
    }
    done += end;
  }
}

// Returns whether gru_sse2_steps runs states of n_vectors.
ALWAYS_INLINE bool
has_sse2_assembly(size_t n_vectors)
{
  return IS_INTERLEAVED && HAS_ASSEMBLY && n_vectors == 8;
}

// Returns whether process_interleaved runs states of n_vectors.
ALWAYS_INLINE bool
is_interleaved(size_t n_vectors)
{
  return IS_INTERLEAVED && n_vectors <= 2 * (size_t)INTERLEAVED_MAX_BLOCK;
}

// Returns whether process_pipelined runs states of n_vectors.
ALWAYS_INLINE bool
is_pipelined(size_t n_vectors)
{
  return VECTOR_FLOATS == 16 && n_vectors == 2;
}

// Returns the number of vectors in a block: as many as leave registers for the sums of two streams.
ALWAYS_INLINE size_t
block_of(size_t n_vectors)
{
  if (has_sse2_assembly(n_vectors)) {
    return 2;
  }
  if (is_interleaved(n_vectors)) {
    return n_vectors <= INTERLEAVED_MAX_BLOCK ? n_vectors : n_vectors / 2;
  }
  if (is_pipelined(n_vectors)) {
    return 1;
  }
  if (HAS_MULTIPLY_BY_ELEMENT && n_vectors % 8 == 0) { // AArch64 has twice the registers
    return 8;
  }
  return n_vectors <= 6 ? n_vectors : n_vectors % 4 == 0 ? 4 : 5;
}

ALWAYS_INLINE Sizes
sizes_of(size_t n_units, size_t n_streams)
{
  const size_t n_vectors = (n_units + VECTOR_FLOATS - 1) / VECTOR_FLOATS;
  const size_t n_splits = block_of(n_vectors) == 8 ? 1 : n_vectors > 2 ? 2 : 4;
  const size_t n_together = n_streams == 1 ? n_splits : n_vectors > 2 ? 1 : n_vectors == 2 ? 2 : 4;
  return (Sizes){n_streams, n_units, n_vectors, block_of(n_vectors), n_splits, n_together};
}

ALWAYS_INLINE Interleaved
interleaved_of(size_t n_units)
{
  const Sizes n = sizes_of(n_units, 1);
  return (Interleaved){n.n_rows, n.n_vectors, n.n_block};
}

// Defines the CellProcess of n_units.
#define PROCESS(n_units)                                                                           \
  static void process_##n_units(const Cell* gru, uint32_t n_streams, float* states,                \
                                const float* in, float* out, uint32_t n_frames) NONBLOCKING        \
  {                                                                                                \
    if (is_interleaved((n_units) / VECTOR_FLOATS)) {                                               \
      process_interleaved(interleaved_of(n_units), gru, n_streams, states, in, out, n_frames);     \
    } else if (is_pipelined(((n_units) + VECTOR_FLOATS - 1) / VECTOR_FLOATS)) {                    \
      if (n_streams == 1) {                                                                        \
        process_pipelined((Pipelined){n_units, 1}, gru, 1, states, in, out, n_frames);             \
      } else {                                                                                     \
        process_pipelined((Pipelined){n_units, 2}, gru, n_streams, states, in, out, n_frames);     \
      }                                                                                            \
    } else if (n_streams == 1) {                                                                   \
      process(sizes_of(n_units, 1), gru, 1, states, in, out, n_frames);                            \
    } else {                                                                                       \
      process(sizes_of(n_units, 2), gru, n_streams, states, in, out, n_frames);                    \
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
PROCESS(80)

static CellShape
shape(unsigned hidden_size)
{
  static const struct {
    unsigned n_units;
    CellProcess* process;
  } sizes[] = {
      {8, process_8},   {12, process_12}, {16, process_16}, {20, process_20}, {24, process_24},
      {32, process_32}, {40, process_40}, {48, process_48}, {64, process_64}, {80, process_80},
  };
  size_t i = 0;
  while (sizes[i].n_units < hidden_size) {
    ++i;
  }
  const Sizes n = sizes_of(sizes[i].n_units, 1);
  return (CellShape){.kind = CELL_GRU,
                     .n_rows = (unsigned)n.n_rows,
                     .n_columns = (unsigned)n.n_vectors * VECTOR_FLOATS,
                     .n_block = (unsigned)n.n_block * VECTOR_FLOATS,
                     .n_together = is_pipelined(n.n_vectors) ? PIPELINED_GATES : 1,
                     .rotation = n.n_rows == 32 ? ASSEMBLY_ROTATION : 1,
                     .preactivation_scale =
                         has_sse2_assembly(n.n_vectors) ? sse2_preactivation_scale : 1.0f,
                     .process = sizes[i].process};
}

#define TEXT(name) #name
#define NAME(kernel) TEXT(kernel)
#define CONCATENATED(a, b) a##b
#define SYMBOL(kernel) CONCATENATED(kernel_, kernel)

const Kernel SYMBOL(KERNEL) = {NAME(KERNEL), shape, lstm_shape, condition, lerp};
