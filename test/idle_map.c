// SPDX-License-Identifier: MIT
// Does the pedal fall silent after noise, at every knob position?
//
// usage: idle_map MODEL.gru RATE_HZ OVERSAMPLING N
//
// At each of N x N positions of the first two knobs: 50 ms of noise at 0 dBFS, 200 ms of silence,
// of which the last 50 ms count. Prints the largest peak-to-peak output, and the knobs where it is.
#include "denormals.h"
#include "load.h"
#include "pedal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 64 };

// Plays so long, noise or silence; the peak-to-peak output.
static float
play(Pedal* pedal, const PedalControls* controls, double frames, float amplitude)
{
  static uint32_t random = 1;
  float lowest = INFINITY;
  float highest = -INFINITY;
  for (double t = 0; t < frames; t += BLOCK) {
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
  PedalControls controls = {.enabled = true};
  controls.oversampling = times < 2   ? OVERSAMPLING_1X
                          : times < 4 ? OVERSAMPLING_2X
                                      : OVERSAMPLING_4X;
  Pedal* pedal = pedal_new(model, rate_hz);
  denormals_flush();
  float worst = 0.0f;
  float where[2] = {0.0f, 0.0f};
  for (int i = 0; pedal && i < n * n; ++i) {
    controls.knobs[0] = 2.0f * (float)(i / n) / (float)(n - 1) - 1.0f;
    controls.knobs[1] = 2.0f * (float)(i % n) / (float)(n - 1) - 1.0f;
    pedal_settle(pedal, &controls);
    play(pedal, &controls, 0.05 * rate_hz, 1.0f);
    play(pedal, &controls, 0.15 * rate_hz, 0.0f);
    const float idle = play(pedal, &controls, 0.05 * rate_hz, 0.0f);
    if (!(idle <= worst)) {
      worst = idle;
      where[0] = controls.knobs[0];
      where[1] = controls.knobs[1];
    }
  }
  printf("%g %g %g\n", (double)worst, (double)where[0], (double)where[1]);
  pedal_free(pedal);
  packed_model_free(model);
  return pedal ? 0 : 1;
}
