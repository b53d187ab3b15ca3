// SPDX-License-Identifier: MIT
// The WebAssembly module: one pedal for each of up to two channels. A caller loads a model, starts,
// sets the controls, primes each channel, and then runs block after block in place. One thread.
#include "engine/pedal.h"
#include "lv2/controls.h"
#include "model/model.h"
#include "model/packed_model.h"
#include "rnn/kernel.h"

#include <math.h>
#include <stdlib.h>

#define EXPORT(name) __attribute__((export_name(#name)))

enum { MAX_CHANNELS = 2, BLOCK = 4096 };

static PackedModel* model;
static Model description; // the loaded model without its numbers
static Pedal* pedals[MAX_CHANNELS];
static PedalControls controls;
static float blocks[MAX_CHANNELS][BLOCK];

// Allocates memory for a model file, which core_load frees; NULL when memory is short.
EXPORT(core_allocate)
void*
core_allocate(size_t size)
{
  return malloc(size);
}

// Loads a model from `data` of core_allocate: a .gru file or a capture in JSON. Returns NULL for
// success, else what is wrong as a string in static memory.
EXPORT(core_load)
const char*
core_load(uint8_t* data, size_t size)
{
  static char text[MODEL_ERROR_TEXT_SIZE];
  Model* parsed = NULL;
  ModelError error = {.status = MODEL_NO_MEMORY};
  model_parse(data, size, &parsed, &error);
  free(data);
  model = parsed ? packed_model_new(parsed, kernel_find(NULL)) : NULL;
  if (model) {
    description = *parsed;
  } else {
    model_error_text(parsed ? &(ModelError){.status = MODEL_NO_MEMORY} : &error, text);
  }
  model_free(parsed);
  return model ? NULL : text;
}

// These return the loaded model's name and what is doubtful about it, as UTF-8 in static memory,
// which may be empty.
EXPORT(core_model_name)
const char*
core_model_name(void)
{
  return description.name;
}

EXPORT(core_model_warning)
const char*
core_model_warning(void)
{
  return description.warning;
}

EXPORT(core_model_is_lstm)
bool
core_model_is_lstm(void)
{
  return description.cell == CELL_LSTM;
}

EXPORT(core_model_hidden_size)
unsigned
core_model_hidden_size(void)
{
  return description.hidden_size;
}

EXPORT(core_model_rate_hz)
unsigned
core_model_rate_hz(void)
{
  return description.sample_rate_hz;
}

EXPORT(core_model_is_rate_assumed)
bool
core_model_is_rate_assumed(void)
{
  return description.is_rate_assumed;
}

EXPORT(core_n_knobs)
unsigned
core_n_knobs(void)
{
  return description.mlp.n_knobs;
}

// Returns the name of a knob below core_n_knobs() as UTF-8 in static memory.
EXPORT(core_knob_name)
const char*
core_knob_name(unsigned knob)
{
  return description.knobs[knob].name;
}

EXPORT(core_knob_min)
float
core_knob_min(unsigned knob)
{
  return description.knobs[knob].min;
}

EXPORT(core_knob_max)
float
core_knob_max(unsigned knob)
{
  return description.knobs[knob].max;
}

// Makes the pedals of n_channels, 1 or 2. Returns false when memory is short.
EXPORT(core_start)
bool
core_start(unsigned n_channels, double sample_rate_hz)
{
  for (unsigned i = 0; i < n_channels && i < MAX_CHANNELS; ++i) {
    pedals[i] = pedal_new(model, sample_rate_hz);
    if (!pedals[i]) {
      return false;
    }
  }
  return true;
}

// Sets the controls to values of the plugin's ports; any numbers.
EXPORT(core_set_controls)
void
core_set_controls(float gain, float tone, float level_db, float oversampling, float input_db,
                  float blend_percent, bool enabled)
{
  const float values[N_PORTS] = {
      [PORT_INPUT] = input_db,
      [PORT_BLEND] = blend_percent,
      [PORT_GAIN] = gain,
      [PORT_TONE] = tone,
      [PORT_LEVEL] = level_db,
      [PORT_OVERSAMPLING] = oversampling,
      [PORT_ENABLED] = enabled ? 1.0f : 0.0f,
  };
  controls = controls_from_ports(values);
}

// Turns a knob of the model, below MAX_KNOBS, until the next core_set_controls; -1 to +1.
EXPORT(core_set_knob)
void
core_set_knob(unsigned knob, float value)
{
  controls.knobs[knob] = fminf(fmaxf(value, -1.0f), 1.0f);
}

// Puts a channel's pedal into the state of long silence.
EXPORT(core_prime)
void
core_prime(unsigned channel)
{
  pedal_prime(pedals[channel], &controls);
}

// Returns an InputLevel (engine/input_level.h): how a channel's input compares to what the model
// has learned.
EXPORT(core_input_level)
unsigned
core_input_level(unsigned channel)
{
  return pedal_input_level(pedals[channel]);
}

// Returns the delay from input to output in frames.
EXPORT(core_latency)
unsigned
core_latency(void)
{
  return pedal_latency_frames(pedals[0]);
}

// Returns a channel's block of core_block_size() frames, for input and output.
EXPORT(core_block)
float*
core_block(unsigned channel)
{
  return blocks[channel];
}

EXPORT(core_block_size)
unsigned
core_block_size(void)
{
  return BLOCK;
}

// Processes n_frames, at most core_block_size(), of a channel's block.
EXPORT(core_run)
void
core_run(unsigned channel, unsigned n_frames)
{
  pedal_run(pedals[channel], &controls, blocks[channel], blocks[channel], n_frames);
}
