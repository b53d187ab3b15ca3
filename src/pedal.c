// SPDX-License-Identifier: MIT
#include "pedal.h"

#include "gru.h"
#include "smoother.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  TICK_FRAMES = 64,     // knobs are read and conditioned this often,
  GLIDE_FRAMES = 8,     // and the parameters go to their new values in steps of this
  SETTLE_FRAMES = 4096, // silence in which the network comes to rest
  START_FRAMES = 2048,  // silence that the first run can afford, from rest at other knobs
  IDLE_FRAMES = 8,      // of silence, a tick, that the idle network plays until it rests
};

static const float silence[TICK_FRAMES];
static const double ramp_s = 0.15;          // a knob turned at once takes this long
static const double crossfade_s = 0.02;     // and so does bypass
static const float largest_input = 1000.0f; // +60 dBFS: far beyond any converter

// A value that moves in a straight line through each tick.
typedef struct {
  float from;
  float to;
} Line;

struct Pedal {
  const Model* model;
  Gru gru;      // of theta
  float* theta; // the network's parameters now
  float* aim;   // where the moved ones go during this tick
  uint32_t glides_left;
  float state[GRU_MAX_HIDDEN];

  // The network's output in silence moves with the knobs, and is no part of the sound. A second
  // state, which hears only silence, tells it: exact, without a filter in the sound's way.
  float idle_state[GRU_MAX_HIDDEN];
  uint32_t idle_ticks_left; // until it rests
  Line idle_line;

  bool is_fresh; // settled, and not run yet
  uint32_t ramp_ticks;
  uint32_t crossfade_ticks;
  Smoother knobs[MAX_KNOBS];
  Smoother level_db;
  Smoother wet;
  uint32_t tick_position; // frames since the tick began
  Line gain_line;
  Line wet_line;

  float parameters[]; // theta and aim
};

static uint32_t
ticks(double seconds, double sample_rate_hz)
{
  const double n_ticks = ceil(seconds * sample_rate_hz / (double)TICK_FRAMES);
  return n_ticks < 1.0 ? 1U : n_ticks > 1e6 ? 1000000U : (uint32_t)n_ticks;
}

static float
db_to_gain(float level_db) NONBLOCKING
{
  return expf(level_db * 0.11512925464970229f); // ln(10) / 20
}

Pedal*
pedal_new(const Model* model, double sample_rate_hz)
{
  const size_t n_parameters = model->conditioning.n_theta + model->conditioning.n_moved;
  Pedal* pedal = calloc(1, sizeof *pedal + n_parameters * sizeof(float));
  if (!pedal) {
    return NULL;
  }
  pedal->theta = pedal->parameters;
  pedal->aim = pedal->parameters + model->conditioning.n_theta;
  conditioning_init(&model->conditioning, pedal->theta);
  pedal->model = model;
  pedal->gru = (Gru){model->hidden_size, pedal->theta, model->out_weight, model->out_bias};
  pedal->ramp_ticks = ticks(ramp_s, sample_rate_hz);
  pedal->crossfade_ticks = ticks(crossfade_s, sample_rate_hz);
  return pedal;
}

void
pedal_free(Pedal* pedal)
{
  free(pedal);
}

// The moved parameters at the knobs' values, to theta or to aim.
static void
condition(const Pedal* pedal, float* parameters) NONBLOCKING
{
  float knobs[MAX_KNOBS];
  for (unsigned i = 0; i < MAX_KNOBS; ++i) {
    knobs[i] = pedal->knobs[i].value;
  }
  conditioning_apply(&pedal->model->conditioning, knobs, parameters);
}

// One of the even steps that take theta to its aim, which the last one reaches exactly.
static void
glide(Pedal* pedal) NONBLOCKING
{
  const size_t n_moved = pedal->model->conditioning.n_moved;
  const float left = 1.0f - 1.0f / (float)pedal->glides_left;
  for (size_t i = 0; i < n_moved; ++i) {
    pedal->theta[i] = pedal->aim[i] + left * (pedal->theta[i] - pedal->aim[i]);
  }
  --pedal->glides_left;
}

// Plays silence to a state; the mean output.
static float
play_silence(const Pedal* pedal, float* state, uint32_t n_frames) NONBLOCKING
{
  float out[TICK_FRAMES];
  gru_process(&pedal->gru, state, silence, out, n_frames);
  float sum = 0.0f;
  for (uint32_t i = 0; i < n_frames; ++i) {
    sum += out[i];
  }
  return sum / (float)n_frames;
}

// All controls at their places, and the network at rest, as far as n_frames of silence bring it.
static void
settle(Pedal* pedal, const PedalControls* controls, uint32_t n_frames) NONBLOCKING
{
  for (unsigned i = 0; i < MAX_KNOBS; ++i) {
    smoother_reset(&pedal->knobs[i], controls->knobs[i]);
  }
  smoother_reset(&pedal->level_db, controls->level_db);
  smoother_reset(&pedal->wet, controls->enabled ? 1.0f : 0.0f);
  pedal->gain_line.to = db_to_gain(controls->level_db);
  pedal->wet_line.to = pedal->wet.value;

  condition(pedal, pedal->theta);
  pedal->glides_left = 0;
  for (uint32_t n = 0; n < n_frames; n += TICK_FRAMES) {
    pedal->idle_line.to = play_silence(pedal, pedal->state, TICK_FRAMES);
  }
  memcpy(pedal->idle_state, pedal->state, sizeof pedal->state);
  pedal->idle_ticks_left = SETTLE_FRAMES / IDLE_FRAMES;
}

