// SPDX-License-Identifier: MIT
// The model file's parser against good and hostile files. Built with sanitizers.
#include "small_model.h"

#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void
a_good_file_is_read_as_written(void** state)
{
  (void)state;
  uint8_t file[FILE_SIZE];
  make_file(file);
  Model* model = NULL;
  assert_int_equal(parse(file, FILE_SIZE, &model), MODEL_OK);
  assert_int_equal(model->sample_rate_hz, 48000);
  assert_int_equal(model->hidden_size, HIDDEN);
  assert_string_equal(model->knobs[1].name, "tone");
  assert_true(model->knobs[1].max == 4.0f);
  assert_string_equal(model->provenance, "by: hand\n");
  const Conditioning* conditioning = &model->conditioning;
  assert_int_equal(conditioning->n_features, N_FEATURES);
  assert_true(conditioning->layers[0].slope == 0.01f);
  assert_true(conditioning->layers[0].weight[1] == 0.03f);
  assert_true(conditioning->theta0[0] == (float)((THETA_AT - LAYER_AT) / 4) / 100.0f);
  assert_true(conditioning->moved[1] == (float)((THETA_AT - LAYER_AT) / 4 + N_THETA + 1) / 100.0f);
  assert_true(model->out_bias == (float)((TEXT_AT - LAYER_AT) / 4 - 1) / 100.0f);
  model_free(model);
}

static void
absurd_dimensions_are_refused(void** state)
{
  (void)state;
  static const struct {
    size_t at;
    uint32_t value;
    ModelStatus expected;
  } cases[] = {
      {RATE_AT, 0, MODEL_BAD_DIMENSION},           {RATE_AT, 768001, MODEL_BAD_DIMENSION},
      {HIDDEN_AT, 0, MODEL_BAD_DIMENSION},         {HIDDEN_AT, 3, MODEL_BAD_DIMENSION},
      {HIDDEN_AT, 65, MODEL_BAD_DIMENSION},        {HIDDEN_AT, 0x40000000, MODEL_BAD_DIMENSION},
      {HIDDEN_AT, 64, MODEL_WRONG_SIZE},           {KNOBS_AT, 5, MODEL_BAD_DIMENSION},
      {KNOBS_AT, 0xFFFFFFFF, MODEL_BAD_DIMENSION}, {LAYERS_AT, 9, MODEL_BAD_DIMENSION},
      {LAYERS_AT, 0, MODEL_BAD_DIMENSION},         {FEATURES_AT, 65, MODEL_BAD_DIMENSION},
      {FEATURES_AT, 2, MODEL_BAD_DIMENSION},       {MOVED_AT, N_THETA + 1, MODEL_BAD_DIMENSION},
      {MOVED_AT, 0xFFFFFFFF, MODEL_BAD_DIMENSION}, {TEXT_SIZE_AT, 65537, MODEL_BAD_DIMENSION},
      {TEXT_SIZE_AT, 10, MODEL_WRONG_SIZE},        {TEXT_SIZE_AT, 8, MODEL_WRONG_SIZE},
      {RESERVED_AT, 1, MODEL_BAD_DIMENSION},       {LAYER_AT, 0, MODEL_BAD_DIMENSION},
      {LAYER_AT, 65, MODEL_BAD_DIMENSION},         {LAYER_AT, 0xFFFFFFFF, MODEL_BAD_DIMENSION},
  };
  uint8_t file[FILE_SIZE];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    make_file(file);
    put_u32(file + cases[i].at, cases[i].value);
    seal(file);
    expect(file, FILE_SIZE, cases[i].expected);
  }
}

static void
numbers_that_are_none_are_refused(void** state)
{
  (void)state;
  static const float numbers[] = {NAN, INFINITY, -INFINITY, 1.1e4f, -3e38f};
  uint8_t file[FILE_SIZE];
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
    for (size_t at = KNOB_AT + 16; at < TEXT_AT; at += 4) {
      const int is_name = at >= KNOB_AT + 24 && at < KNOB_AT + 40;
      if (is_name || at == LAYER_AT) {
        continue;
      }
      make_file(file);
      put_f32(file + at, numbers[i]);
      seal(file);
      expect(file, FILE_SIZE, MODEL_BAD_NUMBER);
    }
  }
  make_file(file);
  put_f32(file + KNOB_AT + 16, 4.0f); // a knob whose range is empty
  seal(file);
  expect(file, FILE_SIZE, MODEL_BAD_NUMBER);
}

