// SPDX-License-Identifier: MIT
// Four rows of a product at once, for AArch64, which multiplies a vector by an element of another.
//
// The instructions come in the order in which they are written here: processors that work in order
// wait for a load that is used at once, and compilers copy sums between registers when they reorder
// them.
#ifndef OD3_ROWS_BY_ELEMENT_H
#define OD3_ROWS_BY_ELEMENT_H

#include "vector.h"

#include <stddef.h>

enum { MAX_ROW_VECTORS = 8, MAX_STATES = 4 };

#ifdef __aarch64__

enum { MULTIPLIES_BY_ELEMENT = 1 };

// sum + row * state[k]; k is a constant, 0 to 3.
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

// What `from` points to, in a register from here on.
ALWAYS_INLINE Vector
loaded(const Vector* from)
{
  Vector x = *from;
  __asm__ volatile("" : "+w"(x));
  return x;
}

// sums [n_vectors][n_lanes] += the states of four units in each lane, the first of which are at
// `states` and to_lane floats on, * rows [4][n_vectors].
ALWAYS_INLINE void
add_four_rows(size_t n_vectors, size_t n_lanes, size_t to_lane, const float* states,
              const Vector* rows, Vector* sums)
{
  Vector four[MAX_STATES];
#pragma GCC unroll 4
  for (size_t lane = 0; lane < n_lanes; ++lane) {
    four[lane] = loaded((const Vector*)(states + lane * to_lane));
  }
#pragma GCC unroll 4
  for (size_t k = 0; k < 4; ++k) {
    Vector row[MAX_ROW_VECTORS];
#pragma GCC unroll 8
    for (size_t i = 0; i < n_vectors; ++i) {
      row[i] = loaded(rows + k * n_vectors + i);
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < n_vectors; ++i) {
#pragma GCC unroll 4
      for (size_t lane = 0; lane < n_lanes; ++lane) {
        Vector* sum = &sums[i * n_lanes + lane];
        *sum = plus_product(*sum, row[i], four[lane], k);
      }
    }
  }
}

#else

enum { MULTIPLIES_BY_ELEMENT = 0 };

// Never called.
ALWAYS_INLINE void
add_four_rows(size_t n_vectors, size_t n_lanes, size_t to_lane, const float* states,
              const Vector* rows, Vector* sums)
{
  (void)n_vectors, (void)n_lanes, (void)to_lane, (void)states, (void)rows, (void)sums;
}

#endif
#endif
