// SPDX-License-Identifier: MIT
#include "activation.h"

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
exp2_is_as_exact_as_it_says(void** state)
{
  (void)state;
  assert_true(worst_error(fast_exp2, exp2, -30.0, 30.0, 1) <= 2.2e-7);
}

static void
sigmoid_is_as_exact_as_it_says(void** state)
{
  (void)state;
  assert_true(worst_error(fast_sigmoid, exact_sigmoid, -40.0, 40.0, 0) <= 1.5e-7);
}

static void
tanh_is_as_exact_as_it_says(void** state)
{
  (void)state;
  assert_true(worst_error(fast_tanh, tanh, -40.0, 40.0, 0) <= 2.5e-7);
}

static void
no_number_is_too_much(void** state)
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
      cmocka_unit_test(exp2_is_as_exact_as_it_says),
      cmocka_unit_test(sigmoid_is_as_exact_as_it_says),
      cmocka_unit_test(tanh_is_as_exact_as_it_says),
      cmocka_unit_test(no_number_is_too_much),
  };
  return cmocka_run_group_tests_name("activation", tests, NULL, NULL);
}
