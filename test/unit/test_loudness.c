// SPDX-License-Identifier: MIT
// The loudness meter follows ITU-R BS.1770, the constant of normalizing is the default model's, and
// the tables of loudness are those of the bundled models. Built with sanitizers.
#include "engine/loudness.h"
#include "model/model.h"
#include "support/made_up_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static double
lufs_of_sine(double frequency_hz, double amplitude, double sample_rate_hz)
{
  LoudnessMeter meter;
  loudness_meter_init(&meter, sample_rate_hz);
  const int n = (int)sample_rate_hz;
  for (int t = 0; t < n; ++t) {
    const float sample =
        (float)(amplitude * sin(2.0 * 3.14159265358979 * frequency_hz * t / sample_rate_hz));
    loudness_meter_add(&meter, &sample, 1);
  }
  return loudness_meter_lufs(&meter);
}

// BS.1770: a sine of 997 Hz at full scale in one channel has -3.01 LUFS. The other values are those
// of libebur128 1.2.6 at 48 kHz for sines of 60 and 5000 Hz.
static void
sines_have_the_loudness_of_the_standard(void** state)
{
  (void)state;
  static const double rates_hz[] = {44100.0, 48000.0, 96000.0};
  for (size_t i = 0; i < sizeof rates_hz / sizeof *rates_hz; ++i) {
    assert_true(fabs(lufs_of_sine(997.0, 1.0, rates_hz[i]) + 3.01) < 0.02);
    assert_true(fabs(lufs_of_sine(997.0, 0.1, rates_hz[i]) + 23.01) < 0.02);
    assert_true(fabs(lufs_of_sine(60.0, 1.0, rates_hz[i]) + 6.60) < 0.05);
    assert_true(fabs(lufs_of_sine(5000.0, 1.0, rates_hz[i]) - 0.31) < 0.05);
  }
}

static PackedModel*
bundled_model(const char* name)
{
  const char* top = getenv("OD3_TOP");
  char path[4096];
  snprintf(path, sizeof path, "%s/weights/%s", top ? top : ".", name);
  Model* model = NULL;
  assert_int_equal(model_load(path, &model, NULL), MODEL_OK);
  PackedModel* packed = packed_model_new(model, kernel_find(NULL));
  assert_non_null(packed);
  model_free(model);
  return packed;
}

static void
the_default_model_needs_no_gain(void** state)
{
  (void)state;
  PackedModel* packed = bundled_model("od3.gru");
  float gain_db = 0.0f;
  assert_true(loudness_normalize_db(packed, &gain_db));
  print_message("# weights/od3.gru needs %+.2f dB\n", (double)gain_db);
  assert_true(fabsf(gain_db) < 0.1f);
  packed_model_free(packed);
}

// Measures the corners of the knobs only. If a model has changed, ./waf loudness writes the tables.
static void
the_known_tables_are_those_of_the_bundled_models(void** state)
{
  (void)state;
  static const char* const names[] = {"od3.gru", "od3-eco.gru"};
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    PackedModel* packed = bundled_model(names[i]);
    const LoudnessTable* known = &packed->loudness;
    assert_int_equal(known->n_positions, 5);
    LoudnessTable corners;
    assert_true(loudness_measure(packed, 2, &corners));
    float largest_db = 0.0f;
    for (unsigned point = 0; point < 4 * LOUDNESS_N_INPUTS; ++point) {
      const unsigned input = point % LOUDNESS_N_INPUTS;
      const unsigned corner = point / LOUDNESS_N_INPUTS;
      const unsigned same = input + LOUDNESS_N_INPUTS * (corner % 2U * 4U + corner / 2U * 20U);
      largest_db = fmaxf(largest_db, fabsf(known->louder_db[same] - corners.louder_db[point]));
      assert_true(fabsf(known->correlation[same] - corners.correlation[point]) < 0.02f);
    }
    print_message("# %s: %.3f dB off at most\n", names[i], (double)largest_db);
    assert_true(largest_db < 0.05f);
    packed_model_free(packed);
  }
}

static void
an_unknown_model_is_measured(void** state)
{
  (void)state;
  const Model made_up = made_up_model(CELL_GRU, CELL_MIN_HIDDEN);
  PackedModel* packed = packed_model_new(&made_up, &kernel_plain);
  assert_int_equal(packed->loudness.n_positions, 0);
  assert_true(loudness_complete(packed));
  assert_int_equal(packed->loudness.n_knobs, made_up.mlp.n_knobs);
  assert_int_equal(packed->loudness.n_positions, 3);
  LoudnessTable corners;
  assert_true(loudness_measure(packed, 2, &corners));
  for (unsigned corner = 0; corner < 4; ++corner) {
    const unsigned same = LOUDNESS_N_INPUTS * (corner % 2U * 2U + corner / 2U * 6U);
    assert_true(fabsf(packed->loudness.louder_db[same] -
                      corners.louder_db[corner * LOUDNESS_N_INPUTS]) < 1e-3f);
  }
  const float louder_db = packed->loudness.louder_db[0];
  assert_true(louder_db > -80.0f && louder_db < 40.0f);
  packed->loudness.louder_db[0] = 50.0f;
  assert_true(loudness_complete(packed));
  assert_true(packed->loudness.louder_db[0] == 50.0f); // a table that is there stays
  packed_model_free(packed);
}

