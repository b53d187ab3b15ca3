// SPDX-License-Identifier: MIT
#include "engine/pedal.h"

#include "common/control_period.h"
#include "common/memory.h"
#include "common/ramp.h"
#include "engine/oversampling_switch.h"
#include "engine/peak_meter.h"
#include "engine/sanitize.h"
#include "engine/smooth_gain.h"
#include "engine/smoother.h"
#include "network/network.h"

#include <math.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

static const double knob_ramp_s = 0.15; // from the old to the new value of a knob or a gain
static const double crossfade_s = 0.02; // of blend, bypass and a change of engine
static const double fade_in_s = 0.025;  // of a network that starts at late knobs

struct Pedal {
  unsigned n_channels;
  Network network;
  OversamplingSwitch* oversampling_switch;
  bool is_primed; // and has not run since
  uint32_t gain_ramp_periods;
  uint32_t knob_ramp_steps; // each of them a parameter ramp
  uint32_t crossfade_periods;
  Smoother knobs[MAX_KNOBS]; // advance once in a parameter ramp
  SmoothGain input;
  SmoothGain level;
  SmoothGain dry;   // 0 dB but in a matched bypass
  Smoother fade_in; // of the network's sound; its square is a factor
  uint32_t fade_in_periods;
  Smoother wet;             // the network's part of the output; advances once in a control period
  uint32_t period_position; // frames since the control period began
  Ramp wet_ramp;
  Ramp effect_factor; // of level and fade-in, over the present period
  double sample_rate_hz;
  PeakMeter input_meter;
  PeakMeter output_meter;
  PeakMeter slow_input_meter; // of the light

  alignas(ALIGNMENT) float parameters[]; // the network's memory
};

// Returns how many intervals of interval_frames fill a time, at least 1.
static uint32_t
intervals_in(double seconds, double sample_rate_hz, uint32_t interval_frames)
{
  const double n = ceil(seconds * sample_rate_hz / (double)interval_frames);
  return n < 1.0 ? 1U : n > 1e6 ? 1000000U : (uint32_t)n;
}

Pedal*
pedal_new(const PackedModel* model, double sample_rate_hz)
{
  return pedal_new_with_channels(model, sample_rate_hz, 1);
}

Pedal*
pedal_new_with_channels(const PackedModel* model, double sample_rate_hz, unsigned n_channels)
{
  Pedal* pedal = aligned_zeros(sizeof *pedal + network_n_floats(model) * sizeof(float));
  if (!pedal) {
    return NULL;
  }
  network_init(&pedal->network, model, sample_rate_hz, pedal->parameters);
  pedal->n_channels = n_channels;
  pedal->sample_rate_hz = sample_rate_hz;
  pedal->gain_ramp_periods = intervals_in(knob_ramp_s, sample_rate_hz, CONTROL_PERIOD_FRAMES);
  pedal->knob_ramp_steps = intervals_in(knob_ramp_s, sample_rate_hz, PARAMETER_RAMP_FRAMES);
  pedal->crossfade_periods = intervals_in(crossfade_s, sample_rate_hz, CONTROL_PERIOD_FRAMES);
  pedal->fade_in_periods = intervals_in(fade_in_s, sample_rate_hz, CONTROL_PERIOD_FRAMES);
  pedal->oversampling_switch =
      oversampling_switch_new(model, sample_rate_hz, pedal->crossfade_periods, n_channels);
  if (!pedal->oversampling_switch) {
    pedal_free(pedal);
    return NULL;
  }
  return pedal;
}

void
pedal_free(Pedal* pedal)
{
  if (pedal) {
    oversampling_switch_free(pedal->oversampling_switch);
    free(pedal);
  }
}

uint32_t
pedal_latency_frames(const Pedal* pedal) NONBLOCKING
{
  return oversampling_switch_latency_frames(pedal->oversampling_switch);
}

static float
wet_target(const PedalControls* controls) NONBLOCKING
{
  return controls->enabled ? controls->blend : 0.0f;
}

// Returns the gain of the input's part.
static float
dry_target_db(const Pedal* pedal, const PedalControls* controls) NONBLOCKING
{
  if (controls->enabled || !controls->match) {
    return 0.0f;
  }
  const LoudnessTable* table = &pedal->network.parameters.model->loudness;
  return loudness_table_gain_db(table, controls->knobs, controls->input_db, controls->level_db,
                                controls->blend);
}

// Moves all smoothers to the controls at once; the network is left to the caller.
static void
jump_to(Pedal* pedal, const PedalControls* controls) NONBLOCKING
{
  for (unsigned i = 0; i < MAX_KNOBS; ++i) {
    smoother_reset(&pedal->knobs[i], controls->knobs[i]);
  }
  smooth_gain_reset(&pedal->input, controls->input_db);
  smooth_gain_reset(&pedal->level, controls->level_db);
  smooth_gain_reset(&pedal->dry, dry_target_db(pedal, controls));
  smoother_reset(&pedal->wet, wet_target(controls));
  smoother_reset(&pedal->fade_in, 1.0f);
  pedal->effect_factor.to = pedal->level.factor.to;
  pedal->wet_ramp.to = pedal->wet.value;
}

