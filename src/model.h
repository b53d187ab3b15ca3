// SPDX-License-Identifier: MIT
// A trained model, read from a file whose layout weights/FORMAT.md describes.
#ifndef OD3_MODEL_H
#define OD3_MODEL_H

#include "conditioning.h"

#include <stddef.h>
#include <stdint.h>

enum { MODEL_KNOB_NAME_SIZE = 16, MODEL_MAX_TEXT = 65536, MODEL_MAX_FILE_SIZE = 4 << 20 };

typedef enum {
  MODEL_OK,
  MODEL_NO_MEMORY,
  MODEL_UNREADABLE,
  MODEL_NOT_A_MODEL,
  MODEL_WRONG_VERSION,
  MODEL_WRONG_SIZE,
  MODEL_WRONG_CHECKSUM,
  MODEL_BAD_DIMENSION,
  MODEL_BAD_NUMBER,
  MODEL_BAD_TEXT,
} ModelStatus;

typedef struct {
  char name[MODEL_KNOB_NAME_SIZE]; // UTF-8, zero-terminated
  float min, max;                  // what -1 and +1 were called when it was trained
} ModelKnob;

// Immutable once loaded, so any number of threads may read it.
typedef struct {
  unsigned sample_rate_hz;
  unsigned hidden_size;
  ModelKnob knobs[MAX_KNOBS];
  Conditioning conditioning; // of n_knobs knobs
  const float* out_weight;   // [hidden_size]
  float out_bias;
  char* provenance; // who made it from what: UTF-8 lines, zero-terminated
  float* values;    // what all pointers but provenance point into
} Model;

// Reads a model from the bytes of a file, which may lie at any alignment. Any thread but the audio
// thread. On MODEL_OK the caller owns *model and frees it with model_free; else *model is NULL.
ModelStatus
model_parse(const uint8_t* data, size_t size, Model** model);

// As model_parse, for the file at a path. Never waits for a pipe.
ModelStatus
model_load(const char* path, Model** model);

// NULL is allowed.
void
model_free(Model* model);

// What a status means, in English, for a log line; static.
const char*
model_status_text(ModelStatus status);

#endif
