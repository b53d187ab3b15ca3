// SPDX-License-Identifier: MIT
// The bare network: plays raw float32 samples from standard input to standard output.
//
// usage: render MODEL.gru N_LANES [KNOB...]     knobs from -1 to +1; those not given are 0
//
// N_LANES is 1, 2 or 4: so many signals take turns, sample by sample. OD3_KERNEL names the kernel.
// No level, no smoothing, and the idle output still in it: what the exactness tests compare.
#include "load.h"
#include "memory.h"

#include <stdalign.h>

enum { BLOCK = 512 };

static int
play(const PackedModel* model, uint32_t n_lanes, const float* knobs)
{
  alignas(ALIGNMENT) static float theta[GRU_MAX_HIDDEN * (3 * GRU_MAX_HIDDEN + 7)];
  alignas(ALIGNMENT) float states[GRU_MAX_LANES * GRU_MAX_HIDDEN] = {0.0f};
  float block[BLOCK];
  packed_model_fill(model, knobs, theta);
  const Gru gru = packed_model_gru(model, theta);
  size_t n = 0;
  while ((n = fread(block, sizeof *block, BLOCK, stdin)) > 0) {
    gru_process(&gru, n_lanes, states, block, block, (uint32_t)n);
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
    fprintf(stderr, "usage: render MODEL.gru N_LANES [KNOB...]\n");
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
