// SPDX-License-Identifier: MIT
// The bare network: plays raw float32 samples from standard input to standard output.
//
// usage: render MODEL.gru [KNOB...]     knobs from -1 to +1; those not given are 0
//
// No level, no smoothing, and the idle output still in it: what the exactness tests compare.
#include "gru.h"
#include "model.h"

#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 512 };

static int
play(const Model* model, const float* knobs)
{
  static float theta[GRU_MAX_HIDDEN * (3 * GRU_MAX_HIDDEN + 7)];
  float state[GRU_MAX_HIDDEN] = {0.0f};
  float block[BLOCK];
  conditioning_init(&model->conditioning, theta);
  conditioning_apply(&model->conditioning, knobs, theta);
  const Gru gru = {model->hidden_size, theta, model->out_weight, model->out_bias};
  size_t n = 0;
  while ((n = fread(block, sizeof *block, BLOCK, stdin)) > 0) {
    gru_process(&gru, 1, state, block, block, (uint32_t)n);
    if (fwrite(block, sizeof *block, n, stdout) != n) {
      return 1;
    }
  }
  return 0;
}

int
main(int argc, char** argv)
{
  if (argc < 2 || argc > 2 + MAX_KNOBS) {
    fprintf(stderr, "usage: render MODEL.gru [KNOB...]\n");
    return 2;
  }
  float knobs[MAX_KNOBS] = {0.0f};
  for (int i = 2; i < argc; ++i) {
    knobs[i - 2] = strtof(argv[i], NULL);
  }
  Model* model = NULL;
  const ModelStatus status = model_load(argv[1], &model);
  if (status != MODEL_OK) {
    fprintf(stderr, "render: %s is %s\n", argv[1], model_status_text(status));
    return 2;
  }
  const int result = play(model, knobs);
  model_free(model);
  return result;
}
