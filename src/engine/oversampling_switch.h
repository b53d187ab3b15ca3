// SPDX-License-Identifier: MIT
// The oversampling switch holds one engine for each choice of oversampling and phase. One engine is
// active; a new choice warms another one up and then crossfades to it.
#ifndef OD3_OVERSAMPLING_SWITCH_H
#define OD3_OVERSAMPLING_SWITCH_H

#include "common/realtime.h"
#include "engine/oversampling.h"
#include "model/packed_model.h"
#include "network/network.h"

#include <stdint.h>

typedef struct OversamplingSwitch OversamplingSwitch;

// Allocates all engines of n_channels, 1 to ENGINE_MAX_CHANNELS, for a host's rate, or returns NULL
// when memory is short. 1x with linear phase is active, and all states are 0. A change takes
// crossfade_periods (at least 1) control periods of warm-up and as many of crossfade. Not for the
// audio thread.
OversamplingSwitch*
oversampling_switch_new(const PackedModel* model, double sample_rate_hz, uint32_t crossfade_periods,
                        unsigned n_channels);

// Frees a switch; NULL is allowed. Not for the audio thread.
void
oversampling_switch_free(OversamplingSwitch* sw);

// Makes a choice active at once, with silent filters and all its states at `state`
// [cell_n_state(shape)]. Audio thread, or any thread while no audio runs.
void
oversampling_switch_reset_to(OversamplingSwitch* sw, Oversampling oversampling, Phase phase,
                             const float* state) NONBLOCKING;

// Returns the active engine's engine_model_samples(). Audio thread, or any thread while no audio
// runs.
double
oversampling_switch_model_samples(const OversamplingSwitch* sw) NONBLOCKING;

// Returns the delay from input to output in frames of the host: that of the incoming engine during
// a change, of the active one otherwise. Less than DELAY_LINE_SIZE. Audio thread, or any thread
// while no audio runs.
uint32_t
oversampling_switch_latency_frames(const OversamplingSwitch* sw) NONBLOCKING;

// Begins a control period with the wanted choice. A change under way ends before the next begins.
// Audio thread.
void
oversampling_switch_begin_period(OversamplingSwitch* sw, Oversampling oversampling,
                                 Phase phase) NONBLOCKING;

// Processes n_frames, at most CONTROL_PERIOD_FRAMES, of each channel; the arrays hold n_channels
// pointers. `wet` holds `driven` samples within +-1000 and receives the network's output for them.
// `dry` receives the unchanged `in`, which may hold any numbers, non-finite ones too, as late as
// oversampling_switch_latency_frames() says. The frames lie in one control period and begin at its
// frame period_position. During a crossfade both outputs are mixed; a mixture that is not finite
// gives the active engine's sample. Audio thread; the time depends on n_frames, the model and
// whether a change is under way.
void
oversampling_switch_run(OversamplingSwitch* sw, const Network* network, uint32_t period_position,
                        const float* const* in, float* const* wet, float* const* dry,
                        uint32_t n_frames) NONBLOCKING;

#endif
