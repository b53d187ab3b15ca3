// SPDX-License-Identifier: MIT
// The last samples of a signal, bit for bit.
#ifndef OD3_DELAY_LINE_H
#define OD3_DELAY_LINE_H

#include "realtime.h"

#include <stdint.h>

enum { DELAY_LINE_SIZE = 64 }; // a power of two

// All zeros is silence.
typedef struct {
  float samples[DELAY_LINE_SIZE];
  uint32_t n_pushed; // may wrap around
} DelayLine;

static inline void
delay_line_push(DelayLine* line, float sample) NONBLOCKING
{
  line->samples[line->n_pushed++ % DELAY_LINE_SIZE] = sample;
}

// The sample that was pushed `delay` pushes before the last one; delay < DELAY_LINE_SIZE.
static inline float
delay_line_read(const DelayLine* line, uint32_t delay) NONBLOCKING
{
  return line->samples[(line->n_pushed - 1U - delay) % DELAY_LINE_SIZE];
}

#endif
