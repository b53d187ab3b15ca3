// SPDX-License-Identifier: MIT
#include "model.h"

#include "crc32.h"
#include "gru.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  VERSION = 1,
  HEADER_SIZE = 52,
  CHECKED_FROM = 20, // the checksum covers the file from here to its end
  MIN_RATE_HZ = 8000,
  MAX_RATE_HZ = 768000,
};

static const uint8_t magic[8] = {0x89, 'O', 'D', '3', '\r', '\n', 0x1A, '\n'};

// No parameter is larger. A trained one is rarely above 10; a huge one would be no sound.
static const float largest = 1e4f;

// Nor does a layer, at any places of the knobs, put out more, so that no sum overflows: not that of
// the next layer, nor a parameter, nor the network's.
static const double largest_feature = 1e20;

typedef struct {
  const uint8_t* at;
  size_t left;
  float* values; // where the next numbers go
  ModelStatus status;
} Reader;

// The first failure is the one that is told.
static void
fail(Reader* reader, ModelStatus status)
{
  if (reader->status == MODEL_OK) {
    reader->status = status;
  }
}

static const uint8_t*
take(Reader* reader, size_t size)
{
  if (reader->left < size) {
    fail(reader, MODEL_WRONG_SIZE);
    return NULL;
  }
  const uint8_t* taken = reader->at;
  reader->at += size;
  reader->left -= size;
  return taken;
}

static uint32_t
decode_u32(const uint8_t* bytes)
{
  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8U | (uint32_t)bytes[2] << 16U |
         (uint32_t)bytes[3] << 24U;
}

