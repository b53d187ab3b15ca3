// SPDX-License-Identifier: MIT
// A vector kernel's KernelCondition and KernelLerp (rnn/kernel.h).
#ifndef OD3_VECTOR_CONDITIONING_H
#define OD3_VECTOR_CONDITIONING_H

#include "common/memory.h"
#include "rnn/vector/vector.h"

#include <stddef.h>

static inline void
condition(const float* theta0, const float* weight_deltas, const float* features, size_t n_features,
          size_t n, float* theta) NONBLOCKING
{
  enum { N_SUMS = ALIGNED_FLOATS / VECTOR_FLOATS };
  for (size_t i = 0; i < n; i += ALIGNED_FLOATS) {
    Vector sums[N_SUMS];
#pragma GCC unroll 4
    for (size_t k = 0; k < N_SUMS; ++k) {
      sums[k] = ((const Vector*)(theta0 + i))[k];
    }
    for (size_t j = 0; j < n_features; ++j) {
      const Vector* row = (const Vector*)(weight_deltas + i * n_features + j * ALIGNED_FLOATS);
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
lerp(const float* target, float fraction, size_t n, float* theta) NONBLOCKING
{
#pragma GCC unroll 4
  for (size_t i = 0; i < n; i += VECTOR_FLOATS) {
    Vector* at = (Vector*)(theta + i);
    *at += splat(fraction) * (*(const Vector*)(target + i) - *at);
  }
}

#endif
