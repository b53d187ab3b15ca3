// SPDX-License-Identifier: MIT
// The loops that all time goes into, written for one instruction set.
#ifndef OD3_KERNEL_H
#define OD3_KERNEL_H

#include "gru.h"
#include "realtime.h"

#include <stddef.h>

// theta [n] = theta0 + the sum of features [n_features] times theirs of `moved`, which are
// [n / ALIGNED_FLOATS][n_features][ALIGNED_FLOATS]: a stream. n is a multiple of ALIGNED_FLOATS;
// the arrays are aligned, but for `features`. Any thread.
typedef void
KernelFold(const float* theta0, const float* moved, const float* features, size_t n_features,
           size_t n, float* theta) NONBLOCKING;

// theta [n] goes this part, 0 to 1, of its way to `aim` [n]. As KernelFold.
typedef void
KernelApproach(const float* aim, float part, size_t n, float* theta) NONBLOCKING;

typedef struct {
  const char* name;
  GruShape (*shape)(unsigned hidden_size); // GRU_MIN_HIDDEN to GRU_MAX_HIDDEN
  KernelFold* fold;
  KernelApproach* approach;
} Kernel;

// A build has the vector kernels of its processor.
extern const Kernel kernel_plain;
extern const Kernel kernel_sse2;
extern const Kernel kernel_avx2;
extern const Kernel kernel_neon;
extern const Kernel kernel_simd128; // of WebAssembly

// The kernel of a name, or NULL when there is none or this processor can't run it. A name of NULL
// means the fastest one; there always is one. Any thread.
const Kernel*
kernel_find(const char* name);

#endif
