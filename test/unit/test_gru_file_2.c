// SPDX-License-Identifier: MIT
// Version 2 of the model file: an LSTM with a name, a direct weight and a test. Built with
// sanitizers.
#include "common/memory.h"
#include "model/crc32.h"
#include "model/model.h"
#include "model/packed_model.h"
#include "rnn/kernel.h"
#include "support/bytes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// Dimensions of the file that make_file() builds, and offsets in it.
enum {
  HIDDEN = 4,
  N_KNOBS = 1,
  N_THETA = LSTM_N_GATES * HIDDEN * HIDDEN + LSTM_N_PARTS * HIDDEN,
  N_CONDITIONED = LSTM_N_BIASES * HIDDEN,
  N_TEST = 3,
  TEXT_SIZE = 9,
  BODY_AT = HEADER_2_SIZE + 24 * N_KNOBS,
  OUT_AT = BODY_AT + 4 * (N_THETA + N_KNOBS * N_CONDITIONED),
  DIRECT_AT = OUT_AT + 4 * (HIDDEN + 1),
  TEST_AT = DIRECT_AT + 4,
  TEXT_AT = TEST_AT + 4 * (N_KNOBS + 2 * N_TEST),
  FILE_SIZE = TEXT_AT + TEXT_SIZE,
};

static uint8_t file[FILE_SIZE];

static void
seal(size_t size)
{
  put_u32(file + SIZE_AT, (uint32_t)size);
  put_u32(file + CHECKSUM_AT, crc32(file + RATE_AT, size - RATE_AT));
}

// Number i of the body is i / 1000.
static void
make_file(void)
{
  static const uint32_t header[] = {44100,         HIDDEN,    N_KNOBS,   0,     N_KNOBS,
                                    N_CONDITIONED, TEXT_SIZE, CELL_LSTM, N_TEST};
  memset(file, 0, sizeof file);
  memcpy(file, "\x89OD3\r\n\x1a\n", 8);
  put_u32(file + VERSION_AT, 2);
  for (unsigned i = 0; i < sizeof header / sizeof *header; ++i) {
    put_u32(file + RATE_AT + 4 * i, header[i]);
  }
  memcpy(file + NAME_AT, "Fuzz", 4);
  memcpy(file + HEADER_2_SIZE, "drive", 5);
  put_f32(file + HEADER_2_SIZE + 20, 1.0f);
  for (unsigned i = 0; BODY_AT + 4 * i < TEXT_AT; ++i) {
    put_f32(file + BODY_AT + 4 * (size_t)i, (float)i / 1000.0f);
  }
  memcpy(file + TEXT_AT, "by: hand\n", TEXT_SIZE);
  seal(FILE_SIZE);
}

// Returns the number that make_file() writes at an offset.
static float
number_at(size_t at)
{
  return (float)((at - BODY_AT) / 4) / 1000.0f;
}

// Parses a copy of the file's first bytes, which ends where its memory ends.
static Model*
parse(size_t size, ModelError* error)
{
  uint8_t* copy = malloc(size ? size : 1);
  assert_non_null(copy);
  memcpy(copy, file, size);
  Model* model = (Model*)&model;
  const ModelStatus status = model_parse(copy, size, &model, error);
  assert_true((model != NULL) == (status == MODEL_OK));
  free(copy);
  return model;
}

static void
expect(size_t size, ModelStatus expected)
{
  ModelError error = {.status = MODEL_OK};
  Model* model = parse(size, &error);
  assert_int_equal(error.status, expected);
  model_free(model);
}

static void
a_valid_file_gives_what_it_holds(void** state)
{
  (void)state;
  make_file();
  Model* model = parse(FILE_SIZE, NULL);
  assert_non_null(model);
  assert_string_equal(model->name, "Fuzz");
  assert_int_equal(model->cell, CELL_LSTM);
  assert_int_equal(model->n_theta, N_THETA);
  assert_int_equal(model->sample_rate_hz, 44100);
  assert_true(model->theta0[N_THETA - 1] == number_at(BODY_AT + 4 * (N_THETA - 1)));
  assert_true(model->weight_deltas[1] == number_at(BODY_AT + 4 * (N_THETA + 1)));
  assert_true(model->out_weight[1] == number_at(OUT_AT + 4));
  assert_true(model->out_bias == number_at(DIRECT_AT - 4));
  assert_true(model->direct == number_at(DIRECT_AT));
  assert_int_equal(model->test.n_samples, N_TEST);
  assert_true(model->test.knobs[0] == number_at(TEST_AT));
  assert_true(model->test.in[0] == number_at(TEST_AT + 4));
  assert_true(model->test.out[N_TEST - 1] == number_at(TEXT_AT - 4));
  assert_string_equal(model->provenance, "by: hand\n");
  model_free(model);
}

