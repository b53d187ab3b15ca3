// SPDX-License-Identifier: MIT
// Each kernel that this processor supports gives the output of the plain kernel at every network
// size, and conditions and ramps parameters as it does. Built with sanitizers;
// test_kernels_agree.py has closer bounds.
#include "common/memory.h"
#include "model/model.h"
#include "model/packed_model.h"
#include "rnn/kernel.h"
#include "support/made_up_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
  N_FRAMES = 67, // not a multiple of 4, and more than any kernel runs at once with 4 streams
  MAX_KERNELS = 5,
};

static void
assert_within_bounds(const float* states, size_t n_streams, const CellShape* shape)
{
  const size_t n = cell_n_state(shape);
  for (size_t i = 0; i < n_streams * n; ++i) {
    const float limit = i % n < shape->n_columns ? 1.0f + 1e-6f : CELL_MAX_C;
    assert_true(fabsf(states[i]) <= limit); // fails for NaN too
  }
}

// Plays n_streams sounds, each through a state of its own, n_at_once frames of each per call.
static void
play(const Model* model, const Kernel* kernel, uint32_t n_streams, uint32_t n_at_once,
     float (*sounds)[N_FRAMES], float (*out)[N_FRAMES])
{
  const float knobs[MAX_KNOBS] = {0.5f, -1.0f};
  PackedModel* packed = packed_model_new(model, kernel);
  assert_non_null(packed);
  const size_t n_states = (size_t)n_streams * cell_n_state(&packed->shape);
  float* theta = aligned_zeros(packed->n_theta * sizeof *theta);
  float* states = aligned_zeros(n_states * sizeof *states);
  float* block = malloc(sizeof *block * n_streams * n_at_once);
  assert_true(theta && states && block);
  packed_model_theta(packed, knobs, theta);
  const Cell cell = packed_model_cell(packed, theta);
  for (uint32_t done = 0; done < N_FRAMES; done += n_at_once) {
    for (uint32_t i = 0; i < n_streams * n_at_once; ++i) {
      block[i] = sounds[i % n_streams][done + i / n_streams];
    }
    cell_process(&cell, n_streams, states, block, block, n_streams * n_at_once);
    assert_within_bounds(states, n_streams, &packed->shape);
    for (uint32_t i = 0; i < n_streams * n_at_once; ++i) {
      out[i % n_streams][done + i / n_streams] = block[i];
    }
  }
  free(block);
  free(states);
  free(theta);
  packed_model_free(packed);
}

static void
compare_at_every_size(const Kernel* kernel, CellKind cell, uint32_t n_at_once,
                      float (*sounds)[N_FRAMES], float tolerance)
{
  for (unsigned size = CELL_MIN_HIDDEN; size <= CELL_MAX_HIDDEN; ++size) {
    const Model model = made_up_model(cell, size);
    float expected[CELL_MAX_STREAMS][N_FRAMES];
    for (size_t stream = 0; stream < CELL_MAX_STREAMS; ++stream) {
      play(&model, &kernel_plain, 1, n_at_once, sounds + stream, expected + stream);
    }
    for (uint32_t n_streams = 1; n_streams <= CELL_MAX_STREAMS; n_streams *= 2) {
      float played[CELL_MAX_STREAMS][N_FRAMES];
      play(&model, kernel, n_streams, n_at_once, sounds, played);
      for (uint32_t i = 0; i < n_streams * N_FRAMES; ++i) {
        const float error =
            played[i / N_FRAMES][i % N_FRAMES] - expected[i / N_FRAMES][i % N_FRAMES];
        assert_true(fabsf(error) <= tolerance);
      }
    }
  }
}

// Kernels that the build and this processor must both have. A NULL from kernel_find() for one of
// these is an error, since a missing kernel would otherwise go untested.
static bool
must_exist(const char* name)
{
#if defined __x86_64__
  if (strcmp(name, "avx512") == 0) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  }
  if (strcmp(name, "avx2") == 0) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  }
  return strcmp(name, "plain") == 0 || strcmp(name, "sse2") == 0;
