// SPDX-License-Identifier: MIT
// The gates' activations on up to MAX_PARALLEL vectors side by side, so that an in-order processor
// computes one while another waits for its operands. `k` is exp2_constants; sums are
// pre-activations scaled as CellShape says.
#ifndef OD3_VECTOR_ACTIVATIONS_H
#define OD3_VECTOR_ACTIVATIONS_H

#include "rnn/neon/matvec_neon.h"
#include "rnn/vector/vector_exp2.h"

enum { MAX_PARALLEL = HAS_MULTIPLY_BY_ELEMENT ? 8 : 1 };

// Computes 2^sums [n].
ALWAYS_INLINE void
powers_of_sums(const float* k, size_t n, const Vector* sums, Power* p)
{
#pragma GCC unroll 8
  for (size_t i = 0; i < n; ++i) {
    p[i].x = sums[i];
  }
  powers_of_two(k, n, p);
}

// Turns sums [n] into the reset gate r.
ALWAYS_INLINE void
activate_reset(const float* k, size_t n, Vector* sums)
{
  Power p[MAX_PARALLEL];
  powers_of_sums(k, n, sums, p);
#pragma GCC unroll 8
  for (size_t i = 0; i < n; ++i) {
    sums[i] = quotient(p[i].denominator, p[i].denominator + p[i].numerator);
  }
}

// Turns sums [n] into the candidate state times `sum`.
ALWAYS_INLINE void
activate_candidate(const float* k, size_t n, Vector* sums, Vector* sum)
{
  Power p[MAX_PARALLEL];
  powers_of_sums(k, n, sums, p);
#pragma GCC unroll 8
  for (size_t i = 0; i < n; ++i) {
    sums[i] = p[i].denominator - p[i].numerator;
    sum[i] = p[i].denominator + p[i].numerator;
  }
}

// Updates the states h [n] from the sums of z and the results of activate_candidate.
ALWAYS_INLINE void
update_states(const float* k, size_t n, const Vector* sums, const Vector* candidate,
              const Vector* sum, Vector* h)
{
  Power p[MAX_PARALLEL];
  powers_of_sums(k, n, sums, p);
#pragma GCC unroll 8
  for (size_t i = 0; i < n; ++i) {
    const Vector away = candidate[i] - h[i] * sum[i];
    h[i] += quotient(p[i].numerator * away, (p[i].denominator + p[i].numerator) * sum[i]);
  }
}

#endif