// A model of one knob and n_layers, at most 3, of one unit, which each multiply by 1e8.
static void
expect_of_layers(uint32_t n_layers, ModelStatus expected)
{
  enum { LAYER_SIZE = 16, SIZE = KNOB_AT + 24 + 3 * LAYER_SIZE + 4 * (N_THETA + HIDDEN + 1) };
  uint8_t file[SIZE] = {0};
  const uint32_t size = SIZE - (3U - n_layers) * LAYER_SIZE;
  const uint32_t header[] = {48000, HIDDEN, 1, n_layers, 1, 0, 0, 0};
  memcpy(file, "\x89OD3\r\n\x1a\n", 8);
  put_u32(file + VERSION_AT, 1);
  put_u32(file + SIZE_AT, size);
  for (unsigned i = 0; i < sizeof header / sizeof *header; ++i) {
    put_u32(file + RATE_AT + 4 * i, header[i]);
  }
  file[KNOB_AT] = 'k';
  put_f32(file + KNOB_AT + 20, 1.0f);
  for (uint32_t i = 0; i < n_layers; ++i) {
    uint8_t* layer = file + KNOB_AT + 24 + (size_t)LAYER_SIZE * i;
    put_u32(layer, 1);
    put_f32(layer + 4, 1e4f);
    put_f32(layer + 8, -1e4f);
  }
  put_u32(file + CHECKSUM_AT, crc32(file + RATE_AT, size - RATE_AT));
  expect(file, size, expected);
}

static void
layers_that_could_overflow_are_refused(void** state)
{
  (void)state;
  expect_of_layers(0, MODEL_OK);
  expect_of_layers(2, MODEL_OK);         // at most 1e16
  expect_of_layers(3, MODEL_BAD_NUMBER); // 1e24
}

static void
text_that_is_none_is_refused(void** state)
{
  (void)state;
  uint8_t file[FILE_SIZE];
  make_file(file);
  memset(file + KNOB_AT, 'x', 16); // a name that does not end
  seal(file);
  expect(file, FILE_SIZE, MODEL_BAD_TEXT);
  make_file(file);
  file[KNOB_AT] = 0;
  seal(file);
  expect(file, FILE_SIZE, MODEL_BAD_TEXT);
  make_file(file);
  file[TEXT_AT + 2] = 0;
  seal(file);
  expect(file, FILE_SIZE, MODEL_BAD_TEXT);
}

static void
other_files_are_told_apart(void** state)
{
  (void)state;
  uint8_t file[FILE_SIZE];
  make_file(file);
  put_u32(file + VERSION_AT, 2);
  expect(file, FILE_SIZE, MODEL_WRONG_VERSION);
  make_file(file);
  file[3] = '4';
  expect(file, FILE_SIZE, MODEL_NOT_A_MODEL);
  make_file(file);
  file[TEXT_AT] ^= 1U;
  expect(file, FILE_SIZE, MODEL_WRONG_CHECKSUM);
  expect(file, 0, MODEL_NOT_A_MODEL);
  for (int status = MODEL_OK; status <= MODEL_BAD_TEXT; ++status) {
    assert_string_not_equal(model_status_text((ModelStatus)status), "unknown error");
  }
}

static ModelStatus
load(const char* path)
{
  Model* model = (Model*)&model;
  const ModelStatus status = model_load(path, &model);
  assert_true((model != NULL) == (status == MODEL_OK));
  model_free(model);
  return status;
}

static void
paths_that_hold_no_model_are_refused(void** state)
{
  (void)state;
  char folder[] = "/tmp/od3-model-XXXXXX";
  char path[64];
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/model", folder);
  assert_int_equal(load(path), MODEL_UNREADABLE);
  assert_int_equal(load(folder), MODEL_UNREADABLE);

  assert_int_equal(mkfifo(path, 0600), 0);
  assert_int_equal(load(path), MODEL_NOT_A_MODEL);
  unlink(path);

  uint8_t bytes[FILE_SIZE];
  make_file(bytes);
  FILE* file = fopen(path, "wb");
  assert_non_null(file);
  fwrite(bytes, 1, FILE_SIZE, file);
  fflush(file);
  assert_int_equal(load(path), MODEL_OK);
  assert_int_equal(ftruncate(fileno(file), (off_t)2 << 30), 0); // 2 GiB, with a hole
  assert_int_equal(load(path), MODEL_WRONG_SIZE);
  fclose(file);
  unlink(path);
  rmdir(folder);
}

static void
every_failure_has_a_name(void** state)
{
  (void)state;
  for (ModelStatus status = MODEL_OK; status <= MODEL_BAD_TEXT; ++status) {
    assert_string_not_equal(model_status_text(status), "unknown error");
  }
  assert_string_equal(model_status_text(MODEL_BAD_TEXT + 1), "unknown error");
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_good_file_is_read_as_written),
      cmocka_unit_test(absurd_dimensions_are_refused),
      cmocka_unit_test(numbers_that_are_none_are_refused),
      cmocka_unit_test(layers_that_could_overflow_are_refused),
      cmocka_unit_test(text_that_is_none_is_refused),
      cmocka_unit_test(other_files_are_told_apart),
      cmocka_unit_test(paths_that_hold_no_model_are_refused),
      cmocka_unit_test(every_failure_has_a_name),
  };
  return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
