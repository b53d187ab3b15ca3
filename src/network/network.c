// SPDX-License-Identifier: MIT
#include "network/network.h"

#include "model/silent_states.h"

#include <string.h>

size_t
network_n_floats(const PackedModel* model) NONBLOCKING
{
  return parameter_ramp_n_floats(model);
}

void
network_init(Network* network, const PackedModel* model, double sample_rate_hz,
             float* memory) NONBLOCKING
{
  parameter_ramp_init(&network->parameters, model, memory);
  dc_tracker_init(&network->dc_tracker, sample_rate_hz, (double)model->sample_rate_hz);
  network->cell = packed_model_cell(model, network->parameters.theta);
}

static void
add_silent_state(const Network* network, const float* knobs, SilentStates* states) NONBLOCKING
{
  SilentState fresh = {.offset = network->dc_tracker.offset.to};
  memcpy(fresh.knobs, knobs, sizeof fresh.knobs);
  memcpy(fresh.state, network->dc_tracker.silent_state, sizeof fresh.state);
  silent_states_add(states, &fresh);
}

void
network_prime(Network* network, const float* knobs) NONBLOCKING
{
  parameter_ramp_jump(&network->parameters, knobs);
  SilentStates* known = network->parameters.model->silent_states;
  const SilentState* found = silent_states_find(known, knobs);
  if (found) {
    dc_tracker_jump(&network->dc_tracker, found->state, found->offset);
  } else {
    dc_tracker_prime(&network->dc_tracker, &network->cell);
    add_silent_state(network, knobs, known);
  }
}

void
network_follow(Network* network, const float* knobs, double model_samples) NONBLOCKING
{
  parameter_ramp_jump(&network->parameters, knobs);
  dc_tracker_follow(&network->dc_tracker, model_samples);
}

void
network_start_ramp(Network* network, const float* knobs) NONBLOCKING
{
  parameter_ramp_start(&network->parameters, knobs);
  dc_tracker_wake(&network->dc_tracker);
}

void
network_begin_period(Network* network) NONBLOCKING
{
  dc_tracker_begin_period(&network->dc_tracker, &network->cell, network_is_ramping(network));
}

uint32_t
network_advance(Network* network, uint32_t n_frames) NONBLOCKING
{
  const uint32_t n = parameter_ramp_advance(&network->parameters, n_frames);
  dc_tracker_advance(&network->dc_tracker, &network->cell, n);
  return n;
}