void
pedal_settle(Pedal* pedal, const PedalControls* controls) NONBLOCKING
{
  memset(pedal->state, 0, sizeof pedal->state);
  settle(pedal, controls, SETTLE_FRAMES);
  pedal->tick_position = 0;
  pedal->is_fresh = true;
}

static bool
is_settled_at(const Pedal* pedal, const PedalControls* controls) NONBLOCKING
{
  bool is_there = controls->level_db == pedal->level_db.value &&
                  (controls->enabled ? 1.0f : 0.0f) == pedal->wet.value;
  for (unsigned i = 0; i < MAX_KNOBS; ++i) {
    is_there = is_there && controls->knobs[i] == pedal->knobs[i].value;
  }
  return is_there;
}

static void
take_controls(Pedal* pedal, const PedalControls* controls) NONBLOCKING
{
  for (unsigned i = 0; i < MAX_KNOBS; ++i) {
    smoother_aim(&pedal->knobs[i], controls->knobs[i], pedal->ramp_ticks);
  }
  smoother_aim(&pedal->level_db, controls->level_db, pedal->ramp_ticks);
  smoother_aim(&pedal->wet, controls->enabled ? 1.0f : 0.0f, pedal->crossfade_ticks);
}

static void
begin_tick(Pedal* pedal) NONBLOCKING
{
  bool moved = false;
  for (unsigned i = 0; i < MAX_KNOBS; ++i) {
    moved |= smoother_tick(&pedal->knobs[i]);
  }
  if (moved) {
    condition(pedal, pedal->aim);
    pedal->glides_left = TICK_FRAMES / GLIDE_FRAMES;
    pedal->idle_ticks_left = SETTLE_FRAMES / IDLE_FRAMES;
  }
  pedal->idle_line.from = pedal->idle_line.to;
  if (pedal->idle_ticks_left) {
    --pedal->idle_ticks_left;
    pedal->idle_line.to = play_silence(pedal, pedal->idle_state, IDLE_FRAMES);
  }

  pedal->gain_line.from = pedal->gain_line.to;
  if (smoother_tick(&pedal->level_db)) {
    pedal->gain_line.to = db_to_gain(pedal->level_db.value);
  }
  smoother_tick(&pedal->wet);
  pedal->wet_line.from = pedal->wet_line.to;
  pedal->wet_line.to = pedal->wet.value;
}

// Zero for NaN, and no more than the network was seen to stand.
static float
tame(float x) NONBLOCKING
{
  if (!(fabsf(x) <= largest_input)) {
    return x > 0.0f ? largest_input : x < 0.0f ? -largest_input : 0.0f;
  }
  return x;
}

static float
along(Line line, uint32_t position) NONBLOCKING
{
  return line.from + (line.to - line.from) * ((float)(position + 1U) / (float)TICK_FRAMES);
}

// At most the rest of a tick, or of a glide's step.
static void
run_part(Pedal* pedal, const float* in, float* out, uint32_t n_frames) NONBLOCKING
{
  float dry[TICK_FRAMES] = {0.0f};
  float wet[TICK_FRAMES];
  for (uint32_t i = 0; i < n_frames; ++i) {
    dry[i] = tame(in[i]);
  }
  gru_process(&pedal->gru, pedal->state, dry, wet, n_frames);

  const bool is_bypassed = pedal->wet_line.from == 0.0f && pedal->wet_line.to == 0.0f;
  for (uint32_t i = 0; i < n_frames; ++i) {
    const uint32_t position = pedal->tick_position + i;
    const float sound = wet[i] - along(pedal->idle_line, position);
    const float effect = sound * along(pedal->gain_line, position);
    const float mix = along(pedal->wet_line, position);
    out[i] = is_bypassed ? in[i] : mix * effect + (1.0f - mix) * dry[i];
  }
}

void
pedal_run(Pedal* pedal, const PedalControls* controls, const float* in, float* out,
          uint32_t n_frames) NONBLOCKING
{
  if (n_frames == 0) {
    return;
  }
  // Some hosts set their controls only now: then there is nothing yet to glide from.
  if (pedal->is_fresh && !is_settled_at(pedal, controls)) {
    settle(pedal, controls, START_FRAMES);
  }
  pedal->is_fresh = false;
  take_controls(pedal, controls);
  for (uint32_t done = 0; done < n_frames;) {
    if (pedal->tick_position == 0) {
      begin_tick(pedal);
    }
    if (pedal->glides_left && pedal->tick_position % GLIDE_FRAMES == 0) {
      glide(pedal);
    }
    const uint32_t grain = pedal->glides_left ? GLIDE_FRAMES : TICK_FRAMES;
    const uint32_t left = grain - pedal->tick_position % grain;
    const uint32_t n_part = left < n_frames - done ? left : n_frames - done;
    run_part(pedal, in + done, out + done, n_part);
    done += n_part;
    pedal->tick_position = (pedal->tick_position + n_part) % TICK_FRAMES;
  }
}
