// SPDX-License-Identifier: MIT
// Models in JSON: what each style holds is read, and what is wrong is named. Built with sanitizers.
#include "model/base64.h"
#include "model/model.h"
#include "support/small_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_SIZE = 16384 };

// The text under construction.
static char text[MAX_SIZE];
static size_t n_written;

static void __attribute__((format(printf, 1, 2))) add(const char* format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  const int n = vsnprintf(text + n_written, MAX_SIZE - n_written, format, arguments);
  va_end(arguments);
  assert_true(n >= 0 && n_written + (size_t)n < MAX_SIZE);
  n_written += (size_t)n;
}

// Adds an array of numbers: first / 1000, and so on.
static void
add_row(unsigned first, unsigned n)
{
  for (unsigned i = 0; i < n; ++i) {
    add("%c%g", i ? ',' : '[', (double)(first + i) / 1000.0);
  }
  add("]");
}

static void
add_matrix(unsigned first, unsigned n_rows, unsigned n_columns)
{
  for (unsigned i = 0; i < n_rows; ++i) {
    add("%c", i ? ',' : '[');
    add_row(first + i * n_columns, n_columns);
  }
  add("]");
}

// Whether write_keras() exchanges the two biases of a GRU.
static bool are_biases_exchanged;

// Writes a model in the Keras style with one knob, and members of the caller's before the layers.
static void
write_keras(const char* type, unsigned n_gates, const char* members)
{
  const unsigned n = n_gates * HIDDEN;
  n_written = 0;
  add("{\"in_shape\":[null,null,2],%s\"layers\":[{\"type\":\"%s\",\"activation\":\"\",", members,
      type);
  add("\"shape\":[null,null,%d],\"weights\":[", HIDDEN);
  add_matrix(0, 2, n);
  add(",");
  add_matrix(100, HIDDEN, n);
  add(",");
  if (n_gates == LSTM_N_GATES) {
    add_row(300, n);
  } else {
    add("[");
    add_row(are_biases_exchanged ? 900 : 300, n);
    add(",");
    add_row(are_biases_exchanged ? 300 : 900, n);
    add("]");
  }
  add("]},{\"type\":\"dense\",\"shape\":[null,null,1],\"weights\":[");
  add_matrix(400, HIDDEN, 1);
  add(",[0.5]]}]}");
}

static void
write_torch(const char* unit_type, unsigned n_gates)
{
  const unsigned n = n_gates * HIDDEN;
  n_written = 0;
  add("{\"model_data\":{\"model\":\"SimpleRNN\",\"input_size\":2,\"skip\":1,\"output_size\":1,");
  add("\"unit_type\":\"%s\",\"num_layers\":1,\"hidden_size\":%d,\"bias_fl\":true},", unit_type,
      HIDDEN);
  add("\"state_dict\":{\"rec.weight_ih_l0\":");
  add_matrix(0, n, 2);
  add(",\"rec.weight_hh_l0\":");
  add_matrix(100, n, HIDDEN);
  add(",\"rec.bias_ih_l0\":");
  add_row(200, n);
  add(",\"rec.bias_hh_l0\":");
  add_row(300, n);
  add(",\"lin.weight\":");
  add_matrix(400, 1, HIDDEN);
  add(",\"lin.bias\":[0.5]}}");
}

// Parses a copy of the text, which ends where its memory ends.
static Model*
parse_text(ModelError* error)
{
  uint8_t* copy = malloc(n_written);
  assert_non_null(copy);
  memcpy(copy, text, n_written);
  Model* model = (Model*)&model;
  const ModelStatus status = model_parse(copy, n_written, &model, error);
  assert_true((model != NULL) == (status == MODEL_OK));
  free(copy);
  return model;
}

static Model*
parsed(void)
{
  ModelError error = {.status = MODEL_OK};
  Model* model = parse_text(&error);
  if (!model) {
    char reason[MODEL_ERROR_TEXT_SIZE];
    model_error_text(&error, reason);
    fail_msg("%s: %s", text, reason);
  }
  return model;
}

static void
expect_text(const char* expected)
{
  ModelError error = {.status = MODEL_OK};
  char reason[MODEL_ERROR_TEXT_SIZE];
  Model* model = parse_text(&error);
  model_error_text(&error, reason);
  model_free(model);
  assert_string_equal(reason, expected);
}

