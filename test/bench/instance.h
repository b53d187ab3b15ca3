// SPDX-License-Identifier: MIT
// An instance of the pedal whose ports are connected to memory, for the benchmarks.
#ifndef OD3_BENCH_INSTANCE_H
#define OD3_BENCH_INSTANCE_H

#include "lv2/controls.h"

#include <lv2/core/lv2.h>
#include <stdbool.h>
#include <stdint.h>

enum { INSTANCE_RATE_HZ = 48000, INSTANCE_MAX_BLOCK = 2048 };

typedef struct {
  LV2_Handle handle;
  float controls[N_PORTS];
} Instance;

// The mono and the stereo pedal, once instance_load() has succeeded.
extern const LV2_Descriptor* instance_plugin;
extern const LV2_Descriptor* instance_stereo;

// Loads the pedals of a bundle's folder; the name must stay valid. Returns false, with a message,
// when one cannot be loaded.
bool
instance_load(const char* bundle);

// Instantiates a pedal, unconnected. Its cleanup() frees it.
LV2_Handle
instance_new(const LV2_Descriptor* plugin);

// Returns an active instance with the kernel of this name, at 1x, with its knobs in the middle.
// instance_end() frees it.
Instance*
instance_begin(const char* kernel);

// Plays n_frames of `in`, at most INSTANCE_MAX_BLOCK.
void
instance_run(Instance* instance, float* in, uint32_t n_frames);

void
instance_end(Instance* instance);

#endif
