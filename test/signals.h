// SPDX-License-Identifier: MIT
// Signals for the tests that play the plugin, and what is measured of them.
#ifndef OD3_TEST_SIGNALS_H
#define OD3_TEST_SIGNALS_H

enum { RATE_HZ = 48000, N = 53760 };

// What a test plays, what comes out of it, and what that is compared with.
extern float in[N];
extern float out[N];
extern float other[N];

// Fills [N].
void
sine(float* to, double frequency_hz, double amplitude);

// Fills [N] with something that has attacks, like playing: decaying notes over a little noise,
// always the same.
void
notes(float* to);

// The largest difference of neighbours from sample first to sample n.
float
largest_step(const float* sound, int first, int n);

// The largest magnitude from sample first to sample n, all of which must be finite.
float
largest_sample(const float* sound, int first, int n);

// Plays `in` [N] at these controls through a fresh instance.
void
play(float gain, float tone, float level_db, float enabled, float* to);

#endif
