// SPDX-License-Identifier: MIT
// Counts the plugin's allocations and makes a chosen one fail. The program must be linked with
// -Wl,--wrap for each of the four functions.
#ifndef OD3_TEST_ALLOCATIONS_H
#define OD3_TEST_ALLOCATIONS_H

#include <stdbool.h>
#include <stddef.h>

void*
__real_malloc(size_t size);
void*
__real_calloc(size_t n, size_t size);
void*
__real_aligned_alloc(size_t alignment, size_t size);
void
__real_free(void* memory);

void*
__wrap_malloc(size_t size);
void*
__wrap_calloc(size_t n, size_t size);
void*
__wrap_aligned_alloc(size_t alignment, size_t size);
void
__wrap_free(void* memory);

// Counts since the last call of reset_allocations().
static struct {
  size_t n;         // allocations requested
  size_t refused;   // index of the request that fails; SIZE_MAX fails none
  size_t n_bytes;   // requested in total
  ptrdiff_t n_live; // allocated and not yet freed
} allocations;

// Clears the counts; the request with index `refused` will fail.
static inline void
reset_allocations(size_t refused)
{
  allocations.n = allocations.n_bytes = 0;
  allocations.n_live = 0;
  allocations.refused = refused;
}

// Counts a request of `size` bytes; returns whether it must fail.
static inline bool
is_refused(size_t size)
{
  const bool is_refused_now = allocations.n == allocations.refused;
  ++allocations.n;
  allocations.n_bytes += size;
  allocations.n_live += !is_refused_now;
  return is_refused_now;
}

void*
__wrap_malloc(size_t size)
{
  return is_refused(size) ? NULL : __real_malloc(size);
}

void*
__wrap_calloc(size_t n, size_t size)
{
  return is_refused(n * size) ? NULL : __real_calloc(n, size);
}

void*
__wrap_aligned_alloc(size_t alignment, size_t size)
{
  return is_refused(size) ? NULL : __real_aligned_alloc(alignment, size);
}

void
__wrap_free(void* memory)
{
  allocations.n_live -= memory != NULL;
  __real_free(memory);
}

#endif
