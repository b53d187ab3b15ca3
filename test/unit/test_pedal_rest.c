// SPDX-License-Identifier: MIT
// Models that sound by themselves in silence are told, others not. Built with sanitizers.
#include "engine/pedal_rest.h"
#include "model/packed_model.h"
#include "player/loaded_model.h"
#include "support/bundle.h"
#include "support/made_up_model.h"
#include "support/oscillator.h"

#include <math.h>

// Returns the peak in silence of a pedal that was primed, or has played a burst.
static float
rest_of(const Model* model, bool has_burst)
{
  const PedalControls middle = {.blend = 1.0f, .enabled = true};
  PackedModel* packed = packed_model_new(model, &kernel_plain);
  Pedal* pedal = packed ? pedal_new(packed, 48000.0) : NULL;
  assert_non_null(pedal);
  pedal_prime(pedal, &middle);
  const float peak =
      has_burst ? pedal_rest_peak_after_burst(pedal, 14400) : pedal_rest_peak(pedal, 2048);
  pedal_free(pedal);
  packed_model_free(packed);
  return peak;
}

static float
rest_of_oscillator(float bias, bool has_burst)
{
  uint8_t file[OSCILLATOR_SIZE];
  Model* model = NULL;
  oscillator_make(file, 48000, bias);
  assert_int_equal(model_parse(file, sizeof file, &model, NULL), MODEL_OK);
  const float peak = rest_of(model, has_burst);
  model_free(model);
  return peak;
}

static void
models_that_oscillate_have_a_peak_and_others_none(void** state)
{
  (void)state;
  assert_true(rest_of_oscillator(0.01f, false) > 0.1f);
  assert_true(rest_of_oscillator(0.01f, true) > 0.1f);
  assert_true(rest_of_oscillator(0.0f, false) == 0.0f); // as long as nobody plays
  assert_true(rest_of_oscillator(0.0f, true) > 0.1f);
  for (unsigned n = 4; n <= 8; n += 2) {
    const Model gru = made_up_model(CELL_GRU, n);
    assert_true(rest_of(&gru, true) < 1e-5f);
    const Model lstm = made_up_model(CELL_LSTM, n);
    assert_true(rest_of(&lstm, true) < 1e-5f);
  }
}

static void
the_bundles_models_rest(void** state)
{
  (void)state;
  static const char* const names[] = {"od3.gru", "od3-eco.gru"};
  for (int i = 0; i < 2; ++i) {
    Model* model = NULL;
    size_t size = 0;
    char* data = shipped_model(names[i], &size);
    assert_int_equal(model_parse((const uint8_t*)data, size, &model, NULL), MODEL_OK);
    free(data);
    assert_true(rest_of(model, true) < 1e-5f);
    model_free(model);
  }
}

static void
peaks_from_minus_66_dbfs_on_are_told(void** state)
{
  (void)state;
  char text[PEDAL_REST_TEXT_SIZE];
  pedal_rest_text(0.000499f, text);
  assert_string_equal(text, "");
  pedal_rest_text(0.0005f, text);
  assert_string_equal(
      text, "the model does not come to rest: in silence it sounds by itself, at -66 dBFS");
}

// Loads a model that the player shall play at a host's rate, and asserts what it is warned of:
// words, or nothing where that is "".
static void
expect_warning(double host_rate_hz, const char* words)
{
  LoadedModel* loaded = loaded_model_new(model_path, model_path, &kernel_plain, host_rate_hz);
  assert_non_null(loaded);
  assert_string_equal(loaded->error, "");
  if (*words ? !strstr(loaded->warning, words) : loaded->warning[0] != '\0') {
    fail_msg("the warning is \"%s\" instead of \"%s\"", loaded->warning, words);
  }
  loaded_model_free(loaded);
}

static void
the_player_warns_of_them(void** state)
{
  (void)state;
  uint8_t file[OSCILLATOR_SIZE];
  oscillator_make(file, 48000, 0.0f);
  write_model(file, sizeof file);
  expect_warning(48000.0, "the model does not come to rest");
}

static void
the_player_warns_of_models_beyond_the_hosts_rate(void** state)
{
  (void)state;
  uint8_t file[OSCILLATOR_SIZE];
  oscillator_make(file, 9600, 0.0f);
  put_f32(file + 52 + 4 * 76, 0.0f); // mute it
  put_u32(file + CHECKSUM_AT, crc32(file + RATE_AT, sizeof file - RATE_AT));
  write_model(file, sizeof file);
  expect_warning(270.0, ""); // 32 times this is 0.9 times the model's
  expect_warning(269.5, "at 269.5 Hz the model can't run at its 9600 Hz");
}

// Writes a row of n zeros.
static void
write_zeros(FILE* file, unsigned n)
{
  fputs("[0", file);
  for (unsigned i = 1; i < n; ++i) {
    fputs(",0", file);
  }
  fputs("]", file);
}

// The model puts out 1, and its own test wants 1.005.
static void
the_player_warns_of_models_that_differ_from_their_test(void** state)
{
  (void)state;
  FILE* file = fopen(model_path, "w");
  assert_non_null(file);
  fputs("{\"in_shape\":[1],\"input_batch\":[0],\"output_batch\":[1.005],", file);
  fputs("\"layers\":[{\"type\":\"lstm\",\"shape\":[4],\"weights\":[", file);
  for (int i = 0; i < 5; ++i) { // those of the input, and of four units
    fputs(i < 2 ? "[" : "", file);
    write_zeros(file, 16);
    fputs(i == 0 || i == 4 ? "]," : ",", file);
  }
  write_zeros(file, 16);
  fputs("]},{\"type\":\"dense\",\"weights\":[[[0],[0],[0],[0]],[1]]}]}", file);
  fclose(file);
  expect_warning(48000.0, "the file's own test wants 1.005 at sample 0, its weights give 1");
}

static void
the_pedals_log_warns_of_them(void** state)
{
  (void)state;
  uint8_t file[OSCILLATOR_SIZE];
  oscillator_make(file, 48000, 0.01f);
  write_model(file, sizeof file);
  LV2_Handle instance = instantiate();
  assert_non_null(instance);
  assert_logged("od3.gru: the model does not come to rest");
  lv2_descriptor(0)->cleanup(instance);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(models_that_oscillate_have_a_peak_and_others_none),
      cmocka_unit_test(the_bundles_models_rest),
      cmocka_unit_test(peaks_from_minus_66_dbfs_on_are_told),
      cmocka_unit_test(the_player_warns_of_them),
      cmocka_unit_test(the_player_warns_of_models_beyond_the_hosts_rate),
      cmocka_unit_test(the_player_warns_of_models_that_differ_from_their_test),
      cmocka_unit_test(the_pedals_log_warns_of_them),
  };
  return cmocka_run_group_tests_name("rest", tests, make_folder, remove_folder);
}
