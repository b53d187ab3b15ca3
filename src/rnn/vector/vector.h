// SPDX-License-Identifier: MIT
// Vectors of VECTOR_FLOATS floats in the instruction set that the including file is compiled for.
//
// Every function is inlined: kernels of several instruction sets include this file, and the linker
// could keep a copy with instructions that the processor lacks.
#ifndef OD3_VECTOR_H
#define OD3_VECTOR_H

#include "common/realtime.h"

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

// Returns a vector of equal elements.
ALWAYS_INLINE Vector
splat(float x)
{
  return x - (Vector){0};
}

// Returns x and keeps it in a register; otherwise the compiler may load it anew at each use.
ALWAYS_INLINE Vector
pin_register(Vector x)
{
#if VECTOR_FLOATS == 16
  __asm__("" : "+v"(x));
#elif defined(__SSE2__)
  __asm__("" : "+x"(x));
#elif defined(__ARM_NEON)
  __asm__("" : "+w"(x));
#endif
  return x;
}

// Returns a * b, and keeps compilers from fusing it with an addition: without FMA's three-operand
// form, the fused instruction would overwrite its summand.
ALWAYS_INLINE Vector
unfused_product(Vector a, Vector b)
{
#if defined(__FMA__)
  return a * b;
#else
  return pin_register(a * b);
#endif
}

// Returns the pointer, of which the compiler then knows nothing. Otherwise it would load the
// weights before the loop over frames and spill hundreds of registers.
ALWAYS_INLINE const float*
launder(const float* pointer)
{
  __asm__ volatile("" : "+r"(pointer));
  return pointer;
}

// Returns a vector whose elements all are x[i].
ALWAYS_INLINE Vector
broadcast(Vector x, size_t i)
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

// Returns x rounded to integers, for |x| <= 2^22. The integers' low bits are also the low bits of
// `bits`.
ALWAYS_INLINE Vector
round_to_integer(Vector x, Vector* bits)
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

// Returns the smaller elements; b where a is NaN.
ALWAYS_INLINE Vector
min_or_second(Vector a, Vector b)
{
#if VECTOR_FLOATS == 16
  return (Vector)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(__SSE2__) && VECTOR_FLOATS == 8
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

// Returns the larger elements; b where a is NaN.
ALWAYS_INLINE Vector
max_or_second(Vector a, Vector b)
{
#if VECTOR_FLOATS == 16
  return (Vector)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__SSE2__) && VECTOR_FLOATS == 8
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

// Returns a / b, for b from 1 to 2^70.
ALWAYS_INLINE Vector
quotient(Vector a, Vector b)
{
#if defined(__ARM_NEON) // its division is slow or missing: an estimate and two Newton steps
  const float32x4_t divisor = (float32x4_t)b;
  float32x4_t inverse = vrecpeq_f32(divisor);
  inverse = vmulq_f32(inverse, vrecpsq_f32(divisor, inverse));
  inverse = vmulq_f32(inverse, vrecpsq_f32(divisor, inverse));
  return a * (Vector)inverse;
#else
  return a / b;
#endif
}

// Returns 1 / x with a relative error of at most 2^-14, for x from 1 to 2^70.
ALWAYS_INLINE Vector
reciprocal_estimate(Vector x)
{
#if VECTOR_FLOATS == 16
  return (Vector)_mm512_rcp14_ps((__m512)x);
#else
  return quotient(splat(1.0f), x);
#endif
}

// Returns `sum` plus the elements of v, in their order.
ALWAYS_INLINE float
horizontal_sum(Vector v, float sum)
{
#pragma GCC unroll 16
  for (size_t i = 0; i < VECTOR_FLOATS; ++i) {
    sum += v[i];
  }
  return sum;
}

typedef float FourFloats __attribute__((vector_size(16)));

// Returns four sums of a quarter of v's elements each.
ALWAYS_INLINE FourFloats
four_sums(Vector v)
{
#if VECTOR_FLOATS == 16
  const __m256 half =
      (__m256)_mm512_castpd512_pd256((__m512d)v) + (__m256)_mm512_extractf64x4_pd((__m512d)v, 1);
  return (FourFloats)_mm256_castps256_ps128(half) + (FourFloats)_mm256_extractf128_ps(half, 1);
#elif VECTOR_FLOATS == 8
  FourFloats halves[2];
  memcpy(halves, &v, sizeof halves);
  return halves[0] + halves[1];
#else
  return v;
#endif
}

// A kernel keeps the outputs of up to so many frames as vectors and sums their elements afterwards,
// so that the additions of different frames overlap.
enum { MAX_OUT_FRAMES = 64 };

#endif
