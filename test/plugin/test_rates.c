// SPDX-License-Identifier: MIT
// The built plugin at all sample rates, oversampling factors and phases, loaded through lilv.
#include "support/host.h"
#include "support/signals.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
  float oversampling;
  float phase;
} Choice;

static const Choice choices[] = {{1, 0}, {2, 0}, {4, 0}, {2, 1}, {4, 1}};
enum { N_CHOICES = sizeof choices / sizeof *choices, N_FACTORS = 3, LAST = N_CHOICES - 1 };

static void
choose(Instance* instance, Choice choice)
{
  instance->controls[PORT_OVERSAMPLING] = choice.oversampling;
  instance->controls[PORT_PHASE] = choice.phase;
}

static Instance*
start(double sample_rate_hz, Choice choice, float enabled)
{
  Instance* instance = host_start(sample_rate_hz, 7, 5, 0, enabled);
  choose(instance, choice);
  lilv_instance_activate(instance->lilv);
  return instance;
}

static void
every_positive_sample_rate_plays_and_others_are_refused(void** state)
{
  (void)state;
  static const double rates_hz[] = {1,      8000,   11025,  16000,  22050,  32000,
                                    44100,  47999,  48001,  64000,  88200,  96000,
                                    128000, 176400, 192000, 384000, 768000, 1e7};
  notes(in);
  for (size_t i = 0; i < sizeof rates_hz / sizeof *rates_hz; ++i) {
    for (int choice = 0; choice < N_CHOICES; ++choice) {
      Instance* instance = start(rates_hz[i], choices[choice], 1);
      host_run(instance, in, out, N / 4, 1024);
      const float loudest = largest_sample(out, 0, N / 4);
      assert_true(loudest > 0.01f && loudest < 16.0f);
      host_free(instance);
    }
  }
  static const double none_hz[] = {0.0, -48000.0, (double)NAN, (double)INFINITY};
  for (size_t i = 0; i < sizeof none_hz / sizeof *none_hz; ++i) {
    assert_null(lilv_plugin_instantiate(host.plugin, none_hz[i], NULL));
  }
}

static void
silence_is_silent_from_the_first_frame_at_any_rate(void** state)
{
  (void)state;
  enum { LENGTH = 4800 };
  static const double rates_hz[] = {22050, 44100, 64000, 88200, 96000, 176400, 192000};
  memset(in, 0, sizeof in);
  float loudest = 0.0f;
  for (size_t i = 0; i < sizeof rates_hz / sizeof *rates_hz; ++i) {
    for (int choice = 0; choice < N_CHOICES; ++choice) {
      for (int position = 0; position < 9; ++position) {
        const float gain = 5.0f * (float)(position / 3);
        const float tone = 5.0f * (float)(position % 3);
        Instance* instance = host_start(rates_hz[i], gain, tone, 0, 1);
        choose(instance, choices[choice]);
        host_run(instance, in, out, LENGTH, 480);
        host_free(instance);
        loudest = fmaxf(loudest, largest_sample(out, 0, LENGTH));
      }
    }
  }
  print_message("# loudest idle sample %.2g\n", (double)loudest);
  assert_true(loudest <= 1e-5f);
}

// The latency reported before the first frame equals the delay of bypass. test_rates.py measures
// the delay of the effect.
static void
the_reported_latency_is_the_delay_of_bypass(void** state)
{
  (void)state;
  static const struct {
    double rate_hz;
    uint32_t frames[N_CHOICES];
  } cases[] = {
      {44100, {0, 39, 47, 4, 5}}, {48000, {0, 39, 47, 4, 5}}, {88200, {0, 0, 39, 0, 4}},
      {96000, {0, 0, 39, 0, 4}},  {176400, {0, 0, 0, 0, 0}},  {192000, {0, 0, 0, 0, 0}},
  };
  memset(in, 0, sizeof in);
  in[0] = 0.7f;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    for (int choice = 0; choice < N_CHOICES; ++choice) {
      Instance* instance = host_start(cases[i].rate_hz, 5, 5, 0, 0);
      choose(instance, choices[choice]);
      lilv_instance_run(instance->lilv, 0);
      assert_true(instance->controls[PORT_LATENCY] == (float)cases[i].frames[choice]);
      host_run(instance, in, out, 256, 64);
      assert_true(instance->controls[PORT_LATENCY] == (float)cases[i].frames[choice]);
      for (uint32_t t = 0; t < 256; ++t) {
        assert_true(out[t] == (t == cases[i].frames[choice] ? 0.7f : 0.0f));
      }
      host_free(instance);
    }
  }
}

