// SPDX-License-Identifier: MIT
// A model with its parameters in the order in which one kernel reads them.
#ifndef OD3_PACKED_MODEL_H
#define OD3_PACKED_MODEL_H

#include "common/realtime.h"
#include "model/loudness_table.h"
#include "model/mlp.h"
#include "model/model.h"
#include "model/silent_states.h"
#include "rnn/cell.h"
#include "rnn/kernel.h"

#include <stdbool.h>
#include <stddef.h>

// Immutable but for its silent states, so any number of threads may use it.
typedef struct {
  const Kernel* kernel;
  CellShape shape;
  unsigned sample_rate_hz;
  Mlp mlp;
  size_t n_theta;             // a multiple of ALIGNED_FLOATS
  size_t n_conditioned;       // the first of theta, which depend on the knobs; likewise a multiple
  const float* theta0;        // [n_theta] in the kernel's order (rnn/cell.h)
  const float* weight_deltas; // [n_conditioned / ALIGNED_FLOATS][n_features][ALIGNED_FLOATS]
  const float* out_weight;    // [shape.n_columns]
  float out_bias;
  float direct;
  ModelLevels levels;
  size_t n_values;
  float* values;               // [n_values]: the memory that all pointers but `kernel` point into
  SilentStates* silent_states; // of this model; they are no part of its identity
  LoudnessTable loudness;      // likewise; empty where it is not known
} PackedModel;

// Allocates a copy of a model for a kernel, or returns NULL when memory is short. The caller frees
// it with packed_model_free. The table of its loudness is empty unless it is known for the model's
// file; loudness_complete (engine/loudness.h) fills it. Not for the audio thread.
PackedModel*
packed_model_new(const Model* model, const Kernel* kernel);

// Returns whether two models sound the same on the same kernel, and have learned the same peaks.
// Any thread.
bool
packed_model_equals(const PackedModel* a, const PackedModel* b);

// Frees a model; NULL is allowed. Not for the audio thread.
void
packed_model_free(PackedModel* model);

// Computes theta [n_theta], aligned, for knobs [n_knobs], each -1 to +1. Any thread.
void
packed_model_theta(const PackedModel* model, const float* knobs, float* theta) NONBLOCKING;

// Computes the first n_conditioned of theta only: those that depend on the knobs. Any thread.
void
packed_model_conditioned_theta(const PackedModel* model, const float* knobs,
                               float* theta) NONBLOCKING;

// Returns the recurrent cell with parameters theta, which must outlive it. Any thread.
static inline Cell
packed_model_cell(const PackedModel* model, const float* theta) NONBLOCKING
{
  return (Cell){model->shape, theta, model->out_weight, model->out_bias, model->direct};
}

#endif
