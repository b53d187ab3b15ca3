// SPDX-License-Identifier: MIT
// The network, played at one factor of oversampling: a sound goes in and comes out at the host's
// rate. What it remembers of the sound is here; its parameters are the Network's, which voices
// share.
#ifndef OD3_VOICE_H
#define OD3_VOICE_H

#include "network.h"
#include "packed_model.h"
#include "realtime.h"

#include <stdint.h>

typedef struct Voice Voice;

// The stages of oversampling (each doubles the rate) with which a model runs at the given multiple
// of its own rate or faster, 10 % of grace included: at 44.1 kHz, a model of 48 kHz needs as many
// as at 48 kHz. Any thread.
unsigned
voice_n_stages(const PackedModel* model, double sample_rate_hz, unsigned multiple) NONBLOCKING;

// A voice of n_stages, 0 to OVERSAMPLER_MAX_STAGES, for a host's rate, or NULL when there is no
// memory. It begins in silence, all states 0. Not the audio thread.
Voice*
voice_new(const PackedModel* model, double sample_rate_hz, unsigned n_stages);

// NULL is allowed.
void
voice_free(Voice* voice);

// How many frames of the host later a sound comes out, exactly; less than DELAY_LINE_SIZE.
uint32_t
voice_latency_frames(const Voice* voice) NONBLOCKING;

// As after silence, with the network in a state [n_columns]. Audio thread or when it does not
// run.
void
voice_rest(Voice* voice, const float* state) NONBLOCKING;

// The network's newest state, [n_columns]. As voice_rest.
const float*
voice_state(const Voice* voice) NONBLOCKING;

// Plays n_frames of sound in place, from frame tick_position of a tick to at most its end; what the
// network says in silence is taken away. Audio thread; the time depends on n_frames and the voice
// alone.
void
voice_run(Voice* voice, const Network* network, uint32_t tick_position, float* sound,
          uint32_t n_frames) NONBLOCKING;

#endif
