// SPDX-License-Identifier: MIT
// Random scores of controls, blocks and sound: the pedal plays what the slow pedal of
// support/slow_pedal.h plays, to -100 dB. Built with sanitizers.
#include "engine/pedal.h"
#include "model/packed_model.h"
#include "rnn/kernel.h"
#include "support/made_up_model.h"
#include "support/slow_pedal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N_SCORES = 12, N_FRAMES = 8000, MAX_BLOCK = 200, N_CHANGES = 8 };

static uint32_t random_state;

static uint32_t
chance(uint32_t n)
{
  random_state = random_state * 1664525U + 1013904223U;
  return (random_state >> 8U) % n;
}

// Returns one of 1001 numbers from min to max.
static float
between(float min, float max)
{
  return min + (max - min) * (float)chance(1001) / 1000.0f;
}

static void
change(PedalControls* controls, uint32_t which)
{
  switch (which) {
  case 0:
  case 1: controls->knobs[which] = between(-1.0f, 1.0f); break;
  case 2: controls->input_db = between(-24.0f, 24.0f); break;
  case 3: controls->level_db = between(-30.0f, 12.0f); break;
  case 4: controls->blend = between(0.0f, 1.0f); break;
  case 5: controls->oversampling = (Oversampling)chance(N_OVERSAMPLINGS); break;
  case 6: controls->phase = (Phase)chance(N_PHASES); break;
  default: controls->enabled = chance(4) > 0; break;
  }
}

// Writes a burst of noise or a tone, from -40 to 0 dBFS, or rarely beyond all limits if that is
// allowed.
static void
make_sound(float* in, uint32_t n, bool is_limitless)
{
  const bool is_loud = is_limitless && chance(20) == 0;
  const float level = is_loud ? 2000.0f : powf(10.0f, between(-2.0f, 0.0f));
  const bool is_noise = chance(2);
  for (uint32_t i = 0; i < n; ++i) {
    in[i] = level * (is_noise ? between(-1.0f, 1.0f) : sinf(0.05f * (float)i));
  }
}

// Plays a score on both and returns the error's part of the energy.
static double
error_of_score(const Model* model, const Kernel* kernel, double rate_hz, bool is_limitless)
{
  static SlowPedal slow;
  float in[MAX_BLOCK];
  float out[MAX_BLOCK];
  double expected[MAX_BLOCK];
  PackedModel* packed = packed_model_new(model, kernel);
  Pedal* pedal = packed ? pedal_new(packed, rate_hz) : NULL;
  assert_non_null(pedal);
  PedalControls controls = {.enabled = true, .blend = 1.0f};
  for (uint32_t i = 0; i < N_CHANGES; ++i) {
    change(&controls, i);
  }
  slow_init(&slow, model, rate_hz);
  slow_prime(&slow, &controls);
  pedal_prime(pedal, &controls);
  double error = 0.0;
  double energy = 0.0;
  for (uint32_t done = 0, n = 0; done < N_FRAMES; done += n) {
    n = chance(8) ? chance(MAX_BLOCK) : 0;
    for (uint32_t i = chance(3) ? 0 : 1 + chance(2); i > 0; --i) {
      change(&controls, chance(N_CHANGES));
    }
    make_sound(in, n, is_limitless);
    pedal_run(pedal, &controls, in, out, n);
    slow_run(&slow, &controls, done == 0, in, expected, n);
    for (uint32_t i = 0; i < n; ++i) {
      error += ((double)out[i] - expected[i]) * ((double)out[i] - expected[i]);
      energy += expected[i] * expected[i];
    }
    assert_int_equal(pedal_latency_frames(pedal),
                     slow.engines[slow.incoming >= 0 ? slow.incoming : slow.active].latency);
  }
  pedal_free(pedal);
  packed_model_free(packed);
  return error / energy;
}

// Returns a model two of whose units forget slowly, in some 400 samples, so that what states hold
// stays audible.
static Model
random_model(CellKind cell)
{
  const unsigned hidden_size = 4 + chance(9);
  Model model = made_up_model(cell, hidden_size);
  made_up_values[hidden_size] += 6.0f; // biases of z, or of f
  made_up_values[hidden_size + 1] += 6.0f;
  model.direct = chance(2) ? 0.0f : 0.7f;
  model.n_conditioned = chance(2) ? model.n_theta : 1 + chance((uint32_t)model.n_theta);
  return model;
}

static void
a_pedal_plays_random_scores_as_the_slow_one(void** state)
{
  (void)state;
  static const char* const kernels[] = {"plain", "sse2", "avx2", "avx512", "neon"};
  static const double rates_hz[] = {48000.0, 44100.0, 96000.0, 88200.0};
  double worst = 0.0;
  for (uint32_t i = 0; i < N_SCORES; ++i) {
    random_state = i;
    Model model = random_model(i % 2 ? CELL_LSTM : CELL_GRU);
    model.sample_rate_hz = i % 5 < 4 ? 48000 : 44100;
    const Kernel* kernel = kernel_find(kernels[chance(5)]);
    const double rate_hz = rates_hz[i / 2 % 4];
    const double error =
        error_of_score(&model, kernel ? kernel : kernel_find(NULL), rate_hz, i % 4 == 3);
    worst = fmax(worst, error);
    if (!(error < 1e-10)) {
      fail_msg("score %u, at %g Hz: the error is %.1f dB", i, rate_hz, 10.0 * log10(error));
    }
  }
  print_message("# the largest error is %.1f dB\n", 10.0 * log10(worst));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_pedal_plays_random_scores_as_the_slow_one),
  };
  return cmocka_run_group_tests_name("slow pedal", tests, NULL, NULL);
}
