// SPDX-License-Identifier: MIT
#include "network.h"

#include <math.h>
#include <string.h>

enum {
  SETTLE_FRAMES = 12288, // silence in which the network comes to rest
  START_FRAMES = 2048,   // silence that the first run can afford, from rest at other knobs
};

// How much slower than in real time the idle network plays after a glide, until it rests, so that
// it costs a fifth of the sound's network at most; and by how much more during one, when there is
// other work. What it is late by has gone in 0.2 s (test/fuzz_run.c).
static const double idle_slowness = 5.0;
enum { GLIDING_SLOWNESS = 3 };

// How far knobs move in one step of the parameters without a click, and how many steps a glide has
// at most: a knob that jumps from end to end in 0.15 s takes a step in 8 frames at 48 kHz. With 16
// frames, steps of the sound exceeded its own by 6 % (test/host_controls.c).
static const float step_distance = 0.0023f;
enum { MAX_STEPS = 64 };

static const float silence[TICK_FRAMES];

size_t
network_n_floats(const PackedModel* model) NONBLOCKING
{
  return model->conditioning.n_theta + model->conditioning.n_moved;
}

void
network_init(Network* network, const PackedModel* model, double sample_rate_hz,
             float* memory) NONBLOCKING
{
  const double tick_s = (double)TICK_FRAMES / sample_rate_hz;
  const double idle_frames = tick_s * (double)model->sample_rate_hz / idle_slowness;
  *network = (Network){.model = model, .theta = memory};
  network->aim = memory + model->conditioning.n_theta;
  network->gru = packed_model_gru(model, memory);
  network->idle_frames = idle_frames < 1.0                   ? 1U
                         : idle_frames > (double)TICK_FRAMES ? (uint32_t)TICK_FRAMES
                                                             : (uint32_t)idle_frames;
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
  memcpy(network->knobs, knobs, sizeof network->knobs);
  network->steps_left = 0;
  network->frames_to_step = 0;
  if (!is_at_rest) {
    memset(network->idle_state, 0, sizeof network->idle_state);
  }
  const uint32_t n_frames = is_at_rest ? START_FRAMES : SETTLE_FRAMES;
  for (uint32_t n = 0; n < n_frames; n += TICK_FRAMES) {
    network->idle_line.to = play_silence(network, TICK_FRAMES);
  }
  network->idle_frames_left = SETTLE_FRAMES;
}

void
network_begin_tick(Network* network) NONBLOCKING
{
  network->idle_line.from = network->idle_line.to;
  if (network->idle_frames_left) {
    const uint32_t slowness = network_is_gliding(network) ? GLIDING_SLOWNESS : 1;
    const uint32_t n_frames = 1 + (network->idle_frames - 1) / slowness;
    network->idle_line.to = play_silence(network, n_frames);
    network->idle_frames_left -=
        n_frames < network->idle_frames_left ? n_frames : network->idle_frames_left;
  }
}

// How far it is from the last knobs to these.
static float
distance(const Network* network, const float* knobs) NONBLOCKING
{
  float sum = 0.0f;
  for (unsigned i = 0; i < MAX_KNOBS; ++i) {
    sum += fabsf(knobs[i] - network->knobs[i]);
  }
  return sum;
}

void
network_glide(Network* network, const float* knobs) NONBLOCKING
{
  const uint32_t n_wanted = 1 + (uint32_t)(distance(network, knobs) / step_distance);
  const uint32_t n_steps = n_wanted < MAX_STEPS ? n_wanted : MAX_STEPS;
  packed_model_move(network->model, knobs, network->aim);
  memcpy(network->knobs, knobs, sizeof network->knobs);
  network->steps_left = n_steps;
  network->step_frames = GLIDE_FRAMES / n_steps;
  network->idle_frames_left = SETTLE_FRAMES;
}

// The last one ends at the aim, to the bit.
static void
step(Network* network) NONBLOCKING
{
  const PackedModel* model = network->model;
  const size_t n = model->conditioning.n_moved;
  if (network->steps_left > 1) {
    model->kernel->approach(network->aim, 1.0f / (float)network->steps_left, n, network->theta);
  } else {
    memcpy(network->theta, network->aim, n * sizeof *network->theta);
  }
  --network->steps_left;
  network->frames_to_step = network->step_frames;
}

uint32_t
network_advance(Network* network, uint32_t n_frames) NONBLOCKING
{
  if (network->steps_left && network->frames_to_step == 0) {
    step(network);
  }
  const uint32_t left = network->frames_to_step;
  const uint32_t n = left && left < n_frames ? left : n_frames;
  network->frames_to_step = left > n ? left - n : 0;
  return n;
}
