// SPDX-License-Identifier: MIT
// A kernel holds the loops that take nearly all of the time, written for one instruction set.
#ifndef OD3_KERNEL_H
#define OD3_KERNEL_H

#include "common/realtime.h"
#include "rnn/cell.h"

#include <stddef.h>

// Applies the conditioning: theta [n] = theta0 [n] + the sum of features [n_features] times their
// weight_deltas [n / ALIGNED_FLOATS][n_features][ALIGNED_FLOATS]. n is a multiple of
// ALIGNED_FLOATS; all arrays but `features` are aligned. Any thread.
typedef void
KernelCondition(const float* theta0, const float* weight_deltas, const float* features,
                size_t n_features, size_t n, float* theta) NONBLOCKING;

// Moves theta [n] by `fraction`, 0 to 1, of its way to `target` [n], with n and arrays as in
// KernelCondition. Any thread.
typedef void
KernelLerp(const float* target, float fraction, size_t n, float* theta) NONBLOCKING;

typedef struct {
  const char* name;
  CellShape (*shape)(unsigned hidden_size);      // of a GRU, CELL_MIN_HIDDEN to CELL_MAX_HIDDEN
  CellShape (*lstm_shape)(unsigned hidden_size); // of an LSTM, likewise
  KernelCondition* condition;
  KernelLerp* lerp;
} Kernel;

// A build contains the plain kernel and the vector kernels of its processor.
extern const Kernel kernel_plain;
extern const Kernel kernel_sse2;
extern const Kernel kernel_avx2;
extern const Kernel kernel_avx512;
extern const Kernel kernel_neon;
extern const Kernel kernel_simd128; // of WebAssembly

// Returns the shape of the LSTM in plain C, which any kernel may run. Any thread.
CellShape
lstm_plain_shape(unsigned hidden_size);

// Returns the shape of a cell in which a kernel runs it. Any thread.
static inline CellShape
kernel_shape(const Kernel* kernel, CellKind kind, unsigned hidden_size)
{
  return kind == CELL_LSTM ? kernel->lstm_shape(hidden_size) : kernel->shape(hidden_size);
}

// Returns the kernel of this name, or NULL when the build has none or the processor can't run it.
// For NULL, it returns the fastest kernel, and there always is one. Any thread.
const Kernel*
kernel_find(const char* name);

#endif
