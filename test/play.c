// SPDX-License-Identifier: MIT
// The whole pedal: plays raw float32 samples from standard input to standard output.
//
// usage: play MODEL.gru RATE_HZ OVERSAMPLING [KNOB...]     knobs from -1 to +1; those not given are
// 0
//
// OVERSAMPLING is 1, 2 or 4. Tells "latency FRAMES" on standard error.
#include "denormals.h"
#include "load.h"
#include "pedal.h"

#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 512 };

static int
play(Pedal* pedal, const PedalControls* controls)
{
  float block[BLOCK];
  size_t n = 0;
  pedal_settle(pedal, controls);
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
  PedalControls controls = {.enabled = true};
  controls.oversampling = times < 2   ? OVERSAMPLING_1X
                          : times < 4 ? OVERSAMPLING_2X
                                      : OVERSAMPLING_4X;
  for (int i = 4; i < argc; ++i) {
    controls.knobs[i - 4] = strtof(argv[i], NULL);
  }
  PackedModel* model = load(argv[1]);
  Pedal* pedal = model ? pedal_new(model, strtod(argv[2], NULL)) : NULL;
  if (!pedal) {
    fprintf(stderr, "play: %s can't be played\n", argv[1]);
    packed_model_free(model);
    return 2;
  }
  denormals_flush();
  const int result = play(pedal, &controls);
  pedal_free(pedal);
  packed_model_free(model);
  return result;
}
