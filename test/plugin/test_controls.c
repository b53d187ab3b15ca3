// SPDX-License-Identifier: MIT
// Knobs, level and bypass of the built plugin, loaded through lilv.
#include "support/host.h"
#include "support/signals.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

// Returns knob position i of 21, from one end to the other.
static float
position(uint32_t port, int i)
{
  return port == PORT_LEVEL ? -30.0f + 42.0f * (float)i / 20.0f : 10.0f * (float)i / 20.0f;
}

// While a knob moves, no step between samples may exceed the largest step at 21 still positions by
// more than 5 %. The margin covers the positions between them. A change of Level by 42 dB in 150 ms
// adds 0.07 % per frame. It is largest at the peak of the sine, where the sine's own step is
// smallest, so that the sum exceeds the largest step of the sine (1.1 % of the peak) by 0.2 %.
static void
a_moving_knob_makes_no_click(void** state)
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
            is_jump ? t >= MOVE_AT
                    : fminf(1.0f, fmaxf(0.0f, (float)(t - MOVE_AT) / (float)SWEEP_FRAMES));
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

static float
random_position(void)
{
  return 10.0f * (float)rand() / (float)RAND_MAX;
}

// Both knobs jump between random positions. The bound is as above, with still positions on the line
// between the two. OD3_JUMPS sets the number of jumps.
static void
a_jump_of_both_knobs_makes_no_click(void** state)
{
  (void)state;
  enum { MOVE_AT = 6000, END = 18000, N_STILL = 9 };
  const char* jumps = getenv("OD3_JUMPS");
  const int n_jumps = jumps ? atoi(jumps) : 8;
  float worst = 0.0f;
  sine(in, 82.4, 0.1);
  srand(1);
  for (int jump = 0; jump < n_jumps; ++jump) {
    const float from[2] = {random_position(), random_position()};
    const float to[2] = {random_position(), random_position()};
    float still = 0.0f;
    for (int i = 0; i < N_STILL; ++i) {
      const float done = (float)i / (N_STILL - 1);
      play(from[0] + (to[0] - from[0]) * done, from[1] + (to[1] - from[1]) * done, 0, 1, out);
      still = fmaxf(still, largest_step(out, 2400, 12000));
    }
    Instance* instance = host_start(RATE_HZ, from[0], from[1], 0, 1);
    host_run(instance, in, out, MOVE_AT, 64);
    instance->controls[PORT_GAIN] = to[0];
    instance->controls[PORT_TONE] = to[1];
    host_run(instance, in + MOVE_AT, out + MOVE_AT, END - MOVE_AT, 64);
    host_free(instance);
    worst = fmaxf(worst, largest_step(out, 2400, END) / still);
  }
  print_message("# %d jumps: a step at most %.3f times the sound's own\n", n_jumps, (double)worst);
  assert_true(worst <= 1.05f);
}

// Bypass fades in 20 ms. Each frame may step as far as either sound does, plus 1/960 of their
// difference. A low note at low gain keeps both steps small.
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
  const int latency = (int)instance->controls[PORT_LATENCY];
  host_free(instance);

  print_message("# largest step %.5f, allowed %.5f\n", (double)largest_step(out, 0, N),
                (double)step_bound);
  assert_true(largest_step(out, 0, N) <= step_bound);
  assert_memory_equal(out, other, OFF_AT * sizeof *out);
  assert_memory_equal(out + OFF_AT + 1200, in + OFF_AT + 1200 - latency,
                      (ON_AT - OFF_AT - 1200) * sizeof *out);
  assert_memory_equal(out + ON_AT + 1200, other + ON_AT + 1200, (N - ON_AT - 1200) * sizeof *out);
}

static void
enabled_at_zero_or_below_bypasses(void** state)
{
  (void)state;
  notes(in);
  static const float off[] = {0.0f, -0.0f, -1.0f, -INFINITY};
  for (size_t i = 0; i < sizeof off / sizeof *off; ++i) {
    Instance* instance = host_start(RATE_HZ, 5, 5, 0, off[i]);
    host_run(instance, in, out, N, 512);
    const size_t latency = (size_t)instance->controls[PORT_LATENCY];
    host_free(instance);
    assert_true(largest_sample(out, 0, (int)latency) == 0.0f);
    assert_memory_equal(out + latency, in, (N - latency) * sizeof *in);
  }
}

// NaN selects the default. A value out of range selects the nearest end of the range.
static void
controls_out_of_range_are_clamped_and_nan_is_the_default(void** state)
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

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_moving_knob_makes_no_click),
      cmocka_unit_test(a_jump_of_both_knobs_makes_no_click),
      cmocka_unit_test(bypass_fades_and_then_passes_the_input_unchanged),
      cmocka_unit_test(enabled_at_zero_or_below_bypasses),
      cmocka_unit_test(controls_out_of_range_are_clamped_and_nan_is_the_default),
  };
  return cmocka_run_group_tests_name("controls", tests, host_open, host_close);
}
