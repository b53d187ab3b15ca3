// SPDX-License-Identifier: MIT
// The pedal's input gain, blend, bypass and meters. Built with sanitizers.
#include "engine/pedal.h"
#include "model/packed_model.h"
#include "rnn/kernel.h"
#include "support/small_model.h"

#include <math.h>

enum { N_FRAMES = 512 };

static float in[N_FRAMES];
static float out[N_FRAMES];

// Block sizes grow by one frame from 0.
static void
play(Pedal* pedal, Oversampling oversampling, Phase phase, bool is_enabled)
{
  const PedalControls controls = {
      .blend = 1.0f, .oversampling = oversampling, .phase = phase, .enabled = is_enabled};
  pedal_prime(pedal, &controls);
  uint32_t block = 0;
  for (uint32_t done = 0; done < N_FRAMES; ++block) {
    const uint32_t n = block < N_FRAMES - done ? block : N_FRAMES - done;
    pedal_run(pedal, &controls, in + done, out + done, n);
    done += n;
  }
}

static Model* model;
static PackedModel* packed;
static Pedal* pedal;

static int
open_pedal(void** state)
{
  (void)state;
  uint8_t file[FILE_SIZE];
  make_file(file);
  assert_int_equal(model_parse(file, sizeof file, &model, NULL), MODEL_OK);
  packed = packed_model_new(model, kernel_find(NULL));
  pedal = pedal_new(packed, 48000.0);
  return 0;
}

static int
make_noise(void** state)
{
  (void)state;
  for (int t = 0; t < N_FRAMES; ++t) {
    in[t] = (float)rand() / (float)RAND_MAX - 0.5f;
  }
  return 0;
}

static int
close_pedal(void** state)
{
  (void)state;
  pedal_free(pedal);
  packed_model_free(packed);
  model_free(model);
  return 0;
}

static void
bypass_delays_the_input_by_the_latency_and_changes_no_bit(void** state)
{
  (void)state;
  in[100] = INFINITY;
  in[101] = NAN;
  in[102] = 1e-40f;
  for (int i = 0; i < N_OVERSAMPLING_PHASES; ++i) {
    play(pedal, (Oversampling)(i / N_PHASES), (Phase)(i % N_PHASES), false);
    const uint32_t latency_frames = pedal_latency_frames(pedal);
    assert_memory_equal(out + latency_frames, in, sizeof in - latency_frames * sizeof *in);
    for (uint32_t t = 0; t < latency_frames; ++t) {
      assert_true(out[t] == 0.0f);
    }
    play(pedal, (Oversampling)(i / N_PHASES), (Phase)(i % N_PHASES), true);
    assert_memory_not_equal(out + latency_frames, in, sizeof in - latency_frames * sizeof *in);
  }
}

// Plays n_frames from a primed state.
static void
play_at(const PedalControls* controls, const float* input, float* output, uint32_t n_frames)
{
  pedal_prime(pedal, controls);
  pedal_run(pedal, controls, input, output, n_frames);
}

static void
input_gain_is_that_of_a_louder_input(void** state)
{
  (void)state;
  const PedalControls plain = {.blend = 1.0f, .enabled = true};
  PedalControls louder = plain;
  louder.input_db = 6.0f;
  float loud[N_FRAMES];
  float expected[N_FRAMES];
  for (int t = 0; t < N_FRAMES; ++t) {
    loud[t] = in[t] * powf(10.0f, 6.0f / 20.0f);
  }
  play_at(&plain, loud, expected, N_FRAMES);
  play_at(&louder, in, out, N_FRAMES);
  float largest = 0.0f;
  for (int t = 0; t < N_FRAMES; ++t) {
    largest = fmaxf(largest, fabsf(out[t] - expected[t]));
  }
  play_at(&plain, in, out, N_FRAMES);
  float without_gain = 0.0f;
  for (int t = 0; t < N_FRAMES; ++t) {
    without_gain = fmaxf(without_gain, fabsf(out[t] - expected[t]));
  }
  assert_true(largest < 1e-4f * without_gain);
}

static void
blend_mixes_the_input_in_as_late_as_the_network(void** state)
{
  (void)state;
  for (int i = 0; i < N_OVERSAMPLING_PHASES; ++i) {
    PedalControls controls = {.blend = 1.0f,
                              .level_db = 3.0f,
                              .oversampling = (Oversampling)(i / N_PHASES),
                              .phase = (Phase)(i % N_PHASES),
                              .enabled = true};
    float wet[N_FRAMES];
    play_at(&controls, in, wet, N_FRAMES);
    controls.blend = 0.25f;
    play_at(&controls, in, out, N_FRAMES);
    const uint32_t latency_frames = pedal_latency_frames(pedal);
    for (uint32_t t = latency_frames; t < N_FRAMES; ++t) {
      assert_true(fabsf(out[t] - 0.25f * wet[t] - 0.75f * in[t - latency_frames]) < 1e-6f);
    }
    controls.blend = 0.0f;
    play_at(&controls, in, out, N_FRAMES);
    assert_memory_equal(out + latency_frames, in, sizeof in - latency_frames * sizeof *in);
  }
}

