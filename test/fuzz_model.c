// SPDX-License-Identifier: MIT
// Fuzzes the model file's parser, and plays what it accepts, in the kernel that the checksum
// happens to choose. An input is a file.
//
// Random changes alone would end at the checksum, or at the first number that is none. So most
// inputs are mended after they are changed, but for one thing at most.
#include "bytes.h"
#include "crc32.h"
#include "fuzz.h"
#include "gru.h"
#include "kernel.h"
#include "memory.h"
#include "model.h"
#include "packed_model.h"
#include "pedal.h"

#include <float.h>
#include <math.h>

// A pedal takes its time to settle, so that only one model in LONG_SHARE is played by one.
enum { N_FRAMES = 4, PEDAL_FRAMES = 128, RATE_HZ = 48000, LONG_SHARE = 16384 };

// What mend() can leave as it is.
enum { DIMENSIONS, KNOBS, LAYERS, NUMBERS, TEXT, SIZE, CHECKSUM, N_KINDS };

typedef struct {
  uint8_t* data;
  size_t at;
  size_t end;    // of the memory
  unsigned left; // the kind of thing that stays as it is
  size_t beyond; // where the dimension stands that becomes one too large, or 0
} Mender;

// The next n bytes, or NULL when there is no room for them.
static uint8_t*
advance(Mender* mender, size_t n)
{
  if (mender->end - mender->at < n) {
    return NULL;
  }
  uint8_t* bytes = mender->data + mender->at;
  mender->at += n;
  return bytes;
}

static void
mend_dimension(const Mender* mender, size_t at, uint32_t low, uint32_t high)
{
  const uint32_t value = get_u32(mender->data + at);
  if (mender->beyond == at) {
    put_u32(mender->data + at, high + 1U);
  } else if (mender->left != DIMENSIONS && (value < low || value > high)) {
    put_u32(mender->data + at, low + value % (high - low + 1U));
  }
}

static void
mend_number(const Mender* mender, uint8_t* bytes)
{
  if (mender->left != NUMBERS && !(fabsf(get_f32(bytes)) <= 1e4f)) {
    put_f32(bytes, (float)(int8_t)bytes[0] / 16.0f);
  }
}

static void
mend_numbers(Mender* mender, size_t n)
{
  for (size_t i = 0; i < n; ++i) {
    uint8_t* bytes = advance(mender, 4);
    if (bytes) {
      mend_number(mender, bytes);
    }
  }
}

static void
mend_knob(Mender* mender)
{
  uint8_t* knob = advance(mender, MODEL_KNOB_NAME_SIZE + 8);
  if (!knob) {
    return;
  }
  uint8_t* min = knob + MODEL_KNOB_NAME_SIZE;
  mend_number(mender, min);
  mend_number(mender, min + 4);
  if (mender->left != KNOBS) {
    knob[0] = knob[0] ? knob[0] : 'k';
    min[-1] = 0;
  }
  if (mender->left != KNOBS && !(get_f32(min) < get_f32(min + 4))) {
    put_f32(min, 0.0f);
    put_f32(min + 4, 1.0f);
  }
}

// Returns how many features the layers have.
static uint32_t
mend_layers(Mender* mender, uint32_t n_layers, uint32_t n_in)
{
  for (uint32_t i = 0; i < n_layers && i <= MLP_MAX_LAYERS; ++i) {
    uint8_t* n_out = advance(mender, 4);
    if (n_out && mender->beyond == FEATURES_AT && i + 1U == n_layers) {
      put_u32(n_out, MLP_MAX_WIDTH + 1);
    } else if (n_out && mender->left != LAYERS && get_u32(n_out) - 1U >= MLP_MAX_WIDTH) {
      put_u32(n_out, 1U + get_u32(n_out) % 8U);
    }
    const uint32_t width = n_out ? get_u32(n_out) % (MLP_MAX_WIDTH + 2U) : 0;
    mend_numbers(mender, 1U + (size_t)width * (n_in + 1U));
    n_in = width;
  }
  return n_in;
}