static void
reset_engines(Pedal* pedal, const PedalControls* controls) NONBLOCKING
{
  oversampling_switch_reset_to(pedal->oversampling_switch, controls->oversampling, controls->phase,
                               network_silent_state(&pedal->network));
}

void
pedal_prime(Pedal* pedal, const PedalControls* controls) NONBLOCKING
{
  jump_to(pedal, controls);
  network_prime(&pedal->network, controls->knobs);
  reset_engines(pedal, controls);
  peak_meter_reset(&pedal->input_meter, pedal->sample_rate_hz, PEAK_METER_FALL_S);
  peak_meter_reset(&pedal->output_meter, pedal->sample_rate_hz, PEAK_METER_FALL_S);
  peak_meter_reset(&pedal->slow_input_meter, pedal->sample_rate_hz, INPUT_LEVEL_FALL_S);
  pedal->period_position = 0;
  pedal->is_primed = true;
}

void
pedal_start(Pedal* pedal) NONBLOCKING
{
  pedal->is_primed = false;
}

// Starts the network at other knobs than it was primed at. It then moves to another silence, which
// the tracker subtracts, but meanwhile sound may be louder than it should be.
static void
start_at_late_knobs(Pedal* pedal, const float* knobs) NONBLOCKING
{
  network_follow(&pedal->network, knobs,
                 oversampling_switch_model_samples(pedal->oversampling_switch));
  smoother_reset(&pedal->fade_in, 0.0f);
  smoother_set_target(&pedal->fade_in, 1.0f, pedal->fade_in_periods);
  pedal->effect_factor.to = 0.0f;
}

// Some hosts set their controls only before the first run: nothing sounds yet, so the pedal jumps.
static void
take_late_controls(Pedal* pedal, const PedalControls* controls, uint32_t n_frames) NONBLOCKING
{
  reset_engines(pedal, controls);
  if (n_frames) {
    bool have_moved = false;
    for (unsigned i = 0; i < MAX_KNOBS; ++i) {
      have_moved |= controls->knobs[i] != pedal->knobs[i].value;
    }
    jump_to(pedal, controls);
    if (have_moved) {
      start_at_late_knobs(pedal, controls->knobs);
    }
    pedal->is_primed = false;
  }
}

static void
set_targets(Pedal* pedal, const PedalControls* controls) NONBLOCKING
{
  for (unsigned i = 0; i < MAX_KNOBS; ++i) {
    smoother_set_target(&pedal->knobs[i], controls->knobs[i], pedal->knob_ramp_steps);
  }
  smoother_set_target(&pedal->input.db, controls->input_db, pedal->gain_ramp_periods);
  smoother_set_target(&pedal->level.db, controls->level_db, pedal->gain_ramp_periods);
  smoother_set_target(&pedal->dry.db, dry_target_db(pedal, controls), pedal->crossfade_periods);
  smoother_set_target(&pedal->wet, wet_target(controls), pedal->crossfade_periods);
}

// Starts the next parameter ramp if a knob is still on its way.
static void
advance_knobs(Pedal* pedal) NONBLOCKING
{
  bool have_moved = false;
  float knobs[MAX_KNOBS];
  for (unsigned i = 0; i < MAX_KNOBS; ++i) {
    have_moved |= smoother_advance(&pedal->knobs[i]);
    knobs[i] = pedal->knobs[i].value;
  }
  if (have_moved) {
    network_start_ramp(&pedal->network, knobs);
  }
}

static void
begin_period(Pedal* pedal, const PedalControls* controls) NONBLOCKING
{
  if (!network_is_ramping(&pedal->network)) {
    advance_knobs(pedal);
  }
  network_begin_period(&pedal->network);
  oversampling_switch_begin_period(pedal->oversampling_switch, controls->oversampling,
                                   controls->phase);
  peak_meter_begin_period(&pedal->input_meter);
  peak_meter_begin_period(&pedal->output_meter);
  peak_meter_begin_period(&pedal->slow_input_meter);
  smooth_gain_begin_period(&pedal->input);
  smooth_gain_begin_period(&pedal->level);
  pedal->effect_factor.from = pedal->effect_factor.to;
  smoother_advance(&pedal->fade_in);
  pedal->effect_factor.to = pedal->level.factor.to * pedal->fade_in.value * pedal->fade_in.value;
  smooth_gain_begin_period(&pedal->dry);
  smoother_advance(&pedal->wet);
  pedal->wet_ramp.from = pedal->wet_ramp.to;
  pedal->wet_ramp.to = pedal->wet.value;
}

// Multiplies n_frames of one control period by a ramp that began at its frame 0.
static void
amplify(Ramp factor, uint32_t period_position, const float* in, float* out,
        uint32_t n_frames) NONBLOCKING
{
  const int begin = (int)period_position;
  for (int i = 0; i < (int)n_frames; ++i) {
    out[i] = in[i] * ramp_at(factor, (float)(begin + i + 1) / (float)CONTROL_PERIOD_FRAMES);
  }
}

