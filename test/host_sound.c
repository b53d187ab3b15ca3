// SPDX-License-Identifier: MIT
// What the built plugin does to sound, run through lilv.
#include "host.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RATE_HZ = 48000, N = 53760 };

static float in[N];
static float out[N];
static float other[N];

static void
sine(float* to, double frequency_hz, double amplitude)
{
  for (int i = 0; i < N; ++i) {
    to[i] = (float)(amplitude * sin(2.0 * 3.14159265358979 * frequency_hz * i / RATE_HZ));
  }
}

// Something with attacks, like playing: decaying notes over a little noise, always the same.
static void
notes(float* to)
{
  uint32_t random = 1;
  for (int i = 0; i < N; ++i) {
    const double t = (i % 9600) / (double)RATE_HZ;
    const double pitch_hz = 82.4 * (1 + i / 9600);
    random = random * 1664525U + 1013904223U;
    const double noise = (double)random / 4294967296.0 - 0.5;
    to[i] =
        (float)(0.5 * exp(-8.0 * t) * sin(2.0 * 3.14159265358979 * pitch_hz * t) + 0.001 * noise);
  }
}

static float
largest_step(const float* sound, int first, int n)
{
  float largest = 0.0f;
  for (int i = first + 1; i < n; ++i) {
    largest = fmaxf(largest, fabsf(sound[i] - sound[i - 1]));
  }
  return largest;
}

static float
largest_sample(const float* sound, int first, int n)
{
  float largest = 0.0f;
  for (int i = first; i < n; ++i) {
    assert_true(isfinite(sound[i]));
    largest = fmaxf(largest, fabsf(sound[i]));
  }
  return largest;
}

static void
play(float gain, float tone, float level_db, float enabled, float* to)
{
  Instance* instance = host_start(RATE_HZ, gain, tone, level_db, enabled);
  host_run(instance, in, to, N, 512);
  host_free(instance);
}

// The end positions of the knob, and 19 between.
static float
position(uint32_t port, int i)
{
  return port == PORT_LEVEL ? -30.0f + 42.0f * (float)i / 20.0f : 10.0f * (float)i / 20.0f;
}

// No step while a knob moves may exceed what the sound makes by itself at some position that the
// knob passes: the largest step of 21 still positions. 5 % more is allowed, for the positions
// between them. A ramp of R frames from a to b adds at most (b - a) / R of the sound a frame: 2 %
// of this sine's own step, for Level's 42 dB in 50 ms, at its loud end.
static void
a_knob_that_moves_makes_no_click(void** state)
{
  (void)state;
  enum { MOVE_AT = 24000, SWEEP_FRAMES = 4800, BLOCK = 64 };
  sine(in, 82.4, 0.1);
  for (uint32_t port = PORT_GAIN; port <= PORT_LEVEL; ++port) {
    float still = 0.0f;
    for (int i = 0; i <= 20; ++i) {
      Instance* instance = host_start(RATE_HZ, 5, 5, 0, 1);
      instance->controls[port] = position(port, i);
      lilv_instance_activate(instance->lilv);
      host_run(instance, in, out, 12000, BLOCK);
      still = fmaxf(still, largest_step(out, 2400, 12000));
      host_free(instance);
    }
    for (int run = 0; run < 4; ++run) {
      const int is_down = run & 1;
      const int is_jump = run & 2;
      Instance* instance = host_start(RATE_HZ, 5, 5, 0, 1);
      instance->controls[port] = position(port, is_down ? 20 : 0);
      lilv_instance_activate(instance->lilv);
      for (int t = 0; t < N; t += BLOCK) {
        const float done =
            is_jump ? t >= MOVE_AT : fminf(1.0f, fmaxf(0.0f, (float)(t - MOVE_AT) / SWEEP_FRAMES));
        const float low = position(port, 0);
        const float high = position(port, 20);
        instance->controls[port] = is_down ? high + (low - high) * done : low + (high - low) * done;
        host_run(instance, in + t, out + t, BLOCK, BLOCK);
      }
      host_free(instance);
      const float moving = largest_step(out, 2400, N);
      print_message("# port %u, %s %s: step %.5f, still %.5f\n", port, is_jump ? "jump" : "sweep",
                    is_down ? "down" : "up", (double)moving, (double)still);
      assert_true(moving <= 1.05f * still);
    }
  }
}

// Bypass fades in 20 ms: beside the steps of both sounds, which are small for a low note at little
// gain, a frame adds 1/960 of their difference.
static void
bypass_fades_and_then_passes_the_input_unchanged(void** state)
{
  (void)state;
  enum { OFF_AT = 19000, ON_AT = 38500 };
  sine(in, 41.2, 0.1);
  play(0, 5, 0, 1, other);
  const float step_bound = 1.05f * fmaxf(largest_step(other, 0, N), largest_step(in, 0, N)) +
                           2.0f * largest_sample(other, 0, N) / 960.0f;

  Instance* instance = host_start(RATE_HZ, 0, 5, 0, 1);
  host_run(instance, in, out, OFF_AT, 64);
  instance->controls[PORT_ENABLED] = 0.0f;
  host_run(instance, in + OFF_AT, out + OFF_AT, ON_AT - OFF_AT, 64);
  instance->controls[PORT_ENABLED] = 1.0f;
  host_run(instance, in + ON_AT, out + ON_AT, N - ON_AT, 64);
  host_free(instance);

  print_message("# largest step %.5f, allowed %.5f\n", (double)largest_step(out, 0, N),
                (double)step_bound);
  assert_true(largest_step(out, 0, N) <= step_bound);
  assert_memory_equal(out, other, OFF_AT * sizeof *out);
  assert_memory_equal(out + OFF_AT + 1200, in + OFF_AT + 1200,
                      (ON_AT - OFF_AT - 1200) * sizeof *out);
  assert_memory_equal(out + ON_AT + 1200, other + ON_AT + 1200, (N - ON_AT - 1200) * sizeof *out);
}

