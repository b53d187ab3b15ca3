// SPDX-License-Identifier: MIT
#ifndef OD3_SANITIZE_H
#define OD3_SANITIZE_H

#include "common/realtime.h"

#include <math.h>

// Returns 0 for NaN and limits every other sample to +-1000 (+60 dBFS), far beyond any converter
// and within what cell_process accepts. Any thread.
static inline float
sanitize_input(float x) NONBLOCKING
{
  const float limit = 1000.0f;
  const float not_below = x < -limit ? -limit : x;
  const float limited = not_below > limit ? limit : not_below;
  return isnan(x) ? 0.0f : limited;
}

#endif
