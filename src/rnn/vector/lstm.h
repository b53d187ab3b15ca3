// SPDX-License-Identifier: MIT
// A vector kernel's LSTM. After inlining, all sizes are constants, so that compilers unroll the
// loops over them and keep sums in registers.
#ifndef OD3_LSTM_H
#define OD3_LSTM_H

#include "rnn/cell.h"
#include "rnn/neon/matvec_neon.h"
#include "rnn/vector/vector_activations.h"
#include "rnn/vector/vector_exp2.h"

#include <stdbool.h>

enum {
  LSTM_MAX_STREAMS = 2,                   // that step together
  LSTM_MAX_BLOCK = 5,                     // vectors
  LSTM_MAX_SUMS = 12,                     // that leave registers for other values
  LSTM_MAX_VECTORS = CELL_MAX_HIDDEN / 4, // in h
  LSTM_MAX_GATE_VECTORS = (int)LSTM_N_GATES * (int)LSTM_MAX_BLOCK, // of a block
  LSTM_SHARES_WEIGHTS = VECTOR_FLOATS == 16, // the sums of two streams need more than 16 registers
};

typedef struct {
  size_t n_streams; // that step together, and share a pass over the weights
  size_t n_rows;
  size_t n_vectors;  // in h
  size_t n_block;    // vectors of units that are computed together
  size_t n_together; // gates whose sums are computed together
  size_t n_splits;   // partial sums of a sum, so that additions overlap
} LstmSizes;

// A pass computes sums [n_together][n_block].
ALWAYS_INLINE size_t
lstm_n_sums(LstmSizes n)
{
  return n.n_together * n.n_block;
}

// Returns the number of floats in a stream's state.
ALWAYS_INLINE size_t
lstm_n_state(LstmSizes n)
{
  return 2 * n.n_vectors * VECTOR_FLOATS;
}

// Adds a row [n_sums] times one unit's h in each stream to sums. `factor` is that of the first
// stream.
ALWAYS_INLINE void
lstm_add_row(LstmSizes n, const float* factor, const Vector* row, Vector* sums)
{
  const size_t n_sums = lstm_n_sums(n);
#pragma GCC unroll 16
  for (size_t i = 0; i < n_sums; ++i) {
    const Vector weight = n.n_streams == 1 ? row[i] : pin_register(row[i]);
#pragma GCC unroll 2
    for (size_t stream = 0; stream < n.n_streams; ++stream) {
      sums[stream * n.n_splits * n_sums + i] += splat(factor[stream * lstm_n_state(n)]) * weight;
    }
  }
}

// Adds rows [n_rows][n_sums] times each stream's h [n_rows] to partial sums
// [n_streams][n_splits][n_sums].
ALWAYS_INLINE void
lstm_add_rows(LstmSizes n, const float* states, const Vector* rows, Vector* sums)
{
  const size_t n_sums = lstm_n_sums(n);
  const size_t n_unrolled = n.n_rows % 4 == 0 ? 4 : 2;
  const float* factors = launder(states);
#pragma GCC unroll 1
  for (size_t j = 0; j < n.n_rows; j += n_unrolled) {
    if (HAS_MULTIPLY_BY_ELEMENT && n_unrolled == 4) {
      add_four_rows(n_sums, 1, 0, factors, rows, sums);
    } else {
#pragma GCC unroll 4
      for (size_t k = 0; k < n_unrolled; ++k) {
        lstm_add_row(n, factors + k, rows + k * n_sums, sums + k % n.n_splits * n_sums);
      }
    }
    factors += n_unrolled;
    rows += n_unrolled * n_sums;
  }
}

// Where the biases lie in the head, in the order of the passes.
static const size_t lstm_biases[LSTM_N_GATES] = {LSTM_BIAS_I, LSTM_BIAS_G, LSTM_BIAS_F,
                                                 LSTM_BIAS_O};

