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

enum { GLIDE_FRAMES = 8 }; // of the host: parameters go to their new values in steps of this

typedef struct {
  // The network's output in silence moves with the knobs, and is no part of the sound. A state that
  // hears only silence tells it: exact, without a filter in the sound's way. It runs once a sample
  // of the model's rate, since any delay of the state has the same fixed point.
  alignas(ALIGNMENT) float idle_state[GRU_MAX_HIDDEN];
  const PackedModel* model;
  Gru gru;              // of theta
  float* theta;         // the parameters now
  float* aim;           // where the moved ones go during this tick
  uint32_t glides_left; // in this tick

  uint32_t idle_ticks_left; // until it rests
  Line idle_line;
} Network;

// How many floats network_init takes. Any thread.
size_t
network_n_floats(const PackedModel* model) NONBLOCKING;

// With memory [network_n_floats(model)], aligned, which, as the model, stays the caller's and must
// outlive the network. Any thread; to be called once, before all else.
void
network_init(Network* network, const PackedModel* model, float* memory) NONBLOCKING;

// At rest in silence at knobs [MAX_KNOBS], each -1 to +1: from a state of zeros, at the price of
// 12288 samples, or, when it rests at other knobs already, at that of 2048 and with a trace left of
// the way. Audio thread or when it does not run.
void
network_settle(Network* network, const float* knobs, bool is_at_rest) NONBLOCKING;

// Begins a tick, in which the parameters go to where the knobs [MAX_KNOBS] want them, if these have
// moved since the last one. Audio thread.
void
network_begin_tick(Network* network, const float* knobs, bool have_moved) NONBLOCKING;

// One of the even steps to there, GLIDE_FRAMES apart, while glides_left is not 0. Audio thread.
void
network_glide(Network* network) NONBLOCKING;

#endif
