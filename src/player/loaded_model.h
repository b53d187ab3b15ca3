// SPDX-License-Identifier: MIT
// A model file that the player has opened, with the pedal that plays it, or the reason why it can't
// be played.
#ifndef OD3_LOADED_MODEL_H
#define OD3_LOADED_MODEL_H

#include "engine/pedal.h"
#include "model/model.h"
#include "model/packed_model.h"
#include "player/path_box.h"

#include <stdbool.h>

enum {
  LOADED_MODEL_ERROR_SIZE = 256,
  LOADED_MODEL_WARNING_SIZE = 384,
  LOADED_MODEL_LINE_SIZE = 64,
  LOADED_MODEL_KNOBS_SIZE = MAX_KNOBS * 64,
};

// Immutable but for the pedal, once loaded_model_new has returned it.
typedef struct LoadedModel {
  struct LoadedModel* next;                // for the lists that own it
  unsigned generation;                     // of the request in the PathBox; 0 for none
  bool keeps_request;                      // after an error too
  char path[PATH_SIZE];                    // empty for the bundle's own model
  char error[LOADED_MODEL_ERROR_SIZE];     // empty unless the file can't be played
  char warning[LOADED_MODEL_WARNING_SIZE]; // what is doubtful in a file that plays, or empty
  const PackedModel* packed;               // NULL with an error
  Pedal* pedal;                            // NULL with an error
  unsigned sample_rate_hz;
  char name[MODEL_NAME_SIZE];          // the model's, or the file's without its ending
  char kind[LOADED_MODEL_LINE_SIZE];   // "GRU, 32 units"
  char cost[LOADED_MODEL_LINE_SIZE];   // compared to the bundle's own model
  char level[LOADED_MODEL_LINE_SIZE];  // "peaks up to +3 dBFS", or empty
  char knobs[LOADED_MODEL_KNOBS_SIZE]; // a line for each: its name and range
  float normalize_db;                  // the gain that makes it as loud as the bundle's own model
} LoadedModel;

// Loads the model of a file for a host's rate, measures its loudness, and notes what is doubtful in
// it. `path` is kept;
// `file_path` is read, and may be another for the bundle's own model. Returns NULL only when memory
// is short. The caller frees the result. Not for the audio thread; takes up to two seconds.
LoadedModel*
loaded_model_new(const char* path, const char* file_path, const Kernel* kernel,
                 double sample_rate_hz);

// Frees a loaded model; NULL is allowed. Not for the audio thread.
void
loaded_model_free(LoadedModel* loaded);

#endif
