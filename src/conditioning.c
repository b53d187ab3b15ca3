// SPDX-License-Identifier: MIT
#include "conditioning.h"

#include "matrix.h"

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
conditioning_init(const Conditioning* conditioning, float* theta) NONBLOCKING
{
  memcpy(theta, conditioning->theta0, conditioning->n_theta * sizeof *theta);
}

void
conditioning_apply(const Conditioning* conditioning, const float* knobs, float* theta) NONBLOCKING
{
  float buffers[2][MLP_MAX_WIDTH] = {{0.0f}};
  const float* features = knobs;
  for (unsigned i = 0; i < conditioning->n_layers; ++i) {
    apply_layer(&conditioning->layers[i], features, buffers[i % 2U]);
    features = buffers[i % 2U];
  }

  const size_t n_moved = conditioning->n_moved;
  memcpy(theta, conditioning->theta0, n_moved * sizeof *theta);
  add_rows(1, conditioning->n_features, n_moved, features, conditioning->moved, theta);
}
