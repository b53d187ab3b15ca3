// SPDX-License-Identifier: MIT
// Test signals for the plugin, and measurements of them.
#ifndef OD3_TEST_SIGNALS_H
#define OD3_TEST_SIGNALS_H

// Before `in` and `out`, which its parameters would shadow.
#include "lv2/controls.h"

enum { RATE_HZ = 48000, N = 53760 };

// A test's input, its output, and the output that it is compared with.
extern float in[N];
extern float out[N];
extern float other[N];

// Fills `to` [N] with a sine.
void
sine(float* to, double frequency_hz, double amplitude);

// Fills `to` [N] with decaying notes over a little noise. Each call gives the same samples.
void
notes(float* to);

// Returns the largest difference between neighbouring samples of sound[first] to sound[n - 1].
float
largest_step(const float* sound, int first, int n);

// Returns the largest magnitude of sound[first] to sound[n - 1]. Asserts that all are finite.
float
largest_sample(const float* sound, int first, int n);

// Plays `in` [N] through a fresh instance with these controls into `to` [N].
void
play(float gain, float tone, float level_db, float enabled, float* to);

#endif
