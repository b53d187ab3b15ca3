// SPDX-License-Identifier: MIT
#include "network/parameter_ramp.h"

#include "common/control_period.h"

#include <math.h>
#include <string.h>

// The knob distance that one step may cover without a click, and the most steps of a ramp. A knob
// that jumps from end to end in 0.15 s makes a step every 8 frames at 48 kHz. With a step every 16
// frames, the sound's steps exceeded its own by 6 % (the test of controls measures them).
static const float max_step_distance = 0.0023f;
enum { MAX_STEPS = 64 };

_Static_assert(PARAMETER_RAMP_FRAMES % CONTROL_PERIOD_FRAMES == 0,
               "a ramp ends where a control period ends");

size_t
parameter_ramp_n_floats(const PackedModel* model) NONBLOCKING
{
  return model->n_theta + model->n_conditioned;
}

void
// NOLINTNEXTLINE(readability-non-const-parameter) // theta and target point into it
parameter_ramp_init(ParameterRamp* ramp, const PackedModel* model, float* memory) NONBLOCKING
{
  *ramp = (ParameterRamp){.model = model, .theta = memory, .target = memory + model->n_theta};
}

void
parameter_ramp_jump(ParameterRamp* ramp, const float* knobs) NONBLOCKING
{
  packed_model_theta(ramp->model, knobs, ramp->theta);
  memcpy(ramp->knobs, knobs, sizeof ramp->knobs);
  ramp->steps_left = 0;
  ramp->frames_to_step = 0;
}

// Returns the sum of the knobs' distances from the last target.
static float
knob_distance(const ParameterRamp* ramp, const float* knobs) NONBLOCKING
{
  float sum = 0.0f;
  for (unsigned i = 0; i < MAX_KNOBS; ++i) {
    sum += fabsf(knobs[i] - ramp->knobs[i]);
  }
  return sum;
}

void
parameter_ramp_start(ParameterRamp* ramp, const float* knobs) NONBLOCKING
{
  const uint32_t n_wanted = 1 + (uint32_t)(knob_distance(ramp, knobs) / max_step_distance);
  const uint32_t n_steps = n_wanted < MAX_STEPS ? n_wanted : MAX_STEPS;
  packed_model_conditioned_theta(ramp->model, knobs, ramp->target);
  memcpy(ramp->knobs, knobs, sizeof ramp->knobs);
  ramp->steps_left = n_steps;
  ramp->step_frames = PARAMETER_RAMP_FRAMES / n_steps;
}

// Makes one step. The last one copies the target, so that no rounding error stays.
static void
make_step(ParameterRamp* ramp) NONBLOCKING
{
  const size_t n = ramp->model->n_conditioned;
  if (ramp->steps_left > 1) {
    ramp->model->kernel->lerp(ramp->target, 1.0f / (float)ramp->steps_left, n, ramp->theta);
  } else {
    memcpy(ramp->theta, ramp->target, n * sizeof *ramp->theta);
  }
  --ramp->steps_left;
  ramp->frames_to_step = ramp->step_frames;
}

uint32_t
parameter_ramp_advance(ParameterRamp* ramp, uint32_t n_frames) NONBLOCKING
{
  if (ramp->steps_left && ramp->frames_to_step == 0) {
    make_step(ramp);
  }
  const uint32_t left = ramp->frames_to_step;
  const uint32_t n = left && left < n_frames ? left : n_frames;
  ramp->frames_to_step = left > n ? left - n : 0;
  return n;
}
