// SPDX-License-Identifier: MIT
#include "pedal.h"

#include "memory.h"
#include "network.h"
#include "smoother.h"
#include "tame.h"

#include <math.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

static const double ramp_s = 0.15;      // a knob turned at once takes this long
static const double crossfade_s = 0.02; // and so do bypass and a change of oversampling

struct Pedal {
  Network network;
  Voices* voices;
  bool is_fresh; // settled, and not run yet
  uint32_t ramp_ticks;
  uint32_t ramp_glides; // of the network
  uint32_t crossfade_ticks;
  Smoother knobs[MAX_KNOBS];
  Smoother level_db;
  Smoother wet;
  uint32_t tick_position; // frames since the tick began
  Line gain_line;
  Line wet_line;

  alignas(ALIGNMENT) float parameters[]; // of the network
};

static uint32_t
ticks(double seconds, double sample_rate_hz, uint32_t tick_frames)
{
  const double n_ticks = ceil(seconds * sample_rate_hz / (double)tick_frames);
  return n_ticks < 1.0 ? 1U : n_ticks > 1e6 ? 1000000U : (uint32_t)n_ticks;
}

static float
db_to_gain(float level_db) NONBLOCKING
{
  return expf(level_db * 0.11512925464970229f); // ln(10) / 20
}

Pedal*
pedal_new(const PackedModel* model, double sample_rate_hz)
{
  Pedal* pedal = aligned_zeros(sizeof *pedal + network_n_floats(model) * sizeof(float));
  if (!pedal) {
    return NULL;
  }
  network_init(&pedal->network, model, sample_rate_hz, pedal->parameters);
  pedal->ramp_ticks = ticks(ramp_s, sample_rate_hz, TICK_FRAMES);
  pedal->ramp_glides = ticks(ramp_s, sample_rate_hz, GLIDE_FRAMES);
  pedal->crossfade_ticks = ticks(crossfade_s, sample_rate_hz, TICK_FRAMES);
  pedal->voices = voices_new(model, sample_rate_hz, pedal->crossfade_ticks);
  if (!pedal->voices) {
    pedal_free(pedal);
    return NULL;
  }
  return pedal;
}

void
pedal_free(Pedal* pedal)
{
  if (pedal) {
    voices_free(pedal->voices);
    free(pedal);
  }
}

uint32_t
pedal_latency_frames(const Pedal* pedal) NONBLOCKING
{
  return voices_latency_frames(pedal->voices);
}

// All controls at their places, and the network at rest.
static void
settle(Pedal* pedal, const PedalControls* controls, bool is_at_rest) NONBLOCKING
{
  for (unsigned i = 0; i < MAX_KNOBS; ++i) {
    smoother_reset(&pedal->knobs[i], controls->knobs[i]);
  }
  smoother_reset(&pedal->level_db, controls->level_db);
  smoother_reset(&pedal->wet, controls->enabled ? 1.0f : 0.0f);
  pedal->gain_line.to = db_to_gain(controls->level_db);
  pedal->wet_line.to = pedal->wet.value;
  network_settle(&pedal->network, controls->knobs, is_at_rest);
}

void
pedal_settle(Pedal* pedal, const PedalControls* controls) NONBLOCKING
{
  settle(pedal, controls, false);
  voices_rest(pedal->voices, controls->oversampling, pedal->network.idle_state);
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
    smoother_aim(&pedal->knobs[i], controls->knobs[i], pedal->ramp_glides);
  }
  smoother_aim(&pedal->level_db, controls->level_db, pedal->ramp_ticks);
  smoother_aim(&pedal->wet, controls->enabled ? 1.0f : 0.0f, pedal->crossfade_ticks);
}

// A glide that is under way is finished before the knobs move on.
static void
move_knobs(Pedal* pedal) NONBLOCKING
{
  bool have_moved = false;
  float knobs[MAX_KNOBS];
  for (unsigned i = 0; i < MAX_KNOBS; ++i) {
    have_moved |= smoother_tick(&pedal->knobs[i]);
    knobs[i] = pedal->knobs[i].value;
  }
  if (have_moved) {
    network_glide(&pedal->network, knobs);
  }
}

static void
begin_tick(Pedal* pedal, Oversampling oversampling) NONBLOCKING
{
  if (!network_is_gliding(&pedal->network)) {
    move_knobs(pedal);
  }
  network_begin_tick(&pedal->network);
  voices_begin_tick(pedal->voices, oversampling);

  pedal->gain_line.from = pedal->gain_line.to;
  if (smoother_tick(&pedal->level_db)) {
    pedal->gain_line.to = db_to_gain(pedal->level_db.value);
  }
  smoother_tick(&pedal->wet);
  pedal->wet_line.from = pedal->wet_line.to;
  pedal->wet_line.to = pedal->wet.value;
}

// At most the rest of a tick, or of a step of the network's parameters.
static void
run_part(Pedal* pedal, const float* in, float* out, uint32_t n_frames) NONBLOCKING
{
  float wet[TICK_FRAMES];
  float dry[TICK_FRAMES];
  const Line gain_line = pedal->gain_line;
  const Line wet_line = pedal->wet_line;
  const int begin = (int)pedal->tick_position;
  voices_run(pedal->voices, &pedal->network, pedal->tick_position, in, wet, dry, n_frames);
  const bool is_wet = wet_line.from == 1.0f && wet_line.to == 1.0f;
  const bool is_bypassed = wet_line.from == 0.0f && wet_line.to == 0.0f;
  float* effect = is_wet ? out : wet;
  for (int i = 0; i < (int)n_frames; ++i) {
    effect[i] = wet[i] * line_at(gain_line, (float)(begin + i + 1) / (float)TICK_FRAMES);
  }
  if (is_bypassed) {
    memcpy(out, dry, n_frames * sizeof *out);
  } else if (!is_wet) {
    for (int i = 0; i < (int)n_frames; ++i) {
      const float mix = line_at(wet_line, (float)(begin + i + 1) / (float)TICK_FRAMES);
      out[i] = mix * effect[i] + (1.0f - mix) * tame(dry[i]);
    }
  }
}

void
pedal_run(Pedal* pedal, const PedalControls* controls, const float* in, float* out,
          uint32_t n_frames) NONBLOCKING
{
  // Some hosts set their controls only now: then there is nothing yet to glide from.
  if (pedal->is_fresh) {
    if (n_frames && !is_settled_at(pedal, controls)) {
      settle(pedal, controls, true);
    }
    voices_rest(pedal->voices, controls->oversampling, pedal->network.idle_state);
    pedal->is_fresh = n_frames == 0;
  }
  if (n_frames == 0) {
    return;
  }
  take_controls(pedal, controls);
  for (uint32_t done = 0; done < n_frames;) {
    if (pedal->tick_position == 0) {
      begin_tick(pedal, controls->oversampling);
    }
    const uint32_t left = TICK_FRAMES - pedal->tick_position;
    const uint32_t n_most = left < n_frames - done ? left : n_frames - done;
    const uint32_t n_part = network_advance(&pedal->network, n_most);
    run_part(pedal, in + done, out + done, n_part);
    done += n_part;
    pedal->tick_position = (pedal->tick_position + n_part) % TICK_FRAMES;
  }
}
