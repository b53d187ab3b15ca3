// SPDX-License-Identifier: MIT
// A voice for each choice of oversampling: one is heard, and a change of the choice fades to
// another.
#ifndef OD3_VOICES_H
#define OD3_VOICES_H

#include "network.h"
#include "packed_model.h"
#include "realtime.h"

#include <stdint.h>

// How many times the model's rate the network runs at least, but for the grace of voice_n_stages.
typedef enum { OVERSAMPLING_1X, OVERSAMPLING_2X, OVERSAMPLING_4X, N_OVERSAMPLINGS } Oversampling;

typedef struct Voices Voices;

// All voices for a host's rate, at 1x with all states 0, or NULL when there is no memory. A change
// warms the new voice up for change_ticks, and then fades to it in as many (at least 1). Not the
// audio thread.
Voices*
voices_new(const PackedModel* model, double sample_rate_hz, uint32_t change_ticks);

// NULL is allowed.
void
voices_free(Voices* voices);

// At this choice, as after silence, with the network in a state [n_columns]. Audio thread or when
// it does not run.
void
voices_rest(Voices* voices, Oversampling oversampling, const float* state) NONBLOCKING;

// How many frames of the host later a sound comes out, or will when the present change is done;
// less than DELAY_LINE_SIZE. As voices_rest.
uint32_t
voices_latency_frames(const Voices* voices) NONBLOCKING;

// Begins a tick. A change that is under way is finished before the next one starts. Audio thread.
void
voices_begin_tick(Voices* voices, Oversampling oversampling) NONBLOCKING;

// Plays n_frames of `in`, any numbers at all, from frame tick_position of a tick to at most its
// end: into `wet` through the network, and into `dry` bit for bit, both equally late. While a
// change fades, both are mixtures of two frames; where dry ones have none that is finite, the one
// that was heard before. Audio thread; the time depends on n_frames, the model and whether a change
// is under way.
void
voices_run(Voices* voices, const Network* network, uint32_t tick_position, const float* in,
           float* wet, float* dry, uint32_t n_frames) NONBLOCKING;

#endif
