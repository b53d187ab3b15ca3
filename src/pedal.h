// SPDX-License-Identifier: MIT
// The pedal: one channel of sound through a model, with smoothed knobs, level and bypass.
#ifndef OD3_PEDAL_H
#define OD3_PEDAL_H

#include "packed_model.h"
#include "realtime.h"
#include "voices.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct Pedal Pedal;

typedef struct {
  float knobs[MAX_KNOBS]; // each -1 to +1; those that the model lacks are ignored
  float level_db;         // -30 to +12
  Oversampling oversampling;
  bool enabled;
} PedalControls;

// A pedal at rest, or NULL when there is no memory. The model must outlive it. Not the audio
// thread.
Pedal*
pedal_new(const PackedModel* model, double sample_rate_hz);

// NULL is allowed.
void
pedal_free(Pedal* pedal);

// Puts the pedal in the state in which it would be after long silence at these controls: the next
// sound starts settled. Runs the network for a fixed while; never blocks.
void
pedal_settle(Pedal* pedal, const PedalControls* controls) NONBLOCKING;

// Plays n_frames of `in`, any numbers at all, into `out`, which may be the same; any n_frames.
// Controls move to their new values without a click, knobs from one glide of 512 frames to the
// next; but if they changed between pedal_settle and the first run, that run starts at the new
// ones, at the price of 2048 samples more of work. (A run of no frames before it takes the new
// oversampling, for its latency, and nothing else.) While oversampling changes, for 40 ms, the
// network runs twice. Audio thread; its time depends on n_frames, the model and whether controls
// change, never on the sound.
void
pedal_run(Pedal* pedal, const PedalControls* controls, const float* in, float* out,
          uint32_t n_frames) NONBLOCKING;

// How many frames the output lags behind the input, enabled or not: that of the oversampling which
// is heard or, while it changes, will be. At most 63. Audio thread or when it does not run.
uint32_t
pedal_latency_frames(const Pedal* pedal) NONBLOCKING;

#endif
