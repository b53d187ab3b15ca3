// SPDX-License-Identifier: MIT
#ifndef OD3_TAME_H
#define OD3_TAME_H

#include "realtime.h"

#include <math.h>

// Zero for NaN, and no more than +60 dBFS, far beyond any converter: what the network was seen to
// stand. Any thread.
static inline float
tame(float x) NONBLOCKING
{
  const float largest = 1000.0f;
  const float above = x < -largest ? -largest : x;
  const float within = above > largest ? largest : above;
  return isnan(x) ? 0.0f : within;
}

#endif
