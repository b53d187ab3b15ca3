// SPDX-License-Identifier: MIT
// Matrix-vector products on AArch64, whose fmla multiplies a vector by one element of another.
//
// The inline assembly keeps the instructions in the order written: in-order processors stall on a
// load that is used at once, and compilers that reorder the sums copy them between registers.
#ifndef OD3_MATVEC_NEON_H
#define OD3_MATVEC_NEON_H

#include "rnn/vector/vector.h"

#include <stddef.h>

enum { MAX_ROW_VECTORS = 12, MAX_STREAM_STATES = 4 };

#ifdef __aarch64__

enum { HAS_MULTIPLY_BY_ELEMENT = 1 };

// Returns sum + row * state[k]; k is a constant, 0 to 3.
ALWAYS_INLINE Vector
plus_product(Vector sum, Vector row, Vector state, size_t k)
{
  switch (k) {
  case 0: __asm__ volatile("fmla %0.4s, %1.4s, %2.s[0]" : "+w"(sum) : "w"(row), "w"(state)); break;
  case 1: __asm__ volatile("fmla %0.4s, %1.4s, %2.s[1]" : "+w"(sum) : "w"(row), "w"(state)); break;
  case 2: __asm__ volatile("fmla %0.4s, %1.4s, %2.s[2]" : "+w"(sum) : "w"(row), "w"(state)); break;
  default: __asm__ volatile("fmla %0.4s, %1.4s, %2.s[3]" : "+w"(sum) : "w"(row), "w"(state)); break;
  }
  return sum;
}

// Loads a vector here, not later.
ALWAYS_INLINE Vector
loaded(const Vector* from)
{
  Vector x = *from;
  __asm__ volatile("" : "+w"(x));
  return x;
}

// Adds rows [4][n_vectors] times the states of four units in each stream to sums
// [n_vectors][n_streams]. The units' states of stream s begin at states[s * to_stream].
ALWAYS_INLINE void
add_four_rows(size_t n_vectors, size_t n_streams, size_t to_stream, const float* states,
              const Vector* rows, Vector* sums)
{
  Vector four[MAX_STREAM_STATES];
#pragma GCC unroll 4
  for (size_t stream = 0; stream < n_streams; ++stream) {
    four[stream] = loaded((const Vector*)(states + stream * to_stream));
  }
#pragma GCC unroll 4
  for (size_t k = 0; k < 4; ++k) {
    Vector row[MAX_ROW_VECTORS];
#pragma GCC unroll 12
    for (size_t i = 0; i < n_vectors; ++i) {
      row[i] = loaded(rows + k * n_vectors + i);
    }
#pragma GCC unroll 12
    for (size_t i = 0; i < n_vectors; ++i) {
#pragma GCC unroll 4
      for (size_t stream = 0; stream < n_streams; ++stream) {
        Vector* sum = &sums[i * n_streams + stream];
        *sum = plus_product(*sum, row[i], four[stream], k);
      }
    }
  }
}

// The texts of instructions: LOADS loads four vectors of weights, `at` bytes after a pointer, into
// registers; PRODUCTS adds their products with element k of a state to four sums.
#define LOADS(a, b, c, d, from, at)                                                                \
  "ldr q" #a ", [%[" #from "], #" #at "]\n\t"                                                      \
  "ldr q" #b ", [%[" #from "], #" #at " + 16]\n\t"                                                 \
  "ldr q" #c ", [%[" #from "], #" #at " + 32]\n\t"                                                 \
  "ldr q" #d ", [%[" #from "], #" #at " + 48]\n\t"
#define PRODUCTS(a, b, c, d, sum, state, k)                                                        \
  "fmla %[" #sum "0].4s, v" #a ".4s, %[" #state "].s[" #k "]\n\t"                                  \
  "fmla %[" #sum "1].4s, v" #b ".4s, %[" #state "].s[" #k "]\n\t"                                  \
  "fmla %[" #sum "2].4s, v" #c ".4s, %[" #state "].s[" #k "]\n\t"                                  \
  "fmla %[" #sum "3].4s, v" #d ".4s, %[" #state "].s[" #k "]\n\t"
#define TWO_ROWS(k, l)                                                                             \
  LOADS(16, 17, 18, 19, rows_a, 64 * k)                                                            \
  LOADS(20, 21, 22, 23, rows_b, 64 * k)                                                            \
  LOADS(24, 25, 26, 27, rows_a, 64 * l)                                                            \
  LOADS(28, 29, 30, 31, rows_b, 64 * l)                                                            \
  PRODUCTS(16, 17, 18, 19, a, state_a, k)                                                          \
  PRODUCTS(20, 21, 22, 23, b, state_b, k)                                                          \
  PRODUCTS(24, 25, 26, 27, a, state_a, l)                                                          \
  PRODUCTS(28, 29, 30, 31, b, state_b, l)

typedef struct {
  Vector of_four_vectors[4][4];
} FourRows;

// Does add_four_rows for one stream, four vectors and two partial sums, a and b, at once: sums
// [2][4]. It is one statement, because GCC 12 copies sums to other registers between statements.
ALWAYS_INLINE void
add_four_rows_twice(const float* states_a, const float* states_b, const Vector* rows_a,
                    const Vector* rows_b, Vector* sums)
{
  const Vector state_a = *(const Vector*)states_a;
  const Vector state_b = *(const Vector*)states_b;
  __asm__ volatile(
      TWO_ROWS(0, 1) TWO_ROWS(2, 3)
      : [a0] "+w"(sums[0]), [a1] "+w"(sums[1]), [a2] "+w"(sums[2]), [a3] "+w"(sums[3]),
        [b0] "+w"(sums[4]), [b1] "+w"(sums[5]), [b2] "+w"(sums[6]), [b3] "+w"(sums[7])
      : [rows_a] "r"(rows_a), [rows_b] "r"(rows_b), [state_a] "w"(state_a), [state_b] "w"(state_b),
        "m"(*(const FourRows*)rows_a), "m"(*(const FourRows*)rows_b)
      : "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28",
        "v29", "v30", "v31");
}

#else

enum { HAS_MULTIPLY_BY_ELEMENT = 0 };

// HAS_MULTIPLY_BY_ELEMENT is 0, so nothing calls this.
ALWAYS_INLINE void
add_four_rows(size_t n_vectors, size_t n_streams, size_t to_stream, const float* states,
              const Vector* rows, Vector* sums)
{
  (void)n_vectors, (void)n_streams, (void)to_stream, (void)states, (void)rows, (void)sums;
}

// HAS_MULTIPLY_BY_ELEMENT is 0, so nothing calls this.
ALWAYS_INLINE void
add_four_rows_twice(const float* states_a, const float* states_b, const Vector* rows_a,
                    const Vector* rows_b, Vector* sums)
{
  (void)states_a, (void)states_b, (void)rows_a, (void)rows_b, (void)sums;
}

#endif
#endif
