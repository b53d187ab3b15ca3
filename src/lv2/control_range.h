// SPDX-License-Identifier: MIT
// The range of a control port.
#ifndef OD3_CONTROL_RANGE_H
#define OD3_CONTROL_RANGE_H

#include "common/realtime.h"

#include <math.h>
#include <stdbool.h>

// All zeros for a port that is no control input.
typedef struct {
  float min, max, initial;
} ControlRange;

// Returns whether a port with this range is a control input. Any thread.
static inline bool
control_range_is_input(ControlRange range) NONBLOCKING
{
  return range.max > range.min;
}

// Returns a value limited to the range, or the default for NaN. Any thread.
static inline float
control_range_limit(ControlRange range, float value) NONBLOCKING
{
  if (isnan(value)) {
    return range.initial;
  }
  return value < range.min ? range.min : value > range.max ? range.max : value;
}

// Maps the range linearly to a network knob's, -1 to +1. Any thread.
static inline float
control_range_knob(ControlRange range, float value) NONBLOCKING
{
  return 2.0f * (control_range_limit(range, value) - range.min) / (range.max - range.min) - 1.0f;
}

#endif
