// SPDX-License-Identifier: MIT
#ifndef OD3_VECTOR_EXP2_H
#define OD3_VECTOR_EXP2_H

#include "vector.h"

#include <stdalign.h>
#include <stddef.h>

enum { MOST, LEAST, C, D, N_EXP2_CONSTANTS };

#define COPIES(x)                                                                                  \
  {                                                                                                \
    x, x, x, x, x, x, x, x                                                                         \
  }

// In memory, for registers are dear. C and D, on [-0.5, 0.5]:
//   2^x = (x^2 + C + D x) / (x^2 + C - D x), with a relative error of at most 4.4e-7
//   echo 'a = x*log(2); fpminimax(x*(cosh(a) - 1), [|sinh(a), (cosh(a) - 1)/x|], [|SG...|],
//   [2^-10; 0.5], absolute);' | sollya
alignas(32) static const float exp2_constants[N_EXP2_CONSTANTS][8] = {
    [MOST] = COPIES(30.0f),
    [LEAST] = COPIES(-30.0f),
    [C] = COPIES(25.039096832275390625f),
    [D] = COPIES(8.6778354644775390625f),
};

ALWAYS_INLINE Vector
constant(const float* constants, size_t i)
{
  return *(const Vector*)(constants + 8 * i);
}

// 2^t = above / below, which is never taken alone.
typedef struct {
  Vector x; // t, then how far it is from an integer, then D times that
  Vector square;
  Vector exponent;
  Vector above;
  Vector below;
} Power;

enum { POWER_PARTS = 8 };

// x, computed here and no later, where instructions do best in the order in which they are written.
ALWAYS_INLINE Vector
placed(Vector x)
{
#if defined(__SSE2__) && VECTOR_FLOATS == 4
  return held(x);
#else
  return x;
#endif
}

// A part of computing power p of its x, limited to [-30, 30]; NaN gives 30. `k` is exp2_constants.
ALWAYS_INLINE void
power_part(const float* k, size_t part, Power* p)
{
  switch (part) {
  case 0:
    p->x = placed(lesser(p->x, constant(k, MOST)));
    p->x = placed(greater(p->x, constant(k, LEAST)));
    break;
  case 1: p->x = placed(p->x - nearest(p->x, &p->exponent)); break;
  case 2:
    p->square = product(p->x, p->x);
    p->exponent = placed((Vector)((IntVector)p->exponent << 23));
    break;
  case 3: p->x = product(p->x, constant(k, D)); break;
  case 4: p->square = placed(p->square + constant(k, C)); break;
  case 5:
    p->above = placed(p->square + p->x);
    p->below = placed(p->square - p->x);
    break;
  case 6: p->above = placed((Vector)((IntVector)p->above + (IntVector)p->exponent)); break;
  default: break;
  }
}

// Powers [n] of their x, side by side.
ALWAYS_INLINE void
powers_of_two(const float* k, size_t n, Power* p)
{
#pragma GCC unroll 64
  for (size_t i = 0; i < POWER_PARTS * n; ++i) {
    power_part(k, i / n, p + i % n);
  }
}

#endif
