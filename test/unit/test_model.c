// SPDX-License-Identifier: MIT
// The model file's parser: valid files are read, invalid ones are refused. Built with sanitizers.
#include "rnn/theta_layout.h"
#include "support/scratch.h"
#include "support/small_model.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void
a_valid_file_gives_the_numbers_it_holds(void** state)
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
  assert_int_equal(model->mlp.n_features, N_FEATURES);
  assert_true(model->mlp.layers[0].slope == 0.01f);
  assert_true(model->mlp.layers[0].weight[1] == 0.03f);
  assert_true(model->theta0[0] == (float)((THETA_AT - LAYER_AT) / 4) / 100.0f);
  assert_true(model->weight_deltas[1] == (float)((THETA_AT - LAYER_AT) / 4 + N_THETA + 1) / 100.0f);
  assert_true(model->out_bias == (float)((TEXT_AT - LAYER_AT) / 4 - 1) / 100.0f);
  model_free(model);
}

static void
the_text_says_at_which_level_the_model_was_trained(void** state)
{
  (void)state;
  static const struct {
    const char* text;
    bool has_peak, has_input;
    float peak_dbfs, input_dbu;
  } cases[] = {
      {"trained_peak_dbfs: 3\n", true, false, 3.0f, 0.0f},
      {"by: me\ninput_level_dbu: 12.25\ntrained_peak_dbfs: -7.5", true, true, -7.5f, 12.25f},
      {"", false, false, 0.0f, 0.0f},
      {"the trained_peak_dbfs: 3\n", false, false, 0.0f, 0.0f},
      {"trained_peak_dbfs:3\ninput_level_dbu: +200\n", false, true, 0.0f, 200.0f},
      {"trained_peak_dbfs: 3 dB\ninput_level_dbu: -\n", false, false, 0.0f, 0.0f},
      {"trained_peak_dbfs: 200.1\ninput_level_dbu: 9999999999999999999999999999999999999999", false,
       false, 0.0f, 0.0f},
      {"trained_peak_dbfs: nan\ninput_level_dbu: 1e1\n", false, false, 0.0f, 0.0f},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    const ModelLevels levels = model_levels_read(cases[i].text);
    assert_int_equal(levels.has_trained_peak, cases[i].has_peak);
    assert_int_equal(levels.has_input_level, cases[i].has_input);
    if (cases[i].has_peak) {
      assert_float_equal(levels.trained_peak_dbfs, cases[i].peak_dbfs, 1e-5f);
    }
    if (cases[i].has_input) {
      assert_float_equal(levels.input_level_dbu, cases[i].input_dbu, 1e-5f);
    }
  }
  uint8_t file[FILE_SIZE];
  make_file(file);
  Model* model = NULL;
  assert_int_equal(parse(file, FILE_SIZE, &model), MODEL_OK);
  assert_false(model->levels.has_trained_peak);
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
      {RATE_AT, 0, MODEL_BAD_DIMENSION},
      {RATE_AT, 768001, MODEL_BAD_DIMENSION},
      {HIDDEN_AT, 0, MODEL_BAD_DIMENSION},
      {HIDDEN_AT, 3, MODEL_BAD_DIMENSION},
      {HIDDEN_AT, 65, MODEL_BAD_DIMENSION},
      {HIDDEN_AT, 0x40000000, MODEL_BAD_DIMENSION},
      {HIDDEN_AT, 64, MODEL_WRONG_SIZE},
      {KNOBS_AT, 5, MODEL_BAD_DIMENSION},
      {KNOBS_AT, 0xFFFFFFFF, MODEL_BAD_DIMENSION},
      {LAYERS_AT, 9, MODEL_BAD_DIMENSION},
      {LAYERS_AT, 0, MODEL_BAD_DIMENSION},
      {FEATURES_AT, 65, MODEL_BAD_DIMENSION},
      {FEATURES_AT, 2, MODEL_BAD_DIMENSION},
      {N_CONDITIONED_AT, N_THETA + 1, MODEL_BAD_DIMENSION},
      {N_CONDITIONED_AT, 0xFFFFFFFF, MODEL_BAD_DIMENSION},
      {TEXT_SIZE_AT, 65537, MODEL_BAD_DIMENSION},
      {TEXT_SIZE_AT, 10, MODEL_WRONG_SIZE},
      {TEXT_SIZE_AT, 8, MODEL_WRONG_SIZE},
      {RESERVED_AT, 1, MODEL_BAD_DIMENSION},
      {LAYER_AT, 0, MODEL_BAD_DIMENSION},
      {LAYER_AT, 65, MODEL_BAD_DIMENSION},
      {LAYER_AT, 0xFFFFFFFF, MODEL_BAD_DIMENSION},
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
numbers_that_are_not_finite_or_too_large_are_refused(void** state)
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
  put_f32(file + KNOB_AT + 16, 4.0f); // an empty knob range
  seal(file);
  expect(file, FILE_SIZE, MODEL_BAD_NUMBER);
}

// Parses a model with one knob and n_layers (at most 3) layers of one neuron; each layer can
// multiply its input by 1e8.
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
  expect_of_layers(2, MODEL_OK);         // outputs up to 1e16
  expect_of_layers(3, MODEL_BAD_NUMBER); // 1e24
}

