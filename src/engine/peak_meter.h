// SPDX-License-Identifier: MIT
// A peak meter: it rises at once and falls by 20 dB in a given time.
#ifndef OD3_PEAK_METER_H
#define OD3_PEAK_METER_H

#include "common/control_period.h"
#include "common/realtime.h"

#include <math.h>
#include <stdint.h>

#define PEAK_METER_MIN_DB (-60.0f)
#define PEAK_METER_MAX_DB 12.0f
#define PEAK_METER_FALL_S 1.7 // by IEC 60268-18

// Zero-initialised, it shows silence.
typedef struct {
  float peak;        // amplitude; 1 is full scale
  float period_fall; // the factor by which the peak falls in a control period
} PeakMeter;

// Shows silence from now on, at this sample rate, and falls by 20 dB in fall_s. Any thread.
static inline void
peak_meter_reset(PeakMeter* meter, double sample_rate_hz, double fall_s) NONBLOCKING
{
  const double periods = fall_s * sample_rate_hz / (double)CONTROL_PERIOD_FRAMES;
  *meter = (PeakMeter){0.0f, expf((float)(-2.302585092994046 / periods))}; // ln(10) is 20 dB
}

// Begins a control period. Audio thread.
static inline void
peak_meter_begin_period(PeakMeter* meter) NONBLOCKING
{
  meter->peak *= meter->period_fall;
}

// Takes n_frames of a signal; NaN counts as 0. Audio thread.
static inline void
peak_meter_add(PeakMeter* meter, const float* samples, uint32_t n_frames) NONBLOCKING
{
  float peak = meter->peak;
  for (uint32_t i = 0; i < n_frames; ++i) {
    const float amplitude = fabsf(samples[i]);
    peak = amplitude > peak ? amplitude : peak;
  }
  meter->peak = peak;
}

// Takes what another meter of the same signal shows. Audio thread.
static inline void
peak_meter_raise(PeakMeter* meter, const PeakMeter* other) NONBLOCKING
{
  meter->peak = other->peak > meter->peak ? other->peak : meter->peak;
}

// Returns the peak in dBFS, PEAK_METER_MIN_DB to PEAK_METER_MAX_DB. Audio thread.
static inline float
peak_meter_db(const PeakMeter* meter) NONBLOCKING
{
  const float db = 20.0f * log10f(meter->peak);
  return db > PEAK_METER_MIN_DB ? (db < PEAK_METER_MAX_DB ? db : PEAK_METER_MAX_DB)
                                : PEAK_METER_MIN_DB;
}

#endif
