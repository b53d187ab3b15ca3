// SPDX-License-Identifier: MIT
// Runs a cell at a higher rate than it was trained at, with the same weights. The state fed back is
// not that of the last sample, but that of one sample of the cell's own rate ago: D samples ago at
// D times its rate. Below its own rate, D is 1.
//
// A fractional D is interpolated: quadratically from the nearest sample and its two neighbours, or
// linearly for D < 1.5. These Lagrange filters amplify no frequency, since D lies within half a
// sample of the middle of three taps, or between two. So every fixed point that is stable at the
// cell's own rate is stable here: a mode of the linearised cell with eigenvalue mu becomes the
// roots of mu * C(z) = 1, where C is the interpolator; |C| <= 1 on the unit circle, and so outside
// it, leaves no root there while |mu| < 1. Interpolated states are limited, h to +-1 and c to
// +-CELL_MAX_C, so nothing diverges.
#ifndef OD3_STATE_DELAY_H
#define OD3_STATE_DELAY_H

#include "common/realtime.h"
#include "rnn/cell.h"

#include <stdint.h>

typedef struct StateDelay StateDelay;

// Allocates a state delay for a cell of this shape at `delay` times the cell's rate, or returns
// NULL when memory is short. A delay below 1 counts as 1. It runs n_channels sounds, at least 1,
// whose samples take turns: more of them are independent streams, which share the pass over the
// weights. All states begin at 0. The caller frees it. Not for the audio thread.
StateDelay*
state_delay_new(const CellShape* shape, double delay, uint32_t n_channels);

// Frees a state delay; NULL is allowed. Not for the audio thread.
void
state_delay_free(StateDelay* state_delay);

// Sets all states of a channel to `state` [cell_n_state(shape)]. Audio thread, or any thread while
// no audio runs.
void
state_delay_reset_to(StateDelay* state_delay, uint32_t channel, const float* state) NONBLOCKING;

// Returns a channel's newest state [cell_n_state(shape)], valid until the next call. Threads as
// state_delay_reset_to.
const float*
state_delay_newest(const StateDelay* state_delay, uint32_t channel) NONBLOCKING;

// Runs the cell over n_frames of `in` into `out`, which may be the same. Frame i belongs to channel
// i % n_channels, and n_frames is a multiple of n_channels. A channel's output depends neither on
// the others nor on how calls divide a signal (on 32-bit ARM, within rounding). Audio thread; the
// time depends on n_frames, the delay and the cell alone.
void
state_delay_run(StateDelay* state_delay, const Cell* cell, const float* in, float* out,
                uint32_t n_frames) NONBLOCKING;

#endif
