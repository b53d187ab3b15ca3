// SPDX-License-Identifier: MIT
// Memory that vectors of any instruction set may be read from.
#ifndef OD3_MEMORY_H
#define OD3_MEMORY_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
  ALIGNMENT = 64, // bytes: a cache line, and the longest vector
  ALIGNED_FLOATS = ALIGNMENT / (int)sizeof(float),
};

// n floats, rounded up to where the next aligned ones can begin. Any thread.
static inline size_t
aligned_floats(size_t n)
{
  return (n + ALIGNED_FLOATS - 1U) / ALIGNED_FLOATS * ALIGNED_FLOATS;
}

// `size` bytes of zeros at a multiple of ALIGNMENT, for free(); NULL when there is no memory. Not
// the audio thread.
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
