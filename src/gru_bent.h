// SPDX-License-Identifier: MIT
// What bends sums of a GRU's gates, of MAX_ABREAST vectors at most, side by side: a processor that
// works in order computes one while another waits. `k` is exp2_constants.
#ifndef OD3_GRU_BENT_H
#define OD3_GRU_BENT_H

#include "rows_by_element.h"
#include "vector_exp2.h"

enum { MAX_ABREAST = MULTIPLIES_BY_ELEMENT ? 8 : 1 };

// 2 to each of sums [n].
ALWAYS_INLINE void
powers_of_sums(const float* k, size_t n, const Vector* sums, Power* p)
{
#pragma GCC unroll 8
  for (size_t i = 0; i < n; ++i) {
    p[i].x = sums[i];
  }
  powers_of_two(k, n, p);
}

// Sums [n] become r.
ALWAYS_INLINE void
bend_reset(const float* k, size_t n, Vector* sums)
{
  Power p[MAX_ABREAST];
  powers_of_sums(k, n, sums, p);
#pragma GCC unroll 8
  for (size_t i = 0; i < n; ++i) {
    sums[i] = quotient(p[i].below, p[i].below + p[i].above);
  }
}

// Sums [n] become the candidate for the new state, times `whole`.
ALWAYS_INLINE void
bend_candidate(const float* k, size_t n, Vector* sums, Vector* whole)
{
  Power p[MAX_ABREAST];
  powers_of_sums(k, n, sums, p);
#pragma GCC unroll 8
  for (size_t i = 0; i < n; ++i) {
    sums[i] = p[i].below - p[i].above;
    whole[i] = p[i].below + p[i].above;
  }
}

// States h [n] become the new ones, from sums of z and what bend_candidate gave.
ALWAYS_INLINE void
update_states(const float* k, size_t n, const Vector* sums, const Vector* candidate,
              const Vector* whole, Vector* h)
{
  Power p[MAX_ABREAST];
  powers_of_sums(k, n, sums, p);
#pragma GCC unroll 8
  for (size_t i = 0; i < n; ++i) {
    const Vector away = candidate[i] - h[i] * whole[i];
    h[i] += quotient(p[i].above * away, (p[i].below + p[i].above) * whole[i]);
  }
}

#endif
