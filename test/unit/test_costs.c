// SPDX-License-Identifier: MIT
// Calls of the pedal cost a known number of the network's frames. Blocks are control periods, and
// the rate is the model's. Built with sanitizers.
#include "engine/pedal.h"
#include "model/packed_model.h"
#include "rnn/kernel.h"
#include "support/made_up_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum {
  PERIOD = 64,
  SLOW = 12,     // frames of the silent copy in a period after a ramp
  SLOWER = 4,    // and during one
  RESTED = 1100, // periods after which the silent copy has stopped
};

static CellProcess* process;
static uint32_t n_counted;

static PackedModel* model;
static Pedal* pedal;
static PedalControls controls;
static float in[PERIOD];
static float out[PERIOD];

static void
count_and_process(const Cell* cell, uint32_t n_streams, float* states, const float* input,
                  float* output, uint32_t n_frames) NONBLOCKING
{
  n_counted += n_frames;
  process(cell, n_streams, states, input, output, n_frames);
}

static int
set_up(void** state)
{
  (void)state;
  const Model made_up = made_up_model(CELL_GRU, CELL_MIN_HIDDEN);
  model = packed_model_new(&made_up, &kernel_plain);
  if (!model) {
    return -1;
  }
  process = model->shape.process;
  model->shape.process = count_and_process;
  pedal = pedal_new(model, 48000.0);
  controls = (PedalControls){.blend = 1.0f, .enabled = true};
  return pedal ? 0 : -1;
}

static int
tear_down(void** state)
{
  (void)state;
  pedal_free(pedal);
  packed_model_free(model);
  return 0;
}

static uint32_t
cost_of_priming(float gain)
{
  controls.knobs[0] = gain;
  n_counted = 0;
  pedal_prime(pedal, &controls);
  return n_counted;
}

static uint32_t
cost_of_running(uint32_t n_frames)
{
  n_counted = 0;
  pedal_run(pedal, &controls, in, out, n_frames);
  return n_counted;
}

// Runs until the silent copy has stopped.
static void
rest(void)
{
  for (int i = 0; i < RESTED; ++i) {
    cost_of_running(PERIOD);
  }
}

static void
starting_costs_12288_frames_once_for_each_of_16_positions(void** state)
{
  (void)state;
  for (int i = 0; i < 20; ++i) {
    assert_int_equal(cost_of_priming((float)i / 20.0f), 12288);
  }
  for (int i = 0; i < 20; ++i) {
    assert_int_equal(cost_of_priming((float)i / 20.0f), i < 16 ? 0 : 12288);
  }
}

static void
instances_that_start_from_a_kept_state_play_as_the_first(void** state)
{
  (void)state;
  float first[PERIOD];
  in[0] = 0.5f;
  assert_int_equal(cost_of_priming(0.3f), 12288);
  pedal_run(pedal, &controls, in, first, PERIOD);
  Pedal* second = pedal_new(model, 48000.0);
  assert_non_null(second);
  n_counted = 0;
  pedal_prime(second, &controls);
  assert_int_equal(n_counted, 0);
  pedal_run(second, &controls, in, out, PERIOD);
  assert_memory_equal(out, first, sizeof out);
  in[0] = 0.0f;
  pedal_free(second);
}

static void
late_knobs_cost_each_frame_a_frame_of_the_silent_copy_for_2048(void** state)
{
  (void)state;
  cost_of_priming(0.0f);
  assert_int_equal(cost_of_running(0), 0);
  assert_int_equal(cost_of_running(PERIOD), PERIOD + SLOW);
  for (int i = 0; i < N_OVERSAMPLINGS; ++i) {
    controls.oversampling = (Oversampling)i;
    cost_of_priming(0.0f);
    assert_int_equal(cost_of_running(0), 0);
    controls.knobs[0] = 0.5f;
    assert_int_equal(cost_of_running(0), 0);
    for (uint32_t done = 0; done < 2048; done += PERIOD / 4) {
      assert_int_equal(cost_of_running(PERIOD / 4), (1 + (1 << i)) * PERIOD / 4);
    }
    assert_int_equal(cost_of_running(PERIOD), (PERIOD << i) + SLOW);
  }
}

static void
other_late_controls_cost_nothing(void** state)
{
  (void)state;
  cost_of_priming(0.0f);
  controls.level_db = 6.0f;
  controls.input_db = -6.0f;
  controls.blend = 0.5f;
  assert_int_equal(cost_of_running(PERIOD), PERIOD + SLOW);
}

// Runs n_periods and asserts that none costs more than 2.2 times the steady state at that factor.
static void
assert_bounded(uint32_t n_periods, uint32_t factor)
{
  for (uint32_t i = 0; i < n_periods; ++i) {
    assert_true(5 * cost_of_running(PERIOD) <= 11 * factor * PERIOD);
  }
}

// While two engines run, the steady state is that of the dearer one.
static void
no_period_costs_more_than_22_tenths_of_a_steady_one(void** state)
{
  (void)state;
  for (int from = 0; from < N_OVERSAMPLINGS; ++from) {
    for (int to = 0; to < N_OVERSAMPLINGS; ++to) {
      const uint32_t factor = 1U << (from > to ? from : to);
      controls.oversampling = (Oversampling)from;
      controls.enabled = true;
      cost_of_priming(0.0f);
      controls.knobs[0] = 0.5f; // late
      assert_bounded(10, 1U << from);
      controls.oversampling = (Oversampling)to;
      controls.knobs[1] = -1.0f; // moves while the silent copy follows the network
      assert_bounded(200, factor);
      controls.enabled = false;
      controls.level_db = 6.0f;
      assert_bounded(RESTED, 1U << to); // until the silent copy stops
      controls.knobs[1] = 1.0f;         // and starts again
      assert_bounded(200, 1U << to);
      controls.oversampling = (Oversampling)from;
      assert_bounded(100, factor);
    }
  }
}

