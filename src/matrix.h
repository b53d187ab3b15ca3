// SPDX-License-Identifier: MIT
#ifndef OD3_MATRIX_H
#define OD3_MATRIX_H

#include "realtime.h"

#include <stddef.h>

// sums [n_columns] += factors [n_rows] * rows [n_rows][n_columns]. Any thread.
static inline void
add_rows(size_t n_rows, size_t n_columns, const float* restrict factors, const float* restrict rows,
         float* restrict sums) NONBLOCKING
{
  size_t j = 0;
  // Four rows at a time: the sums are read and written a quarter as often.
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

#endif
