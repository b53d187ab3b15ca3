// SPDX-License-Identifier: MIT
// An engine runs the network at one oversampling factor, with filters of one phase: samples go in
// and come out at the host's rate. It owns the states and filters; engines share the parameters,
// which a Network owns.
#ifndef OD3_ENGINE_H
#define OD3_ENGINE_H

#include "common/realtime.h"
#include "engine/oversampling.h"
#include "model/packed_model.h"
#include "network/network.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct Engine Engine;

// Returns how many times the host's rate must be doubled so that the network runs at `factor` times
// the model's rate or faster, at most OVERSAMPLER_MAX_STAGES. A rate 10 % short counts as reached:
// 44.1 kHz needs as many stages as 48 kHz. Any thread.
unsigned
engine_n_stages(const PackedModel* model, double sample_rate_hz, unsigned factor) NONBLOCKING;

// Returns whether doubling the host's rate that often reaches the model's rate. Any thread.
bool
engine_reaches_rate(const PackedModel* model, double sample_rate_hz) NONBLOCKING;

enum { ENGINE_MAX_CHANNELS = 2 };

// Allocates an engine of n_stages, 0 to OVERSAMPLER_MAX_STAGES, and n_channels, 1 to
// ENGINE_MAX_CHANNELS, for a host's rate, or returns NULL when memory is short. All states begin at
// 0. The caller frees it; the model may be freed before. Not for the audio thread.
Engine*
engine_new(const PackedModel* model, double sample_rate_hz, unsigned n_stages, Phase phase,
           unsigned n_channels);

// Frees an engine; NULL is allowed. Not for the audio thread.
void
engine_free(Engine* engine);

// Returns oversampler_latency_frames(), the delay from input to output. Any thread.
uint32_t
engine_latency_frames(const Engine* engine) NONBLOCKING;

// Sets a channel's filters to silence and all its states to `state` [cell_n_state(shape)]. Audio
// thread, or none at all while no audio runs.
void
engine_reset_to(Engine* engine, unsigned channel, const float* state) NONBLOCKING;

// Returns how many samples at the model's rate the network plays in a frame of the host: 1 at 48
// kHz with a model of that rate, at any oversampling. Any thread.
double
engine_model_samples(const Engine* engine) NONBLOCKING;

// Returns a channel's newest state [cell_n_state(shape)], valid until the next call. Threads as
// engine_reset_to.
const float*
engine_state(const Engine* engine, unsigned channel) NONBLOCKING;

// Processes n_frames of `samples` [n_channels] in place, subtracts the network's DC offset, and
// limits what is left to +24 dBFS. The frames lie in one control period and begin at its frame
// period_position. Audio thread; the time depends on n_frames and the engine alone.
void
engine_run(Engine* engine, const Network* network, uint32_t period_position, float* const* samples,
           uint32_t n_frames) NONBLOCKING;

#endif