// Computes the pre-activations [n_together][n_block] of one pass in each stream, whose gates come
// in the order i, g, f, o from `gate` on, into sums [n_streams][LSTM_MAX_GATE_VECTORS]. `part` is
// the head of theta at the block's units.
ALWAYS_INLINE void
lstm_sum_pass(LstmSizes n, size_t gate, const Vector* part, const float* states, const float* in,
              const Vector* rows, Vector (*sums)[LSTM_MAX_GATE_VECTORS])
{
  const size_t n_sums = lstm_n_sums(n);
  const size_t first = gate * n.n_block;
  Vector splits[2 * LSTM_MAX_SUMS];
#pragma GCC unroll 2
  for (size_t stream = 0; stream < n.n_streams; ++stream) {
    Vector* own = splits + stream * n.n_splits * n_sums;
#pragma GCC unroll 32
    for (size_t i = 0; i < n_sums; ++i) {
      const Vector* bias = part + lstm_biases[gate + i / n.n_block] * n.n_vectors + i % n.n_block;
      own[i] = *bias + bias[(LSTM_INPUT_I - LSTM_BIAS_I) * n.n_vectors] * splat(in[stream]);
      if (n.n_splits == 2) {
        own[n_sums + i] = splat(0.0f);
      }
    }
  }
  lstm_add_rows(n, states, rows, splits);
#pragma GCC unroll 2
  for (size_t stream = 0; stream < n.n_streams; ++stream) {
    const Vector* own = splits + stream * n.n_splits * n_sums;
#pragma GCC unroll 32
    for (size_t i = 0; i < n_sums; ++i) {
      sums[stream][first + i] = own[i];
      if (n.n_splits == 2) {
        sums[stream][first + i] += own[n_sums + i];
      }
    }
  }
}

// Returns how many of n vectors are activated together, from `first` on.
ALWAYS_INLINE size_t
lstm_n_parallel(size_t n, size_t first)
{
  return n - first < MAX_PARALLEL ? n - first : MAX_PARALLEL;
}

// Computes what is written to c, i * g [n_block], from the sums of i [n_block] and g [n_block].
ALWAYS_INLINE void
lstm_activate_written(LstmSizes n, const float* k, const Vector* sums, Vector* written)
{
  Power p[2 * LSTM_MAX_BLOCK];
#pragma GCC unroll 16
  for (size_t i = 0; i < 2 * n.n_block; i += MAX_PARALLEL) {
    powers_of_sums(k, lstm_n_parallel(2 * n.n_block, i), sums + i, p + i);
  }
#pragma GCC unroll 8
  for (size_t i = 0; i < n.n_block; ++i) {
    const Power* g = p + n.n_block + i;
    written[i] = quotient(p[i].denominator * (g->denominator - g->numerator),
                          (p[i].denominator + p[i].numerator) * (g->denominator + g->numerator));
  }
}

// Updates c [n_block] and computes h [n_block] from the sums of f [n_block] and o [n_block].
ALWAYS_INLINE void
lstm_update_block(LstmSizes n, const float* k, const Vector* sums, const Vector* written, Vector* c,
                  Vector* h)
{
  Power p[2 * LSTM_MAX_BLOCK];
  Power of_c[LSTM_MAX_BLOCK];
#pragma GCC unroll 16
  for (size_t i = 0; i < 2 * n.n_block; i += MAX_PARALLEL) {
    powers_of_sums(k, lstm_n_parallel(2 * n.n_block, i), sums + i, p + i);
  }
#pragma GCC unroll 8
  for (size_t i = 0; i < n.n_block; ++i) {
    // 1 - f, with less rounding than f
    const Vector forgotten = quotient(p[i].numerator, p[i].denominator + p[i].numerator);
    const Vector next = c[i] + (written[i] - forgotten * c[i]);
    c[i] = max_or_second(min_or_second(next, splat(CELL_MAX_C)), splat(-CELL_MAX_C));
    h[i] = c[i] * splat(-2.0f * LOG2_E);
  }
#pragma GCC unroll 16
  for (size_t i = 0; i < n.n_block; i += MAX_PARALLEL) {
    powers_of_sums(k, lstm_n_parallel(n.n_block, i), h + i, of_c + i);
  }
#pragma GCC unroll 8
  for (size_t i = 0; i < n.n_block; ++i) {
    const Power* o = p + n.n_block + i;
    h[i] = quotient(o->denominator * (of_c[i].denominator - of_c[i].numerator),
                    (o->denominator + o->numerator) * (of_c[i].denominator + of_c[i].numerator));
  }
}

