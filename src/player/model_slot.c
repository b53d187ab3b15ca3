// SPDX-License-Identifier: MIT
#include "player/model_slot.h"

#include <math.h>
#include <stddef.h>

enum { BLOCK = 64 };

// Mixes two samples; returns the second where the mixture is not finite.
static float
mix(float from, float to, float part) NONBLOCKING
{
  const float mixture = from + part * (to - from);
  return isfinite(mixture) ? mixture : to;
}

void
model_slot_start(ModelSlot* slot, LoadedModel* incoming) NONBLOCKING
{
  slot->incoming = incoming;
  slot->frames_done = 0;
  pedal_start(incoming->pedal);
}

LoadedModel*
model_slot_finish(ModelSlot* slot) NONBLOCKING
{
  if (!slot->incoming) {
    return NULL;
  }
  LoadedModel* old = slot->current;
  slot->current = slot->incoming;
  slot->incoming = NULL;
  return old;
}

static PedalControls
controls_of(const LoadedModel* model, PedalControls controls, bool normalize) NONBLOCKING
{
  if (normalize) {
    controls.level_db += model->normalize_db;
  }
  return controls;
}

void
model_slot_prime(ModelSlot* slot, const PedalControls* controls, bool normalize) NONBLOCKING
{
  const PedalControls own = controls_of(slot->current, *controls, normalize);
  pedal_prime(slot->current->pedal, &own);
}

static void
run_model(const LoadedModel* model, const PedalControls* controls, bool normalize, const float* in,
          float* out, uint32_t n_frames) NONBLOCKING
{
  const PedalControls own = controls_of(model, *controls, normalize);
  pedal_run(model->pedal, &own, in, out, n_frames);
}

void
model_slot_run(ModelSlot* slot, const PedalControls* controls, bool normalize, const float* in,
               float* out, uint32_t n_frames) NONBLOCKING
{
  uint32_t done = 0;
  while (slot->incoming && !model_slot_is_complete(slot) && done < n_frames) {
    float new_sound[BLOCK];
    const uint32_t left = n_frames - done < BLOCK ? n_frames - done : BLOCK;
    const uint32_t left_in_change = 2U * slot->crossfade_frames - slot->frames_done;
    const uint32_t n = left < left_in_change ? left : left_in_change;
    run_model(slot->incoming, controls, normalize, in + done, new_sound, n);
    run_model(slot->current, controls, normalize, in + done, out + done, n);
    for (uint32_t i = 0; i < n; ++i) {
      if (++slot->frames_done > slot->crossfade_frames) {
        const uint32_t faded = slot->frames_done - slot->crossfade_frames;
        out[done + i] =
            mix(out[done + i], new_sound[i], (float)faded / (float)slot->crossfade_frames);
      }
    }
    done += n;
  }
  if (done < n_frames || n_frames == 0) {
    run_model(model_slot_newest(slot), controls, normalize, in + done, out + done, n_frames - done);
  }
}
