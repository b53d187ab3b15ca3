// SPDX-License-Identifier: MIT
// What a bypassed pedal passes, in blocks of any size. Built with sanitizers.
#include "kernel.h"
#include "packed_model.h"
#include "pedal.h"
#include "small_model.h"

#include <math.h>

enum { N_FRAMES = 512 };

static float in[N_FRAMES];
static float out[N_FRAMES];

// Each block has another size, from 0 on.
static void
play(Pedal* pedal, Oversampling oversampling, bool is_enabled)
{
  const PedalControls controls = {.oversampling = oversampling, .enabled = is_enabled};
  pedal_settle(pedal, &controls);
  uint32_t block = 0;
  for (uint32_t done = 0; done < N_FRAMES; ++block) {
    const uint32_t n = block < N_FRAMES - done ? block : N_FRAMES - done;
    pedal_run(pedal, &controls, in + done, out + done, n);
    done += n;
  }
}

static void
bypass_only_delays(void** state)
{
  (void)state;
  uint8_t file[FILE_SIZE];
  Model* model = NULL;
  make_file(file);
  assert_int_equal(model_parse(file, sizeof file, &model), MODEL_OK);
  PackedModel* packed = packed_model_new(model, kernel_find(NULL));
  Pedal* pedal = pedal_new(packed, 48000.0);
  for (int t = 0; t < N_FRAMES; ++t) {
    in[t] = (float)rand() / (float)RAND_MAX - 0.5f;
  }
  in[100] = INFINITY;
  in[101] = NAN;
  in[102] = 1e-40f;
  for (int i = 0; i < N_OVERSAMPLINGS; ++i) {
    play(pedal, (Oversampling)i, false);
    const uint32_t latency_frames = pedal_latency_frames(pedal);
    assert_memory_equal(out + latency_frames, in, sizeof in - latency_frames * sizeof *in);
    for (uint32_t t = 0; t < latency_frames; ++t) {
      assert_true(out[t] == 0.0f);
    }
    play(pedal, (Oversampling)i, true);
    assert_memory_not_equal(out + latency_frames, in, sizeof in - latency_frames * sizeof *in);
  }
  pedal_free(pedal);
  packed_model_free(packed);
  model_free(model);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bypass_only_delays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