// Replaces the first occurrence of a part of the text.
static void
replace(const char* old, const char* new)
{
  char* at = strstr(text, old);
  if (!at) {
    fail_msg("%s is not in %s", old, text);
  }
  char rest[MAX_SIZE];
  snprintf(rest, sizeof rest, "%s", at + strlen(old));
  n_written = (size_t)(at - text);
  add("%s%s", new, rest);
}

static void
assert_near(float value, double expected)
{
  if (!(fabs((double)value - expected) <= 1e-6)) {
    fail_msg("%g instead of %g", (double)value, expected);
  }
}

static void
a_keras_lstm_is_read(void** state)
{
  (void)state;
  write_keras("lstm", LSTM_N_GATES,
              "\"in_skip\":1,\"in_gain\":20,\"out_gain\":-20,\"samplerate\":96000,"
              "\"metadata\":{\"name\":\"Amp \\u00e4\",\"author\":\"me\",\"samplerate\":1,"
              "\"input_level_dbu\":12.5,\"trained_peak_dbfs\":\"0\"},");
  Model* model = parsed();
  assert_int_equal(model->cell, CELL_LSTM);
  assert_int_equal(model->hidden_size, HIDDEN);
  assert_int_equal(model->sample_rate_hz, 96000);
  assert_false(model->is_rate_assumed);
  assert_string_equal(model->name, "Amp \xC3\xA4");
  assert_string_equal(model->provenance, "author: me\n");
  assert_true(model->levels.has_input_level);
  assert_true(model->levels.input_level_dbu == 12.5f);
  assert_false(model->levels.has_trained_peak); // a text is no number
  assert_string_equal(model->warning, "");
  assert_int_equal(model->mlp.n_knobs, 1);
  assert_string_equal(model->knobs[0].name, "knob 1");
  assert_int_equal(model->n_conditioned, LSTM_N_BIASES * HIDDEN);
  const float* input = model->theta0 + (size_t)LSTM_INPUT_I * HIDDEN;
  assert_near(model->theta0[2], 0.302 + 0.5 * 0.018);
  assert_near(model->weight_deltas[2], 0.5 * 0.018);
  assert_near(input[2], 0.02); // in_gain is 10
  assert_near(input[LSTM_N_GATES * HIDDEN + 5], 0.105);
  assert_near(model->out_weight[3], 0.0403);
  assert_near(model->out_bias, 0.05);
  assert_near(model->direct, 1.0);
  model_free(model);
}

// Keras has z, r, h; the model r, z, n.
static void
a_keras_gru_is_read_with_its_order_of_gates(void** state)
{
  (void)state;
  write_keras("gru", GRU_N_GATES, "\"metadata\":{\"samplerate\":\"44100\"},");
  Model* model = parsed();
  assert_int_equal(model->cell, CELL_GRU);
  assert_int_equal(model->sample_rate_hz, 44100);
  const float* theta0 = model->theta0;
  assert_near(theta0[THETA_BIAS_R * HIDDEN], 0.304 + 0.904 + 0.5 * 0.016);
  assert_near(theta0[THETA_BIAS_Z * HIDDEN], 0.300 + 0.900 + 0.5 * 0.012);
  assert_near(theta0[THETA_BIAS_N_INPUT * HIDDEN], 0.308 + 0.5 * 0.020);
  assert_near(theta0[THETA_BIAS_N_HIDDEN * HIDDEN], 0.908);
  assert_near(theta0[THETA_INPUT_R * HIDDEN + 1], 0.005);
  assert_near(theta0[THETA_N_PARTS * HIDDEN], 0.104);
  assert_near(theta0[THETA_N_PARTS * HIDDEN + HIDDEN], 0.100);
  model_free(model);
}

static void
captures_in_torchs_style_are_read(void** state)
{
  (void)state;
  write_torch("LSTM", LSTM_N_GATES);
  Model* model = parsed();
  assert_int_equal(model->cell, CELL_LSTM);
  assert_int_equal(model->sample_rate_hz, 44100);
  assert_true(model->is_rate_assumed);
  assert_near(model->theta0[1], 0.201 + 0.301 + 0.5 * 0.003);
  assert_near(model->theta0[LSTM_INPUT_I * HIDDEN + 1], 0.002);
  assert_near(model->theta0[LSTM_N_PARTS * HIDDEN + 1], 0.104);
  assert_near(model->direct, 1.0);
  model_free(model);
  write_torch("GRU", GRU_N_GATES);
  replace("\"hidden_size\"", "\"sample_rate\":48000,\"hidden_size\"");
  model = parsed();
  assert_int_equal(model->cell, CELL_GRU);
  assert_int_equal(model->sample_rate_hz, 48000);
  assert_false(model->is_rate_assumed);
  assert_near(model->theta0[THETA_BIAS_N_HIDDEN * HIDDEN], 0.308);
  model_free(model);
  replace("\"bias_fl\":true", "\"bias_fl\":1");
  model = parsed();
  assert_near(model->theta0[THETA_BIAS_N_HIDDEN * HIDDEN], 0.308);
  model_free(model);
  replace("\"bias_fl\":1", "\"bias_fl\":false");
  replace("rec.bias_ih_l0", "other");
  model = parsed();
  assert_near(model->theta0[THETA_BIAS_N_HIDDEN * HIDDEN], 0.0);
  model_free(model);
}

