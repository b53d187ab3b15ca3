// SPDX-License-Identifier: MIT
// From the order in which a model's file has a GRU's parameters to the order in which a kernel uses
// them.
#ifndef OD3_PACKING_H
#define OD3_PACKING_H

#include "kernel.h"

#include <stddef.h>

typedef struct {
  unsigned hidden_size;
  GruShape shape;
} Packing;

static inline Packing
packing_of(unsigned hidden_size, const Kernel* kernel)
{
  return (Packing){hidden_size, kernel->shape(hidden_size)};
}

// So many packed numbers hold the first n of a file. Any thread.
size_t
packing_extent(const Packing* packing, size_t n);

// Puts the first n parameters of `theta` where they belong in `packed` [packing_extent(n)], and
// leaves the rest of it. From one ALIGNED_FLOATS of these to the next it is `step` numbers:
// ALIGNED_FLOATS when there is nothing in between. Any thread.
void
packing_apply(const Packing* packing, const float* theta, size_t n, size_t step, float* packed);

#endif
