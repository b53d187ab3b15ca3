// SPDX-License-Identifier: MIT
// The fast activations against double precision: their errors stay within the documented bounds.
#include "rnn/activation.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static double
worst_error(float (*fast)(float), double (*exact)(double), double low, double high, int is_relative)
{
  double worst = 0.0;
  for (int i = 0; i <= 2000000; ++i) {
    const float x = (float)(low + (high - low) * i / 2000000);
    const double error =
        fabs((double)fast(x) - exact((double)x)) / (is_relative ? exact((double)x) : 1.0);
    worst = error > worst ? error : worst;
  }
  print_message("# worst error %.3g\n", worst);
  return worst;
}

static double
exact_sigmoid(double x)
{
  return 1.0 / (1.0 + exp(-x));
}

static void
fast_exp2_has_a_relative_error_below_2_2e_7(void** state)
{
  (void)state;
  assert_true(worst_error(fast_exp2, exp2, -30.0, 30.0, 1) <= 2.2e-7);
}

static void
fast_sigmoid_has_an_error_below_1_5e_7(void** state)
{
  (void)state;
  assert_true(worst_error(fast_sigmoid, exact_sigmoid, -40.0, 40.0, 0) <= 1.5e-7);
}

static void
fast_tanh_has_an_error_below_2_5e_7(void** state)
{
  (void)state;
  assert_true(worst_error(fast_tanh, tanh, -40.0, 40.0, 0) <= 2.5e-7);
}

static void
any_float_gives_an_activation_in_range(void** state)
{
  (void)state;
  static const float inputs[] = {0.0f, -0.0f, 1e-45f, 1e30f, -1e30f, INFINITY, -INFINITY, NAN};
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; ++i) {
    assert_true(fast_exp2(inputs[i]) > 0.0f && fast_exp2(inputs[i]) <= 1073741824.0f);
    assert_true(fast_sigmoid(inputs[i]) >= 0.0f && fast_sigmoid(inputs[i]) <= 1.0f);
    assert_true(fabsf(fast_tanh(inputs[i])) <= 1.0f);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fast_exp2_has_a_relative_error_below_2_2e_7),
      cmocka_unit_test(fast_sigmoid_has_an_error_below_1_5e_7),
      cmocka_unit_test(fast_tanh_has_an_error_below_2_5e_7),
      cmocka_unit_test(any_float_gives_an_activation_in_range),
  };
  return cmocka_run_group_tests_name("activation", tests, NULL, NULL);
}
