// SPDX-License-Identifier: MIT
// Vectors of VECTOR_FLOATS floats, of whatever instruction set the including file is compiled for.
// All is inlined: a copy shared by files of several instruction sets could hold instructions that
// the processor lacks.
#ifndef OD3_VECTOR_H
#define OD3_VECTOR_H

#include "realtime.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#define ALWAYS_INLINE static inline __attribute__((always_inline)) NONBLOCKING

typedef float Vector __attribute__((vector_size(4 * VECTOR_FLOATS), may_alias));
typedef int32_t IntVector __attribute__((vector_size(4 * VECTOR_FLOATS), may_alias));

ALWAYS_INLINE Vector
splat(float x)
{
  return x - (Vector){0};
}

// x, in a register: else the compiler would load it from memory wherever it is used.
ALWAYS_INLINE Vector
held(Vector x)
{
#if defined(__SSE2__)
  __asm__("" : "+x"(x));
#elif defined(__ARM_NEON)
  __asm__("" : "+w"(x));
#endif
  return x;
}

// a * b; what adds to it is another instruction where one for both would overwrite its summand.
ALWAYS_INLINE Vector
product(Vector a, Vector b)
{
#if defined(__FMA__)
  return a * b;
#else
  return held(a * b);
#endif
}

// Hides from the compiler what a pointer points to: else it would load the weights before the loop
// over frames, and spill hundreds of registers.
ALWAYS_INLINE const float*
opaque(const float* pointer)
{
  __asm__ volatile("" : "+r"(pointer));
  return pointer;
}

// x[i], in all places.
ALWAYS_INLINE Vector
copies(Vector x, size_t i)
{
#if defined(__SSE2__) && VECTOR_FLOATS == 4
  const __m128i v = (__m128i)x;
  return (Vector)(i == 0   ? _mm_shuffle_epi32(v, 0x00)
                  : i == 1 ? _mm_shuffle_epi32(v, 0x55)
                  : i == 2 ? _mm_shuffle_epi32(v, 0xaa)
                           : _mm_shuffle_epi32(v, 0xff));
#else
  return splat(x[i]);
#endif
}

// x rounded to integers, for x from -2^22 to 2^22; their low bits are those of `bits`, too.
ALWAYS_INLINE Vector
nearest(Vector x, Vector* bits)
{
#if defined(__SSE2__) && VECTOR_FLOATS == 4
  const __m128i integers = _mm_cvtps_epi32((__m128)x);
  *bits = (Vector)integers;
  return (Vector)_mm_cvtepi32_ps(integers);
#elif defined(__aarch64__)
  *bits = (Vector)vcvtnq_s32_f32((float32x4_t)x);
  return (Vector)vrndnq_f32((float32x4_t)x);
#else
  const Vector magic = splat(12582912.0f); // see fast_exp2 in activation.h
  *bits = x + magic;
  return *bits - magic;
#endif
}

// The lesser of each two; b where a is NaN.
ALWAYS_INLINE Vector
lesser(Vector a, Vector b)
{
#if defined(__SSE2__) && VECTOR_FLOATS == 8
  return (Vector)_mm256_min_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
  return (Vector)_mm_min_ps((__m128)a, (__m128)b);
#elif defined(__aarch64__)
  return (Vector)vminnmq_f32((float32x4_t)a, (float32x4_t)b);
#else
  const IntVector is_a = a < b;
  return (Vector)((is_a & (IntVector)a) | (~is_a & (IntVector)b));
#endif
}

// The greater of each two; b where a is NaN.
ALWAYS_INLINE Vector
greater(Vector a, Vector b)
{
#if defined(__SSE2__) && VECTOR_FLOATS == 8
  return (Vector)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
  return (Vector)_mm_max_ps((__m128)a, (__m128)b);
#elif defined(__aarch64__)
  return (Vector)vmaxnmq_f32((float32x4_t)a, (float32x4_t)b);
#else
  const IntVector is_a = a > b;
  return (Vector)((is_a & (IntVector)a) | (~is_a & (IntVector)b));
#endif
}

// a / b, for b from 1 to 2^70.
ALWAYS_INLINE Vector
quotient(Vector a, Vector b)
{
#if defined(__ARM_NEON) // has none, or a slow one: an estimate, and two steps of Newton's method
  const float32x4_t divisor = (float32x4_t)b;
  float32x4_t inverse = vrecpeq_f32(divisor);
  inverse = vmulq_f32(inverse, vrecpsq_f32(divisor, inverse));
  inverse = vmulq_f32(inverse, vrecpsq_f32(divisor, inverse));
  return a * (Vector)inverse;
#else
  return a / b;
#endif
}

// The sum of v's floats and `sum`.
ALWAYS_INLINE float
total(Vector v, float sum)
{
#pragma GCC unroll 8
  for (size_t i = 0; i < VECTOR_FLOATS; ++i) {
    sum += v[i];
  }
  return sum;
}

// As many frames' outputs wait as vectors at most: their totals hide each other's latency.
enum { MAX_OUT_FRAMES = 64 };

#endif
