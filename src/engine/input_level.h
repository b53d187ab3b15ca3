// SPDX-License-Identifier: MIT
// A light that compares what enters the network to what the model has learned.
#ifndef OD3_INPUT_LEVEL_H
#define OD3_INPUT_LEVEL_H

#include "common/realtime.h"
#include "engine/peak_meter.h"
#include "model/model_levels.h"

// The values of the port input_level.
typedef enum {
  INPUT_LEVEL_UNKNOWN, // the model's file says nothing, or nobody plays
  INPUT_LEVEL_TOO_QUIET,
  INPUT_LEVEL_GOOD,
  INPUT_LEVEL_TOO_HOT,
} InputLevel;

// The peaks of a guitar may stay so far below the loudest that the model has learned. A pickup's
// output and a player's touch account for about half of it each.
#define INPUT_LEVEL_SPAN_DB 24.0f

// The light's meter falls by 20 dB in this time: it keeps its colour from one stroke to the next.
#define INPUT_LEVEL_FALL_S 8.5

// Returns the light for a peak in dBFS. Any thread.
static inline InputLevel
input_level_of(float peak_db, const ModelLevels* levels) NONBLOCKING
{
  if (!levels->has_trained_peak || peak_db <= PEAK_METER_MIN_DB) {
    return INPUT_LEVEL_UNKNOWN;
  }
  if (peak_db > levels->trained_peak_dbfs) {
    return INPUT_LEVEL_TOO_HOT;
  }
  return peak_db < levels->trained_peak_dbfs - INPUT_LEVEL_SPAN_DB ? INPUT_LEVEL_TOO_QUIET
                                                                   : INPUT_LEVEL_GOOD;
}

#endif