// A dimension, or 0 if it is so large that no model has it.
static uint32_t
dimension(const Mender* mender, size_t at, uint32_t most)
{
  const uint32_t value = get_u32(mender->data + at);
  return value <= most + 1U ? value : 0;
}

static void
mend_header(const Mender* mender, uint32_t max_hidden)
{
  memcpy(mender->data, "\x89OD3\r\n\x1a\n\1\0\0", 12);
  mend_dimension(mender, RATE_AT, 8000, 768000);
  mend_dimension(mender, HIDDEN_AT, GRU_MIN_HIDDEN, max_hidden);
  mend_dimension(mender, KNOBS_AT, 0, MAX_KNOBS);
  mend_dimension(mender, LAYERS_AT, 0, MLP_MAX_LAYERS);
  const uint32_t hidden = dimension(mender, HIDDEN_AT, GRU_MAX_HIDDEN);
  mend_dimension(mender, MOVED_AT, 0, (uint32_t)gru_n_parameters(hidden));
  mend_dimension(mender, TEXT_SIZE_AT, 0, 64);
  mend_dimension(mender, RESERVED_AT, 0, 0);
}

static void
mend_text(Mender* mender, uint32_t size)
{
  for (uint32_t i = 0; i < size; ++i) {
    uint8_t* letter = advance(mender, 1);
    if (letter && !*letter && mender->left != TEXT) {
      *letter = '?';
    }
  }
}

// Makes a valid file of the mender's data, but for what it leaves or puts beyond a limit. Returns
// where it ends.
static size_t
mend(Mender* mender, uint32_t max_hidden)
{
  mend_header(mender, max_hidden);
  const uint32_t hidden = dimension(mender, HIDDEN_AT, GRU_MAX_HIDDEN);
  const uint32_t n_theta = (uint32_t)gru_n_parameters(hidden);
  const uint32_t n_knobs = dimension(mender, KNOBS_AT, MAX_KNOBS);
  const uint32_t n_moved = dimension(mender, MOVED_AT, n_theta);
  for (uint32_t i = 0; i < n_knobs; ++i) {
    mend_knob(mender);
  }
  const uint32_t n_features = mend_layers(mender, get_u32(mender->data + LAYERS_AT), n_knobs);
  if (mender->left != DIMENSIONS) {
    put_u32(mender->data + FEATURES_AT, n_features);
  }
  mend_numbers(mender, (size_t)n_theta + (size_t)n_features * n_moved + hidden + 1U);
  mend_text(mender, dimension(mender, TEXT_SIZE_AT, MODEL_MAX_TEXT));
  return mender->at;
}

size_t
LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed)
{
  size = LLVMFuzzerMutate(data, size, max_size);
  if (max_size < KNOB_AT || seed % 16U == 0) {
    return size;
  }
  // Small models mostly, which are played sooner.
  const uint32_t max_hidden = seed / 16U % 64U ? 8 : GRU_MAX_HIDDEN;
  const unsigned left = seed / 1024U % (2U * N_KINDS);
  const unsigned field = seed / 65536U % 32U;
  const size_t beyond = field <= (MOVED_AT - RATE_AT) / 4U ? RATE_AT + 4U * field : 0;
  memset(data + size, 0, max_size - size);
  Mender mender = {data, KNOB_AT, max_size, left, beyond};
  const size_t whole = mend(&mender, max_hidden);
  size = left == SIZE && size > KNOB_AT ? size : whole;
  if (left != SIZE) {
    put_u32(data + SIZE_AT, (uint32_t)size);
  }
  if (left != CHECKSUM) {
    put_u32(data + CHECKSUM_AT, crc32(data + RATE_AT, size - RATE_AT));
  }
  return size;
}

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

