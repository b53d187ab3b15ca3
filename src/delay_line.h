// SPDX-License-Identifier: MIT
// The last samples of a signal, bit for bit.
#ifndef OD3_DELAY_LINE_H
#define OD3_DELAY_LINE_H

#include "realtime.h"

#include <stdint.h>
#include <string.h>

enum {
  DELAY_LINE_SIZE = 64,
  DELAY_LINE_KEPT = 2 * DELAY_LINE_SIZE,
  DELAY_LINE_ROOM = 4 * DELAY_LINE_SIZE,
};

// All zeros is silence.
typedef struct {
  float samples[DELAY_LINE_ROOM];
  uint32_t n_more; // than DELAY_LINE_KEPT of them are in use; the newest is the last
} DelayLine;

// Takes n samples, at most DELAY_LINE_SIZE.
static inline void
delay_line_push(DelayLine* line, const float* samples, uint32_t n) NONBLOCKING
{
  if (line->n_more + n > DELAY_LINE_ROOM - DELAY_LINE_KEPT) {
    memmove(line->samples, line->samples + line->n_more, DELAY_LINE_KEPT * sizeof *samples);
    line->n_more = 0;
  }
  memcpy(line->samples + DELAY_LINE_KEPT + line->n_more, samples, n * sizeof *samples);
  line->n_more += n;
}

// Fills `samples` with n, at most DELAY_LINE_SIZE, of which the last was pushed `delay` pushes of a
// sample before the last one; delay is at most DELAY_LINE_SIZE.
static inline void
delay_line_read(const DelayLine* line, uint32_t delay, float* samples, uint32_t n) NONBLOCKING
{
  const float* end = line->samples + DELAY_LINE_KEPT + line->n_more;
  memcpy(samples, end - delay - n, n * sizeof *samples);
}

#endif
