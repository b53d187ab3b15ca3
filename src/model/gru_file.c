// SPDX-License-Identifier: MIT
#include "model/gru_file.h"

#include "model/crc32.h"
#include "rnn/cell.h"
#include "rnn/theta_layout.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
  NEWEST_VERSION = 2,
  HEADER_SIZE = 52,  // of version 1, and the begin of later ones
  CHECKED_FROM = 20, // the checksum covers the file from here to its end
  MAX_HIDDEN_V1 = 64,
};

static const uint8_t magic[8] = {0x89, 'O', 'D', '3', '\r', '\n', 0x1A, '\n'};

// The largest bound of a layer's output at any knob position. With it, no sum overflows: not in the
// next layer, not in theta, not in the network.
static const double max_feature = 1e20;

typedef struct {
  const uint8_t* at;
  size_t left;
  uint32_t version;
  float* values; // where the next numbers go
  ModelError error;
} Reader;

static bool
is_ok(const Reader* reader)
{
  return reader->error.status == MODEL_OK;
}

// Keeps the first failure.
static void
fail(Reader* reader, ModelError error)
{
  if (is_ok(reader)) {
    reader->error = error;
  }
}

static const uint8_t*
take(Reader* reader, size_t size, const char* field)
{
  if (reader->left < size) {
    fail(reader, (ModelError){MODEL_WRONG_SIZE, field, SIZE_MAX, 0.0, 0.0, 0.0});
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

// Reads an integer from min to max. It fails with MODEL_BAD_DIMENSION and returns min where the
// file has another.
static uint32_t
read_dimension(Reader* reader, const char* field, uint32_t min, uint32_t max)
{
  const uint8_t* bytes = take(reader, 4, field);
  const uint32_t value = bytes ? decode_u32(bytes) : min;
  if (value < min || value > max) {
    fail(reader, (ModelError){MODEL_BAD_DIMENSION, field, SIZE_MAX, value, min, max});
    return min;
  }
  return value;
}

static void
check_number(Reader* reader, const char* field, size_t index, float value)
{
  if (!(fabsf(value) <= MODEL_MAX_NUMBER)) {
    const double max = (double)MODEL_MAX_NUMBER;
    fail(reader, (ModelError){MODEL_BAD_NUMBER, field, index, (double)value, -max, max});
  }
}

// Reads n numbers into the model's values and returns their address, or NULL where the file ends.
static const float*
read_values(Reader* reader, const char* field, size_t n)
{
  const uint8_t* bytes = take(reader, 4 * n, field);
  if (!bytes) {
    return NULL;
  }
  float* values = reader->values;
  for (size_t i = 0; i < n; ++i) {
    values[i] = decode_f32(bytes + 4 * i);
    check_number(reader, field, i, values[i]);
  }
  reader->values += n;
  return values;
}

// Reads theta0 in its parts, so that an error names the part. The parts are contiguous.
static const float*
read_theta0(Reader* reader, CellKind cell, size_t hidden_size)
{
  const size_t n_biases = theta_n_biases(cell) * hidden_size;
  const size_t n_head = theta_n_parts(cell) * hidden_size;
  const float* theta0 = read_values(reader, "bias", n_biases);
  (void)read_values(reader, "input weight", n_head - n_biases);
  (void)read_values(reader, "hidden weight", theta_n_gates(cell) * hidden_size * hidden_size);
  return theta0;
}

static float
read_value(Reader* reader, const char* field)
{
  const uint8_t* bytes = take(reader, 4, field);
  const float value = bytes ? decode_f32(bytes) : 0.0f;
  check_number(reader, field, SIZE_MAX, value);
  return value;
}

static void
read_knob(Reader* reader, size_t index, ModelKnob* knob)
{
  const uint8_t* name = take(reader, sizeof knob->name, "knob name");
  if (!name) {
    return;
  }
  if (name[0] == '\0' || name[sizeof knob->name - 1] != '\0') {
    fail(reader, (ModelError){MODEL_BAD_TEXT, "knob name", index, 0.0, 0.0, 0.0});
  }
  memcpy(knob->name, name, sizeof knob->name);
  knob->min = read_value(reader, "knob minimum");
  knob->max = read_value(reader, "knob maximum");
  if (!(knob->min < knob->max)) {
    const double min = (double)knob->min;
    fail(reader,
         (ModelError){MODEL_BAD_NUMBER, "knob maximum", index, (double)knob->max, min, min});
  }
}

// Returns a bound of a layer's outputs for inputs of at most max_in.
static double
layer_bound(const MlpLayer* layer, double max_in)
{
  double bound = 0.0;
  for (size_t i = 0; i < layer->n_out; ++i) {
    double sum = fabs((double)layer->bias[i]);
    for (size_t j = 0; j < layer->n_in; ++j) {
      sum += fabs((double)layer->weight[i * layer->n_in + j]) * max_in;
    }
    bound = fmax(bound, sum);
  }
  return bound * fmax(1.0, fabs((double)layer->slope));
}

static void
read_layer(Reader* reader, MlpLayer* layer, unsigned n_in)
{
  layer->n_in = n_in;
  layer->n_out = read_dimension(reader, "layer width", 1, MLP_MAX_WIDTH);
  layer->slope = read_value(reader, "layer slope");
  layer->weight = read_values(reader, "layer weight", (size_t)layer->n_out * n_in);
  layer->bias = read_values(reader, "layer bias", layer->n_out);
}

static void
read_name(Reader* reader, char* name)
{
  const uint8_t* bytes = take(reader, MODEL_NAME_SIZE, "model name");
  if (!bytes) {
    return;
  }
  if (bytes[MODEL_NAME_SIZE - 1] != '\0') {
    fail(reader, (ModelError){MODEL_BAD_TEXT, "model name", SIZE_MAX, 0.0, 0.0, 0.0});
  }
  memcpy(name, bytes, MODEL_NAME_SIZE);
}

// Reads the rest of the header, after what check_envelope knows. Returns the size of the
// provenance.
static size_t
read_dimensions(Reader* reader, Model* model)
{
  const uint32_t max_hidden = reader->version == 1 ? MAX_HIDDEN_V1 : CELL_MAX_HIDDEN;
  model->sample_rate_hz =
      read_dimension(reader, "sample rate", MODEL_MIN_RATE_HZ, MODEL_MAX_RATE_HZ);
  model->hidden_size = read_dimension(reader, "hidden size", CELL_MIN_HIDDEN, max_hidden);
  model->mlp.n_knobs = read_dimension(reader, "number of knobs", 0, MAX_KNOBS);
  model->mlp.n_layers = read_dimension(reader, "number of layers", 0, MLP_MAX_LAYERS);
  model->mlp.n_features = read_dimension(reader, "number of features", 0, MLP_MAX_WIDTH);
  model->n_conditioned = read_dimension(reader, "number of conditioned parameters", 0, UINT32_MAX);
  const size_t text_size = read_dimension(reader, "provenance size", 0, MODEL_MAX_TEXT);
  if (reader->version == 1) {
    (void)read_dimension(reader, "reserved field", 0, 0);
  } else {
    model->cell = (CellKind)read_dimension(reader, "kind of cell", 0, N_CELL_KINDS - 1);
    model->test.n_samples = read_dimension(reader, "number of test samples", 0, MODEL_MAX_TEST);
    read_name(reader, model->name);
  }
  model->n_theta = theta_size(model->cell, model->hidden_size);
  if (model->n_conditioned > model->n_theta) {
    fail(reader, (ModelError){MODEL_BAD_DIMENSION, "number of conditioned parameters", SIZE_MAX,
                              (double)model->n_conditioned, 0.0, (double)model->n_theta});
  }
  return text_size;
}

// Reads a test, which only later versions than 1 have.
static void
read_test(Reader* reader, Model* model)
{
  ModelTest* test = &model->test;
  if (test->n_samples == 0) {
    return;
  }
  for (unsigned i = 0; i < model->mlp.n_knobs; ++i) {
    test->knobs[i] = read_value(reader, "knob of the test");
    if (!(fabsf(test->knobs[i]) <= 1.0f)) {
      fail(reader, (ModelError){MODEL_BAD_NUMBER, "knob of the test", i, (double)test->knobs[i],
                                -1.0, 1.0});
    }
  }
  test->in = read_values(reader, "input of the test", test->n_samples);
  test->out = read_values(reader, "output of the test", test->n_samples);
}

static void
read_mlp(Reader* reader, Mlp* mlp)
{
  unsigned width = mlp->n_knobs;
  double bound = 1.0;
  for (unsigned i = 0; i < mlp->n_layers && is_ok(reader); ++i) {
    MlpLayer* layer = &mlp->layers[i];
    read_layer(reader, layer, width);
    bound = is_ok(reader) ? layer_bound(layer, bound) : 0.0;
    if (bound > max_feature) {
      fail(reader, (ModelError){MODEL_BAD_NUMBER, "bound of the outputs of layer", i, bound,
                                -max_feature, max_feature});
    }
    width = layer->n_out;
  }
  if (width != mlp->n_features) {
    fail(reader, (ModelError){MODEL_BAD_DIMENSION, "number of features", SIZE_MAX, mlp->n_features,
                              width, width});
  }
}

static void
read_text(Reader* reader, size_t size, char* text)
{
  const uint8_t* bytes = take(reader, size, "provenance");
  if (!bytes) {
    return;
  }
  if (size && memchr(bytes, 0, size)) {
    fail(reader, (ModelError){MODEL_BAD_TEXT, "provenance", SIZE_MAX, 0.0, 0.0, 0.0});
  }
  memcpy(text, bytes, size);
  text[size] = '\0';
}

static void
read_model(Reader* reader, Model* model, size_t file_size)
{
  const size_t text_size = read_dimensions(reader, model);
  if (!is_ok(reader)) {
    return;
  }
  // The numbers are part of what is left of the file, so this is enough for them.
  model->values = malloc(reader->left + 1);
  model->provenance = malloc(text_size + 1);
  if (!model->values || !model->provenance) {
    fail(reader, (ModelError){.status = MODEL_NO_MEMORY});
    return;
  }
  model->provenance[0] = '\0'; // until it is read
  reader->values = model->values;
  for (unsigned i = 0; i < model->mlp.n_knobs; ++i) {
    read_knob(reader, i, &model->knobs[i]);
  }
  read_mlp(reader, &model->mlp);
  model->theta0 = read_theta0(reader, model->cell, model->hidden_size);
  model->weight_deltas =
      read_values(reader, "weight delta", model->n_conditioned * model->mlp.n_features);
  model->out_weight = read_values(reader, "output weight", model->hidden_size);
  model->out_bias = read_value(reader, "output bias");
  model->direct = reader->version == 1 ? 0.0f : read_value(reader, "direct weight");
  read_test(reader, model);
  read_text(reader, text_size, model->provenance);
  model->levels = model_levels_read(model->provenance);
  if (reader->left) {
    const double wanted = (double)(file_size - reader->left);
    fail(reader, (ModelError){MODEL_WRONG_SIZE, NULL, SIZE_MAX, (double)file_size, wanted,
                              (double)INFINITY});
  }
}

// Checks version, size and checksum.
static ModelError
check_envelope(const uint8_t* data, size_t size)
{
  const double n_bytes = (double)size;
  if (size < HEADER_SIZE) {
    return (ModelError){MODEL_WRONG_SIZE, "header",    SIZE_MAX,
                        n_bytes,          HEADER_SIZE, (double)INFINITY};
  }
  if (size > MODEL_MAX_FILE_SIZE) {
    return (ModelError){MODEL_WRONG_SIZE, NULL, SIZE_MAX, n_bytes, 0.0, MODEL_MAX_FILE_SIZE};
  }
  const uint32_t version = decode_u32(data + 8);
  if (version < 1 || version > NEWEST_VERSION) {
    return (ModelError){MODEL_WRONG_VERSION, NULL, SIZE_MAX, version, 1, NEWEST_VERSION};
  }
  const uint32_t said_size = decode_u32(data + 12);
  if (said_size != size) {
    return (ModelError){MODEL_WRONG_SIZE, NULL, SIZE_MAX, n_bytes, said_size, (double)INFINITY};
  }
  const uint32_t checksum = decode_u32(data + 16);
  const uint32_t computed = crc32(data + CHECKED_FROM, size - CHECKED_FROM);
  if (checksum != computed) {
    return (ModelError){MODEL_WRONG_CHECKSUM, NULL, SIZE_MAX, checksum, computed, computed};
  }
  return (ModelError){.status = MODEL_OK};
}

bool
gru_file_is(const uint8_t* data, size_t size)
{
  return size >= sizeof magic && memcmp(data, magic, sizeof magic) == 0;
}

ModelError
gru_file_read(const uint8_t* data, size_t size, Model* model)
{
  const ModelError envelope = check_envelope(data, size);
  if (envelope.status != MODEL_OK) {
    return envelope;
  }
  Reader reader = {.at = data + CHECKED_FROM,
                   .left = size - CHECKED_FROM,
                   .version = decode_u32(data + 8),
                   .error = {.status = MODEL_OK}};
  model->checksum = decode_u32(data + 16);
  read_model(&reader, model, size);
  return reader.error;
}
