// SPDX-License-Identifier: MIT
#include "model/model_error.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

// Writes the field and, where it has several numbers, the index of the one meant.
static void
describe_field(const ModelError* error, char* text, size_t size)
{
  if (error->index == SIZE_MAX) {
    snprintf(text, size, "%s", error->field);
  } else {
    snprintf(text, size, "%s %zu", error->field, error->index);
  }
}

static void
describe_size(const ModelError* error, char* text, size_t size)
{
  if (error->field) {
    snprintf(text, size, "the file ends inside its %s", error->field);
  } else if (error->value > error->max) {
    snprintf(text, size, "the file has %.0f bytes; the limit is %.0f", error->value, error->max);
  } else {
    snprintf(text, size, "the file has %.0f bytes; by its header it has %.0f", error->value,
             error->min);
  }
}

static void
describe_dimension(const ModelError* error, const char* field, char* text, size_t size)
{
  if (error->min < error->max) {
    snprintf(text, size, "%s is %.9g; allowed is %.0f to %.0f", field, error->value, error->min,
             error->max);
  } else {
    snprintf(text, size, "%s is %.9g; it must be %.0f", field, error->value, error->min);
  }
}

void
model_error_text(const ModelError* error, char text[MODEL_ERROR_TEXT_SIZE])
{
  const size_t size = MODEL_ERROR_TEXT_SIZE;
  char field[MODEL_ERROR_TEXT_SIZE / 2] = "";
  if (error->field) {
    describe_field(error, field, sizeof field);
  }
  switch (error->status) {
  case MODEL_OK: snprintf(text, size, "no error"); return;
  case MODEL_NO_MEMORY: snprintf(text, size, "out of memory"); return;
  case MODEL_UNREADABLE: snprintf(text, size, "%s", strerror((int)error->value)); return;
  case MODEL_NOT_A_MODEL: snprintf(text, size, "this is no model file"); return;
  case MODEL_WRONG_VERSION:
    snprintf(text, size, "format version is %.0f; this plugin reads %.0f to %.0f", error->value,
             error->min, error->max);
    return;
  case MODEL_WRONG_SIZE: describe_size(error, text, size); return;
  case MODEL_WRONG_CHECKSUM:
    snprintf(text, size, "the file is damaged: checksum is %08lx, its bytes give %08lx",
             (unsigned long)error->value, (unsigned long)error->max);
    return;
  case MODEL_BAD_DIMENSION: describe_dimension(error, field, text, size); return;
  case MODEL_BAD_NUMBER:
    if (error->min < error->max) {
      snprintf(text, size, "%s is %g; the limit is %g", field, error->value, error->max);
    } else {
      snprintf(text, size, "%s is %g; it must be above %g", field, error->value, error->min);
    }
    return;
  case MODEL_BAD_TEXT:
    snprintf(text, size, "%s is empty, not terminated, or holds a zero byte", field);
    return;
  case MODEL_BAD_JSON:
    snprintf(text, size, "the file is no valid JSON: byte %.0f is wrong", error->value);
    return;
  case MODEL_MISSING: snprintf(text, size, "%s is missing or of the wrong type", field); return;
  case MODEL_BAD_LENGTH:
    snprintf(text, size, "%s has %.0f elements; it must have %.0f", field, error->value,
             error->min);
    return;
  case MODEL_FAILED_TEST:
    snprintf(text, size,
             "the file contradicts itself: its test wants %g at sample %zu, its weights give %g",
             error->min, error->index, error->value);
    return;
  case MODEL_UNSUPPORTED: snprintf(text, size, "%s", error->field); return;
  case N_MODEL_STATUSES: break;
  }
  snprintf(text, size, "unknown error %d", (int)error->status);
}
