// SPDX-License-Identifier: MIT
// 2^t of vectors, as a quotient that the gates never compute alone, in parts that a kernel can
// interleave with other work.
#ifndef OD3_VECTOR_EXP2_H
#define OD3_VECTOR_EXP2_H

#include "rnn/activation.h"
#include "rnn/vector/vector.h"

#include <stdalign.h>
#include <stddef.h>

enum { EXP2_MAX, EXP2_MIN, EXP2_C, EXP2_D, N_EXP2_CONSTANTS };

#define EIGHT(x)                                                                                   \
  {                                                                                                \
    x, x, x, x, x, x, x, x                                                                         \
  }

// The constants lie in memory, since registers are scarce. C and D, on [-0.5, 0.5]:
//   2^x = (x^2 + C + D x) / (x^2 + C - D x), with a relative error of at most 4.4e-7
//   echo 'a = x*log(2); fpminimax(x*(cosh(a) - 1), [|sinh(a), (cosh(a) - 1)/x|], [|SG...|],
//   [2^-10; 0.5], absolute);' | sollya
alignas(32) static const float exp2_constants[N_EXP2_CONSTANTS][8] = {
    [EXP2_MAX] = EIGHT(MAX_EXPONENT),
    [EXP2_MIN] = EIGHT(-MAX_EXPONENT),
    [EXP2_C] = EIGHT(25.039096832275390625f),
    [EXP2_D] = EIGHT(8.6778354644775390625f),
};

ALWAYS_INLINE Vector
constant(const float* constants, size_t i)
{
#if VECTOR_FLOATS == 16 // with registers enough for constants
  return splat(constants[8 * i]);
#else
  return *(const Vector*)(constants + 8 * i);
#endif
}

// 2^t = numerator / denominator, and the stages of its computation.
typedef struct {
  Vector x; // t, then its distance from the nearest integer, then D times that
  Vector square;
  Vector exponent;
  Vector numerator;
  Vector denominator;
} Power;

enum { POWER_PARTS = 8 };

// Returns x and, on SSE2, keeps compilers from computing it later than here.
ALWAYS_INLINE Vector
in_order(Vector x)
{
#if defined(__SSE2__) && VECTOR_FLOATS == 4
  return pin_register(x);
#else
  return x;
#endif
}

// Computes one of the POWER_PARTS parts of 2^x for x limited to +-MAX_EXPONENT; NaN gives
// MAX_EXPONENT. With AVX-512, the result for x beyond the limits is within a factor of sqrt(2) of
// that at the limit, and NaN gives NaN. `k` is exp2_constants.
ALWAYS_INLINE void
power_part(const float* k, size_t part, Power* p)
{
  switch (part) {
  case 0:
#if VECTOR_FLOATS == 16 // the distance from the nearest integer, whatever the rounding mode
    p->exponent = p->x;
    p->x = (Vector)_mm512_reduce_ps((__m512)p->x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
    p->x = in_order(min_or_second(p->x, constant(k, EXP2_MAX)));
    p->x = in_order(max_or_second(p->x, constant(k, EXP2_MIN)));
#endif
    break;
  case 1:
#if VECTOR_FLOATS == 16
    p->exponent = p->exponent - p->x;
#else
    p->x = in_order(p->x - round_to_integer(p->x, &p->exponent));
#endif
    break;
  case 2: p->square = unfused_product(p->x, p->x);
#if VECTOR_FLOATS == 16 // the lesser magnitude, with the sign of the exponent
    p->exponent = (Vector)_mm512_range_ps((__m512)p->exponent, (__m512)constant(k, EXP2_MAX), 2);
#else
    p->exponent = in_order((Vector)((IntVector)p->exponent << 23));
#endif
    break;
  case 3: p->x = unfused_product(p->x, constant(k, EXP2_D)); break;
  case 4: p->square = in_order(p->square + constant(k, EXP2_C)); break;
  case 5:
    p->numerator = in_order(p->square + p->x);
    p->denominator = in_order(p->square - p->x);
    break;
  case 6:
#if VECTOR_FLOATS == 16
    p->numerator = (Vector)_mm512_scalef_ps((__m512)p->numerator, (__m512)p->exponent);
#else
    p->numerator = in_order((Vector)((IntVector)p->numerator + (IntVector)p->exponent));
#endif
    break;
  default: break;
  }
}

// Computes n powers of their x side by side.
ALWAYS_INLINE void
powers_of_two(const float* k, size_t n, Power* p)
{
#pragma GCC unroll 64
  for (size_t i = 0; i < POWER_PARTS * n; ++i) {
    power_part(k, i / n, p + i % n);
  }
}

#endif
