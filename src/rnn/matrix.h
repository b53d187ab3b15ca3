// SPDX-License-Identifier: MIT
#ifndef OD3_MATRIX_H
#define OD3_MATRIX_H

#include "common/realtime.h"

#include <stddef.h>

// Adds factors [n_rows] times rows [n_rows][n_columns] to sums [n_columns]. Any thread.
static inline void
add_rows(size_t n_rows, size_t n_columns, const float* restrict factors, const float* restrict rows,
         float* restrict sums) NONBLOCKING
{
  size_t j = 0;
  // Four rows at a time, so that the sums are loaded and stored a quarter as often.
  for (; j + 4 <= n_rows; j += 4) {
    const float* f = factors + j;
    const float* row = rows + j * n_columns;
    for (size_t i = 0; i < n_columns; ++i) {
      sums[i] += (f[0] * row[i] + f[1] * row[n_columns + i]) +
                 (f[2] * row[2 * n_columns + i] + f[3] * row[3 * n_columns + i]);
    }
  }
  for (; j < n_rows; ++j) {
    for (size_t i = 0; i < n_columns; ++i) {
      sums[i] += factors[j] * rows[j * n_columns + i];
    }
  }
}

// Returns the dot product of a [n] and b [n]. Any thread.
static inline float
dot(size_t n, const float* a, const float* b) NONBLOCKING
{
  float sums[4] = {0.0f};
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) {
      sums[lane] += a[i + lane] * b[i + lane];
    }
  }
  for (; i < n; ++i) {
    sums[0] += a[i] * b[i];
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

#endif
