// SPDX-License-Identifier: MIT
// A primed network of a small made-up model in plain C, for tests of what runs one.
#ifndef OD3_PRIMED_NETWORK_H
#define OD3_PRIMED_NETWORK_H

#include "common/memory.h"
#include "network/network.h"
#include "support/made_up_model.h"

#include <stdlib.h>

static PackedModel* model;
static float* memory;
static Network network;

// Makes a GRU of hidden_size units, primed at knobs that are not in the middle, in its first
// control period. Returns -1 when memory is short, else 0.
static int
make_primed_network(unsigned hidden_size, double sample_rate_hz)
{
  const float knobs[MAX_KNOBS] = {0.2f, -0.4f};
  const Model made_up = made_up_model(CELL_GRU, hidden_size);
  model = packed_model_new(&made_up, kernel_find("plain"));
  memory = model ? aligned_zeros(network_n_floats(model) * sizeof *memory) : NULL;
  if (!memory) {
    return -1;
  }
  network_init(&network, model, sample_rate_hz, memory);
  network_prime(&network, knobs);
  network_begin_period(&network);
  return 0;
}

static int
free_primed_network(void** state)
{
  (void)state;
  free(memory);
  packed_model_free(model);
  return 0;
}

#endif
