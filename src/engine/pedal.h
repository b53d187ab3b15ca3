// SPDX-License-Identifier: MIT
// The pedal: one or two audio channels through a model, with click-free knobs, levels and bypass.
#ifndef OD3_PEDAL_H
#define OD3_PEDAL_H

#include "common/realtime.h"
#include "engine/engine.h"
#include "engine/input_level.h"
#include "engine/oversampling.h"
#include "model/packed_model.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct Pedal Pedal;

typedef struct {
  float knobs[MAX_KNOBS]; // each -1 to +1; knobs that the model lacks are ignored
  float input_db;         // the gain before the network, -24 to +24
  float level_db;         // the gain after the network, -30 to +12
  float blend;            // the part of the network's sound in the output, 0 to 1
  Oversampling oversampling;
  Phase phase;  // of the oversampling's filters
  bool enabled; // false: bypass
  bool match;   // in bypass, the input is as loud as the pedal would be, by the model's table
} PedalControls;

enum { PEDAL_MAX_CHANNELS = ENGINE_MAX_CHANNELS };

// Allocates a pedal of one channel, or returns NULL when memory is short. The model must outlive
// it; the caller frees it. Call pedal_prime before the first pedal_run. Not for the audio thread.
Pedal*
pedal_new(const PackedModel* model, double sample_rate_hz);

// Does as pedal_new, with n_channels, 1 to PEDAL_MAX_CHANNELS. They share controls and parameters,
// and the pass over the weights where one channel leaves streams of the kernel free; each sounds
// as a pedal of one channel (on 32-bit ARM, within rounding).
Pedal*
pedal_new_with_channels(const PackedModel* model, double sample_rate_hz, unsigned n_channels);

// Frees a pedal; NULL is allowed. Not for the audio thread.
void
pedal_free(Pedal* pedal);

// Puts the pedal into the state of long silence at these controls, so that the next sound begins
// without a transient. Runs the network for a fixed number of samples. Audio thread, or any thread
// while no audio runs.
void
pedal_prime(Pedal* pedal, const PedalControls* controls) NONBLOCKING;

// Says that audio begins: controls that have changed since pedal_prime then move as later ones do.
// Without this, the first pedal_run jumps to them. Audio thread.
void
pedal_start(Pedal* pedal) NONBLOCKING;

// Processes n_frames, any number, of `in` into `out`, which may be the same. `in` may hold any
// numbers, non-finite ones too.
//
// Controls move to new values without a click; knobs do so in ramps of 512 frames. The gain of a
// matched bypass (model/loudness_table.h) follows them in 20 ms. Controls that changed between
// pedal_prime and the first run hold from that run on; if knobs did, the network's sound fades in
// within 25 ms, and 2,048 samples of the network cost as many of its silent copy. A run of 0 frames
// before it takes the new oversampling and phase only, so that the latency is right. A change of
// either runs two engines for 40 ms.
//
// Audio thread. The time depends on n_frames, the model and whether controls change, never on the
// sound.
void
pedal_run(Pedal* pedal, const PedalControls* controls, const float* in, float* out,
          uint32_t n_frames) NONBLOCKING;

// Does as pedal_run for a pedal of any number of channels: `in` and `out` hold a pointer for each.
// Any of them may be the same.
void
pedal_run_channels(Pedal* pedal, const PedalControls* controls, const float* const* in,
                   float* const* out, uint32_t n_frames) NONBLOCKING;

// Returns the delay from input to output in frames of the host, at most 63: exactly that of the
// unchanged input in bypass and Blend, and that of the network's sound as oversampler.h says. While
// oversampling or phase changes, it is that of the new choice. Audio thread, or any thread while no
// audio runs.
uint32_t
pedal_latency_frames(const Pedal* pedal) NONBLOCKING;

// Returns the peak in dBFS of what the network hears, which is the input after its gain; of two
// channels, that of the louder one. The range
// is that of peak_meter_db. Threads as pedal_latency_frames.
float
pedal_input_peak_db(const Pedal* pedal) NONBLOCKING;

// Returns how what the network hears compares to what the model has learned. Threads likewise.
InputLevel
pedal_input_level(const Pedal* pedal) NONBLOCKING;

// Returns the peak in dBFS of the output, likewise.
float
pedal_output_peak_db(const Pedal* pedal) NONBLOCKING;

#endif
