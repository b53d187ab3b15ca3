// SPDX-License-Identifier: MIT
#include "model/json_reader.h"

#include "rnn/theta_layout.h"

#include <math.h>
#include <stdint.h>

bool
json_reader_is_ok(const JsonReader* reader)
{
  return reader->error.status == MODEL_OK;
}

void
json_reader_fail(JsonReader* reader, ModelError error)
{
  if (json_reader_is_ok(reader)) {
    reader->error = error;
  }
}

void
json_reader_refuse(JsonReader* reader, const char* sentence)
{
  json_reader_fail(reader, (ModelError){MODEL_UNSUPPORTED, sentence, SIZE_MAX, 0.0, 0.0, 0.0});
}

double
json_reader_number(JsonReader* reader, const char* field, size_t index, Json value, double min,
                   double max)
{
  const double number = json_number(value);
  if (json_kind(value) != JSON_NUMBER) {
    json_reader_fail(reader, (ModelError){MODEL_MISSING, field, index, 0.0, 0.0, 0.0});
  } else if (!(number >= min && number <= max)) {
    json_reader_fail(reader, (ModelError){MODEL_BAD_NUMBER, field, index, number, min, max});
  } else {
    return number;
  }
  return min;
}

unsigned
json_reader_whole(JsonReader* reader, const char* field, Json value, unsigned missing, unsigned min,
                  unsigned max)
{
  const double number = json_kind(value) == JSON_NONE ? missing : json_number_or_text(value);
  if (!(number >= min && number <= max && number == floor(number))) {
    json_reader_fail(reader, (ModelError){MODEL_BAD_DIMENSION, field, SIZE_MAX, number, min, max});
    return min;
  }
  return (unsigned)number;
}

static void
fail_length(JsonReader* reader, const char* field, Json array, size_t n, size_t n_wanted)
{
  if (json_kind(array) == JSON_ARRAY) {
    json_reader_fail(
        reader, (ModelError){MODEL_BAD_LENGTH, field, SIZE_MAX, (double)n, (double)n_wanted, 0.0});
  } else {
    json_reader_fail(reader, (ModelError){MODEL_MISSING, field, SIZE_MAX, 0.0, 0.0, 0.0});
  }
}

void
json_reader_row(JsonReader* reader, const char* field, size_t first, Json array, size_t n,
                double* to, size_t stride)
{
  size_t i = 0;
  for (Json value = json_first(array); value.at && json_reader_is_ok(reader);
       value = json_next(value), ++i) {
    if (i < n) {
      const double max = (double)MODEL_MAX_NUMBER;
      to[i * stride] = json_reader_number(reader, field, first + i, value, -max, max);
    }
  }
  if (i != n) {
    fail_length(reader, field, array, i, n);
  }
}

void
json_reader_matrix(JsonReader* reader, const char* field, Json array, size_t n_rows,
                   size_t row_length, double* to, size_t to_row, size_t in_row)
{
  size_t i = 0;
  for (Json row = json_first(array); row.at && json_reader_is_ok(reader);
       row = json_next(row), ++i) {
    if (i < n_rows) {
      json_reader_row(reader, field, i * row_length, row, row_length, to + i * to_row, in_row);
    }
  }
  if (i != n_rows) {
    fail_length(reader, field, array, i, n_rows);
  }
}

size_t
json_reader_n_columns(const JsonReader* reader)
{
  return (size_t)theta_n_gates(reader->capture.cell) * reader->capture.hidden_size;
}

bool
json_reader_allocate(JsonReader* reader)
{
  if (json_reader_is_ok(reader) && !capture_allocate(&reader->capture)) {
    json_reader_fail(reader, (ModelError){.status = MODEL_NO_MEMORY});
  }
  return json_reader_is_ok(reader);
}

void
json_reader_rate(JsonReader* reader, Json value, unsigned missing)
{
  reader->model->is_rate_assumed = json_kind(value) == JSON_NONE || json_kind(value) == JSON_NULL;
  const Json given = reader->model->is_rate_assumed ? (Json){NULL, NULL} : value;
  reader->model->sample_rate_hz = json_reader_whole(reader, "sample rate", given, missing,
                                                    MODEL_MIN_RATE_HZ, MODEL_MAX_RATE_HZ);
}

Json
json_reader_element(Json array, size_t index)
{
  Json value = json_first(array);
  for (size_t i = 0; i < index && value.at; ++i) {
    value = json_next(value);
  }
  return value;
}

Json
json_reader_last(Json array)
{
  const size_t n = json_count(array);
  return n ? json_reader_element(array, n - 1) : (Json){NULL, NULL};
}
