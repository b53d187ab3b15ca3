// SPDX-License-Identifier: MIT
// Reorders a cell's parameters from the order of a model file (rnn/theta_layout.h) to the order in
// which a kernel reads them (rnn/cell.h).
#ifndef OD3_PACKING_H
#define OD3_PACKING_H

#include "rnn/kernel.h"

#include <stddef.h>

typedef struct {
  unsigned hidden_size;
  CellShape shape;
} Packing;

static inline Packing
packing_of(CellKind kind, unsigned hidden_size, const Kernel* kernel)
{
  return (Packing){hidden_size, kernel_shape(kernel, kind, hidden_size)};
}

// Returns the length of the packed prefix that holds the file's first n parameters. Any thread.
size_t
packing_prefix_length(const Packing* packing, size_t n);

// Copies the first n parameters of each set of `theta` [n_sets][n], scaled as the kernel wants
// them, to their places in `packed` [groups of parameters][n_sets][ALIGNED_FLOATS], and leaves the
// other places alone. Any thread.
void
packing_apply(const Packing* packing, const float* theta, size_t n, size_t n_sets, float* packed);

#endif