// The gain at two knobs of two positions each, where only the named point is not 0 dB.
static float
gain_db_beside(unsigned loud_point, float first, float second, float input_db)
{
  LoudnessTable table = {.n_knobs = 2, .n_positions = 2};
  table.louder_db[loud_point] = 8.0f;
  return loudness_table_gain_db(&table, (const float[]){first, second}, input_db, 0.0f, 1.0f);
}

static void
gains_lie_linearly_between_the_points(void** state)
{
  (void)state;
  const unsigned point = 1 + LOUDNESS_N_INPUTS * 2; // Input at -12 dB, the second knob at its end
  assert_true(fabsf(gain_db_beside(point, -1.0f, 1.0f, -12.0f) - 8.0f) < 1e-4f);
  assert_true(fabsf(gain_db_beside(point, 1.0f, 1.0f, -12.0f)) < 1e-4f);
  assert_true(fabsf(gain_db_beside(point, -1.0f, -1.0f, -12.0f)) < 1e-4f);
  assert_true(fabsf(gain_db_beside(point, -1.0f, 1.0f, 24.0f)) < 1e-4f);
  assert_true(fabsf(gain_db_beside(point, 0.0f, 0.5f, -9.0f) - 8.0f * 0.5f * 0.75f * 0.75f) <
              1e-4f);
}

// The table has the most knobs that a model may have, with two positions each.
static void
tables_may_have_as_many_knobs_as_models(void** state)
{
  (void)state;
  enum { N_POINTS = LOUDNESS_N_INPUTS << MAX_KNOBS };
  assert_int_equal(loudness_table_n_points(MAX_KNOBS, 2), N_POINTS);
  assert_int_equal(loudness_table_n_points(2, 5), 125);
  assert_int_equal(loudness_table_n_points(0, 2), LOUDNESS_N_INPUTS);
  LoudnessTable table = {.n_knobs = MAX_KNOBS, .n_positions = 2};
  table.louder_db[N_POINTS - 1] = 8.0f;
  float knobs[MAX_KNOBS];
  for (unsigned i = 0; i < MAX_KNOBS; ++i) {
    knobs[i] = 1.0f;
  }
  assert_true(fabsf(loudness_table_gain_db(&table, knobs, 24.0f, 0.0f, 1.0f) - 8.0f) < 1e-4f);
  knobs[MAX_KNOBS - 1] = 0.0f;
  assert_true(fabsf(loudness_table_gain_db(&table, knobs, 24.0f, 0.0f, 1.0f) - 4.0f) < 1e-4f);
}

static void
level_and_blend_change_the_gain_as_they_change_the_loudness(void** state)
{
  (void)state;
  LoudnessTable table = {.n_positions = 2};
  for (unsigned i = 0; i < LOUDNESS_N_INPUTS; ++i) {
    table.louder_db[i] = 6.0f;
    table.correlation[i] = -0.25f;
  }
  const float knobs[MAX_KNOBS] = {0.0f};
  assert_true(fabsf(loudness_table_gain_db(&table, knobs, 0.0f, -9.0f, 1.0f) + 3.0f) < 1e-4f);
  const float wet = 0.4f * powf(10.0f, -3.0f / 20.0f);
  const float expected_db = 10.0f * log10f(wet * wet + 0.6f * 0.6f - 2.0f * 0.25f * wet * 0.6f);
  assert_true(fabsf(loudness_table_gain_db(&table, knobs, 0.0f, -9.0f, 0.4f) - expected_db) <
              1e-4f);
  assert_true(loudness_table_gain_db(&table, knobs, 0.0f, 12.0f, 0.0f) == 0.0f);
  assert_true(loudness_table_gain_db(&table, knobs, 0.0f, 40.0f, 1.0f) == MATCH_MAX_DB);
  assert_true(loudness_table_gain_db(&table, knobs, 0.0f, -80.0f, 1.0f) == MATCH_MIN_DB);
  table.n_positions = 0;
  assert_true(loudness_table_gain_db(&table, knobs, 0.0f, 12.0f, 1.0f) == 0.0f);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sines_have_the_loudness_of_the_standard),
      cmocka_unit_test(the_default_model_needs_no_gain),
      cmocka_unit_test(the_known_tables_are_those_of_the_bundled_models),
      cmocka_unit_test(an_unknown_model_is_measured),
      cmocka_unit_test(gains_lie_linearly_between_the_points),
      cmocka_unit_test(tables_may_have_as_many_knobs_as_models),
      cmocka_unit_test(level_and_blend_change_the_gain_as_they_change_the_loudness),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
