// SPDX-License-Identifier: MIT
// Doubles a sample rate, or halves it, with FIR filters in polyphase form, of linear or minimum
// phase.
#ifndef OD3_RESAMPLE2X_H
#define OD3_RESAMPLE2X_H

#include "common/realtime.h"
#include "engine/oversampling.h"

#include <stdint.h>

enum {
  RESAMPLE2X_MAX_FRAMES = 128, // of the lower rate, in one call
  RESAMPLE2X_MAX_PAIRS = 24,   // of taps in a phase of a filter
  RESAMPLE2X_SPAN = 2 * RESAMPLE2X_MAX_PAIRS - 1 + RESAMPLE2X_MAX_FRAMES,
};

// The place in a cascade decides the filters, which resample2x_taps.py designs.
typedef enum {
  RESAMPLE2X_FIRST_STAGE, // the lower rate is the host's, and its band is full
  RESAMPLE2X_INNER_STAGE, // the lower rate is another stage's, and half of its band is used
} Resample2xKind;

// Each array holds the past samples that the filter still needs, then those of the present call.
typedef struct {
  Resample2xKind kind;
  Phase phase;
  float up[RESAMPLE2X_SPAN];
  float down_even[RESAMPLE2X_SPAN];
  float down_odd[RESAMPLE2X_SPAN];
} Resample2x;

// Initialises a resampler in silence. Any thread.
void
resample2x_init(Resample2x* resampler, Resample2xKind kind, Phase phase) NONBLOCKING;

// Returns the delay of going up and down at low frequencies, in samples of the higher rate. With
// linear phase it is a whole number, and that of all frequencies. Any thread.
double
resample2x_delay(Resample2xKind kind, Phase phase) NONBLOCKING;

// Upsamples n_frames of `in`, at most RESAMPLE2X_MAX_FRAMES, to 2 * n_frames of `out`, which may
// begin at the same address. The output does not depend on how calls divide a signal. Audio thread;
// the time depends on n_frames, kind and phase alone.
void
resample2x_up(Resample2x* resampler, const float* in, float* out, uint32_t n_frames) NONBLOCKING;

// Downsamples 2 * n_frames of `in` to n_frames of `out`, with the contract of resample2x_up.
void
resample2x_down(Resample2x* resampler, const float* in, float* out, uint32_t n_frames) NONBLOCKING;

#endif
