// SPDX-License-Identifier: MIT
// The choices of oversampling: the least multiple of the model's sample rate at which its network
// runs.
#ifndef OD3_OVERSAMPLING_H
#define OD3_OVERSAMPLING_H

#include "common/realtime.h"

typedef enum { OVERSAMPLING_1X, OVERSAMPLING_2X, OVERSAMPLING_4X, N_OVERSAMPLINGS } Oversampling;

// Returns the choice nearest to a factor. 3 is as near to 2 as to 4: it gives 2, which costs less.
// NaN gives 4. Any thread.
static inline Oversampling
oversampling_nearest(float factor) NONBLOCKING
{
  return factor < 1.5f ? OVERSAMPLING_1X : factor < 3.5f ? OVERSAMPLING_2X : OVERSAMPLING_4X;
}

// Returns 1, 2 or 4. Any thread.
static inline unsigned
oversampling_factor(Oversampling oversampling) NONBLOCKING
{
  return 1U << (unsigned)oversampling;
}

#endif
