// SPDX-License-Identifier: MIT
#include "model/mlp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
without_layers_the_knobs_are_the_features(void** state)
{
  (void)state;
  const Mlp mlp = {.n_knobs = 3, .n_features = 3};
  const float knobs[] = {-1.0f, 0.25f, 1.0f};
  float features[4] = {9.0f, 9.0f, 9.0f, 9.0f};
  mlp_run(&mlp, knobs, features);
  assert_memory_equal(features, knobs, sizeof knobs);
  assert_true(features[3] == 9.0f);
}

// Two layers, worked out by hand with numbers that floats hold exactly.
static void
layers_are_affine_maps_with_leaky_relu(void** state)
{
  (void)state;
  static const float weight_1[] = {1.0f, 2.0f, -1.0f, 0.5f}; // [2][2]
  static const float bias_1[] = {0.5f, 0.25f};
  static const float weight_2[] = {2.0f, -4.0f, 1.0f, 1.0f, 0.0f, 1.0f}; // [3][2]
  static const float bias_2[] = {0.0f, -1.0f, 1.0f};
  const Mlp mlp = {.n_knobs = 2,
                   .n_layers = 2,
                   .n_features = 3,
                   .layers = {{2, 2, 0.25f, weight_1, bias_1}, {2, 3, 0.5f, weight_2, bias_2}}};
  const float knobs[] = {1.0f, -1.0f};
  float features[3];
  mlp_run(&mlp, knobs, features);
  // Layer 1: (1 - 2 + 0.5, -1 - 0.5 + 0.25) = (-0.5, -1.25), times 0.25: (-0.125, -0.3125).
  // Layer 2: (-0.25 + 1.25, -0.4375 - 1, -0.3125 + 1) = (1, -1.4375, 0.6875).
  assert_true(features[0] == 1.0f);
  assert_true(features[1] == -1.4375f * 0.5f);
  assert_true(features[2] == 0.6875f);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_layers_the_knobs_are_the_features),
      cmocka_unit_test(layers_are_affine_maps_with_leaky_relu),
  };
  return cmocka_run_group_tests_name("mlp", tests, NULL, NULL);
}
