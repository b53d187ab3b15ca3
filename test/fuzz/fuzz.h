// SPDX-License-Identifier: MIT
// The functions that libFuzzer calls and provides, and the check that the harnesses share.
#ifndef OD3_TEST_FUZZ_H
#define OD3_TEST_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// Runs one input and returns 0. A failed requirement aborts the program.
int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// Runs once, before the first input.
int
LLVMFuzzerInitialize(int* n_arguments, char*** arguments);

// Mutates `data` [size], which has room for `max_size` bytes, and returns its new size.
size_t
LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed);

// Mutates `data` with libFuzzer's own strategies and returns its new size.
size_t
LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

// Aborts with a message unless the requirement holds.
static inline void
require(bool holds, const char* what)
{
  if (!holds) {
    fprintf(stderr, "requirement failed: %s\n", what);
    abort();
  }
}

#endif
