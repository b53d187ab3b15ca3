// SPDX-License-Identifier: MIT
// Parameters at other knobs: a kernel's fold and approach (kernel.h), in vectors.
#ifndef OD3_VECTOR_FOLD_H
#define OD3_VECTOR_FOLD_H

#include "memory.h"
#include "vector.h"

#include <stddef.h>

static inline void
fold(const float* theta0, const float* moved, const float* features, size_t n_features, size_t n,
     float* theta) NONBLOCKING
{
  enum { N_SUMS = ALIGNED_FLOATS / VECTOR_FLOATS };
  for (size_t i = 0; i < n; i += ALIGNED_FLOATS) {
    Vector sums[N_SUMS];
#pragma GCC unroll 4
    for (size_t k = 0; k < N_SUMS; ++k) {
      sums[k] = ((const Vector*)(theta0 + i))[k];
    }
    for (size_t j = 0; j < n_features; ++j) {
      const Vector* row = (const Vector*)(moved + i * n_features + j * ALIGNED_FLOATS);
#pragma GCC unroll 4
      for (size_t k = 0; k < N_SUMS; ++k) {
        sums[k] += splat(features[j]) * row[k];
      }
    }
#pragma GCC unroll 4
    for (size_t k = 0; k < N_SUMS; ++k) {
      ((Vector*)(theta + i))[k] = sums[k];
    }
  }
}

static inline void
approach(const float* aim, float part, size_t n, float* theta) NONBLOCKING
{
#pragma GCC unroll 4
  for (size_t i = 0; i < n; i += VECTOR_FLOATS) {
    Vector* at = (Vector*)(theta + i);
    *at += splat(part) * (*(const Vector*)(aim + i) - *at);
  }
}

#endif
