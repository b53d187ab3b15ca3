// SPDX-License-Identifier: MIT
// Each kernel that this processor runs plays GRUs of every size as the plain one does, and moves
// parameters as it does. Built with sanitizers; test_kernels.py listens more closely.
#include "kernel.h"
#include "memory.h"
#include "model.h"
#include "packed_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
  N_FRAMES = 67, // no multiple of 4, nor less than any kernel plays at once, by 4 lanes
  N_KNOBS = 2,
  MAX_KERNELS = 4,
  MAX_THETA = GRU_MAX_HIDDEN * (3 * GRU_MAX_HIDDEN + 7)
};

alignas(ALIGNMENT) static float values[(1 + N_KNOBS) * MAX_THETA + GRU_MAX_HIDDEN];

// A model without layers, whose knobs move all parameters, in numbers that are no sound but small.
static Model
model_of(unsigned hidden_size)
{
  Model model = {.sample_rate_hz = 48000, .hidden_size = hidden_size, .out_bias = 0.1f};
  const size_t n_theta = gru_n_parameters(hidden_size);
  uint32_t random = hidden_size;
  for (size_t i = 0; i < sizeof values / sizeof *values; ++i) {
    random = random * 1664525U + 1013904223U;
    values[i] = ((float)random / 4294967296.0f - 0.5f) / sqrtf((float)hidden_size);
  }
  model.conditioning = (Conditioning){.n_knobs = N_KNOBS,
                                      .n_features = N_KNOBS,
                                      .n_theta = n_theta,
                                      .n_moved = n_theta,
                                      .theta0 = values,
                                      .moved = values + n_theta};
  model.out_weight = values + (1 + N_KNOBS) * n_theta;
  return model;
}

static void
assert_within_bounds(const float* states, size_t n)
{
  for (size_t i = 0; i < n; ++i) {
    assert_true(fabsf(states[i]) <= 1.0f + 1e-6f); // and no NaN
  }
}

// Each of n_lanes plays a sound of its own, so many frames of each at once.
static void
play(const Model* model, const Kernel* kernel, uint32_t n_lanes, uint32_t n_at_once,
     float (*sounds)[N_FRAMES], float (*out)[N_FRAMES])
{
  const float knobs[MAX_KNOBS] = {0.5f, -1.0f};
  PackedModel* packed = packed_model_new(model, kernel);
  assert_non_null(packed);
  const size_t n_states = (size_t)n_lanes * packed->shape.n_columns;
  float* theta = aligned_zeros(packed->conditioning.n_theta * sizeof *theta);
  float* states = aligned_zeros(n_states * sizeof *states);
  float* block = malloc(sizeof *block * n_lanes * n_at_once);
  assert_true(theta && states && block);
  packed_model_fill(packed, knobs, theta);
  const Gru gru = packed_model_gru(packed, theta);
  for (uint32_t done = 0; done < N_FRAMES; done += n_at_once) {
    for (uint32_t i = 0; i < n_lanes * n_at_once; ++i) {
      block[i] = sounds[i % n_lanes][done + i / n_lanes];
    }
    gru_process(&gru, n_lanes, states, block, block, n_lanes * n_at_once);
    assert_within_bounds(states, n_states);
    for (uint32_t i = 0; i < n_lanes * n_at_once; ++i) {
      out[i % n_lanes][done + i / n_lanes] = block[i];
    }
  }
  free(block);
  free(states);
  free(theta);
  packed_model_free(packed);
}

static void
compare_at_every_size(const Kernel* kernel, uint32_t n_at_once, float (*sounds)[N_FRAMES])
{
  for (unsigned size = GRU_MIN_HIDDEN; size <= GRU_MAX_HIDDEN; ++size) {
    const Model model = model_of(size);
    float expected[GRU_MAX_LANES][N_FRAMES];
    for (size_t lane = 0; lane < GRU_MAX_LANES; ++lane) {
      play(&model, &kernel_plain, 1, n_at_once, sounds + lane, expected + lane);
    }
    for (uint32_t n_lanes = 1; n_lanes <= GRU_MAX_LANES; n_lanes *= 2) {
      float played[GRU_MAX_LANES][N_FRAMES];
      play(&model, kernel, n_lanes, n_at_once, sounds, played);
      for (uint32_t i = 0; i < n_lanes * N_FRAMES; ++i) {
        const float error =
            played[i / N_FRAMES][i % N_FRAMES] - expected[i / N_FRAMES][i % N_FRAMES];
        assert_true(fabsf(error) <= 2e-6f);
      }
    }
  }
}

