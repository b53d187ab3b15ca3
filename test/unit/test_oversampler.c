// SPDX-License-Identifier: MIT
// The oversampler: latency, pass band, stop band, block sizes, reset. Built with sanitizers.
#include "engine/oversampler.h"

#include "engine/delay_line.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N = 1024 };

static float in[N];
static float out[N];
static float other[N];

// Resamples `in` up and down again in blocks of random sizes. Returns the latency in frames.
static uint32_t
pass(unsigned n_stages, uint32_t largest_block, float* to)
{
  Oversampler* oversampler = oversampler_new(n_stages);
  assert_non_null(oversampler);
  float high[OVERSAMPLER_MAX_FRAMES];
  for (uint32_t done = 0; done < N;) {
    const uint32_t block = 1U + (uint32_t)rand() % largest_block;
    const uint32_t n = block < N - done ? block : N - done;
    oversampler_up(oversampler, in + done, high, n);
    oversampler_down(oversampler, high, to + done, n);
    done += n;
  }
  const uint32_t latency_frames = oversampler_latency_frames(oversampler);
  oversampler_free(oversampler);
  return latency_frames;
}

static uint32_t
max_block_frames(unsigned n_stages)
{
  return OVERSAMPLER_MAX_FRAMES >> n_stages;
}

static void
the_impulse_response_is_symmetric_around_the_latency(void** state)
{
  (void)state;
  memset(in, 0, sizeof in);
  in[100] = 1.0f;
  for (unsigned n_stages = 0; n_stages <= OVERSAMPLER_MAX_STAGES; ++n_stages) {
    const uint32_t latency = pass(n_stages, max_block_frames(n_stages), out);
    print_message("# %u stages: %u frames\n", n_stages, latency);
    assert_true(latency < DELAY_LINE_SIZE);
    assert_true(out[100 + latency] > 0.7f);
    for (uint32_t t = 1; t < 100; ++t) {
      assert_true(fabsf(out[100 + latency + t] - out[100 + latency - t]) <= 1e-6f);
    }
  }
}

static void
the_pass_band_is_flat_and_aliases_are_below_90_db(void** state)
{
  (void)state;
  for (unsigned n_stages = 1; n_stages <= OVERSAMPLER_MAX_STAGES; ++n_stages) {
    for (int percent = 1; percent <= 40; ++percent) { // of the sample rate
      for (int t = 0; t < N; ++t) {
        in[t] = (float)sin(2.0 * 3.14159265358979 * 0.01 * percent * t);
      }
      const int latency = (int)pass(n_stages, max_block_frames(n_stages), out);
      for (int t = 300; t < N; ++t) {
        assert_true(fabsf(out[t] - in[t - latency]) <= 1e-3f); // 0.01 dB
      }
    }
    // A sine at the network's rate, between the host's Nyquist frequency and its sample rate.
    for (int percent = 50; percent <= 99; ++percent) {
      Oversampler* oversampler = oversampler_new(n_stages);
      float high[OVERSAMPLER_MAX_FRAMES];
      for (uint32_t done = 0; done < N; done += max_block_frames(n_stages)) {
        for (uint32_t i = 0; i < OVERSAMPLER_MAX_FRAMES; ++i) {
          const double frame = done + (double)i / (double)(1U << n_stages);
          high[i] = (float)sin(2.0 * 3.14159265358979 * 0.01 * percent * frame);
        }
        oversampler_down(oversampler, high, out + done, max_block_frames(n_stages));
      }
      oversampler_free(oversampler);
      for (int t = 300; t < N; ++t) {
        assert_true(fabsf(out[t]) <= 3.2e-5f); // -90 dB
      }
    }
  }
}

static void
block_sizes_do_not_change_the_output(void** state)
{
  (void)state;
  for (int t = 0; t < N; ++t) {
    in[t] = (float)rand() / (float)RAND_MAX - 0.5f;
  }
  for (unsigned n_stages = 0; n_stages <= OVERSAMPLER_MAX_STAGES; ++n_stages) {
    pass(n_stages, 1, other);
    pass(n_stages, max_block_frames(n_stages), out);
    assert_memory_equal(out, other, sizeof out);
  }
}

static void
a_reset_oversampler_gives_silence(void** state)
{
  (void)state;
  Oversampler* oversampler = oversampler_new(2);
  float high[OVERSAMPLER_MAX_FRAMES];
  oversampler_up(oversampler, in, high, 64);
  oversampler_down(oversampler, high, out, 64);
  oversampler_reset(oversampler);
  memset(out, 0, sizeof out);
  oversampler_up(oversampler, out, high, 64);
  for (int i = 0; i < OVERSAMPLER_MAX_FRAMES; ++i) {
    assert_true(high[i] == 0.0f);
  }
  oversampler_down(oversampler, high, other, 64);
  assert_memory_equal(other, out, 64 * sizeof *other);
  oversampler_free(oversampler);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_impulse_response_is_symmetric_around_the_latency),
      cmocka_unit_test(the_pass_band_is_flat_and_aliases_are_below_90_db),
      cmocka_unit_test(block_sizes_do_not_change_the_output),
      cmocka_unit_test(a_reset_oversampler_gives_silence),
  };
  return cmocka_run_group_tests_name("oversampler", tests, NULL, NULL);
}
