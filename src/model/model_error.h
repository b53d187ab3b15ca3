// SPDX-License-Identifier: MIT
// Why a model file can't be played: the field, its value and its limits.
#ifndef OD3_MODEL_ERROR_H
#define OD3_MODEL_ERROR_H

#include <stddef.h>

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
  MODEL_BAD_JSON,
  MODEL_MISSING,
  MODEL_BAD_LENGTH,
  MODEL_FAILED_TEST,
  MODEL_UNSUPPORTED,
  N_MODEL_STATUSES,
} ModelStatus;

typedef struct {
  ModelStatus status;
  // The part of the file, a static string; NULL when it is the whole file. For MODEL_UNSUPPORTED,
  // a clause that says all.
  const char* field;
  size_t index;    // of the number in the field, from 0; SIZE_MAX for a field of one number
  double value;    // found in the file; for MODEL_UNREADABLE, the system's errno; for
                   // MODEL_BAD_JSON, the offset of the wrong byte
  double min, max; // allowed; both the same when one value is
} ModelError;

enum { MODEL_ERROR_TEXT_SIZE = 160 };

// Writes what is wrong as an English clause that follows the file's name, such as "hidden weight
// 1234 is 2e+08; the limit is 10000". Not for the audio thread.
void
model_error_text(const ModelError* error, char text[MODEL_ERROR_TEXT_SIZE]);

#endif
