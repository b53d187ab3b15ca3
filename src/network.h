// SPDX-License-Identifier: MIT
// The model's network at the knobs' present values: its parameters, and what it says in silence.
#ifndef OD3_NETWORK_H
#define OD3_NETWORK_H

#include "gru.h"
#include "line.h"
#include "memory.h"
#include "packed_model.h"
#include "realtime.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Of the host: parameters go to where the knobs want them in a straight line that takes so long.
enum { GLIDE_FRAMES = 512 }; // a multiple of TICK_FRAMES

typedef struct {
  // The network's output in silence moves with the knobs, and is no part of the sound. A state that
  // hears only silence tells it: exact, without a filter in the sound's way. Any delay of the state
  // has the same fixed point, so it runs at the model's rate, but slower.
  alignas(ALIGNMENT) float idle_state[GRU_MAX_HIDDEN];
  const PackedModel* model;
  Gru gru;                 // of theta
  float* theta;            // the parameters now
  float* aim;              // where the moved ones go
  float knobs[MAX_KNOBS];  // there
  uint32_t steps_left;     // to there
  uint32_t step_frames;    // of the host, from one step to the next
  uint32_t frames_to_step; // or, after the last one, to the glide's end

  uint32_t idle_frames;      // that it plays each tick after a glide; fewer during one
  uint32_t idle_frames_left; // until it rests
  Line idle_line;
} Network;

// How many floats network_init takes. Any thread.
size_t
network_n_floats(const PackedModel* model) NONBLOCKING;

// With memory [network_n_floats(model)], aligned, which, as the model, stays the caller's and must
// outlive the network, which plays at a host's rate. Any thread; to be called once, before all
// else.
void
network_init(Network* network, const PackedModel* model, double sample_rate_hz,
             float* memory) NONBLOCKING;

// At rest in silence at knobs [MAX_KNOBS], each -1 to +1: from a state of zeros, at the price of
// 12288 samples, or, when it rests at other knobs already, at that of 2048 and with a trace left of
// the way. Audio thread or when it does not run.
void
network_settle(Network* network, const float* knobs, bool is_at_rest) NONBLOCKING;

// Begins to glide to where knobs [MAX_KNOBS] want the parameters; not while a glide is under way.
// Audio thread.
void
network_glide(Network* network, const float* knobs) NONBLOCKING;

static inline bool
network_is_gliding(const Network* network) NONBLOCKING
{
  return network->steps_left || network->frames_to_step;
}

// Begins a tick, after the glide that begins with it. Audio thread.
void
network_begin_tick(Network* network) NONBLOCKING;

// Makes the glide's next step if it is time for it, and tells for how many frames, at most n_frames
// (not 0), the network then stays as it is; they count as played. Audio thread.
uint32_t
network_advance(Network* network, uint32_t n_frames) NONBLOCKING;

#endif
