// SPDX-License-Identifier: MIT
#include "network.h"

#include "memory.h"

#include <string.h>

enum {
  SETTLE_FRAMES = 4096, // silence in which the network comes to rest
  START_FRAMES = 2048,  // silence that the first run can afford, from rest at other knobs
  IDLE_FRAMES = 8,      // of silence, a tick, that the idle network plays until it rests
};

static const float silence[TICK_FRAMES];

size_t
network_n_floats(const PackedModel* model) NONBLOCKING
{
  return model->conditioning.n_theta;
}

void
network_init(Network* network, const PackedModel* model, float* memory) NONBLOCKING
{
  *network = (Network){.model = model, .theta = memory};
  network->gru = packed_model_gru(model, memory);
}

// The mean output in n_frames of silence, at most TICK_FRAMES.
static float
play_silence(Network* network, uint32_t n_frames) NONBLOCKING
{
  float out[TICK_FRAMES];
  gru_process(&network->gru, 1, network->idle_state, silence, out, n_frames);
  float sum = 0.0f;
  for (uint32_t i = 0; i < n_frames; ++i) {
    sum += out[i];
  }
  return sum / (float)n_frames;
}

void
network_settle(Network* network, const float* knobs, bool is_at_rest) NONBLOCKING
{
  packed_model_fill(network->model, knobs, network->theta);
  network->glides_left = 0;
  if (!is_at_rest) {
    memset(network->idle_state, 0, sizeof network->idle_state);
  }
  const uint32_t n_frames = is_at_rest ? START_FRAMES : SETTLE_FRAMES;
  for (uint32_t n = 0; n < n_frames; n += TICK_FRAMES) {
    network->idle_line.to = play_silence(network, TICK_FRAMES);
  }
  network->idle_ticks_left = SETTLE_FRAMES / IDLE_FRAMES;
}

void
network_begin_tick(Network* network, const float* knobs, bool have_moved) NONBLOCKING
{
  if (have_moved) {
    conditioning_features(&network->model->conditioning, knobs, network->features);
    network->glides_left = N_GLIDES;
    network->idle_ticks_left = SETTLE_FRAMES / IDLE_FRAMES;
  }
  network->idle_line.from = network->idle_line.to;
  if (network->idle_ticks_left) {
    --network->idle_ticks_left;
    network->idle_line.to = play_silence(network, IDLE_FRAMES);
  }
}

// Where share i of N_GLIDES begins.
static size_t
share_begin(size_t n_moved, uint32_t i) NONBLOCKING
{
  return n_moved * i / N_GLIDES / ALIGNED_FLOATS * ALIGNED_FLOATS;
}

void
network_glide(Network* network) NONBLOCKING
{
  const PackedModel* model = network->model;
  const Conditioning* conditioning = &model->conditioning;
  const uint32_t share = N_GLIDES - network->glides_left;
  const size_t n_moved = conditioning->n_moved;
  model->kernel->fold(conditioning->theta0, conditioning->moved, n_moved, network->features,
                      conditioning->n_features, share_begin(n_moved, share),
                      share_begin(n_moved, share + 1U), network->theta);
  --network->glides_left;
}
