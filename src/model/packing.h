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

// Copies the first n parameters of `theta`, scaled as the kernel wants them, to their places in
// `packed`, and leaves the other places alone. Packed parameters come in groups of ALIGNED_FLOATS;
// `stride` is the distance in floats from one group to the next, ALIGNED_FLOATS where they are
// contiguous. Any thread.
void
packing_apply(const Packing* packing, const float* theta, size_t n, size_t stride, float* packed);

#endif