static void
play_at(Choice choice, float* to)
{
  Instance* instance = start(RATE_HZ, choice, 1);
  host_run(instance, in, to, N, 512);
  host_free(instance);
}

static void
any_oversampling_value_selects_one_of_three_factors(void** state)
{
  (void)state;
  static const float wild[][2] = {{NAN, 2}, {-INFINITY, 1}, {0, 1},        {1.4f, 1}, {2.4f, 2},
                                  {3, 2},   {3.9f, 4},      {INFINITY, 4}, {1e9f, 4}};
  static float chosen[N_FACTORS][N];
  notes(in);
  for (int choice = 0; choice < N_FACTORS; ++choice) {
    play_at(choices[choice], chosen[choice]);
    assert_true(choice == 0 || memcmp(chosen[choice], chosen[choice - 1], sizeof in) != 0);
  }
  for (size_t i = 0; i < sizeof wild / sizeof *wild; ++i) {
    play_at((Choice){wild[i][0], 0}, out);
    assert_memory_equal(out, chosen[wild[i][1] < 2 ? 0 : wild[i][1] < 4 ? 1 : 2], sizeof out);
  }
}

// A change of oversampling or phase runs the incoming engine for 20 ms and then crossfades in 20
// ms. Each frame may step as far as either sound does, plus 1/960 of their difference. After the
// crossfade, the output equals that of an instance that always had the new choice to 1e-5.
static void
a_change_of_oversampling_or_phase_makes_no_click(void** state)
{
  (void)state;
  enum { CHANGE_AT = 19000, CHANGE_FRAMES = 2 * 960 + 3 * 64, BLOCK = 100 };
  sine(in, 82.4, 0.1);
  for (float enabled = 0; enabled <= 1; ++enabled) {
    for (int from = 0; from < N_CHOICES; ++from) {
      for (int to = 0; to < N_CHOICES; ++to) {
        Instance* instance = start(RATE_HZ, choices[to], enabled);
        host_run(instance, in, other, N, BLOCK);
        const float latency = instance->controls[PORT_LATENCY];
        host_free(instance);

        instance = start(RATE_HZ, choices[from], enabled);
        host_run(instance, in, out, CHANGE_AT, BLOCK);
        choose(instance, choices[to]);
        host_run(instance, in + CHANGE_AT, out + CHANGE_AT, BLOCK, BLOCK);
        assert_true(instance->controls[PORT_LATENCY] == latency);
        host_run(instance, in + CHANGE_AT + BLOCK, out + CHANGE_AT + BLOCK, N - CHANGE_AT - BLOCK,
                 BLOCK);
        host_free(instance);

        const float bound =
            1.02f * largest_step(other, 2400, N) + 2.0f * largest_sample(other, 0, N) / 960.0f;
        assert_true(largest_step(out, 2400, N) <= bound);
        float difference = 0.0f;
        for (int t = CHANGE_AT + CHANGE_FRAMES; t < N; ++t) {
          difference = fmaxf(difference, fabsf(out[t] - other[t]));
        }
        print_message("# %s, %gx, %g to %gx, %g: largest step %.5f, allowed %.5f, then %.2g off\n",
                      enabled > 0 ? "on" : "off", (double)choices[from].oversampling,
                      (double)choices[from].phase, (double)choices[to].oversampling,
                      (double)choices[to].phase, (double)largest_step(out, 2400, N), (double)bound,
                      (double)difference);
        assert_true(difference <= 1e-5f * enabled);
      }
    }
  }
}

