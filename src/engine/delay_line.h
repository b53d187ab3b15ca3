// SPDX-License-Identifier: MIT
// A delay line that keeps the last samples of a signal bit for bit.
#ifndef OD3_DELAY_LINE_H
#define OD3_DELAY_LINE_H

#include "common/realtime.h"

#include <stdint.h>
#include <string.h>

enum {
  DELAY_LINE_SIZE = 64, // samples: the longest delay, and the most that one call takes
  DELAY_LINE_HISTORY = 2 * DELAY_LINE_SIZE,
  DELAY_LINE_CAPACITY = 4 * DELAY_LINE_SIZE,
};

// Zero-initialised, it holds silence.
typedef struct {
  float samples[DELAY_LINE_CAPACITY]; // the oldest first
  uint32_t n_appended;                // samples after the first DELAY_LINE_HISTORY
} DelayLine;

// Appends n samples, at most DELAY_LINE_SIZE. Audio thread.
static inline void
delay_line_push(DelayLine* line, const float* samples, uint32_t n) NONBLOCKING
{
  if (line->n_appended + n > DELAY_LINE_CAPACITY - DELAY_LINE_HISTORY) {
    memmove(line->samples, line->samples + line->n_appended, DELAY_LINE_HISTORY * sizeof *samples);
    line->n_appended = 0;
  }
  memcpy(line->samples + DELAY_LINE_HISTORY + line->n_appended, samples, n * sizeof *samples);
  line->n_appended += n;
}

// Copies n samples, at most DELAY_LINE_SIZE, of which the last was pushed `delay` samples before
// the newest one. `delay` is 0 to DELAY_LINE_SIZE. Audio thread.
static inline void
delay_line_read(const DelayLine* line, uint32_t delay, float* samples, uint32_t n) NONBLOCKING
{
  const float* end = line->samples + DELAY_LINE_HISTORY + line->n_appended;
  memcpy(samples, end - delay - n, n * sizeof *samples);
}

#endif
