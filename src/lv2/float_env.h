// SPDX-License-Identifier: MIT
// The floating-point environment in which the pedal computes, whatever the host's is: denormal
// numbers, slow on many processors, are flushed to zero, results are rounded to nearest, and no
// operation traps.
#ifndef OD3_FLOAT_ENV_H
#define OD3_FLOAT_ENV_H

#include "common/realtime.h"

#include <stdint.h>

// float_env_enter() sets the calling thread's environment and returns the host's, which the caller
// hands to float_env_restore() in the same thread. Any thread.
#if defined(__i386__) // computes with x87, and perhaps with SSE too

#ifdef __SSE__
#include <xmmintrin.h>
#endif

typedef struct {
  unsigned mxcsr;
  uint16_t control;
} FloatEnv;

// The bits of MXCSR as below. Those of x87's control word: all exceptions masked, results of 64
// bits, as compilers expect; rounding to nearest is 0 in both bits. x87 has no mode that flushes.
enum { MXCSR_FLUSH = 0x8040, MXCSR_MASKS = 0x1F80, MXCSR_ROUNDING = 0x6000 };
enum { X87_MASKS = 0x3F, X87_PRECISION = 0x300, X87_ROUNDING = 0xC00 };

static inline FloatEnv
float_env_enter(void) NONBLOCKING
{
  FloatEnv host_env = {0};
  __asm__ __volatile__("fnstcw %0" : "=m"(host_env.control));
  const uint16_t control =
      (uint16_t)((host_env.control & ~(unsigned)X87_ROUNDING) | X87_PRECISION | X87_MASKS);
  __asm__ __volatile__("fldcw %0" : : "m"(control));
#ifdef __SSE__
  host_env.mxcsr = _mm_getcsr();
  _mm_setcsr((host_env.mxcsr & ~(unsigned)MXCSR_ROUNDING) | MXCSR_FLUSH | MXCSR_MASKS);
#endif
  return host_env;
}

static inline void
float_env_restore(FloatEnv host_env) NONBLOCKING
{
  // Exceptions that the network raised must not reach a host that traps them.
  __asm__ __volatile__("fnclex\n\tfldcw %0" : : "m"(host_env.control));
#ifdef __SSE__
  _mm_setcsr(host_env.mxcsr);
#endif
}

#elif defined(__SSE__)

#include <xmmintrin.h>

typedef unsigned FloatEnv;

// The bits of MXCSR: FTZ and DAZ; all exceptions masked; rounding to nearest is 0 in both bits. The
// SSE2 kernel converts numbers beyond integers, so exceptions must be masked.
enum { MXCSR_FLUSH = 0x8040, MXCSR_MASKS = 0x1F80, MXCSR_ROUNDING = 0x6000 };

static inline FloatEnv
float_env_enter(void) NONBLOCKING
{
  const FloatEnv host_env = _mm_getcsr();
  _mm_setcsr((host_env & ~(unsigned)MXCSR_ROUNDING) | MXCSR_FLUSH | MXCSR_MASKS);
  return host_env;
}

static inline void
float_env_restore(FloatEnv host_env) NONBLOCKING
{
  _mm_setcsr(host_env);
}

#elif defined(__aarch64__)

typedef uint64_t FloatEnv;

// The bits of FPCR: flush to zero; rounding to nearest is 0 in both bits of RMode; the bits that
// enable traps.
#define FPCR_FLUSH UINT64_C(0x1000000)
#define FPCR_ROUNDING UINT64_C(0xC00000)
#define FPCR_TRAPS UINT64_C(0x9F00)

static inline FloatEnv
float_env_enter(void) NONBLOCKING
{
  FloatEnv host_env = 0;
  __asm__ __volatile__("mrs %0, fpcr" : "=r"(host_env));
  const FloatEnv env = (host_env & ~(FPCR_ROUNDING | FPCR_TRAPS)) | FPCR_FLUSH;
  __asm__ __volatile__("msr fpcr, %0" : : "r"(env));
  return host_env;
}

static inline void
float_env_restore(FloatEnv host_env) NONBLOCKING
{
  __asm__ __volatile__("msr fpcr, %0" : : "r"(host_env));
}

#elif defined(__ARM_FP) // 32-bit ARM's VFP; its vectors always flush and round to nearest

typedef uint32_t FloatEnv;

// The bits of FPSCR, as those of FPCR.
#define FPSCR_FLUSH 0x1000000U
#define FPSCR_ROUNDING 0xC00000U
#define FPSCR_TRAPS 0x9F00U

static inline FloatEnv
float_env_enter(void) NONBLOCKING
{
  FloatEnv host_env = 0;
  __asm__ __volatile__("vmrs %0, fpscr" : "=r"(host_env));
  const FloatEnv env = (host_env & ~(FPSCR_ROUNDING | FPSCR_TRAPS)) | FPSCR_FLUSH;
  __asm__ __volatile__("vmsr fpscr, %0" : : "r"(env));
  return host_env;
}

static inline void
float_env_restore(FloatEnv host_env) NONBLOCKING
{
  __asm__ __volatile__("vmsr fpscr, %0" : : "r"(host_env));
}

#else // no such environment is known

typedef unsigned FloatEnv;

static inline FloatEnv
float_env_enter(void) NONBLOCKING
{
  return 0;
}

static inline void
float_env_restore(FloatEnv host_env) NONBLOCKING
{
  (void)host_env;
}

#endif
#endif
