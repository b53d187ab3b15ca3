// SPDX-License-Identifier: MIT
// Whether a model comes to rest in silence, or whistles, hums or drifts by itself.
#ifndef OD3_PEDAL_REST_H
#define OD3_PEDAL_REST_H

#include "engine/pedal.h"

#include <stdint.h>

enum { PEDAL_REST_TEXT_SIZE = 96 };

// Plays n_frames of silence, with the knobs in the middle, on a pedal that has been primed or has
// played so. Returns the peak of the first channel's last 512 frames, measured from the middle of
// their range. The pedal must be primed again before it plays anything else. Any thread that may
// use the pedal.
float
pedal_rest_peak(Pedal* pedal, uint32_t n_frames) NONBLOCKING;

// Plays a burst of noise and then silence, as above. Some models are silent until they are played.
float
pedal_rest_peak_after_burst(Pedal* pedal, uint32_t n_frames) NONBLOCKING;

// Writes a clause that says how loud the model is in silence, or nothing where the peak is below
// -66 dBFS. Not for the audio thread.
void
pedal_rest_text(float peak, char text[PEDAL_REST_TEXT_SIZE]);

#endif