static void
malformed_text_is_refused(void** state)
{
  (void)state;
  uint8_t file[FILE_SIZE];
  make_file(file);
  memset(file + KNOB_AT, 'x', 16); // a name without its terminating zero
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
other_versions_formats_and_checksums_have_their_own_status(void** state)
{
  (void)state;
  uint8_t file[FILE_SIZE];
  make_file(file);
  put_u32(file + VERSION_AT, 3);
  expect(file, FILE_SIZE, MODEL_WRONG_VERSION);
  make_file(file);
  file[3] = '4';
  expect(file, FILE_SIZE, MODEL_NOT_A_MODEL);
  make_file(file);
  file[TEXT_AT] ^= 1U;
  expect(file, FILE_SIZE, MODEL_WRONG_CHECKSUM);
  expect(file, 0, MODEL_NOT_A_MODEL);
}

static ModelStatus
load(const char* path)
{
  Model* model = (Model*)&model;
  const ModelStatus status = model_load(path, &model, NULL);
  assert_true((model != NULL) == (status == MODEL_OK));
  model_free(model);
  return status;
}

// Loads a file that gets the number 0, as in a process whose standard input is closed.
static ModelStatus
load_as_file_0(const char* path)
{
  const int input = dup(0);
  close(0);
  const ModelStatus status = load(path);
  if (input >= 0) {
    dup2(input, 0);
    close(input);
  }
  return status;
}

static void
paths_that_hold_no_model_are_refused(void** state)
{
  (void)state;
  char path[64];
  assert_true(scratch_make());
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
  assert_int_equal(load_as_file_0(path), MODEL_OK);
  assert_int_equal(ftruncate(fileno(file), (off_t)2 << 30), 0); // 2 GiB, with a hole
  assert_int_equal(load(path), MODEL_WRONG_SIZE);
  fclose(file);
  unlink(path);
  assert_true(scratch_remove());
}

static void
every_status_has_a_text(void** state)
{
  (void)state;
  char text[MODEL_ERROR_TEXT_SIZE];
  for (ModelStatus status = MODEL_OK; status < N_MODEL_STATUSES; ++status) {
    const ModelError error = {status, "field", SIZE_MAX, 0.0, 0.0, 0.0};
    model_error_text(&error, text);
    assert_string_not_equal(text, "");
    assert_null(strstr(text, "unknown"));
  }
  const ModelError unknown = {.status = N_MODEL_STATUSES};
  model_error_text(&unknown, text);
  assert_non_null(strstr(text, "unknown"));
}

// Parses a good file with one number or byte changed, whose error must have this text.
static void
expect_text(size_t at, uint32_t value, const char* expected)
{
  uint8_t file[FILE_SIZE];
  char text[MODEL_ERROR_TEXT_SIZE];
  Model* model = NULL;
  ModelError error = {.status = MODEL_OK};
  make_file(file);
  put_u32(file + at, value);
  seal(file);
  assert_int_not_equal(model_parse(file, FILE_SIZE, &model, &error), MODEL_OK);
  model_error_text(&error, text);
  assert_string_equal(text, expected);
}

static void
an_error_names_field_value_and_limit(void** state)
{
  (void)state;
  const size_t hidden_weights_at = THETA_AT + 4 * (size_t)THETA_N_PARTS * HIDDEN;
  const uint32_t two_hundred_million = 0x4D3EBC20; // 2e8 as a float
  expect_text(hidden_weights_at + 4 * 5, two_hundred_million,
              "hidden weight 5 is 2e+08; the limit is 10000");
  expect_text(THETA_AT, two_hundred_million, "bias 0 is 2e+08; the limit is 10000");
  expect_text(HIDDEN_AT, 65, "hidden size is 65; allowed is 4 to 64");
  expect_text(RATE_AT, 7999, "sample rate is 7999; allowed is 8000 to 768000");
}

static void
a_missing_file_is_told_with_the_systems_reason(void** state)
{
  (void)state;
  char text[MODEL_ERROR_TEXT_SIZE];
  Model* model = NULL;
  ModelError error = {.status = MODEL_OK};
  assert_int_equal(model_load("/nonexistent/model.gru", &model, &error), MODEL_UNREADABLE);
  model_error_text(&error, text);
  assert_string_equal(text, strerror(ENOENT));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_valid_file_gives_the_numbers_it_holds),
      cmocka_unit_test(the_text_says_at_which_level_the_model_was_trained),
      cmocka_unit_test(dimensions_out_of_range_are_refused),
      cmocka_unit_test(numbers_that_are_not_finite_or_too_large_are_refused),
      cmocka_unit_test(layers_that_could_overflow_are_refused),
      cmocka_unit_test(malformed_text_is_refused),
      cmocka_unit_test(other_versions_formats_and_checksums_have_their_own_status),
      cmocka_unit_test(paths_that_hold_no_model_are_refused),
      cmocka_unit_test(every_status_has_a_text),
      cmocka_unit_test(an_error_names_field_value_and_limit),
      cmocka_unit_test(a_missing_file_is_told_with_the_systems_reason),
  };
  return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
