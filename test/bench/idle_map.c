// SPDX-License-Identifier: MIT
// Measures whether the pedal falls silent after noise at every knob position.
//
// usage: idle_map MODEL.gru RATE_HZ OVERSAMPLING N
//
// Plays 50 ms of noise at 0 dBFS and then silence at each of N x N positions of the first two
// knobs. From 100 ms on it measures pieces of 50 ms, until one is quiet or 1 s has passed. Prints
// the largest peak-to-peak output of the last pieces, its two knob positions, and the longest time
// to silence in seconds.
#include "engine/pedal.h"
#include "lv2/float_env.h"
#include "support/load.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 64 };

static const double piece_s = 0.05;
static const float quiet = 1e-5f; // peak to peak

// Plays a piece of noise or silence. Returns the peak-to-peak output.
static float
play(Pedal* pedal, const PedalControls* controls, double sample_rate_hz, float amplitude)
{
  static uint32_t random = 1;
  float lowest = INFINITY;
  float highest = -INFINITY;
  for (double t = 0; t < piece_s * sample_rate_hz; t += BLOCK) {
    float block[BLOCK];
    for (int i = 0; i < BLOCK; ++i) {
      random = random * 1664525U + 1013904223U;
      block[i] = amplitude * ((float)random / 2147483648.0f - 1.0f);
    }
    pedal_run(pedal, controls, block, block, BLOCK);
    for (int i = 0; i < BLOCK; ++i) {
      lowest = fminf(lowest, block[i]);
      highest = fmaxf(highest, block[i]);
    }
  }
  return highest - lowest;
}

// Returns the peak-to-peak output in silence after noise; *silence_s is the time until then.
static float
idle(Pedal* pedal, const PedalControls* controls, double sample_rate_hz, double* silence_s)
{
  pedal_prime(pedal, controls);
  play(pedal, controls, sample_rate_hz, 1.0f);
  play(pedal, controls, sample_rate_hz, 0.0f);
  play(pedal, controls, sample_rate_hz, 0.0f);
  float loudness = INFINITY;
  for (*silence_s = 2 * piece_s; *silence_s < 1.0 && !(loudness <= quiet); *silence_s += piece_s) {
    loudness = play(pedal, controls, sample_rate_hz, 0.0f);
  }
  return loudness;
}

int
main(int argc, char** argv)
{
  PackedModel* model = argc == 5 ? load(argv[1]) : NULL;
  if (!model) {
    fprintf(stderr, "usage: idle_map MODEL.gru RATE_HZ OVERSAMPLING N\n");
    return 2;
  }
  const double rate_hz = strtod(argv[2], NULL);
  const int times = atoi(argv[3]);
  const int n = atoi(argv[4]);
  PedalControls controls = {.enabled = true, .blend = 1.0f};
  controls.oversampling = times < 2   ? OVERSAMPLING_1X
                          : times < 4 ? OVERSAMPLING_2X
                                      : OVERSAMPLING_4X;
  Pedal* pedal = pedal_new(model, rate_hz);
  float_env_enter();
  float loudest = 0.0f;
  double longest_s = 0.0;
  float where[2] = {0.0f, 0.0f};
  for (int i = 0; pedal && i < n * n; ++i) {
    controls.knobs[0] = 2.0f * (float)(i / n) / (float)(n - 1) - 1.0f;
    controls.knobs[1] = 2.0f * (float)(i % n) / (float)(n - 1) - 1.0f;
    double silence_s = 0.0;
    const float loudness = idle(pedal, &controls, rate_hz, &silence_s);
    longest_s = fmax(longest_s, silence_s);
    if (!(loudness <= loudest)) {
      loudest = loudness;
      where[0] = controls.knobs[0];
      where[1] = controls.knobs[1];
    }
  }
  printf("%g %g %g %g\n", (double)loudest, (double)where[0], (double)where[1], longest_s);
  pedal_free(pedal);
  packed_model_free(model);
  return pedal ? 0 : 1;
}
