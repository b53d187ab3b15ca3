// SPDX-License-Identifier: MIT
// What libFuzzer calls and offers, and what the harnesses share.
#ifndef OD3_TEST_FUZZ_H
#define OD3_TEST_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// Tries one input; returns 0. A finding aborts.
int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// Once, before all inputs.
int
LLVMFuzzerInitialize(int* n_arguments, char*** arguments);

// Changes data [size], which has room for max_size bytes, and returns its new size.
size_t
LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed);

// libFuzzer's own way to change data.
size_t
LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

static inline void
require(bool holds, const char* what)
{
  if (!holds) {
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
  }
}

#endif
