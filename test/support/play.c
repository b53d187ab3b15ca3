// SPDX-License-Identifier: MIT
// Plays raw float32 samples from standard input through the whole pedal to standard output.
//
// usage: play MODEL.gru RATE_HZ OVERSAMPLING [KNOB...]
//
// OVERSAMPLING is 1, 2 or 4. Knobs go from -1 to +1; missing ones are 0. Prints "latency FRAMES" on
// standard error.
#include "engine/pedal.h"
#include "lv2/float_env.h"
#include "support/load.h"

#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 512 };

static int
play(Pedal* pedal, const PedalControls* controls)
{
  float block[BLOCK];
  size_t n = 0;
  pedal_prime(pedal, controls);
  fprintf(stderr, "latency %u\n", pedal_latency_frames(pedal));
  while ((n = fread(block, sizeof *block, BLOCK, stdin)) > 0) {
    pedal_run(pedal, controls, block, block, (uint32_t)n);
    if (fwrite(block, sizeof *block, n, stdout) != n) {
      return 1;
    }
  }
  return 0;
}

int
main(int argc, char** argv)
{
  if (argc < 4 || argc > 4 + MAX_KNOBS) {
    fprintf(stderr, "usage: play MODEL.gru RATE_HZ OVERSAMPLING [KNOB...]\n");
    return 2;
  }
  const int times = atoi(argv[3]);
  PedalControls controls = {.enabled = true, .blend = 1.0f};
  controls.oversampling = times < 2   ? OVERSAMPLING_1X
                          : times < 4 ? OVERSAMPLING_2X
                                      : OVERSAMPLING_4X;
  for (int i = 4; i < argc; ++i) {
    controls.knobs[i - 4] = strtof(argv[i], NULL);
  }
  PackedModel* model = load(argv[1]);
  Pedal* pedal = model ? pedal_new(model, strtod(argv[2], NULL)) : NULL;
  if (!pedal) {
    fprintf(stderr, "play: %s cannot be played at %s Hz\n", argv[1], argv[2]);
    packed_model_free(model);
    return 2;
  }
  float_env_enter();
  const int result = play(pedal, &controls);
  pedal_free(pedal);
  packed_model_free(model);
  return result;
}
