// SPDX-License-Identifier: MIT
#include "model/mlp.h"

#include <string.h>

static void
run_layer(const MlpLayer* layer, const float* in, float* out) NONBLOCKING
{
  memcpy(out, layer->bias, layer->n_out * sizeof *out);
  // The loop over inputs is the outer one: additions to different outputs are independent.
  for (unsigned j = 0; j < layer->n_in; ++j) {
    for (unsigned i = 0; i < layer->n_out; ++i) {
      out[i] += layer->weight[i * layer->n_in + j] * in[j];
    }
  }
  for (unsigned i = 0; i < layer->n_out; ++i) {
    out[i] = out[i] < 0.0f ? layer->slope * out[i] : out[i];
  }
}

void
mlp_run(const Mlp* mlp, const float* knobs, float* features) NONBLOCKING
{
  float buffers[2][MLP_MAX_WIDTH] = {{0.0f}};
  const float* last = knobs;
  for (unsigned i = 0; i < mlp->n_layers; ++i) {
    run_layer(&mlp->layers[i], last, buffers[i % 2U]);
    last = buffers[i % 2U];
  }
  memcpy(features, last, mlp->n_features * sizeof *features);
}
