// SPDX-License-Identifier: MIT
// What the plugin allocates, counted, and refused when a test wants it. For programs that are
// linked with -Wl,--wrap of these four.
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

// Since the last of reset_allocations.
static struct {
  size_t n;       // asked for
  size_t refused; // the one of these that fails; none if that is n or more
  size_t n_bytes; // in all
  ptrdiff_t n_live;
} allocations;

static inline void
reset_allocations(size_t refused)
{
  allocations.n = allocations.n_bytes = 0;
  allocations.n_live = 0;
  allocations.refused = refused;
}

static inline bool
is_refused(size_t size)
{
  const bool is_this_one = allocations.n == allocations.refused;
  ++allocations.n;
  allocations.n_bytes += size;
  allocations.n_live += !is_this_one;
  return is_this_one;
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
