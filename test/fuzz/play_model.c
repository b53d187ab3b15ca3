// SPDX-License-Identifier: MIT
#include "fuzz/play_model.h"

#include "common/memory.h"
#include "engine/pedal.h"
#include "fuzz/fuzz.h"
#include "model/packed_model.h"
#include "rnn/cell.h"
#include "rnn/kernel.h"

#include <float.h>
#include <math.h>
#include <string.h>

// Priming a pedal is slow. One model in LONG_SHARE is therefore played by a whole pedal.
enum { N_FRAMES = 4, PEDAL_FRAMES = 128, RATE_HZ = 48000, LONG_SHARE = 16384 };

static void
require_finite(const float* numbers, size_t n, float largest, const char* what)
{
  for (size_t i = 0; i < n; ++i) {
    if (!(fabsf(numbers[i]) <= largest)) {
      fprintf(stderr, "number %zu of %zu is %.9g\n", i, n, (double)numbers[i]);
      require(false, what);
    }
  }
}

// Plays the network with one and with two streams from a state of zeros.
static void
play_cell(const Cell* cell)
{
  static const float in[N_FRAMES] = {0.5f, 1000.0f, -1000.0f, 1e-30f};
  for (uint32_t n_streams = 1; n_streams <= 2; ++n_streams) {
    const size_t n_states = (size_t)n_streams * cell_n_state(&cell->shape);
    float* states = aligned_zeros(n_states * sizeof *states);
    float out[N_FRAMES];
    cell_process(cell, n_streams, states, in, out, N_FRAMES);
    require_finite(out, N_FRAMES, FLT_MAX, "the network's output is finite");
    for (size_t i = 0; i < n_states; ++i) {
      const bool is_h = i % cell_n_state(&cell->shape) < cell->shape.n_columns;
      require_finite(states + i, 1, is_h ? 1.000001f : CELL_MAX_C, "its state stays within limits");
    }
    free(states);
  }
}

static void
play_at(const PackedModel* model, const float* knobs)
{
  const size_t n_theta = model->n_theta;
  float* theta = aligned_zeros(n_theta * sizeof *theta);
  packed_model_theta(model, knobs, theta);
  require_finite(theta, n_theta, FLT_MAX, "the parameters are finite");
  const Cell cell = packed_model_cell(model, theta);
  play_cell(&cell);
  free(theta);
}

// Plays a whole pedal, then moves a knob and changes oversampling.
static void
play_pedal(const PackedModel* model)
{
  float sound[PEDAL_FRAMES] = {0.0f, 1.0f, -1000.0f, 0.1f};
  Pedal* pedal = pedal_new(model, RATE_HZ);
  require(pedal != NULL, "memory is available");
  PedalControls controls = {
      .knobs = {-1.0f, 1.0f}, .level_db = 12.0f, .blend = 1.0f, .enabled = true};
  pedal_prime(pedal, &controls);
  pedal_run(pedal, &controls, sound, sound, PEDAL_FRAMES);
  controls.knobs[0] = 1.0f;
  controls.oversampling = OVERSAMPLING_2X;
  pedal_run(pedal, &controls, sound, sound, PEDAL_FRAMES);
  require_finite(sound, PEDAL_FRAMES, FLT_MAX, "the pedal's output is finite");
  pedal_free(pedal);
}

// Returns whether a pedal plays this model: one choice in LONG_SHARE, and not twice in a row, since
// mutations that mend() undoes would repeat it.
static bool
is_for_a_pedal(uint32_t choice)
{
  static uint32_t played[256];
  uint32_t* last = &played[choice / LONG_SHARE % 256U];
  const bool is_new = choice % LONG_SHARE == 0 && *last != choice;
  *last = is_new ? choice : *last;
  return is_new;
}

// Plays the model with the chosen kernel, or with the fastest when the processor lacks that one.
static void
play(const Model* model, uint32_t choice)
{
  static const char* const kernels[] = {"plain", "sse2", "avx2", "avx512"};
  static const float knobs[][MAX_KNOBS] = {{-1.0f, -1.0f, -1.0f, -1.0f}, {1.0f, 0.3f, 1.0f, -0.7f}};
  const Kernel* chosen = kernel_find(kernels[(choice + choice / LONG_SHARE) % 4U]);
  PackedModel* packed = packed_model_new(model, chosen ? chosen : kernel_find(NULL));
  require(packed != NULL, "memory is available");
  for (size_t i = 0; i < sizeof knobs / sizeof *knobs; ++i) {
    play_at(packed, knobs[i]);
  }
  if (is_for_a_pedal(choice)) {
    play_pedal(packed);
  }
  packed_model_free(packed);
}

static void
check(const Model* model, size_t size)
{
  require(model->hidden_size >= CELL_MIN_HIDDEN && model->hidden_size <= CELL_MAX_HIDDEN,
          "the hidden size is in range");
  for (unsigned i = 0; i < model->mlp.n_knobs; ++i) {
    require(strlen(model->knobs[i].name) < MODEL_KNOB_NAME_SIZE, "each knob name ends with a zero");
    require(model->knobs[i].min < model->knobs[i].max, "each knob has min < max");
  }
  require(strlen(model->name) < MODEL_NAME_SIZE, "the name ends with a zero");
  require(strlen(model->provenance) < size, "the text is shorter than the file");
}

void
parse_and_play(const uint8_t* data, size_t size, uint32_t choice)
{
  Model* model = (Model*)&model;
  ModelError error = {.status = MODEL_OK};
  const ModelStatus status = model_parse(data, size, &model, &error);
  require((model != NULL) == (status == MODEL_OK),
          "there is a model exactly when the status is MODEL_OK");
  char text[MODEL_ERROR_TEXT_SIZE];
  model_error_text(&error, text);
  require(error.status == status && strncmp(text, "unknown", 7) != 0, "each status has a text");
  if (model) {
    check(model, size);
    play(model, choice);
    model_free(model);
  }
}
