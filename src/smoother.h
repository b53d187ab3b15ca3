// SPDX-License-Identifier: MIT
// A control value that moves to its target in a straight line, one tick at a time.
#ifndef OD3_SMOOTHER_H
#define OD3_SMOOTHER_H

#include "realtime.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  float value;
  float target;
  float step;          // per tick
  uint32_t ticks_left; // 0 when value is the target
} Smoother;

// At rest at a value. Any thread.
static inline void
smoother_reset(Smoother* smoother, float value) NONBLOCKING
{
  *smoother = (Smoother){value, value, 0.0f, 0};
}

// From now on, to a target in ramp_ticks (at least 1); nothing if that is the target already.
// Audio thread.
static inline void
smoother_aim(Smoother* smoother, float target, uint32_t ramp_ticks) NONBLOCKING
{
  if (target != smoother->target) {
    smoother->target = target;
    smoother->step = (target - smoother->value) / (float)ramp_ticks;
    smoother->ticks_left = ramp_ticks;
  }
}

// One tick on; true if the value moved. It ends on the target exactly. Audio thread.
static inline bool
smoother_tick(Smoother* smoother) NONBLOCKING
{
  if (smoother->ticks_left == 0) {
    return false;
  }
  --smoother->ticks_left;
  smoother->value = smoother->ticks_left ? smoother->value + smoother->step : smoother->target;
  return true;
}

#endif
