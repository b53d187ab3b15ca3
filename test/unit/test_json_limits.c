// SPDX-License-Identifier: MIT
// Each limit of a model in JSON on both of its sides. All numbers are those of weights/FORMAT.md,
// as literals. A file beyond a limit is right in all else. Built with sanitizers.
#include "model/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BUFFER_SIZE = 5 << 20 };
static char text[BUFFER_SIZE];
static size_t size;

static void __attribute__((format(printf, 1, 2))) add(const char* format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  const int n = vsnprintf(text + size, BUFFER_SIZE - size, format, arguments);
  va_end(arguments);
  assert_true(n >= 0 && size + (size_t)n < BUFFER_SIZE);
  size += (size_t)n;
}

static void
add_row(unsigned n, const char* number)
{
  add("[");
  for (unsigned i = 0; i < n; ++i) {
    add("%s%s", i ? "," : "", number);
  }
  add("]");
}

static void
add_matrix(unsigned n_rows, unsigned n_columns, const char* number)
{
  add("[");
  for (unsigned i = 0; i < n_rows; ++i) {
    add("%s", i ? "," : "");
    add_row(n_columns, number);
  }
  add("]");
}

// Writes an LSTM in the Keras style. `members` come first; all weights but the output's are 0.
static void
make_keras(unsigned n_inputs, unsigned n_units, const char* members, const char* out_weight)
{
  size = 0;
  add("{%s\"in_shape\":[%u],\"layers\":[{\"type\":\"lstm\",\"shape\":[%u],\"weights\":[", members,
      n_inputs, n_units);
  add_matrix(n_inputs, 4 * n_units, "0");
  add(",");
  add_matrix(n_units, 4 * n_units, "0");
  add(",");
  add_row(4 * n_units, "0");
  add("]},{\"type\":\"dense\",\"weights\":[");
  add_matrix(n_units, 1, out_weight);
  add(",[%s]]}]}", out_weight);
}

// Writes a GRU in the style of Automated-GuitarAmpModelling; `members` are model_data's last.
static void
make_torch(unsigned n_inputs, unsigned n_units, const char* members, const char* number)
{
  size = 0;
  add("{\"model_data\":{\"unit_type\":\"GRU\",\"input_size\":%u,\"hidden_size\":%u%s},", n_inputs,
      n_units, members);
  add("\"state_dict\":{\"rec.weight_ih_l0\":");
  add_matrix(3 * n_units, n_inputs, number);
  add(",\"rec.weight_hh_l0\":");
  add_matrix(3 * n_units, n_units, number);
  add(",\"rec.bias_ih_l0\":");
  add_row(3 * n_units, number);
  add(",\"rec.bias_hh_l0\":");
  add_row(3 * n_units, number);
  add(",\"lin.weight\":");
  add_matrix(1, n_units, number);
  add("}}");
}

// Parses a copy, which ends where its memory ends. The caller frees the model.
static Model*
parsed(ModelStatus expected)
{
  char* copy = malloc(size);
  assert_non_null(copy);
  memcpy(copy, text, size);
  Model* model = NULL;
  ModelError error = {.status = MODEL_OK};
  if (model_parse((const uint8_t*)copy, size, &model, &error) != expected) {
    fail_msg("%s %g gives %d instead of %d: %.200s", error.field, error.value, error.status,
             expected, text);
  }
  free(copy);
  return model;
}

static void
expect(ModelStatus expected)
{
  model_free(parsed(expected));
}

static void
one_to_five_inputs_are_allowed(void** state)
{
  (void)state;
  for (unsigned n = 0; n <= 6; ++n) {
    const ModelStatus expected = n >= 1 && n <= 5 ? MODEL_OK : MODEL_BAD_DIMENSION;
    make_keras(n, 4, "", "1");
    expect(expected);
    make_torch(n, 4, "", "1");
    expect(expected);
  }
}

static void
four_to_eighty_units_are_allowed(void** state)
{
  (void)state;
  static const unsigned sizes[] = {3, 4, 80, 81};
  for (size_t i = 0; i < 4; ++i) {
    const ModelStatus expected = i == 1 || i == 2 ? MODEL_OK : MODEL_BAD_DIMENSION;
    make_keras(1, sizes[i], "", "1");
    expect(expected);
    make_torch(1, sizes[i], "", "1");
    expect(expected);
  }
}

typedef struct {
  const char* members;
  ModelStatus expected;
} Case;

