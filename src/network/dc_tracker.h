// SPDX-License-Identifier: MIT
// Tracks the DC offset: the network's output in silence, which moves with the knobs and is no part
// of the sound. A copy of the network that hears only silence yields it exactly, without a filter
// in the signal path. The silent copy has one state, the silent state: any state delay has the same
// fixed point, so the copy runs at the model's rate, and slower than real time to save work.
#ifndef OD3_DC_TRACKER_H
#define OD3_DC_TRACKER_H

#include "common/control_period.h"
#include "common/memory.h"
#include "common/ramp.h"
#include "common/realtime.h"
#include "rnn/cell.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

enum { DC_TRACKER_MAX_PACE = 8 }; // samples in a frame of the host

typedef struct {
  alignas(ALIGNMENT) float silent_state[CELL_MAX_STATE];
  uint32_t period_samples; // of silence in a control period after a ramp; fewer during one
  uint32_t samples_left;   // of silence until the offset counts as steady and costs nothing
  Ramp offset;             // over the present control period

  uint32_t real_time_samples;            // of silence in a control period, while it follows
  uint32_t followed_periods_left;        // in which the silent copy keeps that pace
  uint32_t period_position;              // frames of the present control period, while it does
  float followed[CONTROL_PERIOD_FRAMES]; // the offset of each frame of the last dc_tracker_advance
} DcTracker;

// Initialises a tracker for a host's and a model's rate. Any thread.
void
dc_tracker_init(DcTracker* tracker, double sample_rate_hz, double model_rate_hz) NONBLOCKING;

// Runs the silent copy from a state of 0 until it is steady: 12,288 samples. The offset jumps there
// with the next control period. Audio thread, or any thread while no audio runs.
void
dc_tracker_prime(DcTracker* tracker, const Cell* cell) NONBLOCKING;

// Jumps to where dc_tracker_prime has come to before: a state [CELL_MAX_STATE] and its offset.
// Threads as dc_tracker_prime.
void
dc_tracker_jump(DcTracker* tracker, const float* state, float offset) NONBLOCKING;

// Follows a network that starts in the present silent state with other parameters, so that it is
// not steady: for 2,048 samples, which begin with the next control period, the silent copy keeps
// the network's pace, model_samples in a frame of the host, limited to 1/64 to 8. Where the network
// hears silence, nothing is left. Audio thread.
void
dc_tracker_follow(DcTracker* tracker, double model_samples) NONBLOCKING;

// Returns whether the offset of the present control period is `followed`, not `offset`. Audio
// thread.
static inline bool
dc_tracker_is_following(const DcTracker* tracker) NONBLOCKING
{
  return tracker->followed_periods_left != 0;
}

// Computes `followed` for the next n_frames of the control period, at least 1, if the silent copy
// follows the network. Call it for all of the period's frames, in turn. Audio thread.
void
dc_tracker_advance(DcTracker* tracker, const Cell* cell, uint32_t n_frames) NONBLOCKING;

// Runs the silent copy in the coming control periods: the parameters move. Audio thread.
void
dc_tracker_wake(DcTracker* tracker) NONBLOCKING;

// Begins a control period: unless it follows the network, runs the silent copy a little further, at
// a third of the pace while the parameters ramp, when there is other work. Audio thread.
void
dc_tracker_begin_period(DcTracker* tracker, const Cell* cell, bool is_ramping) NONBLOCKING;

#endif
