// SPDX-License-Identifier: MIT
// Doubles a sample rate, and halves it again, with linear-phase filters in polyphase form.
#ifndef OD3_DOUBLER_H
#define OD3_DOUBLER_H

#include "realtime.h"

#include <stdint.h>

enum {
  DOUBLER_MAX_FRAMES = 128, // of the lower rate, a call
  DOUBLER_MAX_PAIRS = 24,
  DOUBLER_SPAN = 2 * DOUBLER_MAX_PAIRS - 1 + DOUBLER_MAX_FRAMES,
};

// What lies on the lower rate's side, which decides the filters: doubler_taps.py designs them.
typedef enum {
  DOUBLER_OF_HOST, // the host, whose signal fills its band
  DOUBLER_OF_REST, // another doubler, to which the lower half of the band matters
} DoublerKind;

// Each array holds the past that the filter still needs, and behind it the frames of the present
// call.
typedef struct {
  DoublerKind kind;
  float up[DOUBLER_SPAN];
  float down_even[DOUBLER_SPAN];
  float down_odd[DOUBLER_SPAN];
} Doubler;

// In silence. Any thread.
void
doubler_init(Doubler* doubler, DoublerKind kind) NONBLOCKING;

// Up and down again delay a sound by so many samples of the higher rate. Any thread.
uint32_t
doubler_delay(DoublerKind kind) NONBLOCKING;

// From n_frames of `in` to 2 * n_frames of `out`, which may begin at the same place; n_frames at
// most DOUBLER_MAX_FRAMES. How calls divide a signal makes no difference. Audio thread; the time
// depends on n_frames and kind alone.
void
doubler_up(Doubler* doubler, const float* in, float* out, uint32_t n_frames) NONBLOCKING;

// From 2 * n_frames of `in` to n_frames of `out`, which may begin at the same place. As doubler_up.
void
doubler_down(Doubler* doubler, const float* in, float* out, uint32_t n_frames) NONBLOCKING;

#endif