// 6 dB at all positions.
static void
make_louder_by_6_db(LoudnessTable* table)
{
  table->n_knobs = N_KNOBS;
  table->n_positions = 2;
  for (unsigned i = 0; i < LOUDNESS_MAX_POINTS; ++i) {
    table->louder_db[i] = 6.0f;
  }
}

static void
matched_bypass_is_the_input_at_the_gain_of_the_table(void** state)
{
  (void)state;
  make_louder_by_6_db(&packed->loudness);
  const PedalControls controls = {.level_db = -9.0f, .blend = 1.0f, .match = true};
  const float factor = powf(10.0f, -3.0f / 20.0f);
  in[7] = NAN;
  play_at(&controls, in, out, N_FRAMES);
  assert_true(out[7] == 0.0f);
  in[7] = 0.25f;
  play_at(&controls, in, out, N_FRAMES);
  for (int t = 0; t < N_FRAMES; ++t) {
    assert_true(fabsf(out[t] - factor * in[t]) < 1e-5f);
  }
}

static void
match_changes_no_bit_while_the_pedal_is_on_or_not_measured(void** state)
{
  (void)state;
  float expected[N_FRAMES];
  PedalControls controls = {.level_db = 3.0f, .blend = 0.75f, .enabled = true};
  for (int i = 0; i < 2; ++i) {
    packed->loudness = (LoudnessTable){0};
    if (i == 0) {
      make_louder_by_6_db(&packed->loudness);
    }
    controls.enabled = i == 0;
    controls.match = false;
    play_at(&controls, in, expected, N_FRAMES);
    controls.match = true;
    play_at(&controls, in, out, N_FRAMES);
    assert_memory_equal(out, expected, sizeof out);
  }
}

// The largest step of the output, while a control jumps after half of the frames, beside that of
// a constant input: the network's output for it is constant.
static void
gain_blend_and_match_move_without_a_click(void** state)
{
  (void)state;
  enum { LONG = 20000 };
  static float still[LONG];
  static float moved[LONG];
  for (int t = 0; t < LONG; ++t) {
    still[t] = 0.25f;
  }
  make_louder_by_6_db(&packed->loudness);
  for (int i = 0; i < 4; ++i) {
    PedalControls controls = {.blend = 1.0f, .enabled = i < 3, .match = i == 2};
    play_at(&controls, still, moved, LONG / 2);
    controls.input_db = i == 1 ? 24.0f : 0.0f;
    controls.blend = i == 0 ? 0.0f : 1.0f;
    controls.enabled = i < 2;
    controls.match = i >= 2;
    const float before = moved[LONG / 2 - 1];
    pedal_run(pedal, &controls, still, moved + LONG / 2, LONG / 2);
    const float travel = fabsf(moved[LONG - 1] - before);
    float largest = 0.0f;
    for (int t = LONG / 2; t < LONG; ++t) {
      largest = fmaxf(largest, fabsf(moved[t] - moved[t - 1]));
    }
    assert_true(travel > 0.005f);
    assert_true(largest < 0.01f * travel);
  }
}

static void
meters_show_the_peaks_of_what_the_network_hears_and_of_the_output(void** state)
{
  (void)state;
  float silence[N_FRAMES] = {0.0f};
  const PedalControls controls = {.input_db = 6.0f, .enabled = false};
  pedal_prime(pedal, &controls);
  assert_true(pedal_input_peak_db(pedal) == -60.0f);
  silence[3] = -0.5f;
  pedal_run(pedal, &controls, silence, out, 64);
  assert_true(fabsf(pedal_input_peak_db(pedal) + 6.0206f - 6.0f) < 0.01f);
  assert_true(fabsf(pedal_output_peak_db(pedal) + 6.0206f) < 0.01f);
  silence[3] = NAN;
  const float before_db = pedal_input_peak_db(pedal);
  for (int i = 0; i < 85; ++i) { // 0.85 s, in which a meter falls by 10 dB
    pedal_run(pedal, &controls, silence, out, 480);
  }
  assert_true(fabsf(before_db - 10.0f - pedal_input_peak_db(pedal)) < 0.1f);
  silence[3] = INFINITY;
  pedal_run(pedal, &controls, silence, out, 64);
  assert_true(pedal_input_peak_db(pedal) == 12.0f);
}

// Feeds one sample of this amplitude, then silence for a second, and returns the light.
static InputLevel
light_after(float amplitude)
{
  float sound[480] = {amplitude};
  const PedalControls controls = {.input_db = 6.0f, .blend = 1.0f, .enabled = true};
  pedal_prime(pedal, &controls);
  for (int i = 0; i < 100; ++i) {
    pedal_run(pedal, &controls, sound, out, 480);
    sound[0] = 0.0f;
  }
  return pedal_input_level(pedal);
}

