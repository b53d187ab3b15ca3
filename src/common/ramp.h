// SPDX-License-Identifier: MIT
// A value that moves linearly through one control period.
#ifndef OD3_RAMP_H
#define OD3_RAMP_H

#include "common/realtime.h"

#include <stdbool.h>

typedef struct {
  float from; // at the period's begin
  float to;   // at its end
} Ramp;

// Returns the value after `fraction` of the period, 0 to 1. Any thread.
static inline float
ramp_at(Ramp ramp, float fraction) NONBLOCKING
{
  return ramp.from + (ramp.to - ramp.from) * fraction;
}

// Returns whether the value is this one during the whole period. Any thread.
static inline bool
ramp_stays_at(Ramp ramp, float value) NONBLOCKING
{
  return ramp.from == value && ramp.to == value;
}

#endif