static void
eighty_units_and_no_test_are_allowed(void** state)
{
  (void)state;
  enum { H = 80, SIZE = HEADER_2_SIZE + 4 * (3 * H * H + THETA_N_PARTS * H + H + 2) };
  static uint8_t big[SIZE];
  static const uint32_t header[] = {48000, H, 0, 0, 0, 0, 0, CELL_GRU, 0};
  memcpy(big, "\x89OD3\r\n\x1a\n", 8);
  put_u32(big + VERSION_AT, 2);
  put_u32(big + SIZE_AT, SIZE);
  for (unsigned i = 0; i < sizeof header / sizeof *header; ++i) {
    put_u32(big + RATE_AT + 4 * i, header[i]);
  }
  put_u32(big + CHECKSUM_AT, crc32(big + RATE_AT, SIZE - RATE_AT));
  Model* model = NULL;
  assert_int_equal(model_parse(big, SIZE, &model, NULL), MODEL_OK);
  assert_int_equal(model->hidden_size, H);
  assert_int_equal(model->test.n_samples, 0);
  assert_string_equal(model->name, "");
  model_free(model);
}

static void
dimensions_out_of_range_are_refused(void** state)
{
  (void)state;
  static const struct {
    size_t at;
    uint32_t value;
    ModelStatus expected;
  } cases[] = {
      {VERSION_AT, 0, MODEL_WRONG_VERSION},
      {VERSION_AT, 3, MODEL_WRONG_VERSION},
      {HIDDEN_AT, 3, MODEL_BAD_DIMENSION},
      {HIDDEN_AT, 81, MODEL_BAD_DIMENSION},
      {HIDDEN_AT, 80, MODEL_WRONG_SIZE},
      {N_CONDITIONED_AT, N_THETA + 1, MODEL_BAD_DIMENSION},
      {N_CONDITIONED_AT, 0xFFFFFFFF, MODEL_BAD_DIMENSION},
      {CELL_AT, 2, MODEL_BAD_DIMENSION},
      {CELL_AT, 0xFFFFFFFF, MODEL_BAD_DIMENSION},
      {CELL_AT, CELL_GRU, MODEL_WRONG_SIZE},
      {N_TEST_AT, MODEL_MAX_TEST + 1, MODEL_BAD_DIMENSION},
      {N_TEST_AT, 0xFFFFFFFF, MODEL_BAD_DIMENSION},
      {N_TEST_AT, N_TEST + 1, MODEL_BAD_NUMBER}, // the text, read as a number
      {N_TEST_AT, 0, MODEL_WRONG_SIZE},
      {NAME_AT + MODEL_NAME_SIZE - 4, 0xFFFFFFFF, MODEL_BAD_TEXT},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    make_file();
    put_u32(file + cases[i].at, cases[i].value);
    seal(FILE_SIZE);
    expect(FILE_SIZE, cases[i].expected);
  }
}

static void
numbers_that_are_not_finite_or_too_large_are_refused(void** state)
{
  (void)state;
  static const float numbers[] = {NAN, INFINITY, -INFINITY, 1.1e4f};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
    for (size_t at = BODY_AT; at < TEXT_AT; at += 4) {
      make_file();
      put_f32(file + at, numbers[i]);
      seal(FILE_SIZE);
      expect(FILE_SIZE, MODEL_BAD_NUMBER);
    }
  }
  make_file();
  put_f32(file + TEST_AT, -1.1f); // a knob
  seal(FILE_SIZE);
  expect(FILE_SIZE, MODEL_BAD_NUMBER);
}

static void
every_truncation_and_extension_is_refused(void** state)
{
  (void)state;
  for (size_t size = 0; size < FILE_SIZE; ++size) {
    make_file();
    if (size > RATE_AT) {
      seal(size);
    }
    expect(size, size < 8 ? MODEL_NOT_A_MODEL : MODEL_WRONG_SIZE);
  }
}

static void
every_flipped_bit_is_refused(void** state)
{
  (void)state;
  make_file();
  for (size_t bit = 0; bit < 8U * FILE_SIZE; ++bit) {
    file[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    assert_null(parse(FILE_SIZE, NULL));
    file[bit / 8] ^= (uint8_t)(1U << (bit % 8));
  }
}

// The parser must not crash, and a model that it accepts must give finite parameters.
static void
a_changed_byte_with_a_valid_checksum_gives_no_crash_and_finite_parameters(void** state)
{
  (void)state;
  static const uint8_t values[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
  for (size_t i = 0; i < sizeof values * (FILE_SIZE - RATE_AT); ++i) {
    make_file();
    file[RATE_AT + i / sizeof values] = values[i % sizeof values];
    seal(FILE_SIZE);
    Model* model = parse(FILE_SIZE, NULL);
    if (model) {
      const float knobs[MAX_KNOBS] = {1.0f};
      PackedModel* packed = packed_model_new(model, &kernel_plain);
      assert_non_null(packed);
      float* theta = aligned_zeros(packed->n_theta * sizeof *theta);
      packed_model_theta(packed, knobs, theta);
      for (size_t k = 0; k < packed->n_theta; ++k) {
        assert_true(isfinite(theta[k]));
      }
      free(theta);
      packed_model_free(packed);
    }
    model_free(model);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_valid_file_gives_what_it_holds),
      cmocka_unit_test(eighty_units_and_no_test_are_allowed),
      cmocka_unit_test(dimensions_out_of_range_are_refused),
      cmocka_unit_test(numbers_that_are_not_finite_or_too_large_are_refused),
      cmocka_unit_test(every_truncation_and_extension_is_refused),
      cmocka_unit_test(every_flipped_bit_is_refused),
      cmocka_unit_test(a_changed_byte_with_a_valid_checksum_gives_no_crash_and_finite_parameters),
  };
  return cmocka_run_group_tests_name("version 2 of the model file", tests, NULL, NULL);
}
