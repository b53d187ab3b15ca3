// SPDX-License-Identifier: MIT
#include "kernel.h"
#include "recurrence.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { H = 7, N = 2400, MAX_DELAY = 20 };

static float theta[H * (3 * H + 7)];
static float out_weight[H];
static Gru gru;
static float in[N];
static float out[N];
static float other[N];

static uint32_t random_bits = 1;

static float
random_number(float amplitude)
{
  random_bits = random_bits * 1664525U + 1013904223U;
  return amplitude * ((float)random_bits / 2147483648.0f - 1.0f);
}

static int
make_gru(void** state)
{
  (void)state;
  gru = (Gru){kernel_plain.shape(H), theta, out_weight, 0.25f};
  assert_int_equal(gru.shape.n_columns, H);
  for (size_t i = 0; i < sizeof theta / sizeof *theta; ++i) {
    theta[i] = random_number(0.6f);
  }
  for (int i = 0; i < H; ++i) {
    out_weight[i] = random_number(1.0f);
  }
  for (int t = 0; t < N; ++t) {
    in[t] = random_number(1.0f);
  }
  return 0;
}

static void
play(double delay, uint32_t largest_block, float* to)
{
  Recurrence* recurrence = recurrence_new(H, delay);
  assert_non_null(recurrence);
  for (uint32_t done = 0; done < N;) {
    const uint32_t block = 1U + (uint32_t)rand() % largest_block;
    const uint32_t n = block < N - done ? block : N - done;
    recurrence_run(recurrence, &gru, in + done, to + done, n);
    done += n;
  }
  recurrence_free(recurrence);
}

// The same, as it is defined: Lagrange's polynomial through the given taps, in double precision.
static void
play_by_definition(double delay, int first, int n_taps, float* to)
{
  static float states[MAX_DELAY + N][H];
  memset(states, 0, sizeof states);
  for (int t = 0; t < N; ++t) {
    double sums[H] = {0.0};
    for (int k = first; k < first + n_taps; ++k) {
      double weight = 1.0;
      for (int j = first; j < first + n_taps; ++j) {
        weight *= j == k ? 1.0 : (delay - j) / (k - j);
      }
      for (int i = 0; i < H; ++i) {
        sums[i] += weight * (double)states[MAX_DELAY + t - k][i];
      }
    }
    float* state = states[MAX_DELAY + t];
    for (int i = 0; i < H; ++i) {
      state[i] = (float)fmax(-1.0, fmin(1.0, sums[i]));
    }
    gru_process(&gru, 1, state, in + t, to + t, 1);
  }
}

static void
it_is_what_it_is_defined_as(void** state)
{
  (void)state;
  static const struct {
    double delay;
    int first, n_taps;
  } cases[] = {{0.5, 1, 1}, {1, 1, 1},    {1.2, 1, 2}, {1.49, 1, 2}, {1.5, 1, 3},   {1.8375, 1, 3},
               {2, 2, 1},   {2.45, 1, 3}, {2.6, 2, 3}, {3, 3, 1},    {3.675, 3, 3}, {4, 4, 1},
               {5, 5, 1},   {7.35, 6, 3}, {8, 8, 1},   {16, 16, 1},  {16.8, 16, 3}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    play(cases[i].delay, N, out);
    play_by_definition(fmax(1.0, cases[i].delay), cases[i].first, cases[i].n_taps, other);
    for (int t = 0; t < N; ++t) {
      assert_true(fabsf(out[t] - other[t]) <= 2e-6f);
    }
  }
}

static void
blocks_make_no_difference(void** state)
{
  (void)state;
  static const double delays[] = {1, 1.3, 1.8375, 2, 2.7, 3, 3.675, 4, 5, 6, 7.35, 8, 16, 16.8};
  static const uint32_t largest_blocks[] = {1, 2, 5, 64, N};
  for (size_t i = 0; i < sizeof delays / sizeof *delays; ++i) {
    play(delays[i], 7, other);
    for (size_t j = 0; j < sizeof largest_blocks / sizeof *largest_blocks; ++j) {
      play(delays[i], largest_blocks[j], out);
      assert_memory_equal(out, other, sizeof out);
    }
  }
}

// However a GRU is made, states that swing from one end to the other stay within them.
static void
nothing_runs_away(void** state)
{
  (void)state;
  static const double delays[] = {1.5, 1.8375, 2.5, 3.675};
  static float wild_theta[H * (3 * H + 7)];
  for (size_t i = 0; i < sizeof theta / sizeof *theta; ++i) {
    wild_theta[i] = 20.0f * theta[i];
  }
  const Gru wild = {gru.shape, wild_theta, out_weight, 0.0f};
  for (size_t i = 0; i < sizeof delays / sizeof *delays; ++i) {
    Recurrence* recurrence = recurrence_new(H, delays[i]);
    for (int t = 0; t < N; ++t) {
      recurrence_run(recurrence, &wild, in + t, out + t, 1);
      for (int unit = 0; unit < H; ++unit) {
        assert_true(fabsf(recurrence_state(recurrence)[unit]) <= 1.0f);
      }
    }
    recurrence_free(recurrence);
  }
}

// A fixed point is one at any delay.
static void
rest_is_rest(void** state)
{
  (void)state;
  static const double delays[] = {1, 1.3, 1.8375, 2, 3.675, 4, 16.8};
  static const float silence[N];
  float rest[H] = {0.0f};
  for (int i = 0; i < 4; ++i) {
    gru_process(&gru, 1, rest, silence, out, N);
  }
  for (size_t i = 0; i < sizeof delays / sizeof *delays; ++i) {
    Recurrence* recurrence = recurrence_new(H, delays[i]);
    recurrence_run(recurrence, &gru, in, other, 100);
    recurrence_rest(recurrence, rest);
    assert_memory_equal(recurrence_state(recurrence), rest, sizeof rest);
    recurrence_run(recurrence, &gru, silence, other, N);
    for (int t = 0; t < N; ++t) {
      assert_true(fabsf(other[t] - out[N - 1]) <= 1e-6f);
    }
    recurrence_free(recurrence);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_what_it_is_defined_as),
      cmocka_unit_test(blocks_make_no_difference),
      cmocka_unit_test(nothing_runs_away),
      cmocka_unit_test(rest_is_rest),
  };
  return cmocka_run_group_tests_name("recurrence", tests, make_gru, NULL);
}
