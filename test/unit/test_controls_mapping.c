// SPDX-License-Identifier: MIT
#include "lv2/controls.h"
#include "lv2/player_ports.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static PedalControls
controls_with(unsigned port, float value)
{
  float values[N_PORTS] = {0.0f};
  for (unsigned i = 0; i < N_PORTS; ++i) {
    values[i] = control_ranges[i].initial;
  }
  values[port] = value;
  return controls_from_ports(values);
}

static void
knobs_go_from_minus_1_to_plus_1(void** state)
{
  (void)state;
  assert_true(controls_with(PORT_GAIN, 0.0f).knobs[0] == -1.0f);
  assert_true(controls_with(PORT_GAIN, 10.0f).knobs[0] == 1.0f);
  assert_true(controls_with(PORT_TONE, 7.5f).knobs[1] == 0.5f);
  assert_true(controls_with(PORT_TONE, 7.5f).knobs[0] == 0.0f);
}

static void
values_are_limited_to_their_range_and_nan_is_the_default(void** state)
{
  (void)state;
  assert_true(controls_with(PORT_GAIN, 99.0f).knobs[0] == 1.0f);
  assert_true(controls_with(PORT_GAIN, -INFINITY).knobs[0] == -1.0f);
  assert_true(controls_with(PORT_GAIN, NAN).knobs[0] == 0.0f);
  assert_true(controls_with(PORT_LEVEL, INFINITY).level_db == 12.0f);
  assert_true(controls_with(PORT_LEVEL, -31.0f).level_db == -30.0f);
  assert_true(controls_with(PORT_LEVEL, NAN).level_db == 0.0f);
  assert_true(controls_with(PORT_INPUT, 25.0f).input_db == 24.0f);
  assert_true(controls_with(PORT_INPUT, -INFINITY).input_db == -24.0f);
  assert_true(controls_with(PORT_INPUT, NAN).input_db == 0.0f);
  assert_true(controls_with(PORT_BLEND, 101.0f).blend == 1.0f);
  assert_true(controls_with(PORT_BLEND, -1.0f).blend == 0.0f);
  assert_true(controls_with(PORT_BLEND, NAN).blend == 1.0f);
  assert_int_equal(controls_with(PORT_OVERSAMPLING, NAN).oversampling, OVERSAMPLING_2X);
  assert_true(controls_with(PORT_ENABLED, NAN).enabled);
  assert_int_equal(controls_with(PORT_PHASE, NAN).phase, PHASE_LINEAR);
}

static void
oversampling_is_the_nearest_choice(void** state)
{
  (void)state;
  static const struct {
    float value;
    Oversampling expected;
  } cases[] = {{-3.0f, OVERSAMPLING_1X}, {1.0f, OVERSAMPLING_1X}, {1.499f, OVERSAMPLING_1X},
               {1.5f, OVERSAMPLING_2X},  {2.0f, OVERSAMPLING_2X}, {3.499f, OVERSAMPLING_2X},
               {3.5f, OVERSAMPLING_4X},  {4.0f, OVERSAMPLING_4X}, {1e9f, OVERSAMPLING_4X}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    assert_int_equal(controls_with(PORT_OVERSAMPLING, cases[i].value).oversampling,
                     cases[i].expected);
  }
  for (unsigned i = 0; i < N_OVERSAMPLINGS; ++i) {
    const float factor = (float)oversampling_factor((Oversampling)i);
    assert_int_equal(controls_with(PORT_OVERSAMPLING, factor).oversampling, i);
  }
}

static void
phase_is_the_nearest_choice(void** state)
{
  (void)state;
  assert_int_equal(controls_with(PORT_PHASE, -INFINITY).phase, PHASE_LINEAR);
  assert_int_equal(controls_with(PORT_PHASE, 0.0f).phase, PHASE_LINEAR);
  assert_int_equal(controls_with(PORT_PHASE, 0.499f).phase, PHASE_LINEAR);
  assert_int_equal(controls_with(PORT_PHASE, 0.5f).phase, PHASE_MINIMUM);
  assert_int_equal(controls_with(PORT_PHASE, 1.0f).phase, PHASE_MINIMUM);
  assert_int_equal(controls_with(PORT_PHASE, 1e9f).phase, PHASE_MINIMUM);
}

static void
any_value_above_0_turns_a_switch_on(void** state)
{
  (void)state;
  assert_false(controls_with(PORT_ENABLED, 0.0f).enabled);
  assert_false(controls_with(PORT_ENABLED, -1.0f).enabled);
  assert_true(controls_with(PORT_ENABLED, 0.25f).enabled);
  assert_true(controls_with(PORT_ENABLED, 1.0f).enabled);
  assert_true(controls_with(PORT_MATCH, 0.25f).match);
  assert_false(controls_with(PORT_MATCH, 0.0f).match);
  assert_false(controls_with(PORT_MATCH, NAN).match);
}

static void
ports_of_the_player_without_a_number_have_their_defaults(void** state)
{
  (void)state;
  float values[N_PLAYER_PORTS];
  for (unsigned i = 0; i < N_PLAYER_PORTS; ++i) {
    values[i] = NAN;
  }
  const PlayerControls controls = player_controls_from_ports(values);
  assert_true(controls.pedal.enabled && controls.pedal.blend == 1.0f);
  assert_true(controls.pedal.oversampling == OVERSAMPLING_2X &&
              controls.pedal.phase == PHASE_LINEAR);
  assert_true(controls.pedal.input_db == 0.0f && controls.pedal.level_db == 0.0f);
  assert_false(controls.pedal.match || controls.normalize || controls.next || controls.previous);
  for (unsigned i = 0; i < MAX_KNOBS; ++i) {
    assert_true(controls.pedal.knobs[i] == 0.0f);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(knobs_go_from_minus_1_to_plus_1),
      cmocka_unit_test(values_are_limited_to_their_range_and_nan_is_the_default),
      cmocka_unit_test(oversampling_is_the_nearest_choice),
      cmocka_unit_test(phase_is_the_nearest_choice),
      cmocka_unit_test(any_value_above_0_turns_a_switch_on),
      cmocka_unit_test(ports_of_the_player_without_a_number_have_their_defaults),
  };
  return cmocka_run_group_tests_name("controls", tests, NULL, NULL);
}