static void
off_is_zero_and_anything_below(void** state)
{
  (void)state;
  notes(in);
  static const float off[] = {0.0f, -0.0f, -1.0f, -INFINITY};
  for (size_t i = 0; i < sizeof off / sizeof *off; ++i) {
    play(5, 5, 0, off[i], out);
    assert_memory_equal(out, in, sizeof in);
  }
}

// From the first frame on, silence stays silent at every position: no pop, no DC, no whistle.
static void
it_starts_settled_and_idles_in_silence(void** state)
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
      largest_dc = fmax(largest_dc, fabs(sum / LENGTH));
    }
  }
  print_message("# loudest idle sample %.2g, largest DC %.2g\n", (double)loudest, largest_dc);
  assert_true(loudest <= 1e-5f);
  assert_true(largest_dc <= 1e-6);
}

// After loud noise and a knob turned at once, silence is silence again at every position: nothing
// goes on by itself, and no DC stays.
static void
sound_leaves_nothing_behind(void** state)
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
block_sizes_make_no_difference(void** state)
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
in_place_makes_no_difference(void** state)
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
two_instances_do_not_meet(void** state)
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
activating_again_starts_anew(void** state)
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
no_frames_and_no_ports_do_no_harm(void** state)
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

static void
latency_is_told(void** state)
{
  (void)state;
  Instance* instance = host_start(RATE_HZ, 5, 5, 0, 1);
  instance->controls[PORT_LATENCY] = -1.0f;
  lilv_instance_run(instance->lilv, 0);
  assert_true(instance->controls[PORT_LATENCY] == 0.0f);
  host_free(instance);
}

// NaN is the default; anything out of range is the end of the range.
static void
controls_out_of_range_are_safe(void** state)
{
  (void)state;
  static const float wild[][2] = {{NAN, 5},    {INFINITY, 10}, {-INFINITY, 0},
                                  {1e30f, 10}, {-1e30f, 0},    {10.5f, 10}};
  notes(in);
  for (size_t i = 0; i < sizeof wild / sizeof *wild; ++i) {
    play(wild[i][1], wild[i][1], 0, 1, other);
    play(wild[i][0], wild[i][0], 0, isnan(wild[i][0]) ? wild[i][0] : 1, out);
    assert_memory_equal(out, other, sizeof out);
  }
  play(5, 5, 12, 1, other);
  play(5, 5, INFINITY, 2, out);
  assert_memory_equal(out, other, sizeof out);
}

// Whatever comes in, the output is finite, and 100 ms later the sound is that of a fresh instance.
static void
bad_input_is_survived(void** state)
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
any_sample_rate_plays(void** state)
{
  (void)state;
  static const double rates_hz[] = {8000, 22050, 44100, 88200, 96000, 192000, 768000};
  notes(in);
  for (size_t i = 0; i < sizeof rates_hz / sizeof *rates_hz; ++i) {
    Instance* instance = host_start(rates_hz[i], 7, 5, 0, 1);
    host_run(instance, in, out, N, 1024);
    const float loudest = largest_sample(out, 0, N);
    assert_true(loudest > 0.01f && loudest < 16.0f);
    host_free(instance);
  }
  static const double none_hz[] = {0.0, -48000.0, (double)NAN, (double)INFINITY};
  for (size_t i = 0; i < sizeof none_hz / sizeof *none_hz; ++i) {
    assert_null(lilv_plugin_instantiate(host.plugin, none_hz[i], NULL));
  }
}

static void
the_hosts_denormals_are_left_alone(void** state)
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
      cmocka_unit_test(a_knob_that_moves_makes_no_click),
      cmocka_unit_test(bypass_fades_and_then_passes_the_input_unchanged),
      cmocka_unit_test(off_is_zero_and_anything_below),
      cmocka_unit_test(it_starts_settled_and_idles_in_silence),
      cmocka_unit_test(sound_leaves_nothing_behind),
      cmocka_unit_test(block_sizes_make_no_difference),
      cmocka_unit_test(in_place_makes_no_difference),
      cmocka_unit_test(two_instances_do_not_meet),
      cmocka_unit_test(activating_again_starts_anew),
      cmocka_unit_test(no_frames_and_no_ports_do_no_harm),
      cmocka_unit_test(latency_is_told),
      cmocka_unit_test(controls_out_of_range_are_safe),
      cmocka_unit_test(bad_input_is_survived),
      cmocka_unit_test(any_sample_rate_plays),
      cmocka_unit_test(the_hosts_denormals_are_left_alone),
  };
  return cmocka_run_group_tests_name("sound", tests, host_open, host_close);
}
