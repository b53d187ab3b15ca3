// SPDX-License-Identifier: MIT
// The model that sounds, and the one that a crossfade brings in.
#ifndef OD3_MODEL_SLOT_H
#define OD3_MODEL_SLOT_H

#include "common/realtime.h"
#include "engine/pedal.h"
#include "player/loaded_model.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  LoadedModel* current;
  LoadedModel* incoming; // NULL when no crossfade is under way
  uint32_t crossfade_frames;
  uint32_t frames_done; // of the incoming model: crossfade_frames of warm-up, then the crossfade
} ModelSlot;

// Starts a change to a model: it warms up for as long as the crossfade takes, and then fades in;
// none may be under way. The model's pedal was primed, and the slot now owns it. Audio thread.
void
model_slot_start(ModelSlot* slot, LoadedModel* incoming) NONBLOCKING;

// Ends a change at once. Returns the model that sounds no more and that the caller now owns, or
// NULL without a crossfade. Audio thread.
LoadedModel*
model_slot_finish(ModelSlot* slot) NONBLOCKING;

// Returns the model that sounds, or is about to: the incoming one during a crossfade. Audio thread.
static inline LoadedModel*
model_slot_newest(const ModelSlot* slot) NONBLOCKING
{
  return slot->incoming ? slot->incoming : slot->current;
}

// Returns whether a crossfade is complete, so that model_slot_finish is due. Audio thread.
static inline bool
model_slot_is_complete(const ModelSlot* slot) NONBLOCKING
{
  return slot->incoming && slot->frames_done == 2U * slot->crossfade_frames;
}

// Puts the model that sounds into the state of long silence; no crossfade may be under way. Audio
// thread, or any thread while no audio runs.
void
model_slot_prime(ModelSlot* slot, const PedalControls* controls, bool normalize) NONBLOCKING;

// Processes n_frames of `in` into `out`, which may be the same. With `normalize`, the model's gain
// adds to the level. A crossfade costs as much as its two models. Audio thread; the time depends on
// n_frames and the models, never on the sound.
void
model_slot_run(ModelSlot* slot, const PedalControls* controls, bool normalize, const float* in,
               float* out, uint32_t n_frames) NONBLOCKING;

#endif
