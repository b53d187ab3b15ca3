// SPDX-License-Identifier: MIT
// Memory aligned for vectors of any instruction set.
#ifndef OD3_MEMORY_H
#define OD3_MEMORY_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
  ALIGNMENT = 64, // bytes: a cache line, and the longest vector
  ALIGNED_FLOATS = ALIGNMENT / (int)sizeof(float),
};

// Returns n floats rounded up to a multiple of ALIGNED_FLOATS. Any thread.
static inline size_t
aligned_floats(size_t n)
{
  return (n + ALIGNED_FLOATS - 1U) / ALIGNED_FLOATS * ALIGNED_FLOATS;
}

// Allocates `size` bytes of zeros at a multiple of ALIGNMENT, or returns NULL when memory is short.
// The caller frees them with free(). Not for the audio thread.
static inline void*
aligned_zeros(size_t size)
{
  const size_t rounded = (size + ALIGNMENT - 1U) / ALIGNMENT * ALIGNMENT;
  void* memory = aligned_alloc(ALIGNMENT, rounded);
  if (memory) {
    memset(memory, 0, rounded);
  }
  return memory;
}

#endif
