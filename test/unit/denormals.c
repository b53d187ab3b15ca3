// SPDX-License-Identifier: MIT
// Exits with 0 if denormal operands and results are flushed to zero between float_env_enter() and
// float_env_restore(), and not before or after, and nothing traps. Otherwise it prints the error or
// ends by a signal.
#include "lv2/float_env.h"

#include <float.h>
#include <stdbool.h>
#include <stdio.h>

// Volatile, so that the compiler neither evaluates them nor moves them out of the mode.
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
    printf("%s float_env_enter() and float_env_restore(), denormals are %s\n", when,
           should_have ? "flushed" : "not flushed");
  }
  return is_right;
}

// A host may trap invalid operations; the plugin must mask the traps while it runs.
static void
convert_with_traps_unmasked(void)
{
#ifdef __SSE2__
  static volatile float too_large = 1e20f;
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before & ~0x1F80U);
  const FloatEnv mode = float_env_enter();
  volatile const int converted = _mm_cvtss_si32(_mm_set_ss(too_large));
  (void)converted;
  float_env_restore(mode);
  _mm_setcsr(before);
#endif
}

int
main(void)
{
  convert_with_traps_unmasked();
  const bool is_right_before = has_denormals("before", true);
  const FloatEnv mode = float_env_enter();
  const bool is_right_between = has_denormals("between", false);
  float_env_restore(mode);
  const bool is_right_after = has_denormals("after", true);
  return is_right_before && is_right_between && is_right_after ? 0 : 1;
}