static float
decode_f32(const uint8_t* bytes)
{
  const uint32_t bits = decode_u32(bytes);
  float value = 0.0f;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// A number from low to high, or MODEL_BAD_DIMENSION and low.
static uint32_t
read_dimension(Reader* reader, uint32_t low, uint32_t high)
{
  const uint8_t* bytes = take(reader, 4);
  const uint32_t value = bytes ? decode_u32(bytes) : low;
  if (value < low || value > high) {
    fail(reader, MODEL_BAD_DIMENSION);
    return low;
  }
  return value;
}

// n numbers into the model's values; where they are there, or NULL.
static const float*
read_values(Reader* reader, size_t n)
{
  const uint8_t* bytes = take(reader, 4 * n);
  if (!bytes) {
    return NULL;
  }
  float* values = reader->values;
  for (size_t i = 0; i < n; ++i) {
    values[i] = decode_f32(bytes + 4 * i);
    if (!(fabsf(values[i]) <= largest)) {
      fail(reader, MODEL_BAD_NUMBER);
    }
  }
  reader->values += n;
  return values;
}

static float
read_value(Reader* reader)
{
  const uint8_t* bytes = take(reader, 4);
  const float value = bytes ? decode_f32(bytes) : 0.0f;
  if (!(fabsf(value) <= largest)) {
    fail(reader, MODEL_BAD_NUMBER);
  }
  return value;
}

static void
read_knob(Reader* reader, ModelKnob* knob)
{
  const uint8_t* name = take(reader, sizeof knob->name);
  if (!name) {
    return;
  }
  if (name[0] == '\0' || name[sizeof knob->name - 1] != '\0') {
    fail(reader, MODEL_BAD_TEXT);
  }
  memcpy(knob->name, name, sizeof knob->name);
  knob->min = read_value(reader);
  knob->max = read_value(reader);
  if (!(knob->min < knob->max)) {
    fail(reader, MODEL_BAD_NUMBER);
  }
}

// How large a layer's outputs can be when its inputs are at most `in`.
static double
layer_bound(const MlpLayer* layer, double in)
{
  double most = 0.0;
  for (size_t i = 0; i < layer->n_out; ++i) {
    double sum = fabs((double)layer->bias[i]);
    for (size_t j = 0; j < layer->n_in; ++j) {
      sum += fabs((double)layer->weight[i * layer->n_in + j]) * in;
    }
    most = fmax(most, sum);
  }
  return most * fmax(1.0, fabs((double)layer->slope));
}

static void
read_layer(Reader* reader, MlpLayer* layer, unsigned n_in)
{
  layer->n_in = n_in;
  layer->n_out = read_dimension(reader, 1, MLP_MAX_WIDTH);
  layer->slope = read_value(reader);
  layer->weight = read_values(reader, (size_t)layer->n_out * n_in);
  layer->bias = read_values(reader, layer->n_out);
}

// The dimensions, after the part of the header that check_envelope knows. Returns the size of the
// text at the end.
static size_t
read_dimensions(Reader* reader, Model* model)
{
  Conditioning* conditioning = &model->conditioning;
  model->sample_rate_hz = read_dimension(reader, MIN_RATE_HZ, MAX_RATE_HZ);
  model->hidden_size = read_dimension(reader, GRU_MIN_HIDDEN, GRU_MAX_HIDDEN);
  conditioning->n_theta = gru_n_parameters(model->hidden_size);
  conditioning->n_knobs = read_dimension(reader, 0, MAX_KNOBS);
  conditioning->n_layers = read_dimension(reader, 0, MLP_MAX_LAYERS);
  conditioning->n_features = read_dimension(reader, 0, MLP_MAX_WIDTH);
  conditioning->n_moved = read_dimension(reader, 0, (uint32_t)conditioning->n_theta);
  const size_t text_size = read_dimension(reader, 0, MODEL_MAX_TEXT);
  (void)read_dimension(reader, 0, 0); // reserved
  return text_size;
}

static void
read_conditioning(Reader* reader, Conditioning* conditioning)
{
  unsigned width = conditioning->n_knobs;
  double bound = 1.0;
  for (unsigned i = 0; i < conditioning->n_layers && reader->status == MODEL_OK; ++i) {
    MlpLayer* layer = &conditioning->layers[i];
    read_layer(reader, layer, width);
    bound = reader->status == MODEL_OK ? layer_bound(layer, bound) : 0.0;
    if (bound > largest_feature) {
      fail(reader, MODEL_BAD_NUMBER);
    }
    width = layer->n_out;
  }
  if (width != conditioning->n_features) {
    fail(reader, MODEL_BAD_DIMENSION);
  }
  conditioning->theta0 = read_values(reader, conditioning->n_theta);
  conditioning->moved = read_values(reader, conditioning->n_moved * conditioning->n_features);
}

static void
read_text(Reader* reader, size_t size, char* text)
{
  const uint8_t* bytes = take(reader, size);
  if (!bytes) {
    return;
  }
  if (size && memchr(bytes, 0, size)) {
    fail(reader, MODEL_BAD_TEXT);
  }
  memcpy(text, bytes, size);
  text[size] = '\0';
}

static void
read_model(Reader* reader, Model* model)
{
  const size_t text_size = read_dimensions(reader, model);
  if (reader->status != MODEL_OK) {
    return;
  }
  // More than enough: the numbers are what is left of the file.
  model->values = malloc(reader->left + 1);
  model->provenance = malloc(text_size + 1);
  if (!model->values || !model->provenance) {
    fail(reader, MODEL_NO_MEMORY);
    return;
  }
  reader->values = model->values;
  for (unsigned i = 0; i < model->conditioning.n_knobs; ++i) {
    read_knob(reader, &model->knobs[i]);
  }
  read_conditioning(reader, &model->conditioning);
  model->out_weight = read_values(reader, model->hidden_size);
  model->out_bias = read_value(reader);
  read_text(reader, text_size, model->provenance);
  if (reader->left) {
    fail(reader, MODEL_WRONG_SIZE);
  }
}

// Magic, version, size and checksum.
static ModelStatus
check_envelope(const uint8_t* data, size_t size)
{
  if (size < sizeof magic || memcmp(data, magic, sizeof magic) != 0) {
    return MODEL_NOT_A_MODEL;
  }
  if (size < HEADER_SIZE || size > MODEL_MAX_FILE_SIZE) {
    return MODEL_WRONG_SIZE;
  }
  if (decode_u32(data + 8) != VERSION) {
    return MODEL_WRONG_VERSION;
  }
  if (decode_u32(data + 12) != size) {
    return MODEL_WRONG_SIZE;
  }
  if (decode_u32(data + 16) != crc32(data + CHECKED_FROM, size - CHECKED_FROM)) {
    return MODEL_WRONG_CHECKSUM;
  }
  return MODEL_OK;
}

ModelStatus
model_parse(const uint8_t* data, size_t size, Model** model)
{
  *model = NULL;
  const ModelStatus envelope = check_envelope(data, size);
  if (envelope != MODEL_OK) {
    return envelope;
  }
  Model* parsed = calloc(1, sizeof *parsed);
  if (!parsed) {
    return MODEL_NO_MEMORY;
  }
  Reader reader = {data + CHECKED_FROM, size - CHECKED_FROM, NULL, MODEL_OK};
  read_model(&reader, parsed);
  if (reader.status != MODEL_OK) {
    model_free(parsed);
    return reader.status;
  }
  *model = parsed;
  return MODEL_OK;
}

void
model_free(Model* model)
{
  if (model) {
    free(model->values);
    free(model->provenance);
    free(model);
  }
}

const char*
model_status_text(ModelStatus status)
{
  switch (status) {
  case MODEL_OK: return "no error";
  case MODEL_NO_MEMORY: return "not loaded: out of memory";
  case MODEL_UNREADABLE: return "missing or unreadable";
  case MODEL_NOT_A_MODEL: return "no model file";
  case MODEL_WRONG_VERSION: return "a model file of another version";
  case MODEL_WRONG_SIZE: return "truncated, or longer than it says";
  case MODEL_WRONG_CHECKSUM: return "damaged: its checksum is wrong";
  case MODEL_BAD_DIMENSION: return "of a size that can't be played";
  case MODEL_BAD_NUMBER: return "not all of sensible numbers";
  case MODEL_BAD_TEXT: return "wrong in its text";
  }
  return "unknown error";
}
