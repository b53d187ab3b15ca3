// SPDX-License-Identifier: MIT
#include "engine/engine.h"

#include "common/control_period.h"
#include "common/ramp.h"
#include "engine/oversampler.h"
#include "rnn/state_delay.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

// A rate of at least this fraction of the wanted one will do: 44.1 kHz is 0.92 of 48 kHz.
static const double rate_tolerance = 0.9;

// The largest output of a network, +24 dBFS. Trained models stay below; a hostile one could reach
// 120 dB more.
static const float max_output = 15.85f;

struct Engine {
  unsigned n_stages;
  double model_samples; // in a frame
  unsigned n_channels;
  Oversampler* oversamplers[ENGINE_MAX_CHANNELS];
  unsigned n_state_delays; // 1, whose channels are the engine's, or one of a channel for each
  StateDelay* state_delays[ENGINE_MAX_CHANNELS];
};

// Returns the least rate that counts as `factor` times the model's.
static double
least_rate_hz(const PackedModel* model, unsigned factor) NONBLOCKING
{
  return rate_tolerance * (double)factor * (double)model->sample_rate_hz;
}

bool
engine_reaches_rate(const PackedModel* model, double sample_rate_hz) NONBLOCKING
{
  return sample_rate_hz * (double)OVERSAMPLER_MAX_FACTOR >= least_rate_hz(model, 1);
}

unsigned
engine_n_stages(const PackedModel* model, double sample_rate_hz, unsigned factor) NONBLOCKING
{
  const double least_hz = least_rate_hz(model, factor);
  unsigned n_stages = 0;
  while (n_stages < OVERSAMPLER_MAX_STAGES &&
         sample_rate_hz * (double)(1U << n_stages) < least_hz) {
    ++n_stages;
  }
  return n_stages;
}

// Returns whether channels run side by side. A whole delay of 4 fills the kernels' streams with one
// channel; then each runs on its own.
static bool
is_faster_together(double delay, unsigned n_channels)
{
  return delay != floor(delay) || delay * (double)n_channels <= (double)CELL_MAX_STREAMS;
}

static bool
allocate_parts(Engine* engine, Phase phase, const CellShape* shape, double delay)
{
  const unsigned n_together = engine->n_channels / engine->n_state_delays;
  bool has_all = true;
  for (unsigned i = 0; i < engine->n_channels; ++i) {
    engine->oversamplers[i] = oversampler_new(engine->n_stages, phase);
    has_all &= engine->oversamplers[i] != NULL;
  }
  for (unsigned i = 0; i < engine->n_state_delays; ++i) {
    engine->state_delays[i] = state_delay_new(shape, delay, n_together);
    has_all &= engine->state_delays[i] != NULL;
  }
  return has_all;
}

Engine*
engine_new(const PackedModel* model, double sample_rate_hz, unsigned n_stages, Phase phase,
           unsigned n_channels)
{
  Engine* engine = calloc(1, sizeof *engine);
  if (!engine) {
    return NULL;
  }
  const double delay = sample_rate_hz * (double)(1U << n_stages) / model->sample_rate_hz;
  engine->n_stages = n_stages;
  engine->model_samples = (double)(1U << n_stages) / fmax(delay, 1.0);
  engine->n_channels = n_channels;
  engine->n_state_delays = is_faster_together(delay, n_channels) ? 1 : n_channels;
  if (!allocate_parts(engine, phase, &model->shape, delay)) {
    engine_free(engine);
    return NULL;
  }
  return engine;
}

void
engine_free(Engine* engine)
{
  if (engine) {
    for (unsigned i = 0; i < ENGINE_MAX_CHANNELS; ++i) {
      oversampler_free(engine->oversamplers[i]);
      state_delay_free(engine->state_delays[i]);
    }
    free(engine);
  }
}

uint32_t
engine_latency_frames(const Engine* engine) NONBLOCKING
{
  return oversampler_latency_frames(engine->oversamplers[0]);
}

void
engine_reset_to(Engine* engine, unsigned channel, const float* state) NONBLOCKING
{
  const bool is_together = engine->n_state_delays == 1;
  oversampler_reset(engine->oversamplers[channel]);
  state_delay_reset_to(engine->state_delays[is_together ? 0 : channel], is_together ? channel : 0,
                       state);
}

