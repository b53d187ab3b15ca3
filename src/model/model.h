// SPDX-License-Identifier: MIT
// A trained model as its file holds it; weights/FORMAT.md describes the files.
#ifndef OD3_MODEL_H
#define OD3_MODEL_H

#include "model/mlp.h"
#include "model/model_error.h"
#include "model/model_levels.h"
#include "rnn/theta_layout.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  MODEL_NAME_SIZE = 64,
  MODEL_WARNING_SIZE = 160,
  MODEL_KNOB_NAME_SIZE = 16,
  MODEL_MAX_TEXT = 65536,
  MODEL_MAX_TEST = 4096, // samples
  MODEL_MAX_FILE_SIZE = 4 << 20,
  MODEL_MIN_RATE_HZ = 8000,
  MODEL_MAX_RATE_HZ = 768000,
};

// The largest magnitude of a number in a file. A trained one is rarely above 10.
#define MODEL_MAX_NUMBER 1e4f

typedef struct {
  char name[MODEL_KNOB_NAME_SIZE]; // UTF-8, zero-terminated
  float min, max;                  // the trained range, which the network sees as -1 to +1
} ModelKnob;

// A test vector: the output that the maker of a model expects of it.
typedef struct {
  size_t n_samples;       // 0 where the file has no test
  float knobs[MAX_KNOBS]; // each -1 to +1
  const float* in;        // [n_samples]
  const float* out;       // [n_samples], from a state of 0
} ModelTest;

// Immutable once loaded, so any number of threads may read it.
typedef struct {
  char name[MODEL_NAME_SIZE];       // UTF-8, zero-terminated; empty where the file has none
  char warning[MODEL_WARNING_SIZE]; // an English clause about a doubtful file, or empty
  CellKind cell;
  uint32_t checksum; // of a .gru file, as it states it; 0 for other files
  unsigned sample_rate_hz;
  bool is_rate_assumed; // the file states no sample rate; who loads it may set another
  unsigned hidden_size;
  ModelKnob knobs[MAX_KNOBS]; // mlp.n_knobs of them
  Mlp mlp;
  size_t n_theta;             // theta_size(cell, hidden_size)
  size_t n_conditioned;       // the first of theta, which depend on the knobs
  const float* theta0;        // [n_theta] in the order of rnn/theta_layout.h
  const float* weight_deltas; // [mlp.n_features][n_conditioned]
  const float* out_weight;    // [hidden_size]
  float out_bias;
  float direct; // times the input, is part of the output
  ModelTest test;
  ModelLevels levels;
  char* provenance; // who made the model from what: lines of UTF-8, zero-terminated
  float* values;    // the memory that all pointers but `provenance` point into
} Model;

// Reads a model from the bytes of a file, at any alignment: a .gru file, or JSON in one of the
// styles of model/json_model.h. If the file has a test, the model is held against it. On MODEL_OK,
// the caller owns *model and frees it with model_free; otherwise *model is NULL and *error, unless
// `error` is NULL, says why. Not for the audio thread.
ModelStatus
model_parse(const uint8_t* data, size_t size, Model** model, ModelError* error);

// Reads the file at a path, with the contract of model_parse. It does not wait for a pipe's writer.
ModelStatus
model_load(const char* path, Model** model, ModelError* error);

// Frees a model; NULL is allowed. Not for the audio thread.
void
model_free(Model* model);

#endif