// All that this processor runs, and NULL.
static const Kernel**
kernels(void)
{
  static const char* const names[MAX_KERNELS] = {"sse2", "avx2", "neon", "plain"};
  static const Kernel* found[MAX_KERNELS + 1];
  size_t n = 0;
  for (size_t i = 0; i < MAX_KERNELS; ++i) {
    found[n] = kernel_find(names[i]);
    n += found[n] != NULL;
  }
  print_message("# %zu kernels\n", n);
  assert_true(n > 0);
  return found;
}

static void
every_size_plays_as_the_plain_kernel(void** state)
{
  (void)state;
  float sounds[GRU_MAX_LANES][N_FRAMES];
  for (uint32_t i = 0; i < GRU_MAX_LANES * N_FRAMES; ++i) {
    sounds[i / N_FRAMES][i % N_FRAMES] =
        sinf((0.3f + (float)(i / N_FRAMES)) * (float)(i % N_FRAMES));
  }
  for (const Kernel** kernel = kernels(); *kernel; ++kernel) {
    compare_at_every_size(*kernel, N_FRAMES, sounds);
  }
}

// Gates' sums far beyond those at which powers of 2 leave a float's range, and at which adding
// 1.5 * 2^23 no longer rounds to integers.
static void
so_it_does_however_loud_the_input(void** state)
{
  (void)state;
  float sounds[GRU_MAX_LANES][N_FRAMES];
  for (int lane = 0; lane < GRU_MAX_LANES; ++lane) {
    for (int t = 0; t < N_FRAMES; ++t) {
      const float loud = powf(10.0f, (float)((7 * t + lane) % 22));
      sounds[lane][t] = (t + lane) % 3 ? loud : -loud;
    }
  }
  for (const Kernel** kernel = kernels(); *kernel; ++kernel) {
    compare_at_every_size(*kernel, 1, sounds);
  }
}

// As large as a model's layers can make them, at +60 dBFS.
static void
huge_parameters_overflow_nowhere(void** state)
{
  (void)state;
  float sound[1][N_FRAMES];
  for (int t = 0; t < N_FRAMES; ++t) {
    sound[0][t] = 1000.0f * sinf(0.3f * (float)t);
  }
  for (const Kernel** kernel = kernels(); *kernel; ++kernel) {
    for (unsigned size = GRU_MIN_HIDDEN; size <= GRU_MAX_HIDDEN; ++size) {
      const Model model = model_of(size);
      for (size_t i = 0; i < sizeof values / sizeof *values; ++i) {
        values[i] *= 1e26f;
      }
      float played[1][N_FRAMES];
      play(&model, *kernel, 1, 1, sound, played);
      for (int t = 0; t < N_FRAMES; ++t) {
        assert_true(isfinite(played[0][t]));
      }
    }
  }
}

static void
parameters_move_as_by_the_plain_kernel(void** state)
{
  (void)state;
  enum { N = 5 * ALIGNED_FLOATS, N_FEATURES = 7 };
  const float features[N_FEATURES] = {1.0f, -0.5f, 0.0f, 0.3f, -1.0f, 0.8f, 2.0f};
  model_of(GRU_MIN_HIDDEN); // for its numbers
  for (const Kernel** kernel = kernels(); *kernel; ++kernel) {
    alignas(ALIGNMENT) float expected[N];
    alignas(ALIGNMENT) float theta[N];
    kernel_plain.fold(values, values + N, features, N_FEATURES, N, expected);
    (*kernel)->fold(values, values + N, features, N_FEATURES, N, theta);
    for (int i = 0; i < N; ++i) {
      assert_true(fabsf(theta[i] - expected[i]) <= 1e-6f);
    }
    kernel_plain.approach(values + N, 0.3f, N, expected);
    (*kernel)->approach(values + N, 0.3f, N, theta);
    for (int i = 0; i < N; ++i) {
      assert_true(fabsf(theta[i] - expected[i]) <= 1e-6f);
    }
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_size_plays_as_the_plain_kernel),
      cmocka_unit_test(parameters_move_as_by_the_plain_kernel),
      cmocka_unit_test(so_it_does_however_loud_the_input),
      cmocka_unit_test(huge_parameters_overflow_nowhere),
  };
  return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
