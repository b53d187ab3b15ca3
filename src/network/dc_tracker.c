// SPDX-License-Identifier: MIT
#include "network/dc_tracker.h"

#include "common/control_period.h"

#include <math.h>
#include <string.h>

enum {
  PRIME_SAMPLES = 12288, // of silence, after which the network is steady
  FOLLOWED_SAMPLES = 2048,
};

// The silent copy runs at 1/5 speed after a ramp and at 1/15 during one, so that it costs at most a
// fifth of the network. Its lag is gone within 0.2 s (the fuzzer of run() demands that).
static const double slowness = 5.0;
enum { RAMPING_SLOWNESS = 3 };

static const float silence[DC_TRACKER_MAX_PACE * CONTROL_PERIOD_FRAMES];

void
dc_tracker_init(DcTracker* tracker, double sample_rate_hz, double model_rate_hz) NONBLOCKING
{
  const double period_s = (double)CONTROL_PERIOD_FRAMES / sample_rate_hz;
  const double samples = period_s * model_rate_hz / slowness;
  *tracker = (DcTracker){.period_samples = samples < 1.0 ? 1U
                                           : samples > (double)CONTROL_PERIOD_FRAMES
                                               ? (uint32_t)CONTROL_PERIOD_FRAMES
                                               : (uint32_t)samples};
}

// Returns the mean output in n_samples of silence, at most CONTROL_PERIOD_FRAMES.
static float
run_silence(DcTracker* tracker, const Cell* cell, uint32_t n_samples) NONBLOCKING
{
  float out[CONTROL_PERIOD_FRAMES];
  cell_process(cell, 1, tracker->silent_state, silence, out, n_samples);
  float sum = 0.0f;
  for (uint32_t i = 0; i < n_samples; ++i) {
    sum += out[i];
  }
  return sum / (float)n_samples;
}

void
dc_tracker_prime(DcTracker* tracker, const Cell* cell) NONBLOCKING
{
  memset(tracker->silent_state, 0, sizeof tracker->silent_state);
  for (uint32_t n = 0; n < PRIME_SAMPLES; n += CONTROL_PERIOD_FRAMES) {
    tracker->offset.to = run_silence(tracker, cell, CONTROL_PERIOD_FRAMES);
  }
  tracker->samples_left = PRIME_SAMPLES;
  tracker->followed_periods_left = 0;
}

void
dc_tracker_jump(DcTracker* tracker, const float* state, float offset) NONBLOCKING
{
  memcpy(tracker->silent_state, state, sizeof tracker->silent_state);
  tracker->offset.to = offset;
  tracker->samples_left = PRIME_SAMPLES;
  tracker->followed_periods_left = 0;
}

void
dc_tracker_follow(DcTracker* tracker, double model_samples) NONBLOCKING
{
  const double samples = model_samples * (double)CONTROL_PERIOD_FRAMES + 0.5;
  const double max_samples = (double)(DC_TRACKER_MAX_PACE * CONTROL_PERIOD_FRAMES);
  tracker->real_time_samples = (uint32_t)fmin(fmax(samples, 1.0), max_samples);
  tracker->samples_left = PRIME_SAMPLES;
  tracker->followed_periods_left = 1 + FOLLOWED_SAMPLES / tracker->real_time_samples;
}

// Returns how many samples the silent copy has run when n_frames of the control period have played.
static uint32_t
samples_in(const DcTracker* tracker, uint32_t n_frames) NONBLOCKING
{
  return (n_frames * tracker->real_time_samples + CONTROL_PERIOD_FRAMES - 1) /
         CONTROL_PERIOD_FRAMES;
}

void
dc_tracker_advance(DcTracker* tracker, const Cell* cell, uint32_t n_frames) NONBLOCKING
{
  if (!dc_tracker_is_following(tracker)) {
    return;
  }
  float out[DC_TRACKER_MAX_PACE * CONTROL_PERIOD_FRAMES];
  const uint32_t begin = tracker->period_position;
  const uint32_t done = samples_in(tracker, begin);
  cell_process(cell, 1, tracker->silent_state, silence, out,
               samples_in(tracker, begin + n_frames) - done);
  for (uint32_t i = 0; i < n_frames; ++i) {
    const uint32_t n = samples_in(tracker, begin + i + 1) - done;
    tracker->followed[i] = n ? out[n - 1] : tracker->offset.to;
  }
  tracker->offset.to = tracker->followed[n_frames - 1];
  tracker->period_position = begin + n_frames;
}

void
dc_tracker_wake(DcTracker* tracker) NONBLOCKING
{
  tracker->samples_left = PRIME_SAMPLES;
}

void
dc_tracker_begin_period(DcTracker* tracker, const Cell* cell, bool is_ramping) NONBLOCKING
{
  tracker->offset.from = tracker->offset.to;
  tracker->period_position = 0;
  if (tracker->followed_periods_left) {
    --tracker->followed_periods_left;
  }
  if (tracker->samples_left && !dc_tracker_is_following(tracker)) {
    const uint32_t n_samples =
        1 + (tracker->period_samples - 1) / (is_ramping ? RAMPING_SLOWNESS : 1);
    tracker->offset.to = run_silence(tracker, cell, n_samples);
    tracker->samples_left -= n_samples < tracker->samples_left ? n_samples : tracker->samples_left;
  }
}
