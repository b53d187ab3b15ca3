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
pass(unsigned n_stages, Phase phase, uint32_t largest_block, float* to)
{
  Oversampler* oversampler = oversampler_new(n_stages, phase);
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
with_linear_phase_the_impulse_response_is_symmetric_around_the_latency(void** state)
{
  (void)state;
  memset(in, 0, sizeof in);
  in[100] = 1.0f;
  for (unsigned n_stages = 0; n_stages <= OVERSAMPLER_MAX_STAGES; ++n_stages) {
    const uint32_t latency = pass(n_stages, PHASE_LINEAR, max_block_frames(n_stages), out);
    print_message("# %u stages: %u frames\n", n_stages, latency);
    assert_true(latency < DELAY_LINE_SIZE);
    assert_true(out[100 + latency] > 0.7f);
    for (uint32_t t = 1; t < 100; ++t) {
      assert_true(fabsf(out[100 + latency + t] - out[100 + latency - t]) <= 1e-6f);
    }
  }
}

static double
angle(int percent) // of the sample rate
{
  return 2.0 * 3.14159265358979 * 0.01 * percent;
}

static void
make_sine(int percent)
{
  for (int t = 0; t < N; ++t) {
    in[t] = (float)sin(angle(percent) * t);
  }
}

// Downsamples a sine of the network's rate to `out`.
static void
make_alias(unsigned n_stages, Phase phase, int percent)
{
  Oversampler* oversampler = oversampler_new(n_stages, phase);
  float high[OVERSAMPLER_MAX_FRAMES];
  for (uint32_t done = 0; done < N; done += max_block_frames(n_stages)) {
    for (uint32_t i = 0; i < OVERSAMPLER_MAX_FRAMES; ++i) {
      high[i] = (float)sin(angle(percent) * (done + (double)i / (double)(1U << n_stages)));
    }
    oversampler_down(oversampler, high, out + done, max_block_frames(n_stages));
  }
  oversampler_free(oversampler);
}

static void
with_linear_phase_the_pass_band_comes_out_as_it_went_in(void** state)
{
  (void)state;
  for (unsigned n_stages = 1; n_stages <= OVERSAMPLER_MAX_STAGES; ++n_stages) {
    for (int percent = 1; percent <= 40; ++percent) {
      make_sine(percent);
      const int latency = (int)pass(n_stages, PHASE_LINEAR, max_block_frames(n_stages), out);
      for (int t = 300; t < N; ++t) {
        assert_true(fabsf(out[t] - in[t - latency]) <= 1e-3f); // 0.01 dB
      }
    }
  }
}

static void
aliases_are_below_90_db(void** state)
{
  (void)state;
  for (unsigned i = 0; i < N_PHASES * OVERSAMPLER_MAX_STAGES; ++i) {
    // Between the host's Nyquist frequency and its sample rate.
    for (int percent = 50; percent <= 99; ++percent) {
      make_alias(1 + i / N_PHASES, (Phase)(i % N_PHASES), percent);
      for (int t = 300; t < N; ++t) {
        assert_true(fabsf(out[t]) <= 3.2e-5f); // -90 dB
      }
    }
  }
}

// Returns the delay in frames of a sine that went through with minimum phase, at the latency's
// nearest, and sets *latency and the gain.
static double
minimum_phase_delay(unsigned n_stages, int percent, uint32_t* latency, double* gain)
{
  double cosine = 0.0;
  double sine = 0.0;
  make_sine(percent);
  *latency = pass(n_stages, PHASE_MINIMUM, max_block_frames(n_stages), out);
  for (int t = N - 600; t < N; ++t) { // whole periods
    const double late = angle(percent) * (t - (double)*latency);
    sine += (double)out[t] * sin(late) / 300.0;
    cosine -= (double)out[t] * cos(late) / 300.0;
  }
  *gain = hypot(sine, cosine);
  return *latency + atan2(cosine, sine) / angle(percent);
}

// A sine is as late as reported to 0.6 frames up to 0.2 of the host's rate (9.6 kHz at 48 kHz), and
// to 1.1 frames up to 0.3. Above, its period is too short to tell.
static void
with_minimum_phase_the_pass_band_is_flat_and_the_latency_that_of_low_frequencies(void** state)
{
  (void)state;
  static const uint32_t latencies[] = {0, 4, 5, 6, 6, 6};
  for (unsigned n_stages = 1; n_stages <= OVERSAMPLER_MAX_STAGES; ++n_stages) {
    for (int percent = 1; percent <= 40; ++percent) {
      uint32_t latency = 0;
      double gain = 0.0;
      const double delay = minimum_phase_delay(n_stages, percent, &latency, &gain);
      assert_int_equal(latency, latencies[n_stages]);
      assert_true(fabs(gain - 1.0) <= 1e-3); // 0.01 dB
      assert_true(percent > 30 || fabs(delay - latency) <= (percent <= 20 ? 0.6 : 1.1));
      if (percent == 1 || percent == 10 || percent == 20 || percent == 30) {
        print_message("# %u stages, at %d %% of the rate: %.2f frames\n", n_stages, percent, delay);
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
  for (unsigned i = 0; i < N_PHASES * (OVERSAMPLER_MAX_STAGES + 1U); ++i) {
    const unsigned n_stages = i / N_PHASES;
    const Phase phase = (Phase)(i % N_PHASES);
    pass(n_stages, phase, 1, other);
    pass(n_stages, phase, max_block_frames(n_stages), out);
    assert_memory_equal(out, other, sizeof out);
  }
}

static void
assert_reset_gives_silence(Phase phase)
{
  Oversampler* oversampler = oversampler_new(2, phase);
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

static void
a_reset_oversampler_gives_silence(void** state)
{
  (void)state;
  assert_reset_gives_silence(PHASE_LINEAR);
  assert_reset_gives_silence(PHASE_MINIMUM);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(with_linear_phase_the_impulse_response_is_symmetric_around_the_latency),
      cmocka_unit_test(with_linear_phase_the_pass_band_comes_out_as_it_went_in),
      cmocka_unit_test(
          with_minimum_phase_the_pass_band_is_flat_and_the_latency_that_of_low_frequencies),
      cmocka_unit_test(aliases_are_below_90_db),
      cmocka_unit_test(block_sizes_do_not_change_the_output),
      cmocka_unit_test(a_reset_oversampler_gives_silence),
  };
  return cmocka_run_group_tests_name("oversampler", tests, NULL, NULL);
}
