// SPDX-License-Identifier: MIT
// The state delay against its definition in double precision. Built with sanitizers.
#include "rnn/kernel.h"
#include "rnn/state_delay.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { H = 7, N = 2400, MAX_DELAY = 20 };

static float theta[H * (LSTM_N_GATES * H + LSTM_N_PARTS)];
static float out_weight[H];
static Cell cell;
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

static void
make_cell(CellShape shape)
{
  cell = (Cell){shape, theta, out_weight, 0.25f, -0.5f};
  assert_int_equal(cell.shape.n_columns, H);
  for (size_t i = 0; i < sizeof theta / sizeof *theta; ++i) {
    theta[i] = random_number(0.6f);
  }
  for (int i = 0; i < H; ++i) {
    out_weight[i] = random_number(1.0f);
  }
  for (int t = 0; t < N; ++t) {
    in[t] = random_number(1.0f);
  }
}

static int
make_gru(void** state)
{
  (void)state;
  make_cell(kernel_plain.shape(H));
  return 0;
}

static int
make_lstm(void** state)
{
  (void)state;
  make_cell(kernel_plain.lstm_shape(H));
  for (int i = 0; i < H; ++i) {
    theta[LSTM_BIAS_F * H + i] += 3.0f; // lets c exceed 1
    theta[LSTM_BIAS_I * H + i] += 2.0f;
    theta[LSTM_BIAS_G * H + i] += 1.0f;
  }
  return 0;
}

// Returns the limit of number i of an interpolated state.
static float
limit_of(unsigned i)
{
  return i < H ? 1.0f : CELL_MAX_C;
}

static void
play(double delay, uint32_t largest_block, float* to)
{
  StateDelay* state_delay = state_delay_new(&cell.shape, delay, 1);
  assert_non_null(state_delay);
  for (uint32_t done = 0; done < N;) {
    const uint32_t block = 1U + (uint32_t)rand() % largest_block;
    const uint32_t n = block < N - done ? block : N - done;
    state_delay_run(state_delay, &cell, in + done, to + done, n);
    done += n;
  }
  state_delay_free(state_delay);
}

// The reference: Lagrange interpolation of the delayed state through the given taps, in double
// precision.
static void
play_by_definition(double delay, int first, int n_taps, float* to)
{
  static float states[MAX_DELAY + N][2 * H];
  const unsigned n_state = cell_n_state(&cell.shape);
  memset(states, 0, sizeof states);
  for (int t = 0; t < N; ++t) {
    double sums[2 * H] = {0.0};
    for (int k = first; k < first + n_taps; ++k) {
      double weight = 1.0;
      for (int j = first; j < first + n_taps; ++j) {
        weight *= j == k ? 1.0 : (delay - j) / (k - j);
      }
      for (unsigned i = 0; i < n_state; ++i) {
        sums[i] += weight * (double)states[MAX_DELAY + t - k][i];
      }
    }
    float* state = states[MAX_DELAY + t];
    for (unsigned i = 0; i < n_state; ++i) {
      const double limit = (double)limit_of(i);
      state[i] = (float)fmax(-limit, fmin(limit, sums[i]));
    }
    cell_process(&cell, 1, state, in + t, to + t, 1);
  }
}

static void
the_delayed_state_equals_lagrange_interpolation(void** state)
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
block_sizes_do_not_change_the_output(void** state)
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

// h stays within [-1, 1] even when large parameters drive it from one bound to the other, and c
// within its limit, even from there.
static void
states_stay_within_their_limits_for_any_parameters(void** state)
{
  (void)state;
  static const double delays[] = {1.5, 1.8375, 2.5, 3.675};
  static float wild_theta[sizeof theta / sizeof *theta];
  static const float extreme[2 * H] = {[H] = CELL_MAX_C, [H + 1] = -CELL_MAX_C};
  for (size_t i = 0; i < sizeof theta / sizeof *theta; ++i) {
    wild_theta[i] = 20.0f * theta[i];
  }
  const Cell wild = {cell.shape, wild_theta, out_weight, 0.0f, 0.0f};
  for (size_t i = 0; i < sizeof delays / sizeof *delays; ++i) {
    StateDelay* state_delay = state_delay_new(&cell.shape, delays[i], 1);
    state_delay_reset_to(state_delay, 0, extreme);
    for (int t = 0; t < N; ++t) {
      state_delay_run(state_delay, &wild, in + t, out + t, 1);
      for (unsigned k = 0; k < cell_n_state(&cell.shape); ++k) {
        assert_true(fabsf(state_delay_newest(state_delay, 0)[k]) <= limit_of(k));
      }
    }
    state_delay_free(state_delay);
  }
}

// A state that is a fixed point at a delay of 1 is a fixed point at any delay.
static void
a_fixed_point_is_the_same_at_any_delay(void** state)
{
  (void)state;
  static const double delays[] = {1, 1.3, 1.8375, 2, 3.675, 4, 16.8};
  static const float silence[N];
  float fixed_point[2 * H] = {0.0f};
  for (int i = 0; i < 4; ++i) {
    cell_process(&cell, 1, fixed_point, silence, out, N);
  }
  for (size_t i = 0; i < sizeof delays / sizeof *delays; ++i) {
    StateDelay* state_delay = state_delay_new(&cell.shape, delays[i], 1);
    state_delay_run(state_delay, &cell, in, other, 100);
    state_delay_reset_to(state_delay, 0, fixed_point);
    assert_memory_equal(state_delay_newest(state_delay, 0), fixed_point,
                        cell_n_state(&cell.shape) * sizeof *fixed_point);
    state_delay_run(state_delay, &cell, silence, other, N);
    for (int t = 0; t < N; ++t) {
      assert_true(fabsf(other[t] - out[N - 1]) <= 1e-6f);
    }
    state_delay_free(state_delay);
  }
}

#define OF_EACH_CELL(test)                                                                         \
  cmocka_unit_test_setup(test, make_gru),                                                          \
  {                                                                                                \
#test "_for_an_lstm", test, make_lstm, NULL, NULL                                              \
  }

int
main(void)
{
  const struct CMUnitTest tests[] = {
      OF_EACH_CELL(the_delayed_state_equals_lagrange_interpolation),
      OF_EACH_CELL(block_sizes_do_not_change_the_output),
      OF_EACH_CELL(states_stay_within_their_limits_for_any_parameters),
      OF_EACH_CELL(a_fixed_point_is_the_same_at_any_delay),
  };
  return cmocka_run_group_tests_name("state delay", tests, NULL, NULL);
}
