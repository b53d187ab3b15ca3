// SPDX-License-Identifier: MIT
#include "conditioning.h"

#include <string.h>

static void
apply_layer(const MlpLayer* layer, const float* in, float* out) NONBLOCKING
{
  for (unsigned i = 0; i < layer->n_out; ++i) {
    float sum = layer->bias[i];
    for (unsigned j = 0; j < layer->n_in; ++j) {
      sum += layer->weight[i * layer->n_in + j] * in[j];
    }
    out[i] = sum < 0.0f ? layer->slope * sum : sum;
  }
}

void
conditioning_features(const Conditioning* conditioning, const float* knobs,
                      float* features) NONBLOCKING
{
  float buffers[2][MLP_MAX_WIDTH] = {{0.0f}};
  const float* last = knobs;
  for (unsigned i = 0; i < conditioning->n_layers; ++i) {
    apply_layer(&conditioning->layers[i], last, buffers[i % 2U]);
    last = buffers[i % 2U];
  }
  memcpy(features, last, conditioning->n_features * sizeof *features);
}
