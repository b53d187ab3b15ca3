// SPDX-License-Identifier: MIT
// Each kernel that this processor runs plays GRUs of every size as the plain one does. Built with
// sanitizers; test_kernels.py listens more closely.
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

enum { N_FRAMES = 64, N_KNOBS = 2, MAX_THETA = GRU_MAX_HIDDEN * (3 * GRU_MAX_HIDDEN + 7) };

static float values[(1 + N_KNOBS) * MAX_THETA + GRU_MAX_HIDDEN];

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

// So many lanes play the same, frame by frame; the first one's sound goes to `out` [N_FRAMES].
static void
play(const Model* model, const Kernel* kernel, uint32_t n_lanes, float* out)
{
  const float knobs[MAX_KNOBS] = {0.5f, -1.0f};
  PackedModel* packed = packed_model_new(model, kernel);
  assert_non_null(packed);
  float* theta = aligned_zeros(packed->conditioning.n_theta * sizeof *theta);
  float* states = aligned_zeros(sizeof *states * n_lanes * packed->shape.n_columns);
  float* sound = malloc(sizeof *sound * n_lanes * N_FRAMES);
  assert_true(theta && states && sound);
  for (uint32_t i = 0; i < n_lanes * N_FRAMES; ++i) {
    sound[i] = sinf(0.3f * (float)(i / n_lanes));
  }
  packed_model_fill(packed, knobs, theta);
  const Gru gru = packed_model_gru(packed, theta);
  gru_process(&gru, n_lanes, states, sound, sound, n_lanes * N_FRAMES);
  for (uint32_t i = 0; i < n_lanes * N_FRAMES; ++i) {
    out[i / n_lanes] = sound[i - i % n_lanes];
    assert_true(sound[i] == sound[i - i % n_lanes]);
  }
  free(sound);
  free(states);
  free(theta);
  packed_model_free(packed);
}

static void
every_size_plays_as_the_plain_kernel(void** state)
{
  (void)state;
  static const char* const names[] = {"sse2", "avx2", "neon", "plain"};
  int n_kernels = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    const Kernel* kernel = kernel_find(names[i]);
    n_kernels += kernel != NULL;
    for (unsigned size = GRU_MIN_HIDDEN; kernel && size <= GRU_MAX_HIDDEN; ++size) {
      const Model model = model_of(size);
      float expected[N_FRAMES];
      play(&model, &kernel_plain, 1, expected);
      for (uint32_t n_lanes = 1; n_lanes <= GRU_MAX_LANES; n_lanes *= 2) {
        float played[N_FRAMES];
        play(&model, kernel, n_lanes, played);
        for (int t = 0; t < N_FRAMES; ++t) {
          assert_true(fabsf(played[t] - expected[t]) <= 2e-6f);
        }
      }
    }
  }
  print_message("# %d kernels\n", n_kernels);
  assert_true(n_kernels > 0);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_size_plays_as_the_plain_kernel),
  };
  return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
