// SPDX-License-Identifier: MIT
#include "common/control_period.h"
#include "engine/delay_line.h"
#include "engine/engine.h"
#include "engine/oversampling_switch.h"
#include "support/primed_network.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HIDDEN_SIZE = 8, CROSSFADE_PERIODS = 5, N_PERIODS = 40 };

static const double rate_hz = 48000.0;

static int
set_up(void** state)
{
  (void)state;
  return make_primed_network(HIDDEN_SIZE, rate_hz);
}

typedef struct {
  Oversampling oversampling;
  Phase phase;
} Choice;

enum { N_CHOICES = N_OVERSAMPLING_PHASES };

static const Choice choices[N_CHOICES] = {
    {OVERSAMPLING_1X, PHASE_LINEAR},  {OVERSAMPLING_2X, PHASE_LINEAR},
    {OVERSAMPLING_4X, PHASE_LINEAR},  {OVERSAMPLING_1X, PHASE_MINIMUM},
    {OVERSAMPLING_2X, PHASE_MINIMUM}, {OVERSAMPLING_4X, PHASE_MINIMUM},
};
static const Choice choice_1x = {OVERSAMPLING_1X, PHASE_LINEAR};
static const Choice choice_2x = {OVERSAMPLING_2X, PHASE_LINEAR};
static const Choice choice_4x = {OVERSAMPLING_4X, PHASE_LINEAR};

static OversamplingSwitch*
new_switch(double sample_rate_hz, Choice choice)
{
  OversamplingSwitch* sw = oversampling_switch_new(model, sample_rate_hz, CROSSFADE_PERIODS, 1);
  assert_non_null(sw);
  oversampling_switch_reset_to(sw, choice.oversampling, choice.phase,
                               network_silent_state(&network));
  return sw;
}

// Fills control period i with a smooth tone.
static void
fill_tone(unsigned i, float* in)
{
  for (unsigned t = 0; t < CONTROL_PERIOD_FRAMES; ++t) {
    in[t] = 0.5f * sinf(0.05f * (float)(i * CONTROL_PERIOD_FRAMES + t));
  }
}

// Plays a control period of one channel.
static void
run_sound(OversamplingSwitch* sw, Choice choice, const float* in, float* wet, float* dry)
{
  memcpy(wet, in, CONTROL_PERIOD_FRAMES * sizeof *in);
  oversampling_switch_begin_period(sw, choice.oversampling, choice.phase);
  oversampling_switch_run(sw, &network, 0, &in, &wet, &dry, CONTROL_PERIOD_FRAMES);
}

static void
run_period(OversamplingSwitch* sw, unsigned i, Choice choice, float* wet, float* dry)
{
  float in[CONTROL_PERIOD_FRAMES];
  fill_tone(i, in);
  run_sound(sw, choice, in, wet, dry);
}

static void
every_choice_reports_and_has_its_latency(void** state)
{
  (void)state;
  static const uint32_t latencies[N_CHOICES] = {0, 39, 47, 0, 4, 5};
  for (unsigned i = 0; i < N_CHOICES; ++i) {
    OversamplingSwitch* sw = new_switch(rate_hz, choices[i]);
    const uint32_t latency = oversampling_switch_latency_frames(sw);
    assert_int_equal(latency, latencies[i]);
    assert_true(latency < DELAY_LINE_SIZE);
    float in[CONTROL_PERIOD_FRAMES] = {1.0f};
    float wet[CONTROL_PERIOD_FRAMES];
    float dry[CONTROL_PERIOD_FRAMES];
    run_sound(sw, choices[i], in, wet, dry);
    for (uint32_t t = 0; t < CONTROL_PERIOD_FRAMES; ++t) {
      assert_true(dry[t] == (t == latency ? 1.0f : 0.0f));
    }
    oversampling_switch_free(sw);
  }
}

// The old choice alone for the warm-up, then a mixture, then the new choice alone.
static void
assert_changes(Choice from, Choice to)
{
  OversamplingSwitch* changing = new_switch(rate_hz, from);
  OversamplingSwitch* old = new_switch(rate_hz, from);
  float wet[CONTROL_PERIOD_FRAMES];
  float dry[CONTROL_PERIOD_FRAMES];
  float old_wet[CONTROL_PERIOD_FRAMES];
  float old_dry[CONTROL_PERIOD_FRAMES];
  run_period(changing, 0, from, wet, dry);
  run_period(old, 0, from, old_wet, old_dry);
  for (unsigned i = 1; i <= N_PERIODS; ++i) {
    run_period(changing, i, to, wet, dry);
    run_period(old, i, from, old_wet, old_dry);
    const bool is_old = memcmp(wet, old_wet, sizeof wet) == 0;
    assert_true(is_old == (i <= CROSSFADE_PERIODS));
    if (i > 2 * CROSSFADE_PERIODS) {
      float delayed[2 * CONTROL_PERIOD_FRAMES];
      fill_tone(i - 1, delayed);
      fill_tone(i, delayed + CONTROL_PERIOD_FRAMES);
      const uint32_t latency = oversampling_switch_latency_frames(changing);
      assert_memory_equal(dry, delayed + CONTROL_PERIOD_FRAMES - latency, sizeof dry);
    }
  }
  oversampling_switch_free(changing);
  oversampling_switch_free(old);
}

