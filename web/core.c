// SPDX-License-Identifier: MIT
// The pedal as a WebAssembly module: up to two channels, each of which has a pedal of its own.
// A caller loads a model, starts, sets controls, settles, and then runs block after block in place.
#include "kernel.h"
#include "model.h"
#include "packed_model.h"
#include "pedal.h"

#include <stdlib.h>

#define EXPORT(name) __attribute__((export_name(#name)))

enum { MAX_CHANNELS = 2, BLOCK = 4096 };

static PackedModel* model;
static Pedal* pedals[MAX_CHANNELS];
static PedalControls controls;
static float blocks[MAX_CHANNELS][BLOCK];

// Room for a model file's bytes, which core_load gives back.
EXPORT(core_allocate)
void*
core_allocate(size_t size)
{
  return malloc(size);
}

// 0, or a ModelStatus.
EXPORT(core_load)
int
core_load(uint8_t* data, size_t size)
{
  Model* parsed = NULL;
  const ModelStatus status = model_parse(data, size, &parsed);
  free(data);
  model = parsed ? packed_model_new(parsed, kernel_find(NULL)) : NULL;
  model_free(parsed);
  return (int)(status == MODEL_OK && !model ? MODEL_NO_MEMORY : status);
}

// False when there is no memory.
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

// Values as of the plugin's ports.
EXPORT(core_control)
void
core_control(float gain, float tone, float level_db, float oversampling, bool enabled)
{
  controls = (PedalControls){
      .knobs = {2.0f * gain / 10.0f - 1.0f, 2.0f * tone / 10.0f - 1.0f},
      .level_db = level_db,
      .oversampling = oversampling < 1.5f   ? OVERSAMPLING_1X
                      : oversampling < 3.5f ? OVERSAMPLING_2X
                                            : OVERSAMPLING_4X,
      .enabled = enabled,
  };
}

EXPORT(core_settle)
void
core_settle(unsigned channel)
{
  pedal_settle(pedals[channel], &controls);
}

EXPORT(core_latency)
unsigned
core_latency(void)
{
  return pedal_latency_frames(pedals[0]);
}

// Where a channel's sound goes in and comes out: core_block_size() frames.
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

EXPORT(core_run)
void
core_run(unsigned channel, unsigned n_frames)
{
  pedal_run(pedals[channel], &controls, blocks[channel], blocks[channel], n_frames);
}