#elif defined __aarch64__
  return strcmp(name, "plain") == 0 || strcmp(name, "neon") == 0;
#else
  return strcmp(name, "plain") == 0;
#endif
}

// Returns the kernels that this processor supports. NULL ends the list.
static const Kernel**
kernels(void)
{
  static const char* const names[MAX_KERNELS] = {"sse2", "avx2", "avx512", "neon", "plain"};
  static const Kernel* found[MAX_KERNELS + 1];
  size_t n = 0;
  for (size_t i = 0; i < MAX_KERNELS; ++i) {
    found[n] = kernel_find(names[i]);
    if (found[n]) {
      assert_string_equal(found[n]->name, names[i]);
    }
    n += found[n] != NULL;
  }
  found[n] = NULL;
  return found;
}

static void
the_build_has_every_kernel_that_this_processor_supports(void** state)
{
  (void)state;
  static const char* const names[MAX_KERNELS] = {"sse2", "avx2", "avx512", "neon", "plain"};
  for (size_t i = 0; i < MAX_KERNELS; ++i) {
    if (!kernel_find(names[i]) == must_exist(names[i])) {
      fail_msg("kernel %s is %s", names[i], must_exist(names[i]) ? "missing" : "unexpected");
    }
    if (!must_exist(names[i])) {
      print_message("# this processor lacks the kernel %s: no test runs it\n", names[i]);
    }
  }
  assert_null(kernel_find("abacus"));
  assert_ptr_equal(kernel_find("plain"), &kernel_plain);
}

static void
the_chosen_kernel_depends_on_the_processor_alone(void** state)
{
  (void)state;
#if defined __x86_64__
  const bool is_wide = must_exist("avx512") && __builtin_cpu_supports("avx512vbmi2");
  const char* expected = is_wide ? "avx512" : must_exist("avx2") ? "avx2" : "sse2";
#elif defined __aarch64__
  const char* expected = "neon";
#else
  const char* expected = kernel_find("neon") ? "neon" : "plain";
#endif
  assert_string_equal(kernel_find(NULL)->name, expected);
  print_message("# chooses %s\n", expected);
}

static void
every_size_gives_the_output_of_the_plain_kernel(void** state)
{
  (void)state;
  float sounds[CELL_MAX_STREAMS][N_FRAMES];
  for (uint32_t i = 0; i < CELL_MAX_STREAMS * N_FRAMES; ++i) {
    sounds[i / N_FRAMES][i % N_FRAMES] =
        sinf((0.3f + (float)(i / N_FRAMES)) * (float)(i % N_FRAMES));
  }
  for (const Kernel** kernel = kernels(); *kernel; ++kernel) {
    compare_at_every_size(*kernel, CELL_GRU, N_FRAMES, sounds, 2e-6f);
    compare_at_every_size(*kernel, CELL_LSTM, N_FRAMES, sounds, 2e-6f);
  }
}

// Pre-activations go far beyond the range of 2^x in a float, and beyond the range in which adding
// 1.5 * 2^23 rounds to an integer. The state c of an LSTM grows to dozens, and so do its rounding
// errors.
static void
loud_input_gives_the_output_of_the_plain_kernel(void** state)
{
  (void)state;
  float sounds[CELL_MAX_STREAMS][N_FRAMES];
  for (int stream = 0; stream < CELL_MAX_STREAMS; ++stream) {
    for (int t = 0; t < N_FRAMES; ++t) {
      const float loud = powf(10.0f, (float)((7 * t + stream) % 22));
      sounds[stream][t] = (t + stream) % 3 ? loud : -loud;
    }
  }
  for (const Kernel** kernel = kernels(); *kernel; ++kernel) {
    compare_at_every_size(*kernel, CELL_GRU, 1, sounds, 2e-6f);
    compare_at_every_size(*kernel, CELL_LSTM, 1, sounds, 2e-5f);
  }
}

