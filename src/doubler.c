// SPDX-License-Identifier: MIT
#include "doubler.h"

#include "doubler_taps.h"

#include <stddef.h>
#include <string.h>

// A symmetric filter of 4 * n_pairs - 1 taps: the first of those of even index, and of those of odd
// index up to the middle one. A halfband filter needs none but the middle one, 1/2.
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
    [DOUBLER_OF_HOST] = {{UP_PAIRS, up_even, NULL}, {DOWN_PAIRS, down_even, down_odd}},
    [DOUBLER_OF_REST] = {{WIDE_PAIRS, wide_even, NULL}, {WIDE_PAIRS, wide_even, NULL}},
};

void
doubler_init(Doubler* doubler, DoublerKind kind) NONBLOCKING
{
  memset(doubler, 0, sizeof *doubler);
  doubler->kind = kind;
}

uint32_t
doubler_delay(DoublerKind kind) NONBLOCKING
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

// Adds to out[i] what n_pairs of taps make of signal[i] to signal[i + last]; the outer pair comes
// first. Each output is summed in the same order wherever it lies in the block.
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

// What is past at the next call.
static void
keep(float* signal, uint32_t n_past, uint32_t n_frames) NONBLOCKING
{
  memmove(signal, signal + n_frames, n_past * sizeof *signal);
}

void
doubler_up(Doubler* doubler, const float* in, float* out, uint32_t n_frames) NONBLOCKING
{
  const Filter filter = filters[doubler->kind].up;
  const uint32_t n_past = 2U * filter.n_pairs - 1U;
  float even[DOUBLER_MAX_FRAMES];
  memset(even, 0, n_frames * sizeof *even);
  memcpy(doubler->up + n_past, in, n_frames * sizeof *in);
  add_pairs(filter.even, filter.n_pairs, n_past, doubler->up, even, n_frames);
  for (size_t i = 0; i < n_frames; ++i) {
    out[2 * i] = 2.0f * even[i];
    out[2 * i + 1] = doubler->up[filter.n_pairs + i];
  }
  keep(doubler->up, n_past, n_frames);
}

void
doubler_down(Doubler* doubler, const float* in, float* out, uint32_t n_frames) NONBLOCKING
{
  const Filter filter = filters[doubler->kind].down;
  const uint32_t n_past = 2U * filter.n_pairs - 1U;
  const uint32_t middle = filter.n_pairs - 1U;
  for (size_t i = 0; i < n_frames; ++i) {
    doubler->down_even[n_past + i] = in[2 * i];
    doubler->down_odd[n_past + i] = in[2 * i + 1];
  }
  const float middle_tap = filter.odd ? filter.odd[middle] : 0.5f;
  for (uint32_t i = 0; i < n_frames; ++i) {
    out[i] = middle_tap * doubler->down_odd[middle + i];
  }
  add_pairs(filter.even, filter.n_pairs, n_past, doubler->down_even, out, n_frames);
  if (filter.odd) {
    add_pairs(filter.odd, middle, n_past - 1U, doubler->down_odd, out, n_frames);
  }
  keep(doubler->down_even, n_past, n_frames);
  keep(doubler->down_odd, n_past, n_frames);
}
