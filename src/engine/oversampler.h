// SPDX-License-Identifier: MIT
// Resamples to 2^n times the host's rate and back by a cascade of 2x resamplers.
#ifndef OD3_OVERSAMPLER_H
#define OD3_OVERSAMPLER_H

#include "common/realtime.h"
#include "engine/oversampling.h"

#include <stdint.h>

enum {
  OVERSAMPLER_MAX_STAGES = 5,
  OVERSAMPLER_MAX_FACTOR = 1 << OVERSAMPLER_MAX_STAGES,
  OVERSAMPLER_MAX_FRAMES = 256, // of the higher rate, in one call
};

typedef struct Oversampler Oversampler;

// Allocates an oversampler by 2^n_stages, 0 to OVERSAMPLER_MAX_STAGES, in silence, or returns NULL
// when memory is short. The caller frees it. Not for the audio thread.
Oversampler*
oversampler_new(unsigned n_stages, Phase phase);

// Frees an oversampler; NULL is allowed. Not for the audio thread.
void
oversampler_free(Oversampler* oversampler);

// Sets all filters to silence. Audio thread, or any thread while no audio runs.
void
oversampler_reset(Oversampler* oversampler) NONBLOCKING;

// Returns the delay of going up and down, in frames of the host; less than DELAY_LINE_SIZE. With
// linear phase it is exact. With minimum phase it is the group delay at low frequencies, rounded.
// Any thread.
uint32_t
oversampler_latency_frames(const Oversampler* oversampler) NONBLOCKING;

// Upsamples n_frames of `in` to factor * n_frames, at most OVERSAMPLER_MAX_FRAMES, of `out`. The
// arrays do not overlap, but may be the same where the factor is 1. Audio thread.
void
oversampler_up(Oversampler* oversampler, const float* in, float* out,
               uint32_t n_frames) NONBLOCKING;

// Downsamples factor * n_frames of `in`, which it overwrites, to n_frames of `out`, which may be
// the same. Audio thread.
void
oversampler_down(Oversampler* oversampler, float* in, float* out, uint32_t n_frames) NONBLOCKING;

#endif