// Computes the new states of one block of units in each stream, from vector `first` on: c in place,
// h into `next`.
ALWAYS_INLINE void
lstm_step_block(LstmSizes n, const float* theta, size_t first, float* states, const float* in,
                Vector (*next)[LSTM_MAX_VECTORS])
{
  const size_t n_columns = n.n_vectors * VECTOR_FLOATS;
  const Vector* part = (const Vector*)theta + first;
  const Vector* rows =
      (const Vector*)launder(theta + LSTM_N_PARTS * n_columns) + first * LSTM_N_GATES * n.n_rows;
  const float* k = exp2_constants[0];
  Vector sums[LSTM_MAX_STREAMS][LSTM_MAX_GATE_VECTORS];
  Vector written[LSTM_MAX_STREAMS][LSTM_MAX_BLOCK];
#pragma GCC unroll 2
  for (size_t gate = 0; gate < LSTM_N_GATES; gate += n.n_together) {
    lstm_sum_pass(n, gate, part, states, in, rows, sums);
    rows += n.n_rows * lstm_n_sums(n);
    if (gate == 0) {
      k = launder(k);
#pragma GCC unroll 2
      for (size_t stream = 0; stream < n.n_streams; ++stream) {
        lstm_activate_written(n, k, sums[stream], written[stream]);
      }
    }
  }
#pragma GCC unroll 2
  for (size_t stream = 0; stream < n.n_streams; ++stream) {
    Vector* c = (Vector*)(states + stream * lstm_n_state(n) + n_columns) + first;
    lstm_update_block(n, k, sums[stream] + 2 * n.n_block, written[stream], c, next[stream] + first);
  }
}

// Runs one frame of each stream. The elements of out[i] sum to stream i's output less out_bias.
// Every other frame takes the blocks backward, and so begins with weights that the last frame used
// and the cache still holds.
ALWAYS_INLINE void
lstm_step(LstmSizes n, const Cell* lstm, bool is_backward, float* states, const float* in,
          Vector* out)
{
  const Vector* out_weight = (const Vector*)lstm->out_weight;
  Vector next[LSTM_MAX_STREAMS][LSTM_MAX_VECTORS];
  for (size_t done = 0; done < n.n_vectors; done += n.n_block) {
    const size_t first = is_backward ? n.n_vectors - n.n_block - done : done;
    lstm_step_block(n, lstm->theta, first, states, in, next);
  }
#pragma GCC unroll 2
  for (size_t stream = 0; stream < n.n_streams; ++stream) {
    Vector sums[2] = {splat(0.0f), splat(0.0f)}; // whose additions overlap
#pragma GCC unroll 20
    for (size_t i = 0; i < n.n_vectors; ++i) {
      // cppcheck-suppress uninitvar // lstm_step_block fills it
      const Vector h = next[stream][i];
      ((Vector*)(states + stream * lstm_n_state(n)))[i] = h;
      sums[i % 2] += h * out_weight[i];
    }
    out[stream] = sums[0] + sums[1];
  }
}

