// SPDX-License-Identifier: MIT
// A path that any thread may replace while others read it, without locks that the audio thread
// would wait for.
#ifndef OD3_PATH_BOX_H
#define OD3_PATH_BOX_H

#include "common/realtime.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { PATH_SIZE = 4096 }; // bytes, with the zero at the end

// Zero-initialised, it holds an empty path of generation 0.
typedef struct {
  atomic_uint is_writing; // 0 or 1: RISC-V has no atomic bytes
  atomic_uint sequence;   // odd while the words change
  atomic_uint generation;
  atomic_uint words[PATH_SIZE / sizeof(unsigned)];
} PathBox;

typedef enum { PATH_WRITTEN, PATH_BUSY, PATH_OUTDATED } PathResult;

// Replaces the path and raises the generation, which it stores in *generation and, unless it is
// NULL, in *handled: there before any thread sees the new path. `path` has fewer than PATH_SIZE
// bytes before its zero. Changes nothing and returns PATH_BUSY while another thread writes, and
// PATH_OUTDATED where `expected` is not NULL and not the newest generation. Any thread.
PathResult
path_box_try_write(PathBox* box, const unsigned* expected, const char* path, unsigned* generation,
                   atomic_uint* handled) NONBLOCKING;

// Does the same, and waits for other writers: it never returns PATH_BUSY. Not for the audio thread.
PathResult
path_box_write(PathBox* box, const unsigned* expected, const char* path, unsigned* generation,
               atomic_uint* handled);

// Copies the path to `path` and returns its generation. Not for the audio thread.
unsigned
path_box_read(const PathBox* box, char path[PATH_SIZE]);

// Returns the newest generation. Any thread.
static inline unsigned
path_box_generation(const PathBox* box) NONBLOCKING
{
  return atomic_load_explicit(&box->generation, memory_order_acquire);
}

#endif
