// SPDX-License-Identifier: MIT
#include "common/control_period.h"
#include "common/memory.h"
#include "model/packed_model.h"
#include "network/dc_tracker.h"
#include "support/made_up_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HIDDEN_SIZE = 8 };

static const float rate_hz = 48000.0f;

static PackedModel* model;
static float* theta;
static DcTracker tracker;

// Samples of silence that the counting cell below was run for.
static uint32_t n_samples_run;

static void
count_and_run(const Cell* cell, uint32_t n_streams, float* states, const float* in, float* out,
              uint32_t n_frames) NONBLOCKING
{
  n_samples_run += n_frames;
  model->shape.process(cell, n_streams, states, in, out, n_frames);
}

static int
set_up(CellKind cell)
{
  const Model made_up = made_up_model(cell, HIDDEN_SIZE);
  model = packed_model_new(&made_up, kernel_find("plain"));
  theta = model ? aligned_zeros(model->n_theta * sizeof *theta) : NULL;
  return theta ? 0 : -1;
}

static int
set_up_gru(void** state)
{
  (void)state;
  return set_up(CELL_GRU);
}

static int
set_up_lstm(void** state)
{
  (void)state;
  return set_up(CELL_LSTM);
}

static int
tear_down(void** state)
{
  (void)state;
  free(theta);
  packed_model_free(model);
  return 0;
}

static Cell
gru_at(float gain)
{
  const float knobs[MAX_KNOBS] = {gain};
  packed_model_theta(model, knobs, theta);
  Cell cell = packed_model_cell(model, theta);
  cell.shape.process = count_and_run;
  n_samples_run = 0;
  return cell;
}

// Returns the output of the network in silence, after a second of it.
static float
steady_output(const Cell* cell)
{
  enum { BLOCK = 480 };
  static const float silence[BLOCK];
  alignas(ALIGNMENT) float states[CELL_MAX_STATE] = {0.0f};
  float out[BLOCK];
  for (int i = 0; i < 100; ++i) {
    cell_process(cell, 1, states, silence, out, BLOCK);
  }
  return out[BLOCK - 1];
}

static void
priming_finds_the_steady_output_in_12288_samples(void** state)
{
  (void)state;
  const Cell cell = gru_at(0.5f);
  const float expected = steady_output(&cell);
  assert_true(fabsf(expected) > 0.01f);
  dc_tracker_init(&tracker, (double)rate_hz, (double)rate_hz);
  n_samples_run = 0;
  dc_tracker_prime(&tracker, &cell);
  assert_int_equal(n_samples_run, 12288);
  assert_true(fabsf(tracker.offset.to - expected) < 1e-6f);
}

// Follows a network for as long as the tracker does, in parts of n_frames, at model_samples in a
// frame, and asserts that each frame's offset is the network's output.
static void
follow(uint32_t n_frames, double model_samples)
{
  alignas(ALIGNMENT) float states[CELL_MAX_STATE];
  const float silence[1] = {0.0f};
  Cell cell = gru_at(0.5f);
  dc_tracker_init(&tracker, (double)rate_hz, (double)rate_hz);
  dc_tracker_prime(&tracker, &cell);
  memcpy(states, tracker.silent_state, sizeof states);
  cell = gru_at(-0.5f);
  dc_tracker_follow(&tracker, model_samples);
  dc_tracker_begin_period(&tracker, &cell, false);
  double played = 0.0;
  float expected = 0.0f;
  for (uint32_t done = 0; dc_tracker_is_following(&tracker); done += n_frames) {
    dc_tracker_advance(&tracker, &cell, n_frames);
    for (uint32_t i = 0; i < n_frames; ++i) {
      for (; played < (double)(done + i + 1) * model_samples; played += 1.0) {
        model->shape.process(&cell, 1, states, silence, &expected, 1);
      }
      assert_true(tracker.followed[i] == expected);
    }
    if ((done + n_frames) % CONTROL_PERIOD_FRAMES == 0) {
      dc_tracker_begin_period(&tracker, &cell, false);
    }
  }
  assert_int_equal((uint32_t)played, 2048);
  assert_int_equal(n_samples_run, 2048 + CONTROL_PERIOD_FRAMES / 5); // the last period is slow
  assert_true(fabsf(tracker.offset.to - steady_output(&cell)) < 1e-5f);
}

static void
following_gives_each_frame_the_output_of_an_unsteady_network_for_2048_samples(void** state)
{
  (void)state;
  follow(CONTROL_PERIOD_FRAMES, 1.0);
  follow(CONTROL_PERIOD_FRAMES / 4, 1.0);
  follow(1, 1.0);
  follow(CONTROL_PERIOD_FRAMES, 0.5);
  follow(1, 0.5);
  follow(CONTROL_PERIOD_FRAMES / 4, 2.0);
}

