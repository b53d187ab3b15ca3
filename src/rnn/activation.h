// SPDX-License-Identifier: MIT
// Fast sigmoid and tanh for the plain kernel, branch-free so that compilers vectorise loops over
// them.
#ifndef OD3_ACTIVATION_H
#define OD3_ACTIVATION_H

#include "common/realtime.h"

#include <float.h>
#include <stdint.h>
#include <string.h>

#define LOG2_E 1.44269504088896340736f

// The largest |t| of 2^t in every kernel; theta_layout.py names it for the generators. Beyond it a
// gate is 0 or 1 in floats, and products of two powers and their sums stay finite.
#define MAX_EXPONENT 30.0f

// Returns 2^t for t limited to +-MAX_EXPONENT; NaN gives 2^-MAX_EXPONENT. Relative error at
// most 2.2e-7, of which the polynomial has 1.02e-7. Any thread.
//
// The polynomial, on [-0.5, 0.5]:
//   echo 'fpminimax(2^x, 5, [|1, SG...|], [-0.5; 0.5], relative);' | sollya
static inline float
fast_exp2(float t) NONBLOCKING
{
  // 1.5 * 2^23: adding it rounds a float to an integer, left in the low bits of the sum.
  const float round_magic = 12582912.0f;

  t = t > -MAX_EXPONENT ? t : -MAX_EXPONENT;
  t = t < MAX_EXPONENT ? t : MAX_EXPONENT;
  float rounded = t + round_magic;
#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
  // A wider register, such as x87's, would hold the sum unrounded. 16 means that floats have none;
  // processors with half-precision arithmetic have it, and the barrier would prevent vectorisation.
  __asm__ __volatile__("" : "+m"(rounded));
#endif
  const float fraction = t - (rounded - round_magic);

  float power = 1.323044183664023876e-3f;
  power = power * fraction + 9.671701118350028992e-3f;
  power = power * fraction + 5.550853535532951355e-2f;
  power = power * fraction + 2.402223795652389526e-1f;
  power = power * fraction + 6.931468844413757324e-1f;
  power = power * fraction + 1.0f;

  uint32_t exponent_bits = 0;
  uint32_t power_bits = 0;
  memcpy(&exponent_bits, &rounded, sizeof exponent_bits);
  memcpy(&power_bits, &power, sizeof power_bits);
  power_bits += exponent_bits << 23U;
  memcpy(&power, &power_bits, sizeof power);
  return power;
}

// Returns 1 / (1 + e^-x); absolute error at most 1.5e-7. Any thread.
static inline float
fast_sigmoid(float x) NONBLOCKING
{
  return 1.0f / (1.0f + fast_exp2(-LOG2_E * x));
}

// Returns tanh x; absolute error at most 2.5e-7. Any thread.
static inline float
fast_tanh(float x) NONBLOCKING
{
  const float e = fast_exp2(-2.0f * LOG2_E * x);
  return (1.0f - e) / (1.0f + e);
}

#endif
