// SPDX-License-Identifier: MIT
// A value that moves in a straight line through each tick.
#ifndef OD3_LINE_H
#define OD3_LINE_H

#include "realtime.h"

#include <stdint.h>

enum { TICK_FRAMES = 64 }; // of the host: how often knobs are read and conditioned

typedef struct {
  float from; // at the tick's begin
  float to;   // at its end
} Line;

// The value at the end of step `step` (from 0 on) of the n_steps that a tick is divided into. Any
// thread.
static inline float
line_at(Line line, uint32_t step, uint32_t n_steps) NONBLOCKING
{
  return line.from + (line.to - line.from) * ((float)(step + 1U) / (float)n_steps);
}

#endif
