// SPDX-License-Identifier: MIT
// Plays raw float32 samples from standard input through the bare network to standard output.
//
// usage: render MODEL.cell N_STREAMS [KNOB...]
//
// N_STREAMS is 1, 2 or 4; the samples of the streams are interleaved. Knobs go from -1 to +1;
// missing ones are 0. OD3_KERNEL names the kernel. The output has no level control, no ramps, and
// keeps the DC offset; the exactness tests compare it.
#include "common/memory.h"
#include "support/load.h"

#include <stdalign.h>

enum { BLOCK = 512 };

static int
play(const PackedModel* model, uint32_t n_streams, const float* knobs)
{
  alignas(ALIGNMENT) static float theta[CELL_MAX_THETA];
  alignas(ALIGNMENT) float states[CELL_MAX_STREAMS * CELL_MAX_STATE] = {0.0f};
  float block[BLOCK];
  packed_model_theta(model, knobs, theta);
  const Cell cell = packed_model_cell(model, theta);
  size_t n = 0;
  while ((n = fread(block, sizeof *block, BLOCK, stdin)) > 0) {
    cell_process(&cell, n_streams, states, block, block, (uint32_t)n);
    if (fwrite(block, sizeof *block, n, stdout) != n) {
      return 1;
    }
  }
  return 0;
}

int
main(int argc, char** argv)
{
  if (argc < 3 || argc > 3 + MAX_KNOBS) {
    fprintf(stderr, "usage: render MODEL.cell N_STREAMS [KNOB...]\n");
    return 2;
  }
  float knobs[MAX_KNOBS] = {0.0f};
  for (int i = 3; i < argc; ++i) {
    knobs[i - 3] = strtof(argv[i], NULL);
  }
  PackedModel* model = load(argv[1]);
  if (!model) {
    return 2;
  }
  const int result = play(model, (uint32_t)atoi(argv[2]), knobs);
  packed_model_free(model);
  return result;
}
