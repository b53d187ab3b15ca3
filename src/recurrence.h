// SPDX-License-Identifier: MIT
// A GRU that runs at another rate than it was trained at: the state fed back is the one that lies a
// sample of its own rate ago, not a sample of this one. So its weights hold at any rate above its
// own; below, it plays as if the rates were the same.
//
// A delay of D samples that is no whole number is interpolated: quadratically by the nearest sample
// and its two neighbours, or, for D < 1.5, linearly. At no frequency do these Lagrange filters
// amplify, since D lies at most half a sample from the middle of the quadratic one's three taps, or
// between the linear one's two. So every fixed point that is stable at the GRU's own rate is stable
// here: a mode of its linearisation, of eigenvalue mu, goes on as the roots of mu * C(z) = 1, and
// none of these lies outside the unit circle when |mu| < 1 and |C| <= 1 on it (and so outside, C
// being a polynomial in 1/z). Nothing can run away, since interpolated states are kept within
// [-1, 1].
#ifndef OD3_RECURRENCE_H
#define OD3_RECURRENCE_H

#include "gru.h"
#include "realtime.h"

#include <stdint.h>

typedef struct Recurrence Recurrence;

// For GRUs whose states have n_columns numbers, played at `delay` times their own rate; below 1
// counts as 1. All states are 0. NULL when there is no memory. Not the audio thread.
Recurrence*
recurrence_new(unsigned n_columns, double delay);

// NULL is allowed.
void
recurrence_free(Recurrence* recurrence);

// Makes all states that will be read the same one, state [n_columns]: as after a long time in it.
// Audio thread or when it does not run.
void
recurrence_rest(Recurrence* recurrence, const float* state) NONBLOCKING;

// The newest state, [n_columns]. As recurrence_rest.
const float*
recurrence_state(const Recurrence* recurrence) NONBLOCKING;

// Plays n_frames of `in` into `out`, which may be the same. How calls divide a signal makes no
// difference. Audio thread; the time depends on n_frames, delay and the GRU alone.
void
recurrence_run(Recurrence* recurrence, const Gru* gru, const float* in, float* out,
               uint32_t n_frames) NONBLOCKING;

#endif
