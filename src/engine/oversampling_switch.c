// SPDX-License-Identifier: MIT
#include "engine/oversampling_switch.h"

#include "common/control_period.h"
#include "common/ramp.h"
#include "engine/delay_line.h"
#include "engine/engine.h"
#include "engine/oversampler.h"
#include "engine/smoother.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct OversamplingSwitch {
  Engine* by_stages[OVERSAMPLER_MAX_STAGES + 1][N_PHASES]; // NULL where no choice needs one
  Engine* choices[N_OVERSAMPLINGS][N_PHASES]; // point into by_stages; high rates share one
  Engine* active;
  Engine* incoming; // NULL when no change is under way
  unsigned n_channels;
  DelayLine inputs[ENGINE_MAX_CHANNELS]; // the unchanged input
  uint32_t crossfade_periods;
  uint32_t warmup_periods_left;
  Smoother crossfade; // 0: active engine, 1: incoming engine
  Ramp crossfade_ramp;
};

// Makes the engine of a choice, or finds it where another choice needs the same: without stages,
// both phases do. Returns false when memory is short.
static bool
make_choice(OversamplingSwitch* sw, const PackedModel* model, double sample_rate_hz,
            Oversampling oversampling, Phase phase)
{
  const unsigned n_stages =
      engine_n_stages(model, sample_rate_hz, oversampling_factor(oversampling));
  Engine** engine = &sw->by_stages[n_stages][n_stages ? phase : PHASE_LINEAR];
  if (!*engine) {
    *engine = engine_new(model, sample_rate_hz, n_stages, phase, sw->n_channels);
  }
  sw->choices[oversampling][phase] = *engine;
  return *engine;
}

OversamplingSwitch*
oversampling_switch_new(const PackedModel* model, double sample_rate_hz, uint32_t crossfade_periods,
                        unsigned n_channels)
{
  OversamplingSwitch* sw = calloc(1, sizeof *sw);
  if (!sw) {
    return NULL;
  }
  sw->crossfade_periods = crossfade_periods;
  sw->n_channels = n_channels;
  for (unsigned i = 0; i < N_OVERSAMPLING_PHASES; ++i) {
    if (!make_choice(sw, model, sample_rate_hz, (Oversampling)(i / N_PHASES),
                     (Phase)(i % N_PHASES))) {
      oversampling_switch_free(sw);
      return NULL;
    }
  }
  sw->active = sw->choices[OVERSAMPLING_1X][PHASE_LINEAR];
  return sw;
}

void
oversampling_switch_free(OversamplingSwitch* sw)
{
  if (sw) {
    for (unsigned i = 0; i <= OVERSAMPLER_MAX_STAGES; ++i) {
      engine_free(sw->by_stages[i][PHASE_LINEAR]);
      engine_free(sw->by_stages[i][PHASE_MINIMUM]);
    }
    free(sw);
  }
}

void
oversampling_switch_reset_to(OversamplingSwitch* sw, Oversampling oversampling, Phase phase,
                             const float* state) NONBLOCKING
{
  sw->active = sw->choices[oversampling][phase];
  sw->incoming = NULL;
  for (unsigned i = 0; i < sw->n_channels; ++i) {
    sw->inputs[i] = (DelayLine){0};
    engine_reset_to(sw->active, i, state);
  }
}

double
oversampling_switch_model_samples(const OversamplingSwitch* sw) NONBLOCKING
{
  return engine_model_samples(sw->active);
}

uint32_t
oversampling_switch_latency_frames(const OversamplingSwitch* sw) NONBLOCKING
{
  return engine_latency_frames(sw->incoming ? sw->incoming : sw->active);
}

static void
start_change(OversamplingSwitch* sw, Engine* incoming) NONBLOCKING
{
  sw->incoming = incoming;
  for (unsigned i = 0; i < sw->n_channels; ++i) {
    engine_reset_to(incoming, i, engine_state(sw->active, i));
  }
  sw->warmup_periods_left = sw->crossfade_periods;
  smoother_reset(&sw->crossfade, 0.0f);
  smoother_set_target(&sw->crossfade, 1.0f, sw->crossfade_periods);
  sw->crossfade_ramp = (Ramp){0.0f, 0.0f};
}

void
oversampling_switch_begin_period(OversamplingSwitch* sw, Oversampling oversampling,
                                 Phase phase) NONBLOCKING
{
  Engine* wanted = sw->choices[oversampling][phase];
  if (sw->incoming && sw->crossfade_ramp.to == 1.0f) {
    sw->active = sw->incoming;
    sw->incoming = NULL;
  }
  if (!sw->incoming && wanted != sw->active) {
    start_change(sw, wanted);
  }
  if (sw->incoming && sw->warmup_periods_left) {
    --sw->warmup_periods_left;
  } else if (sw->incoming) {
    smoother_advance(&sw->crossfade);
    sw->crossfade_ramp = (Ramp){sw->crossfade_ramp.to, sw->crossfade.value};
  }
}

// Mixes two samples; returns the first where the mixture is not finite.
static float
mix(float from, float to, float part) NONBLOCKING
{
  const float mixture = from + part * (to - from);
  return isfinite(mixture) ? mixture : from;
}

// Mixes a channel's incoming sound in, once the crossfade has begun.
static void
mix_in(Ramp crossfade, uint32_t period_position, const float* incoming, float* sound,
       uint32_t n_frames) NONBLOCKING
{
  const float step = 1.0f / (float)CONTROL_PERIOD_FRAMES;
  for (uint32_t i = 0; crossfade.to > 0.0f && i < n_frames; ++i) {
    const float part = ramp_at(crossfade, step * (float)(period_position + i + 1U));
    sound[i] = mix(sound[i], incoming[i], part);
  }
}

// Runs the active engine and, while a change is under way, the incoming one on the same input.
static void
run_engines(OversamplingSwitch* sw, const Network* network, uint32_t period_position,
            float* const* wet, uint32_t n_frames) NONBLOCKING
{
  float incoming[ENGINE_MAX_CHANNELS][CONTROL_PERIOD_FRAMES];
  float* const incoming_wet[ENGINE_MAX_CHANNELS] = {incoming[0], incoming[1]};
  for (unsigned i = 0; sw->incoming && i < sw->n_channels; ++i) {
    memcpy(incoming[i], wet[i], n_frames * sizeof *wet[i]);
  }
  engine_run(sw->active, network, period_position, wet, n_frames);
  if (sw->incoming) {
    engine_run(sw->incoming, network, period_position, incoming_wet, n_frames);
    for (unsigned i = 0; i < sw->n_channels; ++i) {
      mix_in(sw->crossfade_ramp, period_position, incoming[i], wet[i], n_frames);
    }
  }
}

void
oversampling_switch_run(OversamplingSwitch* sw, const Network* network, uint32_t period_position,
                        const float* const* in, float* const* wet, float* const* dry,
                        uint32_t n_frames) NONBLOCKING
{
  for (unsigned i = 0; i < sw->n_channels; ++i) {
    DelayLine* input = &sw->inputs[i];
    delay_line_push(input, in[i], n_frames);
    delay_line_read(input, engine_latency_frames(sw->active), dry[i], n_frames);
    if (sw->incoming) {
      float incoming[CONTROL_PERIOD_FRAMES];
      delay_line_read(input, engine_latency_frames(sw->incoming), incoming, n_frames);
      mix_in(sw->crossfade_ramp, period_position, incoming, dry[i], n_frames);
    }
  }
  run_engines(sw, network, period_position, wet, n_frames);
}
