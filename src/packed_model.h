// SPDX-License-Identifier: MIT
// A model as a kernel plays it: its parameters in the kernel's order (gru.h).
#ifndef OD3_PACKED_MODEL_H
#define OD3_PACKED_MODEL_H

#include "conditioning.h"
#include "gru.h"
#include "kernel.h"
#include "model.h"
#include "realtime.h"

#include <stdbool.h>
#include <stddef.h>

// Immutable, so any number of threads may read it.
typedef struct {
  const Kernel* kernel;
  GruShape shape;
  unsigned sample_rate_hz;
  Conditioning conditioning; // n_theta and n_moved are multiples of ALIGNED_FLOATS; `moved` is as
                             // KernelFold wants it
  const float* out_weight;   // [shape.n_columns]
  float out_bias;
  size_t n_values;
  float* values; // [n_values], what all pointers but `kernel` point into
} PackedModel;

// A copy for this kernel, which the caller frees with packed_model_free; NULL when there is no
// memory. Any thread but the audio thread.
PackedModel*
packed_model_new(const Model* model, const Kernel* kernel);

// Whether two models are the same in all that can be heard. Any thread.
bool
packed_model_equals(const PackedModel* a, const PackedModel* b);

// NULL is allowed.
void
packed_model_free(PackedModel* model);

// Fills theta [conditioning.n_theta], aligned, for knobs [n_knobs], each within [-1, 1]. Any
// thread.
void
packed_model_fill(const PackedModel* model, const float* knobs, float* theta) NONBLOCKING;

// As packed_model_fill, for the first conditioning.n_moved of theta alone.
void
packed_model_move(const PackedModel* model, const float* knobs, float* theta) NONBLOCKING;

// The GRU of parameters theta. Any thread.
static inline Gru
packed_model_gru(const PackedModel* model, const float* theta) NONBLOCKING
{
  return (Gru){model->shape, theta, model->out_weight, model->out_bias};
}

#endif
