// SPDX-License-Identifier: MIT
// A gain in decibels that moves to its target without a click.
#ifndef OD3_SMOOTH_GAIN_H
#define OD3_SMOOTH_GAIN_H

#include "common/ramp.h"
#include "common/realtime.h"
#include "engine/smoother.h"

#include <math.h>
#include <stdint.h>

typedef struct {
  Smoother db; // advances once in a control period
  Ramp factor; // over the present period
} SmoothGain;

static inline float
db_to_factor(float gain_db) NONBLOCKING
{
  return expf(gain_db * 0.11512925464970229f); // ln(10) / 20
}

// Jumps to a gain. Any thread.
static inline void
smooth_gain_reset(SmoothGain* gain, float gain_db) NONBLOCKING
{
  smoother_reset(&gain->db, gain_db);
  gain->factor.from = gain->factor.to = db_to_factor(gain_db);
}

// Begins a control period. Audio thread.
static inline void
smooth_gain_begin_period(SmoothGain* gain) NONBLOCKING
{
  gain->factor.from = gain->factor.to;
  if (smoother_advance(&gain->db)) {
    gain->factor.to = db_to_factor(gain->db.value);
  }
}

#endif
