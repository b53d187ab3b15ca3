// SPDX-License-Identifier: MIT
// Exits with 0 if denormals are flushed to zero between denormals_flush and denormals_restore, as
// operands and as results, and not before or after, and nothing traps; else it says what is wrong,
// or ends by a signal.
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

// In a host that traps what is invalid, and may not be trapped in between.
static void
convert_what_is_too_large(void)
{
#ifdef __SSE2__
  static volatile float too_large = 1e20f;
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before & ~0x1F80U);
  const DenormalMode mode = denormals_flush();
  volatile const int converted = _mm_cvtss_si32(_mm_set_ss(too_large));
  (void)converted;
  denormals_restore(mode);
  _mm_setcsr(before);
#endif
}

int
main(void)
{
  convert_what_is_too_large();
  const bool is_right_before = has_denormals("before", true);
  const DenormalMode mode = denormals_flush();
  const bool is_right_between = has_denormals("between", false);
  denormals_restore(mode);
  const bool is_right_after = has_denormals("after", true);
  return is_right_before && is_right_between && is_right_after ? 0 : 1;
}
