// SPDX-License-Identifier: MIT
// Times the whole plugin.
#include "bench/bench.h"
#include "bench/instance.h"

#include <lv2/core/lv2.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  BLOCK = 64,
  STEADY_FRAMES = 5 * BENCH_FRAMES,
  CHANGE_FRAMES = 1920,
  JUMP_FRAMES = 6912,
  MAX_INSTANCES = 64
};

static float in[BENCH_FRAMES];
static float out[BENCH_MAX_BLOCK];

// Plays n_frames in blocks while Gain moves by gain_change in total. Returns nanoseconds per
// sample.
static double
play(Instance* instance, uint32_t n_frames, uint32_t block, float gain_change)
{
  const double start = now_ns();
  for (uint32_t t = 0; t < n_frames; t += block) {
    instance->controls[PORT_GAIN] += gain_change * (float)block / (float)n_frames;
    instance_run(instance, in + t % BENCH_FRAMES, block);
  }
  return (now_ns() - start) / n_frames;
}

static double
play_sound(Instance* instance)
{
  return play(instance, BENCH_FRAMES, BLOCK, 0.0f);
}

// Plays until all ramps and crossfades have ended.
static void
play_until_steady(Instance* instance)
{
  play(instance, STEADY_FRAMES, BENCH_MAX_BLOCK, 0.0f);
}

static void
time_blocks(void)
{
  for (const char* const* kernel = bench_kernels; *kernel; ++kernel) {
    Instance* instance = instance_begin(*kernel);
    play_until_steady(instance);
    for (uint32_t block = 16; block <= BENCH_MAX_BLOCK; block *= 2) {
      printf("bare %s %u %.2f\n", *kernel, block, bench_bare(*kernel));
      printf("block %s %u %.2f\n", *kernel, block, play(instance, BENCH_FRAMES, block, 0.0f));
    }
    instance_end(instance);
  }
}

// Times each kernel at each oversampling factor.
static void
time_factors(void)
{
  for (const char* const* kernel = bench_kernels; *kernel; ++kernel) {
    Instance* instance = instance_begin(*kernel);
    for (int factor = 1; factor <= 4; factor *= 2) {
      instance->controls[PORT_OVERSAMPLING] = (float)factor;
      play_until_steady(instance);
      printf("factor %s %d %.2f\n", *kernel, factor, play_sound(instance));
    }
    instance_end(instance);
  }
}

static void
time_signals(Instance* instance)
{
  printf("signal ordinary %.2f\n", play_sound(instance));
  memset(in, 0, sizeof in);
  printf("signal silence %.2f\n", play_sound(instance));
  for (int t = 0; t < BENCH_FRAMES; ++t) {
    in[t] = 1e-37f * expf(-16.0f * (float)t / BENCH_FRAMES) * (t % 2 ? 1.0f : -1.0f);
  }
  printf("signal denormals %.2f\n", play_sound(instance));
  for (int t = 0; t < BENCH_FRAMES; ++t) {
    in[t] = t / 50 % 2 ? 1.0f : -1.0f;
  }
  printf("signal full-scale %.2f\n", play_sound(instance));
  for (int t = 0; t < BENCH_FRAMES; ++t) {
    in[t] = 2.0f * (float)rand() / (float)RAND_MAX - 1.0f;
  }
  printf("signal noise %.2f\n", play_sound(instance));
  for (int t = 0; t < BENCH_FRAMES; ++t) {
    in[t] = NAN;
  }
  printf("signal nan %.2f\n", play_sound(instance));
  bench_fill_ordinary(in);
}

static void
time_changes(Instance* instance)
{
  const int n_changes = BENCH_FRAMES / CHANGE_FRAMES;
  double ns = 0.0;
  for (int i = 0; i < n_changes; ++i) {
    instance->controls[PORT_OVERSAMPLING] = i % 2 ? 1.0f : 2.0f;
    ns += play(instance, CHANGE_FRAMES, BLOCK, 0.0f) / n_changes;
    play(instance, CHANGE_FRAMES, BLOCK, 0.0f);
  }
  printf("case 1x-2x-change %.2f\n", ns);
  instance->controls[PORT_OVERSAMPLING] = 1.0f;
  play_until_steady(instance);
}

