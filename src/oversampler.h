// SPDX-License-Identifier: MIT
// A cascade of doublers: to a multiple of the host's rate, and back.
#ifndef OD3_OVERSAMPLER_H
#define OD3_OVERSAMPLER_H

#include "realtime.h"

#include <stdint.h>

enum {
  OVERSAMPLER_MAX_STAGES = 5,
  OVERSAMPLER_MAX_FACTOR = 1 << OVERSAMPLER_MAX_STAGES,
  OVERSAMPLER_MAX_FRAMES = 256, // of the higher rate, a call
};

typedef struct Oversampler Oversampler;

// An oversampler by 2^n_stages in silence, or NULL when there is no memory. n_stages is 0 to
// OVERSAMPLER_MAX_STAGES. Not the audio thread.
Oversampler*
oversampler_new(unsigned n_stages);

// NULL is allowed.
void
oversampler_free(Oversampler* oversampler);

// Back to silence. Any thread but none beside it.
void
oversampler_reset(Oversampler* oversampler) NONBLOCKING;

// Up and down again delay a sound by so many frames of the host, exactly; less than
// DELAY_LINE_SIZE.
uint32_t
oversampler_latency_frames(const Oversampler* oversampler) NONBLOCKING;

// From n_frames of `in` to factor * n_frames, at most OVERSAMPLER_MAX_FRAMES, of `out`: another
// place, or the same where the factor is 1. Audio thread.
void
oversampler_up(Oversampler* oversampler, const float* in, float* out,
               uint32_t n_frames) NONBLOCKING;

// From factor * n_frames of `in`, which is spoilt, to n_frames of `out`: another place, or the
// same. Audio thread.
void
oversampler_down(Oversampler* oversampler, float* in, float* out, uint32_t n_frames) NONBLOCKING;

#endif