// In one and in two lanes, from rest.
static void
play_gru(const Gru* gru)
{
  static const float in[N_FRAMES] = {0.5f, 1000.0f, -1000.0f, 1e-30f};
  for (uint32_t n_lanes = 1; n_lanes <= 2; ++n_lanes) {
    const size_t n_states = (size_t)n_lanes * gru->shape.n_columns;
    float* states = aligned_zeros(n_states * sizeof *states);
    float out[N_FRAMES];
    gru_process(gru, n_lanes, states, in, out, N_FRAMES);
    require_finite(out, N_FRAMES, FLT_MAX, "the network's output is finite");
    require_finite(states, n_states, 1.000001f, "its state stays within [-1, 1]");
    free(states);
  }
}

static void
play_at(const PackedModel* model, const float* knobs)
{
  const size_t n_theta = model->conditioning.n_theta;
  float* theta = aligned_zeros(n_theta * sizeof *theta);
  packed_model_fill(model, knobs, theta);
  require_finite(theta, n_theta, FLT_MAX, "the parameters are finite");
  const Gru gru = packed_model_gru(model, theta);
  play_gru(&gru);
  free(theta);
}

// As the plugin does, with a knob that moves and a change of oversampling.
static void
play_pedal(const PackedModel* model)
{
  float sound[PEDAL_FRAMES] = {0.0f, 1.0f, -1000.0f, 0.1f};
  Pedal* pedal = pedal_new(model, RATE_HZ);
  require(pedal != NULL, "there is memory");
  PedalControls controls = {{-1.0f, 1.0f}, 12.0f, OVERSAMPLING_1X, true};
  pedal_settle(pedal, &controls);
  pedal_run(pedal, &controls, sound, sound, PEDAL_FRAMES);
  controls.knobs[0] = 1.0f;
  controls.oversampling = OVERSAMPLING_2X;
  pedal_run(pedal, &controls, sound, sound, PEDAL_FRAMES);
  require_finite(sound, PEDAL_FRAMES, FLT_MAX, "the pedal's output is finite");
  pedal_free(pedal);
}

// Few models are, and none twice: changes that mend() undoes would bring them again and again.
static bool
is_for_a_pedal(uint32_t choice)
{
  static uint32_t played[256];
  uint32_t* last = &played[choice / LONG_SHARE % 256U];
  const bool is_new = choice % LONG_SHARE == 0 && *last != choice;
  *last = is_new ? choice : *last;
  return is_new;
}

// In the kernel that the choice falls on, if this processor has it, or else in the fastest.
static void
play(const Model* model, uint32_t choice)
{
  static const char* const kernels[] = {"plain", "sse2", "avx2"};
  static const float knobs[][MAX_KNOBS] = {{-1.0f, -1.0f, -1.0f, -1.0f}, {1.0f, 0.3f, 1.0f, -0.7f}};
  const Kernel* chosen = kernel_find(kernels[choice % 3U]);
  PackedModel* packed = packed_model_new(model, chosen ? chosen : kernel_find(NULL));
  require(packed != NULL, "there is memory");
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
  require(model->hidden_size >= GRU_MIN_HIDDEN && model->hidden_size <= GRU_MAX_HIDDEN,
          "the hidden size can be played");
  for (unsigned i = 0; i < model->conditioning.n_knobs; ++i) {
    require(strlen(model->knobs[i].name) < MODEL_KNOB_NAME_SIZE, "knobs' names end");
    require(model->knobs[i].min < model->knobs[i].max, "knobs have a range");
  }
  require(strlen(model->provenance) < size, "the text is the file's");
}

int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
  Model* model = (Model*)&model;
  const ModelStatus status = model_parse(data, size, &model);
  require((model != NULL) == (status == MODEL_OK), "there is a model, or an error");
  require(strcmp(model_status_text(status), "unknown error") != 0, "an error has a text");
  if (model) {
    check(model, size);
    play(model, get_u32(data + CHECKSUM_AT));
    model_free(model);
  }
  return 0;
}