// In a second, the light's meter falls by 2.35 dB. Input adds 6 dB.
static void
the_light_compares_the_input_to_what_the_model_has_learned(void** state)
{
  (void)state;
  packed->levels = (ModelLevels){.has_trained_peak = true, .trained_peak_dbfs = -3.0f};
  assert_int_equal(light_after(0.0f), INPUT_LEVEL_UNKNOWN);
  assert_int_equal(light_after(powf(10.0f, -32.0f / 20.0f)), INPUT_LEVEL_TOO_QUIET);
  assert_int_equal(light_after(powf(10.0f, -29.0f / 20.0f)), INPUT_LEVEL_GOOD);
  assert_int_equal(light_after(powf(10.0f, -7.0f / 20.0f)), INPUT_LEVEL_GOOD);
  assert_int_equal(light_after(powf(10.0f, -6.0f / 20.0f)), INPUT_LEVEL_TOO_HOT);
  packed->levels.has_trained_peak = false;
  assert_int_equal(light_after(1.0f), INPUT_LEVEL_UNKNOWN);
}

// Beside a pedal whose level stays.
static void
level_moves_linearly_in_decibels_and_arrives_after_150_ms(void** state)
{
  (void)state;
  enum { PERIOD = 64, N_PERIODS = 113 }; // 0.15 s at 48 kHz, rounded up
  PedalControls controls = {.blend = 1.0f, .enabled = true};
  Pedal* steady = pedal_new(packed, 48000.0);
  float reference[PERIOD];
  pedal_prime(steady, &controls);
  pedal_run(steady, &controls, in, reference, PERIOD);
  play_at(&controls, in, out, PERIOD);
  const PedalControls before = controls;
  controls.level_db = -12.0f;
  for (int i = 1; i <= N_PERIODS + 3; ++i) {
    pedal_run(steady, &before, in, reference, PERIOD);
    pedal_run(pedal, &controls, in, out, PERIOD);
    const float part = i < N_PERIODS ? (float)i / (float)N_PERIODS : 1.0f;
    const float expected = powf(10.0f, -12.0f * part / 20.0f) * reference[PERIOD - 1];
    assert_true(fabsf(reference[PERIOD - 1]) > 1e-5f);
    assert_true(fabsf(out[PERIOD - 1] - expected) < 1e-4f * fabsf(expected));
  }
  pedal_free(steady);
}

static void
nan_anywhere_in_a_period_sounds_as_0(void** state)
{
  (void)state;
  const PedalControls controls = {.blend = 1.0f, .enabled = true};
  float expected[64];
  for (int t = 0; t < 64; ++t) {
    const float before = in[t];
    in[t] = 0.0f;
    play_at(&controls, in, expected, 64);
    in[t] = NAN;
    play_at(&controls, in, out, 64);
    in[t] = before;
    assert_memory_equal(out, expected, sizeof expected);
  }
}

// A model whose output weights are as large as a file may hold.
static void
a_hostile_model_is_limited_to_24_dbfs(void** state)
{
  (void)state;
  Model loud = *model;
  const float out_weight[HIDDEN] = {1e4f, -1e4f, 1e4f, 1e4f};
  loud.out_weight = out_weight;
  loud.direct = 1e4f;
  PackedModel* packed_loud = packed_model_new(&loud, kernel_find(NULL));
  Pedal* of_loud = pedal_new(packed_loud, 48000.0);
  assert_true(packed_loud && of_loud);
  play(of_loud, OVERSAMPLING_1X, PHASE_LINEAR, true);
  float largest = 0.0f;
  for (int t = 0; t < N_FRAMES; ++t) {
    assert_true(fabsf(out[t]) <= 15.86f);
    largest = fmaxf(largest, fabsf(out[t]));
  }
  assert_true(largest > 15.8f);
  pedal_free(of_loud);
  packed_model_free(packed_loud);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(a_hostile_model_is_limited_to_24_dbfs, make_noise),
      cmocka_unit_test_setup(bypass_delays_the_input_by_the_latency_and_changes_no_bit, make_noise),
      cmocka_unit_test_setup(input_gain_is_that_of_a_louder_input, make_noise),
      cmocka_unit_test_setup(blend_mixes_the_input_in_as_late_as_the_network, make_noise),
      cmocka_unit_test_setup(level_moves_linearly_in_decibels_and_arrives_after_150_ms, make_noise),
      cmocka_unit_test_setup(nan_anywhere_in_a_period_sounds_as_0, make_noise),
      cmocka_unit_test_setup(matched_bypass_is_the_input_at_the_gain_of_the_table, make_noise),
      cmocka_unit_test_setup(match_changes_no_bit_while_the_pedal_is_on_or_not_measured,
                             make_noise),
      cmocka_unit_test(gain_blend_and_match_move_without_a_click),
      cmocka_unit_test(the_light_compares_the_input_to_what_the_model_has_learned),
      cmocka_unit_test(meters_show_the_peaks_of_what_the_network_hears_and_of_the_output),
  };
  return cmocka_run_group_tests(tests, open_pedal, close_pedal);
}