static void
time_cases(const char* kernel)
{
  Instance* instance = instance_begin(kernel);
  play_until_steady(instance);
  time_signals(instance);
  time_changes(instance);
  for (int times = 1; times <= 4; times *= 2) {
    instance->controls[PORT_OVERSAMPLING] = (float)times;
    play_until_steady(instance);
    printf("case %dx %.2f\n", times, play_sound(instance));
    printf("case %dx-knob-moving %.2f\n", times, play(instance, BENCH_FRAMES, BLOCK, 2.0f));
    instance->controls[PORT_GAIN] = 0.0f;
    printf("case %dx-knob-jumping %.2f\n", times, play(instance, JUMP_FRAMES, BLOCK, 0.0f));
    instance->controls[PORT_GAIN] = 5.0f;
    play(instance, JUMP_FRAMES, BLOCK, 0.0f);
    printf("case %dx-after-a-knob %.2f\n", times, play_sound(instance));
    instance->controls[PORT_ENABLED] = 0.0f;
    play_until_steady(instance);
    printf("case %dx-bypassed %.2f\n", times, play_sound(instance));
    instance->controls[PORT_ENABLED] = 1.0f;
  }
  instance_end(instance);
}

// Times n_instances that run block by block in turn.
static void
time_instances(const char* kernel, int n_instances)
{
  Instance* instances[MAX_INSTANCES];
  for (int i = 0; i < n_instances; ++i) {
    instances[i] = instance_begin(kernel);
    instances[i]->controls[PORT_GAIN] = 10.0f * (float)i / MAX_INSTANCES;
    play_until_steady(instances[i]);
  }
  const uint32_t n_frames = BENCH_FRAMES / 8;
  const double start = now_ns();
  for (uint32_t t = 0; t < n_frames; t += BLOCK) {
    for (int i = 0; i < n_instances; ++i) {
      instance_run(instances[i], in + t, BLOCK);
    }
  }
  printf("instances %d %.2f\n", n_instances, (now_ns() - start) / n_frames / n_instances);
  for (int i = 0; i < n_instances; ++i) {
    instance_end(instances[i]);
  }
}

// Prints the time in nanoseconds and the malloc bytes of a first instance, and of a second one that
// shares its model.
static void
time_start(const char* kernel)
{
  setenv("OD3_KERNEL", kernel, 1);
  size_t before = mallinfo2().uordblks;
  double start = now_ns();
  LV2_Handle first = instance_new(instance_plugin);
  printf("start first-instantiate %.0f\n", now_ns() - start);
  const size_t with_first = mallinfo2().uordblks - before;
  before = mallinfo2().uordblks;
  start = now_ns();
  LV2_Handle second = instance_new(instance_plugin);
  printf("start next-instantiate %.0f\n", now_ns() - start);
  const size_t instance = mallinfo2().uordblks - before;
  printf("bytes instance %zu\nbytes model %zu\n", instance, with_first - instance);
  start = now_ns();
  instance_plugin->activate(first);
  printf("start activate %.0f\n", now_ns() - start);
  instance_plugin->cleanup(second);
  instance_plugin->cleanup(first);
}

// Returns the time of two mono pedals, or of a stereo one, in nanoseconds per frame.
static double
time_two_sides(Instance* const* monos, LV2_Handle both)
{
  const double start = now_ns();
  for (uint32_t t = 0; t < BENCH_FRAMES; t += BLOCK) {
    for (uint32_t side = 0; side < 2; ++side) {
      if (both) {
        instance_stereo->connect_port(both, side, in + t);
      } else {
        instance_run(monos[side], in + t, BLOCK);
      }
    }
    if (both) {
      instance_stereo->run(both, BLOCK);
    }
  }
  return (now_ns() - start) / BENCH_FRAMES;
}

static void
time_stereo(const char* kernel)
{
  static float right[BENCH_MAX_BLOCK];
  Instance* monos[2] = {instance_begin(kernel), instance_begin(kernel)};
  LV2_Handle both = instance_new(instance_stereo);
  for (uint32_t port = PORT_GAIN; port < N_PORTS; ++port) {
    instance_stereo->connect_port(both, port + STEREO_SHIFT, &monos[0]->controls[port]);
  }
  instance_stereo->connect_port(both, 2, out);
  instance_stereo->connect_port(both, 3, right);
  instance_stereo->activate(both);
  for (int times = 1; times <= 4; times *= 2) {
    for (int side = 0; side < 2; ++side) {
      monos[side]->controls[PORT_OVERSAMPLING] = (float)times;
      play_until_steady(monos[side]);
    }
    time_two_sides(monos, both);
    printf("stereo %dx-two-monos %.2f\n", times, time_two_sides(monos, NULL));
    printf("stereo %dx-stereo %.2f\n", times, time_two_sides(monos, both));
  }
  instance_stereo->cleanup(both);
  instance_end(monos[0]);
  instance_end(monos[1]);
}

bool
bench_plugin(const char* folder)
{
  const char* const fastest = kernel_find(NULL)->name;
  if (!instance_load(folder)) {
    return false;
  }
  bench_fill_ordinary(in);
  time_start(fastest);
  time_blocks();
  time_factors();
  time_cases(fastest);
  time_stereo(fastest);
  for (int n_instances = 1; n_instances <= MAX_INSTANCES; n_instances *= 8) {
    time_instances(fastest, n_instances);
  }
  return true;
}
