// SPDX-License-Identifier: MIT
#include "conditioning.h"

#include <string.h>

static void
apply_layer(const MlpLayer* layer, const float* in, float* out) NONBLOCKING
{
  memcpy(out, layer->bias, layer->n_out * sizeof *out);
  // Inputs outside: additions to other outputs need not wait for each other.
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
