// SPDX-License-Identifier: MIT
// A control value that moves to its target linearly, one step at a time.
#ifndef OD3_SMOOTHER_H
#define OD3_SMOOTHER_H

#include "common/realtime.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  float value;
  float target;
  float increment;     // of one step
  uint32_t steps_left; // 0 when value equals target
} Smoother;

// Jumps to a value and stays there. Any thread.
static inline void
smoother_reset(Smoother* smoother, float value) NONBLOCKING
{
  *smoother = (Smoother){value, value, 0.0f, 0};
}

// Starts to move to a target, which n_steps (at least 1) will reach; does nothing if it is the
// target already. Audio thread.
static inline void
smoother_set_target(Smoother* smoother, float target, uint32_t n_steps) NONBLOCKING
{
  if (target != smoother->target) {
    smoother->target = target;
    smoother->increment = (target - smoother->value) / (float)n_steps;
    smoother->steps_left = n_steps;
  }
}

// Makes one step and returns whether the value moved. The last step ends on the target exactly.
// Audio thread.
static inline bool
smoother_advance(Smoother* smoother) NONBLOCKING
{
  if (smoother->steps_left == 0) {
    return false;
  }
  --smoother->steps_left;
  smoother->value = smoother->steps_left ? smoother->value + smoother->increment : smoother->target;
  return true;
}

#endif
