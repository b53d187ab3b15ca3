// SPDX-License-Identifier: MIT
// The whole pedal: plays raw float32 samples from standard input to standard output.
//
// usage: play MODEL.gru RATE-HZ GAIN TONE LEVEL-DB ENABLED     values as of the plugin's ports
//
// It starts settled, and what comes out is in time: without the latency, as long as what went in.
#include "model.h"
#include "pedal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512 };

// Plays a block and writes it, but for the frames that are still to be dropped.
static bool
play_block(Pedal* pedal, const PedalControls* controls, float* block, uint32_t n_frames,
           uint32_t* to_drop)
{
  pedal_run(pedal, controls, block, block, n_frames);
  const uint32_t dropped = *to_drop < n_frames ? *to_drop : n_frames;
  *to_drop -= dropped;
  return fwrite(block + dropped, sizeof *block, n_frames - dropped, stdout) == n_frames - dropped;
}

static bool
play(Pedal* pedal, const PedalControls* controls)
{
  float block[BLOCK];
  uint32_t to_drop = PEDAL_LATENCY_FRAMES;
  uint32_t tail = to_drop;
  size_t n = 0;
  pedal_settle(pedal, controls);
  while ((n = fread(block, sizeof *block, BLOCK, stdin)) > 0) {
    if (!play_block(pedal, controls, block, (uint32_t)n, &to_drop)) {
      return false;
    }
  }
  for (; tail > 0; tail -= (uint32_t)n) {
    n = tail < BLOCK ? tail : BLOCK;
    memset(block, 0, sizeof block);
    if (!play_block(pedal, controls, block, (uint32_t)n, &to_drop)) {
      return false;
    }
  }
  return true;
}

int
main(int argc, char** argv)
{
  if (argc != 7) {
    fprintf(stderr, "usage: play MODEL.gru RATE-HZ GAIN TONE LEVEL-DB ENABLED\n");
    return 2;
  }
  const PedalControls controls = {
      .knobs = {strtof(argv[3], NULL) / 5.0f - 1.0f, strtof(argv[4], NULL) / 5.0f - 1.0f},
      .level_db = strtof(argv[5], NULL),
      .enabled = atoi(argv[6]) != 0,
  };
  Model* model = NULL;
  const ModelStatus status = model_load(argv[1], &model);
  if (status != MODEL_OK) {
    fprintf(stderr, "play: %s is %s\n", argv[1], model_status_text(status));
    return 2;
  }
  Pedal* pedal = pedal_new(model, strtod(argv[2], NULL));
  const bool played = pedal && play(pedal, &controls);
  pedal_free(pedal);
  model_free(model);
  return played ? 0 : 1;
}
