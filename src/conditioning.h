// SPDX-License-Identifier: MIT
// From knobs to the GRU's parameters: theta(knobs) = theta0 + moved * mlp(knobs).
#ifndef OD3_CONDITIONING_H
#define OD3_CONDITIONING_H

#include "realtime.h"

#include <stddef.h>

enum { MAX_KNOBS = 4, MLP_MAX_LAYERS = 8, MLP_MAX_WIDTH = 64 };

// One layer: leaky_relu(weight * in + bias), whose negative side has the given slope.
typedef struct {
  unsigned n_in;
  unsigned n_out;
  float slope;
  const float* weight; // [n_out][n_in]
  const float* bias;   // [n_out]
} MlpLayer;

// Immutable; the arrays belong to the model. Without layers the features are the knobs themselves.
typedef struct {
  unsigned n_knobs;  // 0 to MAX_KNOBS
  unsigned n_layers; // 0 to MLP_MAX_LAYERS
  unsigned n_features;
  size_t n_theta;
  size_t n_moved; // the first n_moved parameters of theta move with the knobs
  MlpLayer layers[MLP_MAX_LAYERS];
  const float* theta0; // [n_theta]
  const float* moved;  // [n_features][n_moved]
} Conditioning;

// What the MLP makes, features [n_features], of knobs [n_knobs], each within [-1, 1]. Audio thread;
// its time depends on the model alone.
void
conditioning_features(const Conditioning* conditioning, const float* knobs,
                      float* features) NONBLOCKING;

#endif
