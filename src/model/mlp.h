// SPDX-License-Identifier: MIT
// The multilayer perceptron that conditions a model: it turns knob positions into features, of
// which the network's parameters are an affine function: theta(knobs) = theta0 + deltas *
// mlp(knobs).
#ifndef OD3_MLP_H
#define OD3_MLP_H

#include "common/realtime.h"

enum { MAX_KNOBS = 4, MLP_MAX_LAYERS = 8, MLP_MAX_WIDTH = 64 };

// One layer: leaky_relu(weight * in + bias), with `slope` below 0.
typedef struct {
  unsigned n_in;
  unsigned n_out;
  float slope;
  const float* weight; // [n_out][n_in]
  const float* bias;   // [n_out]
} MlpLayer;

// Immutable; the owner of the model owns the arrays. Without layers, the knobs are the features.
typedef struct {
  unsigned n_knobs;    // 0 to MAX_KNOBS
  unsigned n_layers;   // 0 to MLP_MAX_LAYERS
  unsigned n_features; // 0 to MLP_MAX_WIDTH
  MlpLayer layers[MLP_MAX_LAYERS];
} Mlp;

// Computes features [n_features] of knobs [n_knobs], each -1 to +1. Audio thread; the time depends
// on the model alone.
void
mlp_run(const Mlp* mlp, const float* knobs, float* features) NONBLOCKING;

#endif
