// SPDX-License-Identifier: MIT
// Code that the cells of training_kernel.c share: vectors, and the product with the hidden matrix.
#ifndef OD3_TRAINING_CELL_H
#define OD3_TRAINING_CELL_H

#include "rnn/activation.h"
#include "rnn/theta_layout.h"

enum {
#ifdef __AVX512F__
  VECTOR_FLOATS = HIDDEN % 16 ? 8 : 16,
#else
  VECTOR_FLOATS = 8,
#endif
  N_VECTORS = HIDDEN / VECTOR_FLOATS,
};

typedef float Vector __attribute__((vector_size(4 * VECTOR_FLOATS), aligned(4), may_alias));

static inline Vector
load(const float* from)
{
  return *(const Vector*)from;
}

static inline void
store(float* to, Vector value)
{
  *(Vector*)to = value;
}

static inline Vector
broadcast(float value)
{
  return value - (Vector){};
}

// Returns the vector of H floats with this index in theta's head.
static inline const float*
part(const float* theta, int index)
{
  return theta + index * HIDDEN;
}

// Stores n vectors one after the other.
static inline __attribute__((always_inline)) void
store_all(int n, const Vector* from, float* to)
{
#pragma GCC unroll 10
  for (int k = 0; k < n; ++k) {
    store(to + VECTOR_FLOATS * k, from[k]);
  }
}

// Adds h[H] times the hidden matrix to n_sums vectors of sums; a row of the matrix has n_sums
// vectors.
static inline __attribute__((always_inline)) void
add_hidden(int n_sums, const float* hidden, const float* h, Vector* sum)
{
  for (int j = 0; j < HIDDEN; ++j) {
    const Vector factor = broadcast(h[j]);
#pragma GCC unroll 40
    for (int k = 0; k < n_sums; ++k) {
      sum[k] += factor * load(hidden + VECTOR_FLOATS * (n_sums * j + k));
    }
  }
}

#endif