// In bypass, any input frame comes out bit by bit, delayed by the latency of the active engine.
// During the crossfade, a frame has either delay, or is a mixture of both if both are finite.
static void
bypass_changes_no_bit_while_oversampling_or_phase_changes(void** state)
{
  (void)state;
  enum { LENGTH = 9600, CHANGE_AT = 3000, FADE_AT = CHANGE_AT + 960, SETTLED_AT = FADE_AT + 1152 };
  static const float kinds[] = {0.1f,  -0.2f,  INFINITY, NAN,    0.3f, -INFINITY,
                                3e38f, -3e38f, 1e-40f,   1000.f, 0.0f, -1e30f};
  for (int t = 0; t < LENGTH; ++t) {
    in[t] = kinds[(uint32_t)t * 2654435761U % 65521U % (sizeof kinds / sizeof *kinds)];
  }
  for (int from = 0; from < N_CHOICES; ++from) {
    for (int to = 0; to < N_CHOICES; ++to) {
      Instance* instance = start(RATE_HZ, choices[from], 0);
      host_run(instance, in, out, CHANGE_AT, 100);
      const int latency_before = (int)instance->controls[PORT_LATENCY];
      choose(instance, choices[to]);
      host_run(instance, in + CHANGE_AT, out + CHANGE_AT, LENGTH - CHANGE_AT, 100);
      const int latency_after = (int)instance->controls[PORT_LATENCY];
      host_free(instance);
      for (int t = 64; t < LENGTH; ++t) {
        const float before = in[t - latency_before];
        const float after = in[t - latency_after];
        const float least = 1.001f * fminf(0.0f, fminf(before, after));
        const float most = 1.001f * fmaxf(0.0f, fmaxf(before, after));
        const bool is_before = memcmp(out + t, &before, sizeof before) == 0;
        const bool is_after = memcmp(out + t, &after, sizeof after) == 0;
        const bool is_mixture =
            isfinite(before) && isfinite(after) && out[t] >= least && out[t] <= most;
        assert_true(t >= FADE_AT || is_before);
        assert_true(is_before || is_after || is_mixture);
        assert_true(t < SETTLED_AT || is_after);
      }
    }
  }
}

// Changes that come faster than a crossfade are queued; the last one remains.
static void
fast_changes_end_at_the_last_one(void** state)
{
  (void)state;
  notes(in);
  play_at(choices[LAST], other);
  Instance* instance = start(RATE_HZ, choices[0], 1);
  for (int t = 0; t < N; t += 64) {
    choose(instance, choices[t < N / 2 ? t / 64 % N_CHOICES : LAST]);
    host_run(instance, in + t, out + t, 64, 64);
  }
  assert_true(instance->controls[PORT_LATENCY] == 5.0f);
  host_free(instance);
  assert_true(largest_sample(out, 0, N) < 16.0f);
  for (int t = N - 9600; t < N; ++t) {
    assert_true(fabsf(out[t] - other[t]) <= 1e-5f);
  }
}

// A control that the host sets between activate() and the first run() applies from the first frame.
static void
a_choice_after_activation_applies_from_the_first_frame(void** state)
{
  (void)state;
  notes(in);
  play_at(choices[LAST], other);
  Instance* instance = start(RATE_HZ, choices[0], 1);
  choose(instance, choices[LAST]);
  host_run(instance, in, out, N, 512);
  host_free(instance);
  assert_memory_equal(out, other, sizeof out);
}

enum { LATE_FRAMES = 9600 };