static void
a_change_warms_up_then_crossfades_then_plays_the_new_choice(void** state)
{
  (void)state;
  for (unsigned from = 0; from < N_CHOICES; ++from) {
    for (unsigned to = 0; to < N_CHOICES; ++to) {
      const bool have_filters = choices[from].oversampling || choices[to].oversampling;
      if (from != to && have_filters) {
        assert_changes(choices[from], choices[to]);
      }
    }
  }
}

static void
the_latency_is_that_of_the_incoming_choice_from_the_change_on(void** state)
{
  (void)state;
  OversamplingSwitch* sw = new_switch(rate_hz, choice_1x);
  OversamplingSwitch* other = new_switch(rate_hz, choice_4x);
  assert_int_equal(oversampling_switch_latency_frames(sw), 0);
  oversampling_switch_begin_period(sw, OVERSAMPLING_4X, PHASE_LINEAR);
  assert_int_equal(oversampling_switch_latency_frames(sw),
                   oversampling_switch_latency_frames(other));
  oversampling_switch_free(sw);
  oversampling_switch_free(other);
}

static void
a_change_ends_before_the_next_one_begins(void** state)
{
  (void)state;
  OversamplingSwitch* sw = new_switch(rate_hz, choice_1x);
  OversamplingSwitch* other = new_switch(rate_hz, choice_2x);
  float wet[CONTROL_PERIOD_FRAMES];
  float dry[CONTROL_PERIOD_FRAMES];
  run_period(sw, 0, choice_2x, wet, dry);
  for (unsigned i = 1; i < 2 * CROSSFADE_PERIODS; ++i) {
    run_period(sw, i, choice_1x, wet, dry);
    assert_int_equal(oversampling_switch_latency_frames(sw),
                     oversampling_switch_latency_frames(other));
  }
  run_period(sw, 2 * CROSSFADE_PERIODS, choice_1x, wet, dry);
  assert_int_equal(oversampling_switch_latency_frames(sw), 0);
  oversampling_switch_free(sw);
  oversampling_switch_free(other);
}

static void
choices_that_need_no_filter_share_an_engine_and_do_not_fade(void** state)
{
  (void)state;
  OversamplingSwitch* sw = new_switch(192000.0, choice_1x);
  OversamplingSwitch* still = new_switch(192000.0, choice_1x);
  float wet[CONTROL_PERIOD_FRAMES];
  float dry[CONTROL_PERIOD_FRAMES];
  float still_wet[CONTROL_PERIOD_FRAMES];
  for (unsigned i = 0; i < N_PERIODS; ++i) {
    run_period(sw, i, choices[i % N_CHOICES], wet, dry);
    run_period(still, i, choice_1x, still_wet, dry);
    assert_int_equal(oversampling_switch_latency_frames(sw), 0);
    assert_memory_equal(wet, still_wet, sizeof wet);
  }
  oversampling_switch_free(sw);
  oversampling_switch_free(still);
}

static void
a_rate_10_percent_short_needs_no_more_stages(void** state)
{
  (void)state;
  assert_int_equal(engine_n_stages(model, 48000.0, 2), 1);
  assert_int_equal(engine_n_stages(model, 44100.0, 2), 1);
  assert_int_equal(engine_n_stages(model, 43100.0, 2), 2);
  assert_int_equal(engine_n_stages(model, 44100.0, 1), 0);
  assert_int_equal(engine_n_stages(model, 96000.0, 4), 1);
  assert_int_equal(engine_n_stages(model, 192000.0, 4), 0);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_choice_reports_and_has_its_latency),
      cmocka_unit_test(a_change_warms_up_then_crossfades_then_plays_the_new_choice),
      cmocka_unit_test(the_latency_is_that_of_the_incoming_choice_from_the_change_on),
      cmocka_unit_test(a_change_ends_before_the_next_one_begins),
      cmocka_unit_test(choices_that_need_no_filter_share_an_engine_and_do_not_fade),
      cmocka_unit_test(a_rate_10_percent_short_needs_no_more_stages),
  };
  return cmocka_run_group_tests_name("oversampling switch", tests, set_up, free_primed_network);
}
