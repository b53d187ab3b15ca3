// SPDX-License-Identifier: MIT
#include "engine/resample2x.h"

#include "engine/resample2x_taps.h"

#include <stddef.h>
#include <string.h>

// A symmetric filter of 4 * n_pairs - 1 taps in two phases, each given by its first half: the taps
// of even index, and those of odd index with the middle one last. In a halfband filter, all taps of
// odd index are 0 but the middle one, which is 1/2.
typedef struct {
  uint32_t n_pairs;
  const float* even; // [n_pairs]
  const float* odd;  // [n_pairs], or NULL: halfband
} Filter;

typedef struct {
  Filter up; // halfband
  Filter down;
} FilterPair;

static const FilterPair filters[] = {
    [RESAMPLE2X_FIRST_STAGE] = {{UP_PAIRS, up_even, NULL}, {DOWN_PAIRS, down_even, down_odd}},
    [RESAMPLE2X_INNER_STAGE] = {{WIDE_PAIRS, wide_even, NULL}, {WIDE_PAIRS, wide_even, NULL}},
};

void
resample2x_init(Resample2x* resampler, Resample2xKind kind) NONBLOCKING
{
  memset(resampler, 0, sizeof *resampler);
  resampler->kind = kind;
}

uint32_t
resample2x_delay(Resample2xKind kind) NONBLOCKING
{
  return (2U * filters[kind].up.n_pairs - 1U) + (2U * filters[kind].down.n_pairs - 1U);
}

typedef float Four __attribute__((vector_size(16)));

static Four
load(const float* from) NONBLOCKING
{
  Four four;
  memcpy(&four, from, sizeof four);
  return four;
}

// Adds the symmetric filter of n_pairs of taps, the outer pair first, over signal[i] to
// signal[i + last], to out[i]. The order of additions does not depend on i, so that the output does
// not depend on how calls divide a signal.
static void
add_pairs(const float* restrict taps, uint32_t n_pairs, uint32_t last, const float* restrict signal,
          float* restrict out, uint32_t n_frames) NONBLOCKING
{
  uint32_t i = 0;
  for (; i + 8 <= n_frames; i += 8) { // sums in registers
    Four a = load(out + i);
    Four b = load(out + i + 4);
    for (uint32_t j = 0; j < n_pairs; ++j) {
      const float* old = signal + i + j;
      const float* new = signal + i + last - j;
      a += taps[j] * (load(old) + load(new));
      b += taps[j] * (load(old + 4) + load(new + 4));
    }
    memcpy(out + i, &a, sizeof a);
    memcpy(out + i + 4, &b, sizeof b);
  }
  for (; i < n_frames; ++i) {
    for (uint32_t j = 0; j < n_pairs; ++j) {
      out[i] += taps[j] * (signal[i + j] + signal[i + last - j]);
    }
  }
}

// Moves the samples that the next call still needs to the front.
static void
keep_past(float* signal, uint32_t n_past, uint32_t n_frames) NONBLOCKING
{
  memmove(signal, signal + n_frames, n_past * sizeof *signal);
}

void
resample2x_up(Resample2x* resampler, const float* in, float* out, uint32_t n_frames) NONBLOCKING
{
  const Filter filter = filters[resampler->kind].up;
  const uint32_t n_past = 2U * filter.n_pairs - 1U;
  float even[RESAMPLE2X_MAX_FRAMES];
  memset(even, 0, n_frames * sizeof *even);
  memcpy(resampler->up + n_past, in, n_frames * sizeof *in);
  add_pairs(filter.even, filter.n_pairs, n_past, resampler->up, even, n_frames);
  for (size_t i = 0; i < n_frames; ++i) {
    out[2 * i] = 2.0f * even[i];
    out[2 * i + 1] = resampler->up[filter.n_pairs + i];
  }
  keep_past(resampler->up, n_past, n_frames);
}

void
resample2x_down(Resample2x* resampler, const float* in, float* out, uint32_t n_frames) NONBLOCKING
{
  const Filter filter = filters[resampler->kind].down;
  const uint32_t n_past = 2U * filter.n_pairs - 1U;
  const uint32_t middle = filter.n_pairs - 1U;
  for (size_t i = 0; i < n_frames; ++i) {
    resampler->down_even[n_past + i] = in[2 * i];
    resampler->down_odd[n_past + i] = in[2 * i + 1];
  }
  const float middle_tap = filter.odd ? filter.odd[middle] : 0.5f;
  for (uint32_t i = 0; i < n_frames; ++i) {
    out[i] = middle_tap * resampler->down_odd[middle + i];
  }
  add_pairs(filter.even, filter.n_pairs, n_past, resampler->down_even, out, n_frames);
  if (filter.odd) {
    add_pairs(filter.odd, middle, n_past - 1U, resampler->down_odd, out, n_frames);
  }
  keep_past(resampler->down_even, n_past, n_frames);
  keep_past(resampler->down_odd, n_past, n_frames);
}
