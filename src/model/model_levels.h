// SPDX-License-Identifier: MIT
// The input level that a model's file states.
#ifndef OD3_MODEL_LEVELS_H
#define OD3_MODEL_LEVELS_H

#include <stdbool.h>

#define MODEL_MAX_LEVEL_DB 200.0f // the largest magnitude of a level

// All zeros where the file says nothing.
typedef struct {
  bool has_trained_peak;
  bool has_input_level;
  float trained_peak_dbfs; // the loudest peak that the model has learned
  float input_level_dbu;   // the analog level of a sine at full scale in its recordings
} ModelLevels;

// Reads the lines "trained_peak_dbfs: NUMBER" and "input_level_dbu: NUMBER" of a text, a number
// being written like "-12.5". Lines with anything else say nothing. Any thread.
ModelLevels
model_levels_read(const char* text);

#endif
