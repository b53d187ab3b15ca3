// SPDX-License-Identifier: MIT
#include "model/json_model.h"

#include "model/base64.h"
#include "model/capture.h"
#include "model/gru_file.h"
#include "model/json.h"
#include "model/json_reader.h"
#include "model/keras_capture.h"
#include "model/model_test.h"
#include "model/torch_capture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
name_knobs(Model* model, unsigned n_knobs)
{
  for (unsigned i = 0; i < n_knobs; ++i) {
    snprintf(model->knobs[i].name, sizeof model->knobs[i].name, "knob %u", i + 1U);
    model->knobs[i].min = 0.0f;
    model->knobs[i].max = 1.0f;
  }
}

// Reads the plugin's own file, wrapped in a text.
static ModelError
read_wrapped(Json gru, Model* model)
{
  size_t size = 0;
  const char* text = json_raw_text(gru, &size);
  uint8_t* bytes = malloc(size / 4U * 3U + 1U);
  if (!bytes) {
    return (ModelError){.status = MODEL_NO_MEMORY};
  }
  const size_t n_bytes = base64_decode(text, size, bytes);
  const bool is_file = n_bytes != SIZE_MAX && gru_file_is(bytes, n_bytes);
  const ModelError error =
      is_file
          ? gru_file_read(bytes, n_bytes, model)
          : (ModelError){
                MODEL_UNSUPPORTED, "gru must be a .gru file in base64", SIZE_MAX, 0.0, 0.0, 0.0};
  free(bytes);
  return error;
}

// Some converters write a GRU's gates or biases in another order than Keras has. Where the file's
// own test says so, the model gets the order with which the test agrees.
static void
mend_order(JsonReader* reader)
{
  Model* model = reader->model;
  Capture* capture = &reader->capture;
  TestVerdict verdict = capture->cell == CELL_GRU ? model_test(model).verdict : TEST_AGREES;
  int n_attempts = 0;
  for (; verdict > TEST_AGREES && verdict < TEST_NO_MEMORY && n_attempts < 4; ++n_attempts) {
    if (n_attempts % 2 == 0) {
      capture_exchange_gates(capture);
    } else {
      capture_exchange_biases(capture);
    }
    (void)capture_to_model(capture, model); // it has its memory already
    verdict = model_test(model).verdict;    // after the fourth attempt, all is as it was
  }
  if (verdict == TEST_NO_MEMORY) {
    json_reader_fail(reader, (ModelError){.status = MODEL_NO_MEMORY});
  } else if (verdict == TEST_AGREES && n_attempts > 0) {
    snprintf(model->warning, sizeof model->warning,
             "the gates or biases are in the wrong order; the file's own test says which is right");
  }
}

// Copies the metadata as lines "key: value".
static void
read_provenance(Json root, Model* model)
{
  static const char* const keys[] = {"author", "source", "based", "style", "license", "comment"};
  enum { LINE_SIZE = 256, SIZE = sizeof keys / sizeof *keys * LINE_SIZE };
  model->provenance = calloc(1, SIZE);
  char* at = model->provenance;
  for (size_t i = 0; at && i < sizeof keys / sizeof *keys; ++i) {
    char value[LINE_SIZE - 16];
    if (json_text(json_member(json_member(root, "metadata"), keys[i]), value, sizeof value)) {
      at += snprintf(at, LINE_SIZE, "%s: %s\n", keys[i], value);
    }
  }
}

// Reads a level of the metadata. Returns whether it is there.
static bool
read_level(Json root, const char* key, float* level)
{
  const double number = json_number(json_member(json_member(root, "metadata"), key));
  const bool is_there = fabs(number) <= (double)MODEL_MAX_LEVEL_DB; // false for NaN
  *level = is_there ? (float)number : 0.0f;
  return is_there;
}

static void
read_levels(Json root, ModelLevels* levels)
{
  levels->has_trained_peak = read_level(root, "trained_peak_dbfs", &levels->trained_peak_dbfs);
  levels->has_input_level = read_level(root, "input_level_dbu", &levels->input_level_dbu);
}

// Refuses what is JSON but no model of a known style, by its name where it has one.
static void
refuse_other(JsonReader* reader, Json root)
{
  static const struct {
    const char* member;
    const char* sentence;
  } others[] = {
      {"architecture", "this is a Neural Amp Modeler (NAM) model; this plugin plays GRUs and LSTMs "
                       "of AIDA-X and Proteus only"},
      {"conv1d", "this is a SmartAmpPro model, which has layers besides one LSTM"},
      {"residual_channels", "this is a WaveNet model of SmartAmp, which is not recurrent"},
  };
  for (size_t i = 0; i < sizeof others / sizeof *others; ++i) {
    if (json_member(root, others[i].member).at) {
      json_reader_refuse(reader, others[i].sentence);
    }
  }
  json_reader_refuse(reader, "this is JSON, but no model that the plugin knows");
}

static void
read_capture(JsonReader* reader, Json root)
{
  if (json_member(root, "layers").at) {
    keras_capture_read(reader, root);
  } else if (json_member(root, "model_data").at) {
    torch_capture_read(reader, root);
  } else {
    refuse_other(reader, root);
  }
  if (!json_reader_is_ok(reader)) {
    return;
  }
  name_knobs(reader->model, reader->capture.n_knobs);
  read_provenance(root, reader->model);
  read_levels(root, &reader->model->levels);
  if (!reader->model->provenance || !capture_to_model(&reader->capture, reader->model)) {
    json_reader_fail(reader, (ModelError){.status = MODEL_NO_MEMORY});
    return;
  }
  mend_order(reader);
}

bool
json_model_is(const uint8_t* data, size_t size)
{
  static const char mark[] = "\xEF\xBB\xBF";
  size_t at = size >= 3 && memcmp(data, mark, 3) == 0 ? 3 : 0;
  while (at < size && strchr(" \t\r\n", data[at]) && data[at]) {
    ++at;
  }
  return at < size && data[at] == '{';
}

ModelError
json_model_read(const uint8_t* data, size_t size, Model* model)
{
  if (size > MODEL_MAX_FILE_SIZE) {
    return (ModelError){MODEL_WRONG_SIZE, NULL, SIZE_MAX, (double)size, 0.0, MODEL_MAX_FILE_SIZE};
  }
  Json root = {NULL, NULL};
  size_t wrong_at = 0;
  if (!json_check((const char*)data, size, &root, &wrong_at)) {
    return (ModelError){.status = MODEL_BAD_JSON, .value = (double)wrong_at};
  }
  const Json gru = json_member(root, "gru");
  if (json_kind(gru) == JSON_TEXT) {
    return read_wrapped(gru, model);
  }
  JsonReader reader = {.model = model, .error = {.status = MODEL_OK}};
  read_capture(&reader, root);
  capture_free(&reader.capture);
  return reader.error;
}
