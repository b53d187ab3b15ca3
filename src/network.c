// SPDX-License-Identifier: MIT
#include "network.h"

#include <string.h>

enum {
  SETTLE_FRAMES = 12288, // silence in which the network comes to rest
  START_FRAMES = 2048,   // silence that the first run can afford, from rest at other knobs
  IDLE_FRAMES = 8,       // of silence, a tick, that the idle network plays until it rests
};

static const float silence[TICK_FRAMES];

size_t
network_n_floats(const PackedModel* model) NONBLOCKING
{
  return model->conditioning.n_theta + model->conditioning.n_moved;
}

void
network_init(Network* network, const PackedModel* model, float* memory) NONBLOCKING
{
  *network = (Network){.model = model, .theta = memory};
  network->aim = memory + model->conditioning.n_theta;
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
    packed_model_move(network->model, knobs, network->aim);
    network->glides_left = TICK_FRAMES / GLIDE_FRAMES;
    network->idle_ticks_left = SETTLE_FRAMES / IDLE_FRAMES;
  }
  network->idle_line.from = network->idle_line.to;
  if (network->idle_ticks_left) {
    --network->idle_ticks_left;
    network->idle_line.to = play_silence(network, IDLE_FRAMES);
  }
}

void
network_glide(Network* network) NONBLOCKING
{
  const PackedModel* model = network->model;
  model->kernel->approach(network->aim, 1.0f / (float)network->glides_left,
                          model->conditioning.n_moved, network->theta);
  --network->glides_left;
}
