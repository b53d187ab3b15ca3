// SPDX-License-Identifier: MIT
// A model of made-up small numbers, for tests that need a network but no file.
#ifndef OD3_TEST_MADE_UP_MODEL_H
#define OD3_TEST_MADE_UP_MODEL_H

#include "common/memory.h"
#include "model/model.h"
#include "rnn/cell.h"
#include "rnn/theta_layout.h"

#include <math.h>
#include <stdalign.h>

enum { MADE_UP_KNOBS = 2 };

// The numbers of the model that made_up_model returned last.
alignas(
    ALIGNMENT) static float made_up_values[(1 + MADE_UP_KNOBS) * CELL_MAX_THETA + CELL_MAX_HIDDEN];

// Returns a model without layers, all of whose parameters depend on both knobs. It points into
// made_up_values, so that a program has one such model at a time.
static inline Model
made_up_model(CellKind cell, unsigned hidden_size)
{
  float* values = made_up_values;
  const size_t n_theta = theta_size(cell, hidden_size);
  uint32_t random = hidden_size;
  for (size_t i = 0; i < sizeof made_up_values / sizeof *made_up_values; ++i) {
    random = random * 1664525U + 1013904223U;
    values[i] = ((float)random / 4294967296.0f - 0.5f) / sqrtf((float)hidden_size);
  }
  return (Model){.cell = cell,
                 .sample_rate_hz = 48000,
                 .hidden_size = hidden_size,
                 .mlp = {.n_knobs = MADE_UP_KNOBS, .n_features = MADE_UP_KNOBS},
                 .n_theta = n_theta,
                 .n_conditioned = n_theta,
                 .theta0 = values,
                 .weight_deltas = values + n_theta,
                 .out_weight = values + (1 + MADE_UP_KNOBS) * n_theta,
                 .out_bias = 0.1f};
}

#endif