// Applies the input gain and makes the samples fit for the network.
static void
drive(Pedal* pedal, const float* in, float* driven, uint32_t n_frames) NONBLOCKING
{
  amplify(pedal->input.factor, pedal->period_position, in, driven, n_frames);
  for (uint32_t i = 0; i < n_frames; ++i) {
    driven[i] = sanitize_input(driven[i]);
  }
  peak_meter_add(&pedal->input_meter, driven, n_frames);
  peak_meter_raise(&pedal->slow_input_meter, &pedal->input_meter);
}

// Mixes the network's sound and the input for n_frames of one control period.
static void
mix(const Pedal* pedal, const float* effect, const float* dry, float* out,
    uint32_t n_frames) NONBLOCKING
{
  const Ramp wet_ramp = pedal->wet_ramp;
  const Ramp dry_factor = pedal->dry.factor;
  const int begin = (int)pedal->period_position;
  for (int i = 0; i < (int)n_frames; ++i) {
    const float at = (float)(begin + i + 1) / (float)CONTROL_PERIOD_FRAMES;
    const float wet = ramp_at(wet_ramp, at);
    const float dry_part = (1.0f - wet) * ramp_at(dry_factor, at);
    out[i] = wet * effect[i] + dry_part * sanitize_input(dry[i]);
  }
}

// Makes the output of one channel of the network's sound and the input, both as late as each other,
// for n_frames of one control period.
static void
finish(Pedal* pedal, float* wet, const float* dry, float* out, uint32_t n_frames) NONBLOCKING
{
  const bool is_wet = ramp_stays_at(pedal->wet_ramp, 1.0f);
  const bool is_dry = ramp_stays_at(pedal->wet_ramp, 0.0f);
  float* effect = is_wet ? out : wet;
  amplify(pedal->effect_factor, pedal->period_position, wet, effect, n_frames);
  if (is_dry && ramp_stays_at(pedal->dry.factor, 1.0f)) {
    memcpy(out, dry, n_frames * sizeof *out);
  } else if (!is_wet) {
    mix(pedal, effect, dry, out, n_frames);
  }
  peak_meter_add(&pedal->output_meter, out, n_frames);
}

// Processes n_frames of one control period from frame `begin` of the block on. The network's
// parameters are constant meanwhile. All inputs are read before an output is written.
static void
run_part(Pedal* pedal, const float* const* in, float* const* out, uint32_t begin,
         uint32_t n_frames) NONBLOCKING
{
  float wet[PEDAL_MAX_CHANNELS][CONTROL_PERIOD_FRAMES];
  float dry[PEDAL_MAX_CHANNELS][CONTROL_PERIOD_FRAMES];
  float* const wets[PEDAL_MAX_CHANNELS] = {wet[0], wet[1]};
  float* const dries[PEDAL_MAX_CHANNELS] = {dry[0], dry[1]};
  const float* ins[PEDAL_MAX_CHANNELS];
  for (unsigned i = 0; i < pedal->n_channels; ++i) {
    ins[i] = in[i] + begin;
    drive(pedal, ins[i], wet[i], n_frames);
  }
  oversampling_switch_run(pedal->oversampling_switch, &pedal->network, pedal->period_position, ins,
                          wets, dries, n_frames);
  for (unsigned i = 0; i < pedal->n_channels; ++i) {
    finish(pedal, wet[i], dry[i], out[i] + begin, n_frames);
  }
}

void
pedal_run(Pedal* pedal, const PedalControls* controls, const float* in, float* out,
          uint32_t n_frames) NONBLOCKING
{
  pedal_run_channels(pedal, controls, &in, &out, n_frames);
}

void
pedal_run_channels(Pedal* pedal, const PedalControls* controls, const float* const* in,
                   float* const* out, uint32_t n_frames) NONBLOCKING
{
  if (pedal->is_primed) {
    take_late_controls(pedal, controls, n_frames);
  }
  if (n_frames == 0) {
    return;
  }
  set_targets(pedal, controls);
  for (uint32_t done = 0; done < n_frames;) {
    if (pedal->period_position == 0) {
      begin_period(pedal, controls);
    }
    const uint32_t left_in_period = CONTROL_PERIOD_FRAMES - pedal->period_position;
    const uint32_t left = n_frames - done;
    const uint32_t n_part =
        network_advance(&pedal->network, left_in_period < left ? left_in_period : left);
    run_part(pedal, in, out, done, n_part);
    done += n_part;
    pedal->period_position = (pedal->period_position + n_part) % CONTROL_PERIOD_FRAMES;
  }
}

float
pedal_input_peak_db(const Pedal* pedal) NONBLOCKING
{
  return peak_meter_db(&pedal->input_meter);
}

InputLevel
pedal_input_level(const Pedal* pedal) NONBLOCKING
{
  const ModelLevels* levels = &pedal->network.parameters.model->levels;
  return input_level_of(peak_meter_db(&pedal->slow_input_meter), levels);
}

float
pedal_output_peak_db(const Pedal* pedal) NONBLOCKING
{
  return peak_meter_db(&pedal->output_meter);
}