static void
a_settled_pedal_costs_its_frames_alone(void** state)
{
  (void)state;
  for (uint32_t i = 0; i < N_OVERSAMPLING_PHASES; ++i) {
    const uint32_t factor = 1U << i / N_PHASES;
    controls.oversampling = (Oversampling)(i / N_PHASES);
    controls.phase = (Phase)(i % N_PHASES);
    cost_of_priming(0.0f);
    rest();
    assert_int_equal(cost_of_running(PERIOD), PERIOD * factor);
    for (uint32_t n = 1; n < PERIOD; ++n) {
      assert_int_equal(cost_of_running(n), n * factor);
    }
  }
}

static void
bypass_costs_as_much_as_the_sound(void** state)
{
  (void)state;
  cost_of_priming(0.0f);
  rest();
  controls.enabled = false;
  for (int i = 0; i < 100; ++i) {
    assert_int_equal(cost_of_running(PERIOD), PERIOD);
  }
}

static void
a_knob_costs_a_15th_more_while_it_moves_and_a_5th_for_a_second_after(void** state)
{
  (void)state;
  cost_of_priming(0.0f);
  rest();
  controls.knobs[0] = 1.0f;
  for (int i = 0; i < 15 * 8; ++i) { // 0.15 s are 15 parameter ramps of 8 periods
    assert_int_equal(cost_of_running(PERIOD), PERIOD + SLOWER);
  }
  uint32_t n_periods = 0;
  while (cost_of_running(PERIOD) == PERIOD + SLOW) {
    ++n_periods;
  }
  assert_in_range(n_periods, 1000, 1024);
  assert_int_equal(cost_of_running(PERIOD), PERIOD);
}

static void
level_input_and_blend_cost_nothing(void** state)
{
  (void)state;
  cost_of_priming(0.0f);
  rest();
  controls.level_db = -6.0f;
  controls.input_db = 6.0f;
  controls.blend = 0.5f;
  for (int i = 0; i < 200; ++i) {
    assert_int_equal(cost_of_running(PERIOD), PERIOD);
  }
}

// Asserts that a change that has just been asked for costs both engines' frames for 40 ms.
static void
assert_change_costs(uint32_t from, uint32_t to)
{
  uint32_t n_periods = 0;
  while (n_periods < 31 && cost_of_running(PERIOD) == (from + to) * PERIOD) {
    ++n_periods;
  }
  assert_int_equal(n_periods, 30); // of 1.33 ms
  assert_int_equal(cost_of_running(PERIOD), to * PERIOD);
}

static void
a_change_of_oversampling_or_phase_costs_both_engines_for_40_ms(void** state)
{
  (void)state;
  cost_of_priming(0.0f);
  rest();
  controls.phase = PHASE_MINIMUM; // at 1x
  assert_int_equal(cost_of_running(PERIOD), PERIOD);
  controls.oversampling = OVERSAMPLING_4X;
  assert_change_costs(1, 4);
  controls.phase = PHASE_LINEAR;
  assert_change_costs(4, 4);
}

// Runs one period of silence and returns the largest sample.
static float
silence_after(uint32_t n_periods)
{
  float largest = 0.0f;
  for (uint32_t i = 0; i < n_periods; ++i) {
    cost_of_running(PERIOD);
  }
  for (int t = 0; t < PERIOD; ++t) {
    const float size = out[t] < 0.0f ? -out[t] : out[t];
    largest = size > largest ? size : largest;
  }
  return largest;
}

static void
silence_stays_silent_when_a_knob_turns_after_the_silent_copy_has_stopped(void** state)
{
  (void)state;
  cost_of_priming(-1.0f);
  assert_true(silence_after(RESTED) < 1e-6f);
  for (int i = 0; i < 3; ++i) {
    controls.knobs[i % 2] = i == 2 ? -1.0f : 1.0f;
    assert_true(silence_after(RESTED) < 1e-6f);
  }
}

#define PREPARED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
  const struct CMUnitTest tests[] = {
      PREPARED(starting_costs_12288_frames_once_for_each_of_16_positions),
      PREPARED(instances_that_start_from_a_kept_state_play_as_the_first),
      PREPARED(late_knobs_cost_each_frame_a_frame_of_the_silent_copy_for_2048),
      PREPARED(other_late_controls_cost_nothing),
      PREPARED(no_period_costs_more_than_22_tenths_of_a_steady_one),
      PREPARED(a_settled_pedal_costs_its_frames_alone),
      PREPARED(bypass_costs_as_much_as_the_sound),
      PREPARED(a_knob_costs_a_15th_more_while_it_moves_and_a_5th_for_a_second_after),
      PREPARED(level_input_and_blend_cost_nothing),
      PREPARED(a_change_of_oversampling_or_phase_costs_both_engines_for_40_ms),
      PREPARED(silence_stays_silent_when_a_knob_turns_after_the_silent_copy_has_stopped),
  };
  return cmocka_run_group_tests_name("costs", tests, NULL, NULL);
}
