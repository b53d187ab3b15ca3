// SPDX-License-Identifier: MIT
// An engine plays the same in blocks of any size, and each of two channels as if it were alone.
#include "common/control_period.h"
#include "engine/engine.h"
#include "support/primed_network.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HIDDEN_SIZE = 4, N_PERIODS = 3 };

static int
set_up(void** state)
{
  (void)state;
  return make_primed_network(HIDDEN_SIZE, 48000.0);
}

static Engine*
new_engine(unsigned n_stages, Phase phase, unsigned n_channels)
{
  Engine* engine = engine_new(model, 48000.0, n_stages, phase, n_channels);
  assert_non_null(engine);
  for (unsigned channel = 0; channel < n_channels; ++channel) {
    engine_reset_to(engine, channel, network_silent_state(&network));
  }
  return engine;
}

static void
fill_tone(float* samples, float frequency)
{
  for (unsigned t = 0; t < CONTROL_PERIOD_FRAMES; ++t) {
    samples[t] = 0.5f * sinf(frequency * (float)(t + 1));
  }
}

// Plays a control period in blocks. Each block lies at the end of memory of its size, so that the
// address sanitizer finds what is read or written beyond it.
static void
run_in_blocks(Engine* engine, float* const* samples, unsigned n_channels, uint32_t block)
{
  for (uint32_t done = 0; done < CONTROL_PERIOD_FRAMES; done += block) {
    const uint32_t left = CONTROL_PERIOD_FRAMES - done;
    const uint32_t n = left < block ? left : block;
    float* parts[ENGINE_MAX_CHANNELS] = {NULL};
    for (unsigned channel = 0; channel < n_channels; ++channel) {
      parts[channel] = malloc(n * sizeof *parts[channel]);
      assert_non_null(parts[channel]);
      memcpy(parts[channel], samples[channel] + done, n * sizeof *parts[channel]);
    }
    engine_run(engine, &network, done, parts, n);
    for (unsigned channel = 0; channel < n_channels; ++channel) {
      memcpy(samples[channel] + done, parts[channel], n * sizeof *parts[channel]);
      free(parts[channel]);
    }
  }
}

// At 8x and more, an engine divides a control period itself.
static void
blocks_of_any_size_sound_the_same_at_each_factor(void** state)
{
  (void)state;
  static const uint32_t blocks[] = {1, 7, 33, 50, CONTROL_PERIOD_FRAMES};
  for (unsigned n_stages = 0; n_stages <= 5; ++n_stages) {
    float expected[N_PERIODS][CONTROL_PERIOD_FRAMES];
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; ++i) {
      Engine* engine = new_engine(n_stages, n_stages % 2 ? PHASE_MINIMUM : PHASE_LINEAR, 1);
      for (unsigned period = 0; period < N_PERIODS; ++period) {
        float sound[CONTROL_PERIOD_FRAMES];
        float* const samples[] = {sound};
        fill_tone(sound, 0.05f);
        run_in_blocks(engine, samples, 1, blocks[i]);
        if (i == 0) {
          memcpy(expected[period], sound, sizeof sound);
        }
        assert_memory_equal(sound, expected[period], sizeof sound);
      }
      engine_free(engine);
    }
  }
}

static void
each_of_two_channels_sounds_as_if_it_were_alone(void** state)
{
  (void)state;
  static const float frequencies[] = {0.05f, 0.31f};
  for (unsigned n_stages = 0; n_stages <= 3; ++n_stages) {
    const Phase phase = n_stages % 2 ? PHASE_MINIMUM : PHASE_LINEAR;
    Engine* both = new_engine(n_stages, phase, 2);
    Engine* const alone[] = {new_engine(n_stages, phase, 1), new_engine(n_stages, phase, 1)};
    for (unsigned period = 0; period < N_PERIODS; ++period) {
      float sounds[2][CONTROL_PERIOD_FRAMES];
      float* const samples[] = {sounds[0], sounds[1]};
      fill_tone(sounds[0], frequencies[0]);
      fill_tone(sounds[1], frequencies[1]);
      run_in_blocks(both, samples, 2, 40);
      for (unsigned channel = 0; channel < 2; ++channel) {
        float expected[CONTROL_PERIOD_FRAMES];
        float* const mono[] = {expected};
        fill_tone(expected, frequencies[channel]);
        run_in_blocks(alone[channel], mono, 1, 40);
        assert_memory_equal(sounds[channel], expected, sizeof expected);
      }
    }
    engine_free(both);
    engine_free(alone[0]);
    engine_free(alone[1]);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks_of_any_size_sound_the_same_at_each_factor),
      cmocka_unit_test(each_of_two_channels_sounds_as_if_it_were_alone),
  };
  return cmocka_run_group_tests_name("engine", tests, set_up, free_primed_network);
}
