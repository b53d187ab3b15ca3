// SPDX-License-Identifier: MIT
#include "player/path_box.h"

#include <sched.h>
#include <string.h>

// The sequence is odd while the words change; a reader that saw an odd or another one reads again.
// Words are stored and loaded in order, so no fence is needed.
PathResult
path_box_try_write(PathBox* box, const unsigned* expected, const char* path, unsigned* generation,
                   atomic_uint* handled) NONBLOCKING
{
  if (atomic_exchange_explicit(&box->is_writing, 1, memory_order_acquire)) {
    return PATH_BUSY;
  }
  if (expected && *expected != path_box_generation(box)) {
    atomic_store_explicit(&box->is_writing, 0, memory_order_release);
    return PATH_OUTDATED;
  }
  atomic_fetch_add_explicit(&box->sequence, 1, memory_order_acq_rel);
  const size_t size = strlen(path) + 1;
  for (size_t i = 0; i * sizeof(unsigned) < size; ++i) {
    const size_t left = size - i * sizeof(unsigned);
    unsigned word = 0;
    memcpy(&word, path + i * sizeof word, left < sizeof word ? left : sizeof word);
    atomic_store_explicit(&box->words[i], word, memory_order_release);
  }
  *generation = 1U + path_box_generation(box);
  if (handled) {
    atomic_store(handled, *generation);
  }
  atomic_store_explicit(&box->generation, *generation, memory_order_release);
  atomic_fetch_add_explicit(&box->sequence, 1, memory_order_acq_rel);
  atomic_store_explicit(&box->is_writing, 0, memory_order_release);
  return PATH_WRITTEN;
}

PathResult
path_box_write(PathBox* box, const unsigned* expected, const char* path, unsigned* generation,
               atomic_uint* handled)
{
  PathResult result = PATH_BUSY;
  while ((result = path_box_try_write(box, expected, path, generation, handled)) == PATH_BUSY) {
    sched_yield();
  }
  return result;
}

unsigned
path_box_read(const PathBox* box, char path[PATH_SIZE])
{
  for (;;) {
    const unsigned before = atomic_load_explicit(&box->sequence, memory_order_acquire);
    for (size_t i = 0; i < PATH_SIZE / sizeof(unsigned); ++i) {
      const unsigned word = atomic_load_explicit(&box->words[i], memory_order_acquire);
      memcpy(path + i * sizeof word, &word, sizeof word);
    }
    const unsigned generation = path_box_generation(box);
    if (before % 2 == 0 && before == atomic_load_explicit(&box->sequence, memory_order_acquire)) {
      path[PATH_SIZE - 1] = '\0';
      return generation;
    }
    sched_yield();
  }
}
