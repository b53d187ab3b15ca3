// SPDX-License-Identifier: MIT
#ifndef OD3_VECTOR_EXP2_H
#define OD3_VECTOR_EXP2_H

#include "vector.h"

#include <stdalign.h>
#include <stddef.h>

enum { MOST, LEAST, ROUND_MAGIC, ONE, C1, C2, C3, C4, C5, N_EXP2_CONSTANTS };

#define COPIES(x)                                                                                  \
  {                                                                                                \
    x, x, x, x, x, x, x, x                                                                         \
  }

// In memory, for registers are dear: see fast_exp2 in activation.h for what they are.
alignas(32) static const float exp2_constants[N_EXP2_CONSTANTS][8] = {
    [MOST] = COPIES(30.0f),
    [LEAST] = COPIES(-30.0f),
    [ROUND_MAGIC] = COPIES(12582912.0f),
    [ONE] = COPIES(1.0f),
    [C1] = COPIES(6.931468844413757324e-1f),
    [C2] = COPIES(2.402223795652389526e-1f),
    [C3] = COPIES(5.550853535532951355e-2f),
    [C4] = COPIES(9.671701118350028992e-3f),
    [C5] = COPIES(1.323044183664023876e-3f),
};

ALWAYS_INLINE Vector
constant(const float* constants, size_t i)
{
  return *(const Vector*)(constants + 8 * i);
}

// As fast_exp2 of activation.h, for a vector. `k` is exp2_constants.
ALWAYS_INLINE Vector
vector_exp2(const float* k, Vector t)
{
  const Vector round_magic = constant(k, ROUND_MAGIC);
  t = greater(lesser(t, constant(k, MOST)), constant(k, LEAST));
  const Vector rounded = t + round_magic;
  const Vector x = t - (rounded - round_magic);

  // Estrin's scheme: short chains.
  const Vector x2 = x * x;
  const Vector high = x * constant(k, C5) + constant(k, C4);
  const Vector middle = x * constant(k, C3) + constant(k, C2);
  const Vector low = x * constant(k, C1) + constant(k, ONE);
  const Vector power = (high * x2 + middle) * x2 + low;
  return (Vector)((IntVector)power + ((IntVector)rounded << 23));
}

#endif
