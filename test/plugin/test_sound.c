// SPDX-License-Identifier: MIT
// The sound of the built plugin, loaded through lilv.
#include "support/host.h"
#include "support/signals.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

// Silence stays silent from the first frame at every knob position: no click, no DC, no
// oscillation.
static void
silence_is_silent_from_the_first_frame_at_every_knob_position(void** state)
{
  (void)state;
  enum { LENGTH = 9600 };
  memset(in, 0, sizeof in);
  float loudest = 0.0f;
  double largest_dc = 0.0;
  for (int i = 0; i <= 20; ++i) {
    for (int j = 0; j <= 20; ++j) {
      Instance* instance = host_start(RATE_HZ, (float)i / 2.0f, (float)j / 2.0f, 0, 1);
      host_run(instance, in, out, LENGTH, 480);
      host_free(instance);
      loudest = fmaxf(loudest, largest_sample(out, 0, LENGTH));
      double sum = 0.0;
      for (int t = 0; t < LENGTH; ++t) {
        sum += (double)out[t];
      }
      largest_dc = fmax(largest_dc, fabs(sum / (double)LENGTH));
    }
  }
  print_message("# loudest idle sample %.2g, largest DC %.2g\n", (double)loudest, largest_dc);
  assert_true(loudest <= 1e-5f);
  assert_true(largest_dc <= 1e-6);
}

// After loud noise and a jump of Gain, the output becomes silent at every knob position: there is
// no oscillation and no DC.
static void
silence_after_noise_is_silent_at_every_knob_position(void** state)
{
  (void)state;
  enum { NOISE = 4800 };
  memset(in, 0, sizeof in);
  uint32_t random = 1;
  for (int t = 0; t < NOISE; ++t) {
    random = random * 1664525U + 1013904223U;
    in[t] = (float)random / 2147483648.0f - 1.0f;
  }
  float loudest = 0.0f;
  for (int i = 0; i <= 6; ++i) {
    for (int j = 0; j <= 6; ++j) {
      Instance* instance = host_start(RATE_HZ, 10.0f - (float)i * 10 / 6, (float)j * 10 / 6, 0, 1);
      host_run(instance, in, out, NOISE / 2, 480);
      instance->controls[PORT_GAIN] = (float)i * 10 / 6;
      host_run(instance, in + NOISE / 2, out + NOISE / 2, NOISE / 2, 480);
      for (int second = 0; second < 3; ++second) {
        host_run(instance, in + NOISE, out, RATE_HZ, 480);
      }
      host_free(instance);
      loudest = fmaxf(loudest, largest_sample(out, RATE_HZ / 2, RATE_HZ));
    }
  }
  print_message("# loudest sample 3 s after noise: %.2g\n", (double)loudest);
  assert_true(loudest <= 1e-5f);
}

static void
run_moving(Instance* instance, float* to, const uint32_t* blocks, size_t n_blocks)
{
  enum { PART = 6720 };
  size_t next = 0;
  for (uint32_t t = 0; t < N; t += PART) {
    instance->controls[PORT_GAIN] = (float)(t / PART);
    instance->controls[PORT_LEVEL] = -(float)(t / PART);
    instance->controls[PORT_OVERSAMPLING] = (float)(1U << t / PART % 3U);
    instance->controls[PORT_PHASE] = (float)(t / PART / 2 % 2);
    instance->controls[PORT_ENABLED] = (float)(t / PART % 4 != 2);
    for (uint32_t done = 0; done < PART;) {
      const uint32_t block = blocks[next++ % n_blocks];
      const uint32_t n = block < PART - done ? block : PART - done;
      host_run(instance, in + t + done, to + t + done, n, n);
      done += n;
    }
  }
}

static void
block_sizes_do_not_change_the_output(void** state)
{
  (void)state;
  static const uint32_t sizes[][5] = {{1, 1, 1, 1, 1},
                                      {7, 7, 7, 7, 7},
                                      {64, 64, 64, 64, 64},
                                      {480, 480, 480, 480, 480},
                                      {8192, 8192, 8192, 8192, 8192},
                                      {8192, 1, 480, 7, 64}};
  notes(in);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    Instance* instance = host_start(RATE_HZ, 0, 5, 0, 1);
    run_moving(instance, i ? out : other, sizes[i], 5);
    host_free(instance);
    if (i) {
      assert_memory_equal(out, other, sizeof out);
    }
  }
}

