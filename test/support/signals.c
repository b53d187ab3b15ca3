// SPDX-License-Identifier: MIT
#include "support/signals.h"

#include "support/host.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

float in[N];
float out[N];
float other[N];

void
sine(float* to, double frequency_hz, double amplitude)
{
  for (int i = 0; i < N; ++i) {
    to[i] = (float)(amplitude * sin(2.0 * 3.14159265358979 * frequency_hz * i / (double)RATE_HZ));
  }
}

void
notes(float* to)
{
  uint32_t random = 1;
  for (int i = 0; i < N; ++i) {
    const double t = (i % 9600) / (double)RATE_HZ;
    const double pitch_hz = 82.4 * (1 + i / 9600);
    random = random * 1664525U + 1013904223U;
    const double noise = (double)random / 4294967296.0 - 0.5;
    to[i] =
        (float)(0.5 * exp(-8.0 * t) * sin(2.0 * 3.14159265358979 * pitch_hz * t) + 0.001 * noise);
  }
}

float
largest_step(const float* sound, int first, int n)
{
  float largest = 0.0f;
  for (int i = first + 1; i < n; ++i) {
    largest = fmaxf(largest, fabsf(sound[i] - sound[i - 1]));
  }
  return largest;
}

float
largest_sample(const float* sound, int first, int n)
{
  float largest = 0.0f;
  for (int i = first; i < n; ++i) {
    assert_true(isfinite(sound[i]));
    largest = fmaxf(largest, fabsf(sound[i]));
  }
  return largest;
}

void
play(float gain, float tone, float level_db, float enabled, float* to)
{
  Instance* instance = host_start(RATE_HZ, gain, tone, level_db, enabled);
  host_run(instance, in, to, N, 512);
  host_free(instance);
}
