// SPDX-License-Identifier: MIT
#include "network.h"

#include <string.h>

enum {
  SETTLE_FRAMES = 4096, // silence in which the network comes to rest
  START_FRAMES = 2048,  // silence that the first run can afford, from rest at other knobs
  IDLE_FRAMES = 8,      // of silence, a tick, that the idle network plays until it rests
};

static const float silence[TICK_FRAMES];

size_t
network_n_floats(const Model* model) NONBLOCKING
{
  return model->conditioning.n_theta + model->conditioning.n_moved;
}

void
network_init(Network* network, const Model* model, float* memory) NONBLOCKING
{
  *network = (Network){.model = model, .theta = memory};
  network->aim = memory + model->conditioning.n_theta;
  network->gru = (Gru){model->hidden_size, memory, model->out_weight, model->out_bias};
  conditioning_init(&model->conditioning, network->theta);
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
  conditioning_apply(&network->model->conditioning, knobs, network->theta);
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
    conditioning_apply(&network->model->conditioning, knobs, network->aim);
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
  const size_t n_moved = network->model->conditioning.n_moved;
  const float left = 1.0f - 1.0f / (float)network->glides_left;
  for (size_t i = 0; i < n_moved; ++i) {
    network->theta[i] = network->aim[i] + left * (network->theta[i] - network->aim[i]);
  }
  --network->glides_left;
}
