// SPDX-License-Identifier: MIT
// Moves the network's parameters to where the knobs want them, in small linear steps: a jump would
// click.
#ifndef OD3_PARAMETER_RAMP_H
#define OD3_PARAMETER_RAMP_H

#include "common/realtime.h"
#include "model/mlp.h"
#include "model/packed_model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The length of a ramp in frames of the host: a multiple of CONTROL_PERIOD_FRAMES.
enum { PARAMETER_RAMP_FRAMES = 512 };

typedef struct {
  const PackedModel* model;
  float* theta;            // [model->n_theta], the present parameters
  float* target;           // [model->n_conditioned], where those that depend on the knobs go
  float knobs[MAX_KNOBS];  // at the target
  uint32_t steps_left;     // of the ramp
  uint32_t step_frames;    // frames of the host between two steps
  uint32_t frames_to_step; // or, after the last step, to the ramp's end
} ParameterRamp;

// Returns how many floats parameter_ramp_init takes. Any thread.
size_t
parameter_ramp_n_floats(const PackedModel* model) NONBLOCKING;

// Initialises a ramp. `memory` is aligned and holds parameter_ramp_n_floats(model) floats. The
// caller owns memory and model; both must outlive the ramp. theta is undefined until the first
// jump. Any thread.
void
parameter_ramp_init(ParameterRamp* ramp, const PackedModel* model, float* memory) NONBLOCKING;

// Sets the parameters to those of the knobs [MAX_KNOBS], each -1 to +1, and ends any ramp. Audio
// thread, or any thread while no audio runs.
void
parameter_ramp_jump(ParameterRamp* ramp, const float* knobs) NONBLOCKING;

// Starts a ramp to the knobs [MAX_KNOBS], each -1 to +1. No ramp may be under way. Audio thread.
void
parameter_ramp_start(ParameterRamp* ramp, const float* knobs) NONBLOCKING;

// Returns whether a ramp is under way. Audio thread.
static inline bool
parameter_ramp_is_moving(const ParameterRamp* ramp) NONBLOCKING
{
  return ramp->steps_left || ramp->frames_to_step;
}

// Makes the next step if it is due. Returns for how many frames, 1 to n_frames, the parameters then
// stay constant, and counts them as played. n_frames is at least 1. Audio thread.
uint32_t
parameter_ramp_advance(ParameterRamp* ramp, uint32_t n_frames) NONBLOCKING;

#endif
