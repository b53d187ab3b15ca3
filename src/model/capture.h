// SPDX-License-Identifier: MIT
// A recurrent network as other programs save it: one cell whose inputs are the sound and knobs from
// 0 to 1, a linear layer, a path past both, and gains. It becomes a Model.
#ifndef OD3_CAPTURE_H
#define OD3_CAPTURE_H

#include "model/model.h"

#include <stdbool.h>
#include <stddef.h>

// The arrays' columns hold the gates r, z, n or i, f, g, o, hidden_size columns each.
typedef struct {
  CellKind cell;
  unsigned hidden_size;
  unsigned n_knobs;
  double in_gain;        // before the network and the direct path
  double out_gain;       // after both
  double direct;         // 1: the network's input is added to its output
  double* in_weight;     // [1 + n_knobs][columns]
  double* hidden_weight; // [hidden_size][columns]
  double* in_bias;       // [columns]
  double* hidden_bias;   // [columns]
  double* out_weight;    // [hidden_size]
  double out_bias;
  size_t n_test;    // samples of the test, of which the gains are no part; all its knobs are at 0
  double* test_in;  // [n_test]
  double* test_out; // [n_test]
  double* values;   // the memory that the arrays point into
} Capture;

// Allocates arrays of zeros for the sizes in `capture`. Returns false when memory is short. The
// caller frees them with capture_free. Not for the audio thread.
bool
capture_allocate(Capture* capture);

// Frees the arrays. Not for the audio thread.
void
capture_free(Capture* capture);

// Exchanges the gates r and z of a GRU. Any thread.
void
capture_exchange_gates(Capture* capture);

// Exchanges the biases of the input's and of the hidden side. Any thread.
void
capture_exchange_biases(Capture* capture);

// Writes the network into a model whose name, rate and texts are set already. It uses the memory of
// model->values again where there is some. Returns false when memory is short. Not for the audio
// thread.
bool
capture_to_model(const Capture* capture, Model* model);

#endif
