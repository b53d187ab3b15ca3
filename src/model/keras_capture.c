// SPDX-License-Identifier: MIT
#include "model/keras_capture.h"

#include "rnn/cell.h"

#include <math.h>
#include <stdint.h>

// The rate of a file that states none.
static const unsigned assumed_rate_hz = 48000;

// Beyond this gain, a file is wrong rather than loud.
static const double max_gain_db = 60.0;

// Returns a gain in dB as a factor. exp() and pow() would need glibc 2.29: MOD's devices have 2.27.
static double
read_gain(JsonReader* reader, const char* field, Json value)
{
  if (json_kind(value) == JSON_NONE) {
    return 1.0;
  }
  const double gain_db =
      json_reader_number(reader, field, SIZE_MAX, value, -max_gain_db, max_gain_db);
  return 1.0 + expm1(gain_db * 0.11512925464970229); // ln(10) / 20
}

static bool
is_activation(Json layer, const char* usual)
{
  const Json activation = json_member(layer, "activation");
  return !activation.at || json_kind(activation) == JSON_NULL || json_is(activation, "") ||
         json_is(activation, usual);
}

static void
check_keras_layers(JsonReader* reader, Json layers)
{
  const Json recurrent = json_reader_element(layers, 0);
  const Json dense = json_reader_element(layers, 1);
  const Json type = json_member(recurrent, "type");
  const bool is_lstm = json_is(type, "lstm");
  if (json_count(layers) != 2 || !(is_lstm || json_is(type, "gru")) ||
      !json_is(json_member(dense, "type"), "dense")) {
    json_reader_refuse(reader, "layers must be one gru or lstm and one dense layer");
  } else if (!is_activation(recurrent, "tanh") || !is_activation(dense, "linear")) {
    json_reader_refuse(reader, "layers have an activation that this plugin does not play");
  }
  reader->capture.cell = is_lstm ? CELL_LSTM : CELL_GRU;
}

// Reads the sizes and the gains; the weights then have their places.
static void
read_keras_head(JsonReader* reader, Json root)
{
  Capture* capture = &reader->capture;
  const Json layers = json_member(root, "layers");
  const Json metadata = json_member(root, "metadata");
  check_keras_layers(reader, layers);
  const Json shape = json_member(json_reader_element(layers, 0), "shape");
  capture->n_knobs =
      json_reader_whole(reader, "in_shape", json_reader_last(json_member(root, "in_shape")), 0, 1,
                        1 + MAX_KNOBS) -
      1U;
  capture->hidden_size = json_reader_whole(reader, "layers[0].shape", json_reader_last(shape), 0,
                                           CELL_MIN_HIDDEN, CELL_MAX_HIDDEN);
  capture->direct = json_reader_whole(reader, "in_skip", json_member(root, "in_skip"), 0, 0, 1);
  capture->in_gain = read_gain(reader, "in_gain", json_member(root, "in_gain"));
  capture->out_gain = read_gain(reader, "out_gain", json_member(root, "out_gain"));
  const Json rate = json_member(root, "samplerate");
  json_reader_rate(reader, rate.at ? rate : json_member(metadata, "samplerate"), assumed_rate_hz);
  (void)json_text(json_member(metadata, "name"), reader->model->name, MODEL_NAME_SIZE);
}

// Reads the lengths of the test; only one of numbers, both arrays equally long, counts.
static void
find_keras_test(JsonReader* reader, Json in, Json out)
{
  const size_t n = json_count(in);
  const bool has_test = n > 0 && n == json_count(out) && json_kind(json_first(in)) == JSON_NUMBER &&
                        json_kind(json_first(out)) == JSON_NUMBER;
  reader->capture.n_test = !has_test ? 0 : n < MODEL_MAX_TEST ? n : MODEL_MAX_TEST;
}

// Reads the first n_test numbers of an array.
static void
read_test(JsonReader* reader, const char* field, Json array, double* to)
{
  Json value = json_first(array);
  for (size_t i = 0; i < reader->capture.n_test; ++i, value = json_next(value)) {
    const double max = (double)MODEL_MAX_NUMBER;
    to[i] = json_reader_number(reader, field, i, value, -max, max);
  }
}

static void
read_keras_bias(JsonReader* reader, Json bias)
{
  const Capture* capture = &reader->capture;
  if (capture->cell == CELL_LSTM) {
    json_reader_row(reader, "layers[0].weights[2]", 0, bias, json_reader_n_columns(reader),
                    capture->in_bias, 1);
  } else { // that of the hidden side follows that of the input's
    json_reader_matrix(reader, "layers[0].weights[2]", bias, 2, json_reader_n_columns(reader),
                       capture->in_bias, json_reader_n_columns(reader), 1);
  }
}

void
keras_capture_read(JsonReader* reader, Json root)
{
  Capture* capture = &reader->capture;
  const Json in = json_member(root, "input_batch");
  const Json out = json_member(root, "output_batch");
  read_keras_head(reader, root);
  find_keras_test(reader, in, out);
  if (!json_reader_allocate(reader)) {
    return;
  }
  const Json layers = json_member(root, "layers");
  const Json weights = json_member(json_reader_element(layers, 0), "weights");
  const Json out_weights = json_member(json_reader_element(layers, 1), "weights");
  const size_t n = json_reader_n_columns(reader);
  const size_t hidden_size = capture->hidden_size;
  json_reader_matrix(reader, "layers[0].weights[0]", json_reader_element(weights, 0),
                     1U + capture->n_knobs, n, capture->in_weight, n, 1);
  json_reader_matrix(reader, "layers[0].weights[1]", json_reader_element(weights, 1), hidden_size,
                     n, capture->hidden_weight, n, 1);
  read_keras_bias(reader, json_reader_element(weights, 2));
  json_reader_matrix(reader, "layers[1].weights[0]", json_reader_element(out_weights, 0),
                     hidden_size, 1, capture->out_weight, 1, 1);
  json_reader_row(reader, "layers[1].weights[1]", 0, json_reader_element(out_weights, 1), 1,
                  &capture->out_bias, 1);
  read_test(reader, "input_batch", in, capture->test_in);
  read_test(reader, "output_batch", out, capture->test_out);
  if (capture->cell == CELL_GRU) { // Keras has z before r
    capture_exchange_gates(capture);
  }
}