static void
what_is_wrong_in_the_keras_style_is_named(void** state)
{
  (void)state;
  static const char no_layers[] = "layers must be one gru or lstm and one dense layer";
  static const struct {
    const char* old;
    const char* new;
    const char* expected;
  } cases[] = {
      {"null,2],", "null,0],", "in_shape is 0; allowed is 1 to 5"},
      {"null,2],", "null,6],", "in_shape is 6; allowed is 1 to 5"},
      {"null,2],", "null,1.5],", "in_shape is 1.5; allowed is 1 to 5"},
      {"null,2],", "null,3],", "layers[0].weights[0] has 2 elements; it must have 3"},
      {"\"in_shape\":", "\"x\":", "in_shape is 0; allowed is 1 to 5"},
      {"\"lstm\"", "\"conv1d\"", no_layers},
      {"\"dense\"", "\"gru\"", no_layers},
      {",{\"type\":\"dense\"", ",{},{\"type\":\"dense\"", no_layers},
      {"\"activation\":\"\"", "\"activation\":\"relu\"",
       "layers have an activation that this plugin does not play"},
      {"null,null,4]", "null,null,3]", "layers[0].shape is 3; allowed is 4 to 80"},
      {"null,null,4]", "null,null,81]", "layers[0].shape is 81; allowed is 4 to 80"},
      {"null,null,4]", "null,null,5]", "layers[0].weights[0] has 16 elements; it must have 20"},
      {"0.105", "1e5", "layers[0].weights[1] 5 is 100000; the limit is 10000"},
      {"0.105", "\"x\"", "layers[0].weights[1] 5 is missing or of the wrong type"},
      {"0.105", "1e999", "layers[0].weights[1] 5 is inf; the limit is 10000"},
      {"0.105,", "", "layers[0].weights[1] has 15 elements; it must have 16"},
      {"0.105,", "0.105,1,", "layers[0].weights[1] has 17 elements; it must have 16"},
      {"[0.3,", "[0.3,1,", "layers[0].weights[2] has 17 elements; it must have 16"},
      {",[0.5]]", "]", "layers[1].weights[1] is missing or of the wrong type"},
      {",[0.5]]", ",[]]", "layers[1].weights[1] has 0 elements; it must have 1"},
      {"[[0.4]", "[0.4", "layers[1].weights[0] is missing or of the wrong type"},
      {"\"layers\"", "\"in_skip\":2,\"layers\"", "in_skip is 2; allowed is 0 to 1"},
      {"\"layers\"", "\"in_gain\":61,\"layers\"", "in_gain is 61; the limit is 60"},
      {"\"layers\"", "\"out_gain\":\"1\",\"layers\"", "out_gain is missing or of the wrong type"},
      {"\"layers\"", "\"samplerate\":7999,\"layers\"",
       "sample rate is 7999; allowed is 8000 to 768000"},
      {"\"layers\"", "\"samplerate\":\"48k\",\"layers\"",
       "sample rate is nan; allowed is 8000 to 768000"},
      {"\"layers\"", "\"layers\",", "the file is no valid JSON: byte 34 is wrong"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    write_keras("lstm", LSTM_N_GATES, "");
    replace(cases[i].old, cases[i].new);
    expect_text(cases[i].expected);
  }
  write_keras("gru", GRU_N_GATES, "");
  replace("],[0.9,", "],[0.3,0.9,");
  expect_text("layers[0].weights[2] has 13 elements; it must have 12");
}

static void
what_is_wrong_in_torchs_style_is_named(void** state)
{
  (void)state;
  static const struct {
    const char* old;
    const char* new;
    const char* expected;
  } cases[] = {
      {"\"LSTM\"", "\"RNN\"", "model_data.unit_type must be GRU or LSTM"},
      {"\"SimpleRNN\"", "\"Other\"", "model_data.model must be SimpleRNN"},
      {"\"num_layers\":1", "\"num_layers\":2", "model_data.num_layers is 2; it must be 1"},
      {"\"output_size\":1", "\"output_size\":2", "model_data.output_size is 2; it must be 1"},
      {"\"input_size\":2", "\"input_size\":6", "model_data.input_size is 6; allowed is 1 to 5"},
      {"\"input_size\":2", "\"input_size\":1",
       "state_dict.rec.weight_ih_l0 has 2 elements; it must have 1"},
      {"\"hidden_size\":4", "\"hidden_size\":null",
       "model_data.hidden_size is nan; allowed is 4 to 80"},
      {"\"skip\":1", "\"skip\":2", "model_data.skip is 2; allowed is 0 to 1"},
      {"rec.weight_hh_l0", "x", "state_dict.rec.weight_hh_l0 is missing or of the wrong type"},
      {"rec.bias_ih_l0", "x", "state_dict.rec.bias_ih_l0 is missing or of the wrong type"},
      {"rec.bias_hh_l0", "x", "state_dict.rec.bias_hh_l0 is missing or of the wrong type"},
      {"lin.weight", "x", "state_dict.lin.weight is missing or of the wrong type"},
      {"\"state_dict\"", "\"x\"", "state_dict.rec.weight_ih_l0 is missing or of the wrong type"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    write_torch("LSTM", LSTM_N_GATES);
    replace(cases[i].old, cases[i].new);
    expect_text(cases[i].expected);
  }
}

static void
other_files_are_refused_by_name(void** state)
{
  (void)state;
  static const struct {
    const char* text;
    const char* expected;
  } cases[] = {
      {"{\"version\":\"0.5.4\",\"architecture\":\"WaveNet\",\"config\":{},\"weights\":[1]}",
       "this is a Neural Amp Modeler (NAM) model; this plugin plays GRUs and LSTMs of AIDA-X and "
       "Proteus only"},
      {"{\"conv1d\":[],\"lstm\":[]}",
       "this is a SmartAmpPro model, which has layers besides one LSTM"},
      {"{\"residual_channels\":16}", "this is a WaveNet model of SmartAmp, which is not recurrent"},
      {"{\"a\":1}", "this is JSON, but no model that the plugin knows"},
      {"{\"gru\":\"AAAA\"}", "gru must be a .gru file in base64"},
      {"{\"gru\":\"A\"}", "gru must be a .gru file in base64"},
      {" {", "the file is no valid JSON: byte 2 is wrong"},
      {"[1]", "this is no model file"},
      {" ", "this is no model file"},
      {"RIFF", "this is no model file"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    n_written = 0;
    add("%s", cases[i].text);
    expect_text(cases[i].expected);
  }
}

// The outputs that the weights give are within [0.5, 0.8].
static void
a_test_is_compared(void** state)
{
  (void)state;
  write_keras("lstm", LSTM_N_GATES, "\"input_batch\":[0,0],\"output_batch\":[9,9],");
  ModelError error = {.status = MODEL_OK};
  assert_null(parse_text(&error));
  assert_int_equal(error.status, MODEL_FAILED_TEST);
  char with_right[256];
  char with_near[256];
  Model* model = NULL;
  // The refusal says what the weights give at the worst sample, the first, which lies lowest.
  assert_int_equal(error.index, 0);
  const double first = error.value;
  snprintf(with_right, sizeof with_right, "\"input_batch\":[0],\"output_batch\":[%.9g],", first);
  snprintf(with_near, sizeof with_near, "\"input_batch\":[0],\"output_batch\":[%.9g],",
           1.01 * first);
  write_keras("lstm", LSTM_N_GATES, with_right);
  model = parsed();
  assert_int_equal(model->test.n_samples, 1);
  assert_string_equal(model->warning, "");
  model_free(model);
  write_keras("lstm", LSTM_N_GATES, with_near);
  model = parsed();
  assert_non_null(strstr(model->warning, "the file's own test wants "));
  model_free(model);
  // Without a counterpart, and as anything but numbers, there is no test.
  static const char* const none[] = {"\"input_batch\":[0],", "\"output_batch\":[9],",
                                     "\"input_batch\":[0],\"output_batch\":[9,9],",
                                     "\"input_batch\":[[0]],\"output_batch\":[9],"};
  for (size_t i = 0; i < sizeof none / sizeof *none; ++i) {
    write_keras("lstm", LSTM_N_GATES, none[i]);
    model = parsed();
    assert_int_equal(model->test.n_samples, 0);
    model_free(model);
  }
}

// A converter that exchanges the biases is found out by the test of the right model.
static void
a_wrong_order_is_mended_by_the_test(void** state)
{
  (void)state;
  ModelError error = {.status = MODEL_OK};
  char with_test[256];
  write_keras("gru", GRU_N_GATES, "\"input_batch\":[0],\"output_batch\":[9],");
  assert_null(parse_text(&error));
  assert_int_equal(error.status, MODEL_FAILED_TEST);
  snprintf(with_test, sizeof with_test, "\"input_batch\":[0],\"output_batch\":[%.9g],",
           error.value);
  are_biases_exchanged = true;
  write_keras("gru", GRU_N_GATES, with_test);
  are_biases_exchanged = false;
  Model* model = parsed();
  assert_non_null(strstr(model->warning, "in the wrong order"));
  assert_near(model->theta0[THETA_BIAS_N_HIDDEN * HIDDEN], 0.908);
  model_free(model);
  write_keras("gru", GRU_N_GATES, with_test);
  model = parsed();
  assert_string_equal(model->warning, "");
  model_free(model);
}

static void
a_gru_file_in_json_is_read(void** state)
{
  (void)state;
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint8_t file[FILE_SIZE + 2] = {0};
  make_file(file);
  n_written = 0;
  add("{\"name\": \"a name\", \"gru\": \"");
  for (size_t i = 0; i < FILE_SIZE; i += 3) {
    const uint32_t group = (uint32_t)file[i] << 16U | (uint32_t)file[i + 1] << 8U | file[i + 2];
    for (size_t k = 0; k < 4; ++k) {
      const bool is_padding = i + k > FILE_SIZE;
      add("%c", is_padding ? '=' : digits[group >> (18U - 6U * k) & 63U]);
    }
  }
  add("\"}");
  Model* model = parsed();
  assert_string_equal(model->provenance, "by: hand\n");
  assert_int_equal(model->hidden_size, 4);
  model_free(model);
}

static void
a_text_of_more_than_4_mib_is_refused(void** state)
{
  (void)state;
  enum { SIZE = MODEL_MAX_FILE_SIZE + 1 };
  char* big = malloc(SIZE);
  assert_non_null(big);
  memset(big, ' ', SIZE);
  big[0] = '{';
  Model* model = NULL;
  ModelError error = {.status = MODEL_OK};
  assert_int_equal(model_parse((const uint8_t*)big, SIZE, &model, &error), MODEL_WRONG_SIZE);
  char reason[MODEL_ERROR_TEXT_SIZE];
  model_error_text(&error, reason);
  assert_string_equal(reason, "the file has 4194305 bytes; the limit is 4194304");
  free(big);
}

static void
base64_is_decoded(void** state)
{
  (void)state;
  static const struct {
    const char* text;
    const char* bytes;
    size_t n;
  } cases[] = {
      {"", "", 0},
      {"Zg==", "f", 1},
      {"Zm8=", "fo", 2},
      {"Zm9v", "foo", 3},
      {"Zm9vYg==", "foob", 4},
      {"+/+/", "\xFB\xFF\xBF", 3},
      {"Z", NULL, SIZE_MAX},
      {"Zg=", NULL, SIZE_MAX},
      {"Zg*=", NULL, SIZE_MAX},
      {"=g==", NULL, SIZE_MAX},
      {"Zg\\n", NULL, SIZE_MAX},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    uint8_t bytes[8];
    assert_int_equal(base64_decode(cases[i].text, strlen(cases[i].text), bytes), cases[i].n);
    if (cases[i].bytes) {
      assert_memory_equal(bytes, cases[i].bytes, cases[i].n);
    }
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_keras_lstm_is_read),
      cmocka_unit_test(a_keras_gru_is_read_with_its_order_of_gates),
      cmocka_unit_test(captures_in_torchs_style_are_read),
      cmocka_unit_test(what_is_wrong_in_the_keras_style_is_named),
      cmocka_unit_test(what_is_wrong_in_torchs_style_is_named),
      cmocka_unit_test(other_files_are_refused_by_name),
      cmocka_unit_test(a_test_is_compared),
      cmocka_unit_test(a_wrong_order_is_mended_by_the_test),
      cmocka_unit_test(a_gru_file_in_json_is_read),
      cmocka_unit_test(a_text_of_more_than_4_mib_is_refused),
      cmocka_unit_test(base64_is_decoded),
  };
  return cmocka_run_group_tests_name("models in JSON", tests, NULL, NULL);
}