// Plays the start of `in` into `sound` with Gain and Tone at `knobs`, which the host sets before
// activate() or just after it.
static void
play_start(double sample_rate_hz, Choice choice, const float* knobs, bool is_late, float* sound)
{
  Instance* instance = host_start(sample_rate_hz, 5, 5, 0, 1);
  choose(instance, choice);
  instance->controls[PORT_GAIN] = is_late ? 10.0f - knobs[0] : knobs[0];
  instance->controls[PORT_TONE] = is_late ? 10.0f - knobs[1] : knobs[1];
  lilv_instance_activate(instance->lilv);
  instance->controls[PORT_GAIN] = knobs[0];
  instance->controls[PORT_TONE] = knobs[1];
  host_run(instance, in, sound, LATE_FRAMES, 64);
  host_free(instance);
}

// Calls a check for each rate, choice and position of the knobs. `out` then holds the start
// of the sound where the host set the knobs late, `other` where it set them early.
static void
for_late_knobs(void (*check)(double sample_rate_hz))
{
  static const double rates_hz[] = {44100, 48000, 88200, 96000};
  static const float knobs[][2] = {{0, 0}, {10, 10}, {0, 10}, {10, 0}, {4, 7}};
  for (size_t i = 0; i < sizeof rates_hz / sizeof *rates_hz; ++i) {
    for (int choice = 0; choice < N_CHOICES; ++choice) {
      for (size_t k = 0; k < sizeof knobs / sizeof *knobs; ++k) {
        play_start(rates_hz[i], choices[choice], knobs[k], true, out);
        play_start(rates_hz[i], choices[choice], knobs[k], false, other);
        check(rates_hz[i]);
      }
    }
  }
}

static float
energy(const float* sound, int n)
{
  float sum = 0.0f;
  for (int t = 0; t < n; ++t) {
    sum += sound[t] * sound[t];
  }
  return sum;
}

// Compares the energies of all parts of 5 ms, and each frame from 50 ms on.
static void
check_sound(double sample_rate_hz)
{
  const int part = (int)(0.005 * sample_rate_hz);
  for (int t = 0; t + part <= LATE_FRAMES; t += part) {
    assert_true(energy(out + t, part) <= 1.01f * energy(other + t, part) + 1e-8f * (float)part);
  }
  for (int t = (int)(0.05 * sample_rate_hz); t < LATE_FRAMES; ++t) {
    assert_true(fabsf(out[t] - other[t]) <= 2e-5f);
  }
}

static void
late_knobs_are_never_louder_than_early_ones_and_after_50_ms_the_same(void** state)
{
  (void)state;
  notes(in);
  for_late_knobs(check_sound);
  for (int t = 0; t < LATE_FRAMES; ++t) {
    in[t] = 0.02f * sinf(0.03f * (float)t);
  }
  for_late_knobs(check_sound);
}

static void
check_silence(double sample_rate_hz)
{
  (void)sample_rate_hz;
  assert_true(largest_sample(out, 0, LATE_FRAMES) < 2.5e-4f); // -72 dBFS
}

static void
late_knobs_make_no_pop_in_silence(void** state)
{
  (void)state;
  memset(in, 0, sizeof in);
  for_late_knobs(check_silence);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_positive_sample_rate_plays_and_others_are_refused),
      cmocka_unit_test(silence_is_silent_from_the_first_frame_at_any_rate),
      cmocka_unit_test(the_reported_latency_is_the_delay_of_bypass),
      cmocka_unit_test(any_oversampling_value_selects_one_of_three_factors),
      cmocka_unit_test(a_change_of_oversampling_or_phase_makes_no_click),
      cmocka_unit_test(bypass_changes_no_bit_while_oversampling_or_phase_changes),
      cmocka_unit_test(fast_changes_end_at_the_last_one),
      cmocka_unit_test(a_choice_after_activation_applies_from_the_first_frame),
      cmocka_unit_test(late_knobs_are_never_louder_than_early_ones_and_after_50_ms_the_same),
      cmocka_unit_test(late_knobs_make_no_pop_in_silence),
  };
  return cmocka_run_group_tests_name("rates", tests, host_open, host_close);
}
