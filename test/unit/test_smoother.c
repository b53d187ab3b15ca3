// SPDX-License-Identifier: MIT
#include "engine/smoother.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
a_move_takes_the_promised_steps_and_ends_on_the_target(void** state)
{
  (void)state;
  Smoother smoother;
  smoother_reset(&smoother, 0.1f);
  smoother_set_target(&smoother, 0.7f, 7);
  float last = smoother.value;
  for (int step = 1; step <= 7; ++step) {
    assert_true(smoother_advance(&smoother));
    assert_true(fabsf(smoother.value - last - 0.6f / 7.0f) < 1e-6f);
    assert_true((smoother.value == 0.7f) == (step == 7));
    last = smoother.value;
  }
  assert_false(smoother_advance(&smoother));
  assert_true(smoother.value == 0.7f);
}

static void
the_same_target_does_not_restart_a_move(void** state)
{
  (void)state;
  Smoother smoother;
  smoother_reset(&smoother, 0.0f);
  for (int step = 0; step < 4; ++step) {
    smoother_set_target(&smoother, 1.0f, 4);
    assert_true(smoother_advance(&smoother));
  }
  assert_true(smoother.value == 1.0f);
}

static void
a_new_target_starts_from_the_present_value(void** state)
{
  (void)state;
  Smoother smoother;
  smoother_reset(&smoother, 0.0f);
  smoother_set_target(&smoother, 1.0f, 4);
  smoother_advance(&smoother);
  smoother_set_target(&smoother, -0.25f, 2);
  smoother_advance(&smoother);
  assert_true(fabsf(smoother.value) < 1e-6f);
  smoother_advance(&smoother);
  assert_true(smoother.value == -0.25f);
}

static void
a_reset_ends_a_move(void** state)
{
  (void)state;
  Smoother smoother;
  smoother_reset(&smoother, 0.0f);
  smoother_set_target(&smoother, 1.0f, 4);
  smoother_reset(&smoother, 0.5f);
  assert_false(smoother_advance(&smoother));
  assert_true(smoother.value == 0.5f);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_move_takes_the_promised_steps_and_ends_on_the_target),
      cmocka_unit_test(the_same_target_does_not_restart_a_move),
      cmocka_unit_test(a_new_target_starts_from_the_present_value),
      cmocka_unit_test(a_reset_ends_a_move),
  };
  return cmocka_run_group_tests_name("smoother", tests, NULL, NULL);
}
