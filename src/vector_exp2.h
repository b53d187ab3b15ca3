// SPDX-License-Identifier: MIT
#ifndef OD3_VECTOR_EXP2_H
#define OD3_VECTOR_EXP2_H

#include "vector.h"

// As fast_exp2 of activation.h, for a vector.
ALWAYS_INLINE Vector
vector_exp2(Vector t)
{
  const Vector round_magic = splat(12582912.0f);
  t = greater(lesser(t, splat(30.0f)), splat(-30.0f));
  const Vector rounded = t + round_magic;
  const Vector x = t - (rounded - round_magic);

  // Estrin's scheme: short chains.
  const Vector x2 = x * x;
  const Vector high = x * 1.323044183664023876e-3f + 9.671701118350028992e-3f;
  const Vector middle = x * 5.550853535532951355e-2f + 2.402223795652389526e-1f;
  const Vector low = x * 6.931468844413757324e-1f + 1.0f;
  const Vector power = (high * x2 + middle) * x2 + low;
  return (Vector)((IntVector)power + ((IntVector)rounded << 23));
}

#endif
