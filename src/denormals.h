// SPDX-License-Identifier: MIT
// Arithmetic on denormal numbers is slow on many processors: flush them to zero for a while.
#ifndef OD3_DENORMALS_H
#define OD3_DENORMALS_H

#include "realtime.h"

#include <stdint.h>

#if defined(__SSE__)

#include <xmmintrin.h>

typedef unsigned DenormalMode;

// Flushes from now on, in the calling thread, and returns how it was before. Nor does any operation
// trap: gru_sse2_steps converts numbers that are beyond integers.
static inline DenormalMode
denormals_flush(void) NONBLOCKING
{
  const DenormalMode before = _mm_getcsr();
  _mm_setcsr(before | 0x8040U | 0x1F80U); // FTZ and DAZ; all exceptions masked
  return before;
}

static inline void
denormals_restore(DenormalMode mode) NONBLOCKING
{
  _mm_setcsr(mode);
}

#elif defined(__aarch64__)

typedef uint64_t DenormalMode;

static inline DenormalMode
denormals_flush(void) NONBLOCKING
{
  DenormalMode before = 0;
  __asm__ __volatile__("mrs %0, fpcr" : "=r"(before));
  __asm__ __volatile__("msr fpcr, %0" : : "r"(before | UINT64_C(0x1000000))); // FZ
  return before;
}

static inline void
denormals_restore(DenormalMode mode) NONBLOCKING
{
  __asm__ __volatile__("msr fpcr, %0" : : "r"(mode));
}

#elif defined(__ARM_FP) // 32-bit ARM's VFP; its vectors always flush

typedef uint32_t DenormalMode;

static inline DenormalMode
denormals_flush(void) NONBLOCKING
{
  DenormalMode before = 0;
  __asm__ __volatile__("vmrs %0, fpscr" : "=r"(before));
  __asm__ __volatile__("vmsr fpscr, %0" : : "r"(before | 0x1000000U)); // FZ
  return before;
}

static inline void
denormals_restore(DenormalMode mode) NONBLOCKING
{
  __asm__ __volatile__("vmsr fpscr, %0" : : "r"(mode));
}

#else // nothing known to do

typedef unsigned DenormalMode;

static inline DenormalMode
denormals_flush(void) NONBLOCKING
{
  return 0;
}

static inline void
denormals_restore(DenormalMode mode) NONBLOCKING
{
  (void)mode;
}

#endif
#endif
