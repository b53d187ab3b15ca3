// SPDX-License-Identifier: MIT
// A value that moves in a straight line through each tick.
#ifndef OD3_LINE_H
#define OD3_LINE_H

#include "realtime.h"

enum { TICK_FRAMES = 64 }; // of the host: how often knobs are read and conditioned

typedef struct {
  float from; // at the tick's begin
  float to;   // at its end
} Line;

// The value when a part of the tick, 0 to 1, is over. Any thread.
static inline float
line_at(Line line, float part) NONBLOCKING
{
  return line.from + (line.to - line.from) * part;
}

#endif