// Returns how many samples the tracker runs in a control period of a network that it follows.
static uint32_t
samples_followed(const Cell* cell, double model_samples)
{
  n_samples_run = 0;
  dc_tracker_follow(&tracker, model_samples);
  dc_tracker_begin_period(&tracker, cell, false);
  dc_tracker_advance(&tracker, cell, CONTROL_PERIOD_FRAMES);
  return n_samples_run;
}

static void
the_pace_of_following_is_a_whole_number_of_samples_and_limited(void** state)
{
  (void)state;
  const Cell cell = gru_at(0.5f);
  dc_tracker_init(&tracker, (double)rate_hz, (double)rate_hz);
  assert_int_equal(samples_followed(&cell, 1e-6), 1);
  assert_int_equal(samples_followed(&cell, 32.0), 8 * CONTROL_PERIOD_FRAMES);
  assert_int_equal(samples_followed(&cell, 10.495 / CONTROL_PERIOD_FRAMES), 10);
  assert_int_equal(samples_followed(&cell, 10.505 / CONTROL_PERIOD_FRAMES), 11);
}

static void
a_steady_tracker_costs_nothing_until_it_is_woken(void** state)
{
  (void)state;
  Cell cell = gru_at(0.5f);
  dc_tracker_init(&tracker, (double)rate_hz, (double)rate_hz);
  dc_tracker_prime(&tracker, &cell);
  n_samples_run = 0;
  unsigned n_periods = 0;
  do {
    n_samples_run = 0;
    dc_tracker_begin_period(&tracker, &cell, false);
    ++n_periods;
  } while (n_samples_run && n_periods < 100000);
  assert_in_range(n_periods, 12288 / 13, 12288 / 12 + 2);

  cell = gru_at(-0.5f); // nobody tells the tracker
  const float before = tracker.offset.to;
  dc_tracker_begin_period(&tracker, &cell, false);
  assert_true(tracker.offset.to == before);
  dc_tracker_wake(&tracker);
  for (int i = 0; i < 1000; ++i) {
    dc_tracker_begin_period(&tracker, &cell, false);
  }
  assert_true(fabsf(tracker.offset.to - steady_output(&cell)) < 1e-5f);
}

static void
a_period_runs_a_fifth_of_its_samples_and_a_fifteenth_during_a_ramp(void** state)
{
  (void)state;
  const Cell cell = gru_at(0.0f);
  dc_tracker_init(&tracker, (double)rate_hz, (double)rate_hz);
  dc_tracker_wake(&tracker);
  n_samples_run = 0;
  dc_tracker_begin_period(&tracker, &cell, false);
  assert_int_equal(n_samples_run, CONTROL_PERIOD_FRAMES / 5);
  n_samples_run = 0;
  dc_tracker_begin_period(&tracker, &cell, true);
  assert_in_range(n_samples_run, 1, CONTROL_PERIOD_FRAMES / 15 + 1);
}

static void
the_offset_moves_linearly_through_a_period(void** state)
{
  (void)state;
  const Cell cell = gru_at(0.5f);
  dc_tracker_init(&tracker, (double)rate_hz, (double)rate_hz);
  dc_tracker_wake(&tracker);
  dc_tracker_begin_period(&tracker, &cell, false);
  const float end = tracker.offset.to;
  assert_true(end != 0.0f);
  dc_tracker_begin_period(&tracker, &cell, false);
  assert_true(tracker.offset.from == end);
}

#define OF_EACH_CELL(test)                                                                         \
  cmocka_unit_test_setup_teardown(test, set_up_gru, tear_down),                                    \
  {                                                                                                \
#test "_for_an_lstm", test, set_up_lstm, tear_down, NULL                                       \
  }

int
main(void)
{
  const struct CMUnitTest tests[] = {
      OF_EACH_CELL(priming_finds_the_steady_output_in_12288_samples),
      OF_EACH_CELL(following_gives_each_frame_the_output_of_an_unsteady_network_for_2048_samples),
      OF_EACH_CELL(the_pace_of_following_is_a_whole_number_of_samples_and_limited),
      OF_EACH_CELL(a_steady_tracker_costs_nothing_until_it_is_woken),
      OF_EACH_CELL(a_period_runs_a_fifth_of_its_samples_and_a_fifteenth_during_a_ramp),
      OF_EACH_CELL(the_offset_moves_linearly_through_a_period),
  };
  return cmocka_run_group_tests_name("dc tracker", tests, NULL, NULL);
}
