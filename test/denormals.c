// SPDX-License-Identifier: MIT
// Exits with 0 if denormals are flushed to zero between denormals_flush and denormals_restore, as
// operands and as results, and not before or after; else it says what is wrong.
#include "denormals.h"

#include <float.h>
#include <stdbool.h>
#include <stdio.h>

// What the compiler must not compute, nor move to where the mode is another.
static volatile float denormal = 1e-40f;
static volatile float smallest_normal = FLT_MIN;

static bool
has_denormals(const char* when, bool should_have)
{
  volatile float operand = denormal;
  operand *= 1e10f;
  volatile float result = smallest_normal;
  result *= 0.5f;
  const bool is_right = (operand > 0.0f) == should_have && (result * 1e10f > 0.0f) == should_have;
  if (!is_right) {
    printf("%s, denormals are %s\n", when, should_have ? "flushed" : "not flushed");
  }
  return is_right;
}

int
main(void)
{
  const bool is_right_before = has_denormals("before", true);
  const DenormalMode mode = denormals_flush();
  const bool is_right_between = has_denormals("between", false);
  denormals_restore(mode);
  const bool is_right_after = has_denormals("after", true);
  return is_right_before && is_right_between && is_right_after ? 0 : 1;
}
