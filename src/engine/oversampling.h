// SPDX-License-Identifier: MIT
// The choices of oversampling: the least multiple of the model's sample rate at which its network
// runs, and the phase of the filters that get it there.
#ifndef OD3_OVERSAMPLING_H
#define OD3_OVERSAMPLING_H

#include "common/realtime.h"

typedef enum { OVERSAMPLING_1X, OVERSAMPLING_2X, OVERSAMPLING_4X, N_OVERSAMPLINGS } Oversampling;

typedef enum {
  PHASE_LINEAR,  // all frequencies are equally late
  PHASE_MINIMUM, // all are as early as the filters' magnitude allows, low ones more than high ones
  N_PHASES
} Phase;

enum { N_OVERSAMPLING_PHASES = (int)N_OVERSAMPLINGS * (int)N_PHASES }; // pairs of both

// Returns the choice for a factor: 1 below 1.5, 2 below 3.5, 4 above; so 3, which some hosts offer,
// gives 2, which costs less. NaN gives 4. Any thread.
static inline Oversampling
oversampling_nearest(float factor) NONBLOCKING
{
  return factor < 1.5f ? OVERSAMPLING_1X : factor < 3.5f ? OVERSAMPLING_2X : OVERSAMPLING_4X;
}

// Returns the phase of a port's value: 0 is linear, 1 minimum. NaN gives minimum. Any thread.
static inline Phase
phase_nearest(float value) NONBLOCKING
{
  return value < 0.5f ? PHASE_LINEAR : PHASE_MINIMUM;
}

// Returns 1, 2 or 4. Any thread.
static inline unsigned
oversampling_factor(Oversampling oversampling) NONBLOCKING
{
  return 1U << (unsigned)oversampling;
}

#endif