static void
running_in_place_does_not_change_the_output(void** state)
{
  (void)state;
  static const uint32_t sizes[] = {64, 100, 31};
  notes(in);
  Instance* instance = host_start(RATE_HZ, 0, 5, 0, 1);
  run_moving(instance, other, sizes, 3);
  host_free(instance);

  instance = host_start(RATE_HZ, 0, 5, 0, 1);
  run_moving(instance, in, sizes, 3);
  host_free(instance);
  assert_memory_equal(in, other, sizeof in);
}

static void
two_instances_do_not_affect_each_other(void** state)
{
  (void)state;
  static float second[N];
  notes(in);
  play(3, 8, 0, 1, other);
  Instance* a = host_start(RATE_HZ, 3, 8, 0, 1);
  Instance* b = host_start(RATE_HZ, 9, 2, -6, 1);
  for (int t = 0; t < N; t += 64) {
    host_run(a, in + t, out + t, 64, 64);
    host_run(b, in + t, second + t, 64, 64);
  }
  host_free(a);
  host_free(b);
  assert_memory_equal(out, other, sizeof out);
  play(9, 2, -6, 1, other);
  assert_memory_equal(second, other, sizeof out);
}

static void
activating_again_gives_the_output_of_a_fresh_instance(void** state)
{
  (void)state;
  notes(in);
  Instance* instance = host_start(RATE_HZ, 6, 4, 3, 1);
  host_run(instance, in, other, N, 333);
  lilv_instance_deactivate(instance->lilv);
  lilv_instance_activate(instance->lilv);
  host_run(instance, in, out, N, 333);
  host_free(instance);
  assert_memory_equal(out, other, sizeof out);
}

static void
zero_frames_and_unconnected_ports_are_safe(void** state)
{
  (void)state;
  notes(in);
  play(5, 5, 0, 1, other);
  LilvInstance* bare = lilv_plugin_instantiate(host.plugin, RATE_HZ, NULL);
  assert_non_null(bare);
  lilv_instance_activate(bare);
  lilv_instance_run(bare, 64);
  lilv_instance_connect_port(bare, PORT_IN, in);
  lilv_instance_connect_port(bare, PORT_OUT, out);
  lilv_instance_connect_port(bare, 4711, out);
  lilv_instance_run(bare, 0);
  lilv_instance_run(bare, N);
  lilv_instance_free(bare);
  assert_memory_equal(out, other, sizeof out);
}

// Any input gives finite output. 100 ms later the output equals a fresh instance's to -60 dB.
static void
nan_and_infinite_input_gives_finite_output_and_recovers(void** state)
{
  (void)state;
  enum { BAD = 4800, REST = 4800 };
  static const float bad[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e-42f, 1e30f, -1e30f};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
    notes(in);
    play(8, 6, 0, 1, other);
    for (int t = 0; t < BAD; ++t) {
      in[t] = t % 3 ? bad[i] : 0.1f;
    }
    play(8, 6, 0, 1, out);
    assert_true(largest_sample(out, 0, N) < 16.0f);
    double error = 0.0;
    double energy = 0.0;
    for (int t = BAD + REST; t < N; ++t) {
      error += pow((double)out[t] - (double)other[t], 2.0);
      energy += pow((double)other[t], 2.0);
    }
    assert_true(error <= 1e-6 * energy);
  }
}

static void
the_denormal_mode_of_the_host_is_restored(void** state)
{
  (void)state;
  notes(in);
  play(5, 5, 0, 1, out);
  volatile float denormal = 1e-40f;
  denormal *= 0.5f;
  assert_true(denormal > 0.0f);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(silence_is_silent_from_the_first_frame_at_every_knob_position),
      cmocka_unit_test(silence_after_noise_is_silent_at_every_knob_position),
      cmocka_unit_test(block_sizes_do_not_change_the_output),
      cmocka_unit_test(running_in_place_does_not_change_the_output),
      cmocka_unit_test(two_instances_do_not_affect_each_other),
      cmocka_unit_test(activating_again_gives_the_output_of_a_fresh_instance),
      cmocka_unit_test(zero_frames_and_unconnected_ports_are_safe),
      cmocka_unit_test(nan_and_infinite_input_gives_finite_output_and_recovers),
      cmocka_unit_test(the_denormal_mode_of_the_host_is_restored),
  };
  return cmocka_run_group_tests_name("sound", tests, host_open, host_close);
}
