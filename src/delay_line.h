// SPDX-License-Identifier: MIT
// The last samples of a signal, bit for bit.
#ifndef OD3_DELAY_LINE_H
#define OD3_DELAY_LINE_H

#include "realtime.h"

#include <stdint.h>
#include <string.h>

enum { DELAY_LINE_SIZE = 64, DELAY_LINE_ROOM = 2 * DELAY_LINE_SIZE };

// All zeros is silence.
typedef struct {
  float samples[DELAY_LINE_ROOM]; // the newest is the last
} DelayLine;

// Takes n samples, at most DELAY_LINE_SIZE.
static inline void
delay_line_push(DelayLine* line, const float* samples, uint32_t n) NONBLOCKING
{
  float* at = line->samples + DELAY_LINE_ROOM - n;
  memmove(line->samples, line->samples + n, (size_t)(at - line->samples) * sizeof *at);
  memcpy(at, samples, n * sizeof *at);
}

// Fills `samples` with n, at most DELAY_LINE_SIZE, of which the last was pushed `delay` pushes of a
// sample before the last one; delay is at most DELAY_LINE_SIZE.
static inline void
delay_line_read(const DelayLine* line, uint32_t delay, float* samples, uint32_t n) NONBLOCKING
{
  memcpy(samples, line->samples + DELAY_LINE_ROOM - delay - n, n * sizeof *samples);
}

#endif