double
engine_model_samples(const Engine* engine) NONBLOCKING
{
  return engine->model_samples;
}

const float*
engine_state(const Engine* engine, unsigned channel) NONBLOCKING
{
  const bool is_together = engine->n_state_delays == 1;
  return state_delay_newest(engine->state_delays[is_together ? 0 : channel],
                            is_together ? channel : 0);
}

// Runs the cell over n samples of two channels together, in place.
static void
run_together(Engine* engine, const Cell* cell, float* left, float* right, uint32_t n) NONBLOCKING
{
  float together[2 * OVERSAMPLER_MAX_FRAMES];
  for (size_t i = 0; i < n; ++i) {
    together[2 * i] = left[i];
    together[2 * i + 1] = right[i];
  }
  state_delay_run(engine->state_delays[0], cell, together, together, 2 * n);
  for (size_t i = 0; i < n; ++i) {
    left[i] = together[2 * i];
    right[i] = together[2 * i + 1];
  }
}

// Runs the cell over n samples of n_channels channels, in place.
static void
run_cell(Engine* engine, unsigned n_channels, const Cell* cell, float* const* samples,
         uint32_t n) NONBLOCKING
{
  if (n_channels == 2 && engine->n_state_delays == 1) {
    run_together(engine, cell, samples[0], samples[1], n);
    return;
  }
  for (unsigned i = 0; i < n_channels; ++i) {
    state_delay_run(engine->state_delays[i], cell, samples[i], samples[i], n);
  }
}

// Subtracts the DC offset from the samples of one channel, `factor` in a frame. `done` frames have
// passed since the last network_advance.
static void
subtract_dc_offset(const Network* network, uint32_t factor, uint32_t period_position, uint32_t done,
                   float* samples, uint32_t n_frames) NONBLOCKING
{
  const int n = (int)(factor * n_frames);
  const float* followed = network_followed_offset(network);
  if (followed) {
    for (int i = 0; i < n; ++i) {
      samples[i] -= followed[done + (uint32_t)i / factor];
    }
    return;
  }
  const Ramp dc_offset = network_dc_offset(network);
  const int begin = (int)(factor * (period_position + done));
  const float step = 1.0f / (float)(CONTROL_PERIOD_FRAMES * factor);
  for (int i = 0; i < n; ++i) {
    samples[i] -= ramp_at(dc_offset, step * (float)(begin + i + 1));
  }
}

static void
limit(float* samples, uint32_t n) NONBLOCKING
{
  for (uint32_t i = 0; i < n; ++i) {
    const float not_below = samples[i] > -max_output ? samples[i] : -max_output;
    samples[i] = not_below < max_output ? not_below : max_output;
  }
}

void
engine_run(Engine* engine, const Network* network, uint32_t period_position, float* const* samples,
           uint32_t n_frames) NONBLOCKING
{
  float oversampled[ENGINE_MAX_CHANNELS][OVERSAMPLER_MAX_FRAMES];
  float* parts[ENGINE_MAX_CHANNELS] = {oversampled[0], oversampled[1]};
  const unsigned n_channels = engine->n_channels == 2 ? 2 : 1;
  const uint32_t factor = 1U << engine->n_stages;
  const uint32_t max_frames = OVERSAMPLER_MAX_FRAMES / factor;
  for (uint32_t done = 0; done < n_frames;) {
    const uint32_t n = n_frames - done < max_frames ? n_frames - done : max_frames;
    for (unsigned i = 0; i < n_channels; ++i) {
      if (factor > 1) {
        oversampler_up(engine->oversamplers[i], samples[i] + done, parts[i], n);
      } else {
        parts[i] = samples[i] + done;
      }
    }
    run_cell(engine, n_channels, network_cell(network), parts, factor * n);
    for (unsigned i = 0; i < n_channels; ++i) {
      subtract_dc_offset(network, factor, period_position, done, parts[i], n);
      limit(parts[i], factor * n);
      if (factor > 1) {
        oversampler_down(engine->oversamplers[i], parts[i], samples[i] + done, n);
      }
    }
    done += n;
  }
}
