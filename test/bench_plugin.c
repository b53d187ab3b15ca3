// SPDX-License-Identifier: MIT
#include "bench.h"

#include <dlfcn.h>
#include <lv2/core/lv2.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// As in ttl/od3.ttl.
enum { IN, OUT, GAIN, TONE, LEVEL, OVERSAMPLING, ENABLED, LATENCY, N_PORTS };
enum {
  BLOCK = 64,
  REST_FRAMES = 5 * BENCH_FRAMES,
  CHANGE_FRAMES = 1920,
  JUMP_FRAMES = 6912,
  MAX_INSTANCES = 64
};

typedef struct {
  LV2_Handle handle;
  float controls[N_PORTS];
} Instance;

static const LV2_Descriptor* plugin;
static const char* bundle;
static float in[BENCH_FRAMES];
static float out[BENCH_MAX_BLOCK];

static LV2_Handle
instantiate(void)
{
  const LV2_Feature* const no_features[] = {NULL};
  LV2_Handle handle = plugin->instantiate(plugin, RATE_HZ, bundle, no_features);
  if (!handle) {
    abort();
  }
  return handle;
}

// An active plugin at 1x, knobs in the middle.
static Instance*
begin(const char* kernel)
{
  setenv("OD3_KERNEL", kernel, 1);
  Instance* instance = calloc(1, sizeof *instance);
  if (!instance) {
    abort();
  }
  *instance = (Instance){.handle = instantiate()};
  instance->controls[GAIN] = instance->controls[TONE] = 5.0f;
  instance->controls[OVERSAMPLING] = instance->controls[ENABLED] = 1.0f;
  for (uint32_t i = 0; i < N_PORTS; ++i) {
    plugin->connect_port(instance->handle, i,
                         i == IN    ? in
                         : i == OUT ? out
                                    : &instance->controls[i]);
  }
  plugin->activate(instance->handle);
  return instance;
}

static void
end(Instance* instance)
{
  plugin->cleanup(instance->handle);
  free(instance);
}

// Nanoseconds a sample of n_frames in blocks, the Gain knob moving by so much in all.
static double
play(Instance* instance, uint32_t n_frames, uint32_t block, float gain_way)
{
  const double start = now_ns();
  for (uint32_t t = 0; t < n_frames; t += block) {
    instance->controls[GAIN] += gain_way * (float)block / (float)n_frames;
    plugin->connect_port(instance->handle, IN, in + t % BENCH_FRAMES);
    plugin->run(instance->handle, block);
  }
  return (now_ns() - start) / n_frames;
}

static double
play_sound(Instance* instance)
{
  return play(instance, BENCH_FRAMES, BLOCK, 0.0f);
}

// Until nothing is under way any more after a control moved.
static void
rest(Instance* instance)
{
  play(instance, REST_FRAMES, BENCH_MAX_BLOCK, 0.0f);
}

static void
time_blocks(void)
{
  for (const char* const* kernel = bench_kernels; *kernel; ++kernel) {
    Instance* instance = begin(*kernel);
    rest(instance);
    for (uint32_t block = 16; block <= BENCH_MAX_BLOCK; block *= 2) {
      printf("bare %s %u %.2f\n", *kernel, block, bench_bare(*kernel));
      printf("block %s %u %.2f\n", *kernel, block, play(instance, BENCH_FRAMES, block, 0.0f));
    }
    end(instance);
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
    instance->controls[OVERSAMPLING] = i % 2 ? 1.0f : 2.0f;
    ns += play(instance, CHANGE_FRAMES, BLOCK, 0.0f) / n_changes;
    play(instance, CHANGE_FRAMES, BLOCK, 0.0f);
  }
  printf("case 1x-2x-change %.2f\n", ns);
  instance->controls[OVERSAMPLING] = 1.0f;
  rest(instance);
}

static void
time_cases(const char* kernel)
{
  Instance* instance = begin(kernel);
  rest(instance);
  time_signals(instance);
  time_changes(instance);
  for (int times = 1; times <= 4; times *= 2) {
    instance->controls[OVERSAMPLING] = (float)times;
    rest(instance);
    printf("case %dx %.2f\n", times, play_sound(instance));
    printf("case %dx-knob-moving %.2f\n", times, play(instance, BENCH_FRAMES, BLOCK, 2.0f));
    instance->controls[GAIN] = 0.0f;
    printf("case %dx-knob-jumping %.2f\n", times, play(instance, JUMP_FRAMES, BLOCK, 0.0f));
    instance->controls[GAIN] = 5.0f;
    play(instance, JUMP_FRAMES, BLOCK, 0.0f);
    printf("case %dx-after-a-knob %.2f\n", times, play_sound(instance));
    instance->controls[ENABLED] = 0.0f;
    rest(instance);
    printf("case %dx-bypassed %.2f\n", times, play_sound(instance));
    instance->controls[ENABLED] = 1.0f;
  }
  end(instance);
}

// So many instances, block by block in turn.
static void
time_instances(const char* kernel, int n_instances)
{
  Instance* instances[MAX_INSTANCES];
  for (int i = 0; i < n_instances; ++i) {
    instances[i] = begin(kernel);
    instances[i]->controls[GAIN] = 10.0f * (float)i / MAX_INSTANCES;
    rest(instances[i]);
  }
  const uint32_t n_frames = BENCH_FRAMES / 8;
  const double start = now_ns();
  for (uint32_t t = 0; t < n_frames; t += BLOCK) {
    for (int i = 0; i < n_instances; ++i) {
      plugin->connect_port(instances[i]->handle, IN, in + t);
      plugin->run(instances[i]->handle, BLOCK);
    }
  }
  printf("instances %d %.2f\n", n_instances, (now_ns() - start) / n_frames / n_instances);
  for (int i = 0; i < n_instances; ++i) {
    end(instances[i]);
  }
}

// Nanoseconds, and bytes as malloc counts them, of the first instance and of one more, which shares
// the model.
static void
time_start(const char* kernel)
{
  setenv("OD3_KERNEL", kernel, 1);
  size_t before = mallinfo2().uordblks;
  double start = now_ns();
  LV2_Handle first = instantiate();
  printf("start first-instantiate %.0f\n", now_ns() - start);
  const size_t with_first = mallinfo2().uordblks - before;
  before = mallinfo2().uordblks;
  start = now_ns();
  LV2_Handle second = instantiate();
  printf("start next-instantiate %.0f\n", now_ns() - start);
  const size_t instance = mallinfo2().uordblks - before;
  printf("bytes instance %zu\nbytes model %zu\n", instance, with_first - instance);
  start = now_ns();
  plugin->activate(first);
  printf("start activate %.0f\n", now_ns() - start);
  plugin->cleanup(second);
  plugin->cleanup(first);
}

static const LV2_Descriptor*
load(void)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/od3.so", bundle);
  void* library = dlopen(path, RTLD_NOW);
  if (!library) {
    fprintf(stderr, "bench: %s\n", dlerror());
    return NULL;
  }
  LV2_Descriptor_Function function = NULL;
  *(void**)&function = dlsym(library, "lv2_descriptor");
  return function ? function(0) : NULL;
}

bool
bench_plugin(const char* folder)
{
  const char* const fastest = kernel_find(NULL)->name;
  bundle = folder;
  plugin = load();
  if (!plugin) {
    return false;
  }
  bench_fill_ordinary(in);
  time_start(fastest);
  time_blocks();
  time_cases(fastest);
  for (int n_instances = 1; n_instances <= MAX_INSTANCES; n_instances *= 8) {
    time_instances(fastest, n_instances);
  }
  return true;
}
