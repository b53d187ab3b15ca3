// SPDX-License-Identifier: MIT
#include "common/control_period.h"
#include "common/memory.h"
#include "network/parameter_ramp.h"
#include "support/made_up_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HIDDEN_SIZE = 8 };

static PackedModel* model;
static ParameterRamp ramp;
static float* memory;

static int
set_up(void** state)
{
  (void)state;
  const Model made_up = made_up_model(CELL_GRU, HIDDEN_SIZE);
  model = packed_model_new(&made_up, kernel_find("plain"));
  memory = model ? aligned_zeros(parameter_ramp_n_floats(model) * sizeof *memory) : NULL;
  if (!memory) {
    return -1;
  }
  parameter_ramp_init(&ramp, model, memory);
  return 0;
}

static int
tear_down(void** state)
{
  (void)state;
  free(memory);
  packed_model_free(model);
  return 0;
}

static void
assert_theta_of(const float* knobs)
{
  float* expected = aligned_zeros(model->n_theta * sizeof *expected);
  assert_non_null(expected);
  packed_model_theta(model, knobs, expected);
  assert_memory_equal(ramp.theta, expected, model->n_theta * sizeof *expected);
  free(expected);
}

static void
a_jump_sets_the_knobs_parameters_at_once(void** state)
{
  (void)state;
  const float knobs[MAX_KNOBS] = {0.3f, -0.8f};
  parameter_ramp_jump(&ramp, knobs);
  assert_false(parameter_ramp_is_moving(&ramp));
  assert_theta_of(knobs);
  assert_int_equal(parameter_ramp_advance(&ramp, 1000), 1000);
  assert_theta_of(knobs);
}

static void
a_ramp_takes_512_frames_in_steps_and_ends_on_the_target_exactly(void** state)
{
  (void)state;
  const float from[MAX_KNOBS] = {-1.0f, -1.0f};
  const float to[MAX_KNOBS] = {1.0f, 0.5f};
  parameter_ramp_jump(&ramp, from);
  float last = ramp.theta[0];
  parameter_ramp_start(&ramp, to);
  const float whole_way = fabsf(ramp.target[0] - last);
  uint32_t n_frames = 0;
  unsigned n_steps = 0;
  while (parameter_ramp_is_moving(&ramp)) {
    n_frames += parameter_ramp_advance(&ramp, CONTROL_PERIOD_FRAMES);
    n_steps += ramp.theta[0] != last;
    assert_true(fabsf(ramp.theta[0] - last) <= 1.01f * whole_way / 64.0f);
    last = ramp.theta[0];
  }
  assert_int_equal(n_frames, 512);
  assert_int_equal(n_steps, 64);
  assert_theta_of(to);
}

static void
a_small_move_takes_one_step_and_no_fewer_frames(void** state)
{
  (void)state;
  const float from[MAX_KNOBS] = {0.0f};
  const float to[MAX_KNOBS] = {0.001f};
  parameter_ramp_jump(&ramp, from);
  parameter_ramp_start(&ramp, to);
  uint32_t n_frames = parameter_ramp_advance(&ramp, 100);
  assert_theta_of(to);
  while (parameter_ramp_is_moving(&ramp)) {
    n_frames += parameter_ramp_advance(&ramp, 100);
  }
  assert_int_equal(n_frames, 512);
}

static void
a_jump_ends_a_ramp(void** state)
{
  (void)state;
  const float from[MAX_KNOBS] = {-1.0f};
  const float to[MAX_KNOBS] = {1.0f};
  parameter_ramp_jump(&ramp, from);
  parameter_ramp_start(&ramp, to);
  parameter_ramp_advance(&ramp, 8);
  parameter_ramp_jump(&ramp, from);
  assert_false(parameter_ramp_is_moving(&ramp));
  assert_theta_of(from);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_jump_sets_the_knobs_parameters_at_once),
      cmocka_unit_test(a_ramp_takes_512_frames_in_steps_and_ends_on_the_target_exactly),
      cmocka_unit_test(a_small_move_takes_one_step_and_no_fewer_frames),
      cmocka_unit_test(a_jump_ends_a_ramp),
  };
  return cmocka_run_group_tests_name("parameter ramp", tests, set_up, tear_down);
}