// Parameters are as large as the layers of a model can make them; the input is at +60 dBFS.
static void
huge_parameters_give_finite_output(void** state)
{
  (void)state;
  float sound[1][N_FRAMES];
  for (int t = 0; t < N_FRAMES; ++t) {
    sound[0][t] = 1000.0f * sinf(0.3f * (float)t);
  }
  for (const Kernel** kernel = kernels(); *kernel; ++kernel) {
    for (unsigned i = 0; i < 2 * (CELL_MAX_HIDDEN - CELL_MIN_HIDDEN + 1); ++i) {
      Model model = made_up_model(i % 2 ? CELL_GRU : CELL_LSTM, CELL_MIN_HIDDEN + i / 2);
      for (size_t k = 0; k < sizeof made_up_values / sizeof *made_up_values; ++k) {
        made_up_values[k] *= 1e26f;
      }
      model.direct = 6e25f;
      float played[1][N_FRAMES];
      play(&model, *kernel, 1, 1, sound, played);
      for (int t = 0; t < N_FRAMES; ++t) {
        assert_true(isfinite(played[0][t]));
      }
    }
  }
}

static void
a_direct_term_adds_a_multiple_of_the_input(void** state)
{
  (void)state;
  float sounds[CELL_MAX_STREAMS][N_FRAMES];
  float without[CELL_MAX_STREAMS][N_FRAMES];
  float with[CELL_MAX_STREAMS][N_FRAMES];
  for (int i = 0; i < CELL_MAX_STREAMS * N_FRAMES; ++i) {
    sounds[i / N_FRAMES][i % N_FRAMES] = sinf(0.7f * (float)i);
  }
  Model model = made_up_model(CELL_GRU, 8);
  for (uint32_t n_streams = 1; n_streams <= CELL_MAX_STREAMS; n_streams *= 2) {
    model.direct = 0.0f;
    play(&model, &kernel_plain, n_streams, N_FRAMES, sounds, without);
    model.direct = -1.5f;
    play(&model, &kernel_plain, n_streams, N_FRAMES, sounds, with);
    for (uint32_t i = 0; i < n_streams * N_FRAMES; ++i) {
      const uint32_t stream = i / N_FRAMES;
      const uint32_t t = i % N_FRAMES;
      const float expected = without[stream][t] - 1.5f * sounds[stream][t];
      assert_true(fabsf(with[stream][t] - expected) <= 1e-6f);
    }
  }
}

static void
condition_and_lerp_give_the_parameters_of_the_plain_kernel(void** state)
{
  (void)state;
  enum { N = 5 * ALIGNED_FLOATS, N_FEATURES = 7 };
  const float features[N_FEATURES] = {1.0f, -0.5f, 0.0f, 0.3f, -1.0f, 0.8f, 2.0f};
  made_up_model(CELL_GRU, CELL_MIN_HIDDEN); // fills made_up_values
  for (const Kernel** kernel = kernels(); *kernel; ++kernel) {
    alignas(ALIGNMENT) float expected[N];
    alignas(ALIGNMENT) float theta[N];
    kernel_plain.condition(made_up_values, made_up_values + N, features, N_FEATURES, N, expected);
    (*kernel)->condition(made_up_values, made_up_values + N, features, N_FEATURES, N, theta);
    for (int i = 0; i < N; ++i) {
      assert_true(fabsf(theta[i] - expected[i]) <= 1e-6f);
    }
    kernel_plain.lerp(made_up_values + N, 0.3f, N, expected);
    (*kernel)->lerp(made_up_values + N, 0.3f, N, theta);
    for (int i = 0; i < N; ++i) {
      assert_true(fabsf(theta[i] - expected[i]) <= 1e-6f);
    }
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_build_has_every_kernel_that_this_processor_supports),
      cmocka_unit_test(the_chosen_kernel_depends_on_the_processor_alone),
      cmocka_unit_test(every_size_gives_the_output_of_the_plain_kernel),
      cmocka_unit_test(a_direct_term_adds_a_multiple_of_the_input),
      cmocka_unit_test(condition_and_lerp_give_the_parameters_of_the_plain_kernel),
      cmocka_unit_test(loud_input_gives_the_output_of_the_plain_kernel),
      cmocka_unit_test(huge_parameters_give_finite_output),
  };
  return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
