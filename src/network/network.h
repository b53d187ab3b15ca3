// SPDX-License-Identifier: MIT
// The network at the knobs' present positions: its parameters, which ramp when a knob turns, and
// the DC offset that it puts out in silence. Engines run it; they own the states.
#ifndef OD3_NETWORK_H
#define OD3_NETWORK_H

#include "common/ramp.h"
#include "common/realtime.h"
#include "model/packed_model.h"
#include "network/dc_tracker.h"
#include "network/parameter_ramp.h"
#include "rnn/cell.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  Cell cell; // its theta is the ramp's
  ParameterRamp parameters;
  DcTracker dc_tracker;
} Network;

// Returns how many floats network_init takes. Any thread.
size_t
network_n_floats(const PackedModel* model) NONBLOCKING;

// Initialises a network for a host's rate. `memory` is aligned and holds network_n_floats(model)
// floats. The caller owns memory and model; both must outlive the network. Call it once, before all
// else. Any thread.
void
network_init(Network* network, const PackedModel* model, double sample_rate_hz,
             float* memory) NONBLOCKING;

// Jumps to the knobs [MAX_KNOBS], each -1 to +1, and sets the silent state to the steady one, which
// the model keeps for the first positions; for others the network runs 12,288 samples from 0. Audio
// thread, or any thread while no audio runs.
void
network_prime(Network* network, const float* knobs) NONBLOCKING;

// Jumps to the knobs [MAX_KNOBS], each -1 to +1, and keeps the silent state, from which the network
// must start; it plays model_samples in a frame of the host. For the next 2,048
// samples, network_followed_offset() tells what it then puts out in silence. Audio thread.
void
network_follow(Network* network, const float* knobs, double model_samples) NONBLOCKING;

// Starts a parameter ramp to the knobs [MAX_KNOBS], each -1 to +1. No ramp may be under way. Audio
// thread.
void
network_start_ramp(Network* network, const float* knobs) NONBLOCKING;

// Returns whether a parameter ramp is under way. Audio thread.
static inline bool
network_is_ramping(const Network* network) NONBLOCKING
{
  return parameter_ramp_is_moving(&network->parameters);
}

// Begins a control period; call it after network_start_ramp where both are due. Audio thread.
void
network_begin_period(Network* network) NONBLOCKING;

// Makes the next step of a parameter ramp if it is due. Returns for how many frames, 1 to n_frames,
// the parameters then stay constant, and counts them as played. n_frames is at least 1. Audio
// thread.
uint32_t
network_advance(Network* network, uint32_t n_frames) NONBLOCKING;

// Returns the recurrent cell with its present parameters. Audio thread.
static inline const Cell*
network_cell(const Network* network) NONBLOCKING
{
  return &network->cell;
}

// Returns the output in silence at each frame of the last network_advance, if the network was not
// steady when it started; otherwise NULL, and network_dc_offset() holds. Audio thread.
static inline const float*
network_followed_offset(const Network* network) NONBLOCKING
{
  return dc_tracker_is_following(&network->dc_tracker) ? network->dc_tracker.followed : NULL;
}

// Returns the output in silence over this control period. Audio thread.
static inline Ramp
network_dc_offset(const Network* network) NONBLOCKING
{
  return network->dc_tracker.offset;
}

// Returns the state [cell_n_state(shape)] of the network in silence. Audio thread, or any thread
// while no audio runs.
static inline const float*
network_silent_state(const Network* network) NONBLOCKING
{
  return network->dc_tracker.silent_state;
}

#endif
