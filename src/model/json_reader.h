// SPDX-License-Identifier: MIT
// Reads a capture's numbers from JSON, with their limits, and keeps the first failure. Not for the
// audio thread.
#ifndef OD3_JSON_READER_H
#define OD3_JSON_READER_H

#include "model/capture.h"
#include "model/json.h"
#include "model/model.h"
#include "model/model_error.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
  Model* model;
  Capture capture;
  ModelError error; // the first failure
} JsonReader;

// Returns whether nothing has failed so far.
bool
json_reader_is_ok(const JsonReader* reader);

// Keeps the first failure.
void
json_reader_fail(JsonReader* reader, ModelError error);

// Fails with a sentence that says what the plugin does not play.
void
json_reader_refuse(JsonReader* reader, const char* sentence);

// Reads a number from min to max. Fails and returns min where the value is another.
double
json_reader_number(JsonReader* reader, const char* field, size_t index, Json value, double min,
                   double max);

// Reads a whole number from min to max, or `missing` where there is no value.
unsigned
json_reader_whole(JsonReader* reader, const char* field, Json value, unsigned missing, unsigned min,
                  unsigned max);

// Reads an array of n numbers into to[0], to[stride], and so on. `first` is the index of its first
// number in the field, for errors.
void
json_reader_row(JsonReader* reader, const char* field, size_t first, Json array, size_t n,
                double* to, size_t stride);

// Reads an array of n_rows arrays of row_length numbers into `to`, where the numbers of a row are
// `in_row` apart and the rows `to_row`.
void
json_reader_matrix(JsonReader* reader, const char* field, Json array, size_t n_rows,
                   size_t row_length, double* to, size_t to_row, size_t in_row);

// Returns the number of columns of the capture's matrices.
size_t
json_reader_n_columns(const JsonReader* reader);

// Allocates the capture's arrays. Returns whether all is well so far.
bool
json_reader_allocate(JsonReader* reader);

// Sets the sample rate to a value, which may be a text, or to `missing` where there is none.
void
json_reader_rate(JsonReader* reader, Json value, unsigned missing);

// Returns an element of an array, or none.
Json
json_reader_element(Json array, size_t index);

// Returns the last element of an array, or none.
Json
json_reader_last(Json array);

#endif