// Implements cell_process.
ALWAYS_INLINE void
lstm_process(LstmSizes n, const Cell* lstm, uint32_t n_streams, float* states, const float* in,
             float* out, uint32_t n_frames)
{
  Vector sums[MAX_OUT_FRAMES];
  for (uint32_t done = 0; done < n_frames;) {
    const uint32_t left = n_frames - done;
    const uint32_t end = left < MAX_OUT_FRAMES ? left : MAX_OUT_FRAMES;
    size_t stream = 0;
    // cppcheck-suppress knownConditionTrueFalse // it thinks that left is 0
    for (size_t t = 0; t < end; t += n.n_streams) {
      const bool is_backward = t / n.n_streams % 2 == 1;
      lstm_step(n, lstm, is_backward, states + stream * lstm_n_state(n), in + done + t, sums + t);
      stream = stream + n.n_streams < n_streams ? stream + n.n_streams : 0;
    }
    // cppcheck-suppress knownConditionTrueFalse // it thinks that left is 0
    for (uint32_t t = 0; t < end; ++t) {
      out[done + t] = horizontal_sum(sums[t], lstm->out_bias);
    }
    done += end;
  }
}

// Returns the number of vectors in a block. The weights of four vectors of 16 floats exceed the
// first cache; with small blocks, half of them are still there when lstm_step goes backward.
ALWAYS_INLINE size_t
lstm_block_of(size_t n_vectors)
{
  if (VECTOR_FLOATS == 16 && n_vectors > 3) {
    return 1;
  }
  return n_vectors % 5 == 0 ? 5 : n_vectors % 3 == 0 ? 3 : n_vectors % 2 == 0 ? 2 : 1;
}

ALWAYS_INLINE LstmSizes
lstm_sizes_of(size_t n_units, size_t n_streams)
{
  const size_t n_vectors = (n_units + VECTOR_FLOATS - 1) / VECTOR_FLOATS;
  const size_t n_block = lstm_block_of(n_vectors);
  const size_t n_splits = n_block == 1 && !HAS_MULTIPLY_BY_ELEMENT ? 2 : 1;
  return (LstmSizes){n_streams, n_units, n_vectors, n_block, n_block == 5 ? 2 : 4, n_splits};
}

// Defines the CellProcess of n_units.
#define LSTM_PROCESS(n_units)                                                                      \
  static void lstm_process_##n_units(const Cell* lstm, uint32_t n_streams, float* states,          \
                                     const float* in, float* out, uint32_t n_frames) NONBLOCKING   \
  {                                                                                                \
    if (n_streams == 1 || !LSTM_SHARES_WEIGHTS) {                                                  \
      lstm_process(lstm_sizes_of(n_units, 1), lstm, n_streams, states, in, out, n_frames);         \
    } else {                                                                                       \
      lstm_process(lstm_sizes_of(n_units, 2), lstm, n_streams, states, in, out, n_frames);         \
    }                                                                                              \
  }

LSTM_PROCESS(8)
LSTM_PROCESS(12)
LSTM_PROCESS(16)
LSTM_PROCESS(20)
LSTM_PROCESS(24)
LSTM_PROCESS(32)
LSTM_PROCESS(40)
LSTM_PROCESS(48)
LSTM_PROCESS(64)
LSTM_PROCESS(80)

static CellShape
lstm_shape(unsigned hidden_size)
{
  static const struct {
    unsigned n_units;
    CellProcess* process;
  } sizes[] = {
      {8, lstm_process_8},   {12, lstm_process_12}, {16, lstm_process_16}, {20, lstm_process_20},
      {24, lstm_process_24}, {32, lstm_process_32}, {40, lstm_process_40}, {48, lstm_process_48},
      {64, lstm_process_64}, {80, lstm_process_80},
  };
  size_t i = 0;
  while (sizes[i].n_units < hidden_size) {
    ++i;
  }
  const LstmSizes n = lstm_sizes_of(sizes[i].n_units, 1);
  return (CellShape){.kind = CELL_LSTM,
                     .n_rows = (unsigned)n.n_rows,
                     .n_columns = (unsigned)n.n_vectors * VECTOR_FLOATS,
                     .n_block = (unsigned)n.n_block * VECTOR_FLOATS,
                     .n_together = (unsigned)n.n_together,
                     .rotation = 1,
                     .preactivation_scale = 1.0f,
                     .process = sizes[i].process};
}

#endif