static void
members_reach_their_limits(void** state)
{
  (void)state;
  static const Case keras[] = {
      {"\"in_skip\":0,", MODEL_OK},
      {"\"in_skip\":1,", MODEL_OK},
      {"\"in_skip\":2,", MODEL_BAD_DIMENSION},
      {"\"in_skip\":-1,", MODEL_BAD_DIMENSION},
      {"\"in_skip\":0.5,", MODEL_BAD_DIMENSION},
      {"\"in_gain\":60,", MODEL_OK},
      {"\"in_gain\":-60,", MODEL_OK},
      {"\"in_gain\":60.0000001,", MODEL_BAD_NUMBER},
      {"\"in_gain\":-60.0000001,", MODEL_BAD_NUMBER},
      {"\"out_gain\":60,", MODEL_OK},
      {"\"out_gain\":-60.0000001,", MODEL_BAD_NUMBER},
      {"\"samplerate\":8000,", MODEL_OK},
      {"\"samplerate\":768000,", MODEL_OK},
      {"\"samplerate\":7999,", MODEL_BAD_DIMENSION},
      {"\"samplerate\":768001,", MODEL_BAD_DIMENSION},
      {"\"samplerate\":\"768000\",", MODEL_OK},
      {"\"samplerate\":\"768001\",", MODEL_BAD_DIMENSION},
      {"\"metadata\":{\"samplerate\":8000},", MODEL_OK},
      {"\"metadata\":{\"samplerate\":7999},", MODEL_BAD_DIMENSION},
      // The two outer levels are the file's own object and this array.
      {"\"a\":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]],", MODEL_OK},
      {"\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]],", MODEL_BAD_JSON},
  };
  static const Case torch[] = {
      {",\"skip\":0", MODEL_OK},
      {",\"skip\":1", MODEL_OK},
      {",\"skip\":2", MODEL_BAD_DIMENSION},
      {",\"num_layers\":1", MODEL_OK},
      {",\"num_layers\":0", MODEL_BAD_DIMENSION},
      {",\"num_layers\":2", MODEL_BAD_DIMENSION},
      {",\"output_size\":1", MODEL_OK},
      {",\"output_size\":0", MODEL_BAD_DIMENSION},
      {",\"output_size\":2", MODEL_BAD_DIMENSION},
      {",\"sample_rate\":8000", MODEL_OK},
      {",\"sample_rate\":768000", MODEL_OK},
      {",\"sample_rate\":7999", MODEL_BAD_DIMENSION},
      {",\"sample_rate\":768001", MODEL_BAD_DIMENSION},
      {",\"samplerate\":768001", MODEL_BAD_DIMENSION},
  };
  for (size_t i = 0; i < sizeof keras / sizeof *keras; ++i) {
    make_keras(1, 4, keras[i].members, "1");
    expect(keras[i].expected);
  }
  for (size_t i = 0; i < sizeof torch / sizeof *torch; ++i) {
    make_torch(1, 4, torch[i].members, "1");
    expect(torch[i].expected);
  }
}

static void
numbers_reach_10000(void** state)
{
  (void)state;
  static const Case cases[] = {{"10000", MODEL_OK},
                               {"-10000", MODEL_OK},
                               {"10000.0000001", MODEL_BAD_NUMBER},
                               {"-10000.0000001", MODEL_BAD_NUMBER}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    make_keras(1, 4, "", cases[i].members);
    expect(cases[i].expected);
    make_torch(1, 4, "", cases[i].members);
    expect(cases[i].expected);
  }
}

// Writes a test of n samples, all of whose outputs are the output layer's bias.
static void
make_tested(unsigned n, const char* first_input)
{
  static char members[65536];
  make_keras(1, 4, "", "0");
  size = 0;
  add("\"input_batch\":[%s", first_input);
  for (unsigned i = 1; i < n; ++i) {
    add(",0");
  }
  add("],\"output_batch\":");
  add_row(n, "0");
  add(",");
  assert_true(size < sizeof members);
  memcpy(members, text, size + 1);
  make_keras(1, 4, members, "0");
}

static void
the_first_4096_samples_of_a_test_count(void** state)
{
  (void)state;
  static const unsigned lengths[] = {1, 4095, 4096, 4097};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
    make_tested(lengths[i], "0");
    Model* model = parsed(MODEL_OK);
    assert_int_equal(model->test.n_samples, lengths[i] < 4096 ? lengths[i] : 4096);
    model_free(model);
  }
  make_tested(2, "10000");
  expect(MODEL_OK);
  make_tested(2, "10000.0000001");
  expect(MODEL_BAD_NUMBER);
  make_tested(2, "-10000.0000001");
  expect(MODEL_BAD_NUMBER);
}

static void
a_file_has_at_most_4_mib(void** state)
{
  (void)state;
  make_keras(1, 4, "", "1");
  memset(text + size, ' ', BUFFER_SIZE - size);
  size = 4194304;
  expect(MODEL_OK);
  size = 4194305;
  expect(MODEL_WRONG_SIZE);
}

static void
the_first_63_bytes_of_a_name_count(void** state)
{
  (void)state;
  for (int n = 62; n <= 65; ++n) {
    char members[128];
    snprintf(members, sizeof members, "\"metadata\":{\"name\":\"%.*s\"},", n,
             "----------------------------------------------------------------------");
    make_keras(1, 4, members, "1");
    Model* model = parsed(MODEL_OK);
    assert_int_equal(strlen(model->name), n < 63 ? n : 63);
    model_free(model);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_to_five_inputs_are_allowed),
      cmocka_unit_test(four_to_eighty_units_are_allowed),
      cmocka_unit_test(members_reach_their_limits),
      cmocka_unit_test(numbers_reach_10000),
      cmocka_unit_test(the_first_4096_samples_of_a_test_count),
      cmocka_unit_test(a_file_has_at_most_4_mib),
      cmocka_unit_test(the_first_63_bytes_of_a_name_count),
  };
  return cmocka_run_group_tests_name("limits of models in JSON", tests, NULL, NULL);
}
