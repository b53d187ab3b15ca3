// SPDX-License-Identifier: MIT
#include "engine/resample2x.h"

#include "engine/resample2x_taps.h"

#include <stddef.h>
#include <string.h>

// A filter of 4 * n_pairs - 1 taps, with linear phase and with minimum phase.
//
// The linear-phase filter is symmetric. The first half of its taps stands for both, divided into
// its two polyphase components: the taps of even index, and those of odd index with the middle one
// last. In a halfband filter, all taps of odd index are 0 but the middle one, which is 1/2.
typedef struct {
  uint32_t n_pairs;
  const float* even;    // [n_pairs]
  const float* odd;     // [n_pairs], or NULL: halfband
  const float* minimum; // [4 * n_pairs - 1]: all taps of the minimum-phase filter
} Filter;

typedef struct {
  Filter up; // halfband
  Filter down;
} FilterPair;

static const FilterPair filters[] = {
    [RESAMPLE2X_FIRST_STAGE] = {{UP_PAIRS, up_even, NULL, up_minimum},
                                {DOWN_PAIRS, down_even, down_odd, down_minimum}},
    [RESAMPLE2X_INNER_STAGE] = {{WIDE_PAIRS, wide_even, NULL, wide_minimum},
                                {WIDE_PAIRS, wide_even, NULL, wide_minimum}},
};

void
resample2x_init(Resample2x* resampler, Resample2xKind kind, Phase phase) NONBLOCKING
{
  memset(resampler, 0, sizeof *resampler);
  resampler->kind = kind;
  resampler->phase = phase;
}

// Returns the group delay at 0 Hz, which is the taps' centre of gravity.
static double
filter_delay(Filter filter, Phase phase) NONBLOCKING
{
  if (phase == PHASE_LINEAR) {
    return 2.0 * filter.n_pairs - 1.0;
  }
  double sum = 0.0;
  double moment = 0.0;
  for (uint32_t i = 0; i < 4U * filter.n_pairs - 1U; ++i) {
    sum += (double)filter.minimum[i];
    moment += i * (double)filter.minimum[i];
  }
  return moment / sum;
}

double
resample2x_delay(Resample2xKind kind, Phase phase) NONBLOCKING
{
  return filter_delay(filters[kind].up, phase) + filter_delay(filters[kind].down, phase);
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

// Adds every second of a filter's taps, n_taps from `taps` on, over signal[i], signal[i - 1] and so
// on to out[i]. The order of additions does not depend on i.
static void
add_taps(const float* restrict taps, uint32_t n_taps, const float* restrict signal,
         float* restrict out, uint32_t n_frames) NONBLOCKING
{
  uint32_t i = 0;
  for (; i + 8 <= n_frames; i += 8) { // sums in registers
    Four a = load(out + i);
    Four b = load(out + i + 4);
    for (size_t j = 0; j < n_taps; ++j) {
      const float* past = signal + i - j;
      a += taps[2 * j] * load(past);
      b += taps[2 * j] * load(past + 4);
    }
    memcpy(out + i, &a, sizeof a);
    memcpy(out + i + 4, &b, sizeof b);
  }
  for (; i < n_frames; ++i) {
    for (size_t j = 0; j < n_taps; ++j) {
      const float* past = signal + i - j;
      out[i] += taps[2 * j] * *past;
    }
  }
}

// Moves the samples that the next call still needs to the front.
static void
keep_past(float* signal, uint32_t n_past, uint32_t n_frames) NONBLOCKING
{
  memmove(signal, signal + n_frames, n_past * sizeof *signal);
}

// Filters the upsampled signal, whose every second sample is 0, to its samples of even and odd
// index, at half their level and at their full one. `even` and `odd` [n_frames] begin as 0.
static void
up_linear(Filter filter, const float* signal, float* even, float* odd,
          uint32_t n_frames) NONBLOCKING
{
  add_pairs(filter.even, filter.n_pairs, 2U * filter.n_pairs - 1U, signal, even, n_frames);
  memcpy(odd, signal + filter.n_pairs, n_frames * sizeof *odd);
}

static void
up_minimum_phase(Filter filter, const float* signal, float* even, float* odd,
                 uint32_t n_frames) NONBLOCKING
{
  const uint32_t n_past = 2U * filter.n_pairs - 1U;
  add_taps(filter.minimum, n_past + 1U, signal + n_past, even, n_frames);
  add_taps(filter.minimum + 1, n_past, signal + n_past, odd, n_frames);
  for (uint32_t i = 0; i < n_frames; ++i) {
    odd[i] *= 2.0f;
  }
}

void
resample2x_up(Resample2x* resampler, const float* in, float* out, uint32_t n_frames) NONBLOCKING
{
  const Filter filter = filters[resampler->kind].up;
  const uint32_t n_past = 2U * filter.n_pairs - 1U;
  float even[RESAMPLE2X_MAX_FRAMES];
  float odd[RESAMPLE2X_MAX_FRAMES];
  memset(even, 0, n_frames * sizeof *even);
  memset(odd, 0, n_frames * sizeof *odd);
  memcpy(resampler->up + n_past, in, n_frames * sizeof *in);
  if (resampler->phase == PHASE_LINEAR) {
    up_linear(filter, resampler->up, even, odd, n_frames);
  } else {
    up_minimum_phase(filter, resampler->up, even, odd, n_frames);
  }
  for (size_t i = 0; i < n_frames; ++i) {
    out[2 * i] = 2.0f * even[i];
    out[2 * i + 1] = odd[i];
  }
  keep_past(resampler->up, n_past, n_frames);
}

// Filters the signal, given by its samples of even and odd index, to its samples of even index.
static void
down_linear(Filter filter, const float* even, const float* odd, float* out,
            uint32_t n_frames) NONBLOCKING
{
  const uint32_t n_past = 2U * filter.n_pairs - 1U;
  const uint32_t middle = filter.n_pairs - 1U;
  const float middle_tap = filter.odd ? filter.odd[middle] : 0.5f;
  for (uint32_t i = 0; i < n_frames; ++i) {
    out[i] = middle_tap * odd[middle + i];
  }
  add_pairs(filter.even, filter.n_pairs, n_past, even, out, n_frames);
  if (filter.odd) {
    add_pairs(filter.odd, middle, n_past - 1U, odd, out, n_frames);
  }
}

static void
down_minimum_phase(Filter filter, const float* even, const float* odd, float* out,
                   uint32_t n_frames) NONBLOCKING
{
  const uint32_t n_past = 2U * filter.n_pairs - 1U;
  memset(out, 0, n_frames * sizeof *out);
  add_taps(filter.minimum, n_past + 1U, even + n_past, out, n_frames);
  add_taps(filter.minimum + 1, n_past, odd + n_past - 1, out, n_frames);
}

void
resample2x_down(Resample2x* resampler, const float* in, float* out, uint32_t n_frames) NONBLOCKING
{
  const Filter filter = filters[resampler->kind].down;
  const uint32_t n_past = 2U * filter.n_pairs - 1U;
  for (size_t i = 0; i < n_frames; ++i) {
    resampler->down_even[n_past + i] = in[2 * i];
    resampler->down_odd[n_past + i] = in[2 * i + 1];
  }
  if (resampler->phase == PHASE_LINEAR) {
    down_linear(filter, resampler->down_even, resampler->down_odd, out, n_frames);
  } else {
    down_minimum_phase(filter, resampler->down_even, resampler->down_odd, out, n_frames);
  }
  keep_past(resampler->down_even, n_past, n_frames);
  keep_past(resampler->down_odd, n_past, n_frames);
}
