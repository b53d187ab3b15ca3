// SPDX-License-Identifier: MIT
// Builds a small model file that a test may change, and checks the status of parsing it.
#ifndef OD3_TEST_SMALL_MODEL_H
#define OD3_TEST_SMALL_MODEL_H

#include "model/crc32.h"
#include "model/model.h"
#include "rnn/theta_layout.h"
#include "support/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// Dimensions and offsets of the file that make_file() builds; weights/FORMAT.md has the layout.
enum {
  HIDDEN = 4,
  N_KNOBS = 2,
  N_FEATURES = 3,
  N_THETA = 3 * HIDDEN * HIDDEN + THETA_N_PARTS * HIDDEN,
  N_PACKED = (N_THETA + 15) / 16 * 16,
  N_CONDITIONED = 16,
  TEXT_SIZE = 9,
  LAYER_AT = KNOB_AT + 24 * N_KNOBS,
  THETA_AT = LAYER_AT + 4 * (2 + N_FEATURES * (N_KNOBS + 1)),
  TEXT_AT = THETA_AT + 4 * (N_THETA + N_FEATURES * N_CONDITIONED + HIDDEN + 1),
  FILE_SIZE = TEXT_AT + TEXT_SIZE,
};

// Writes the checksum that fits the bytes of the file.
static inline void
seal(uint8_t* file)
{
  put_u32(file + CHECKSUM_AT, crc32(file + RATE_AT, FILE_SIZE - RATE_AT));
}

// Builds a valid model with two knobs and one layer of three features. Number i of the body is
// i / 100.
static inline void
make_file(uint8_t* file)
{
  static const uint32_t header[] = {48000,      HIDDEN,        N_KNOBS,   1,
                                    N_FEATURES, N_CONDITIONED, TEXT_SIZE, 0};
  memset(file, 0, FILE_SIZE);
  memcpy(file, "\x89OD3\r\n\x1a\n", 8);
  put_u32(file + VERSION_AT, 1);
  put_u32(file + SIZE_AT, FILE_SIZE);
  for (unsigned i = 0; i < sizeof header / sizeof *header; ++i) {
    put_u32(file + RATE_AT + 4 * i, header[i]);
  }
  for (unsigned i = 0; i < N_KNOBS; ++i) {
    memcpy(file + KNOB_AT + 24 * i, i ? "tone" : "gain", 4);
    put_f32(file + KNOB_AT + 24 * i + 16, 0.0f);
    put_f32(file + KNOB_AT + 24 * i + 20, 4.0f);
  }
  for (unsigned at = LAYER_AT, i = 0; at < TEXT_AT; at += 4, ++i) {
    put_f32(file + at, (float)i / 100.0f);
  }
  put_u32(file + LAYER_AT, N_FEATURES);
  memcpy(file + TEXT_AT, "by: hand\n", TEXT_SIZE);
  seal(file);
}

// Parses a copy of the file. The copy ends where its memory ends, so that the address sanitizer
// catches a read beyond it, and its alignment changes with each call.
static inline ModelStatus
parse(const uint8_t* file, size_t size, Model** model)
{
  static size_t offset = 0;
  offset = (offset + 1) % 8;
  uint8_t* copy = malloc(size + offset);
  assert_non_null(copy);
  memcpy(copy + offset, file, size);
  const ModelStatus status = model_parse(copy + offset, size, model, NULL);
  free(copy);
  return status;
}

// Asserts the status of parsing, and that there is a model exactly when it is MODEL_OK.
static inline void
expect(const uint8_t* file, size_t size, ModelStatus expected)
{
  Model* model = (Model*)&model;
  assert_int_equal(parse(file, size, &model), expected);
  assert_true((model != NULL) == (expected == MODEL_OK));
  model_free(model);
}

#endif
