// SPDX-License-Identifier: MIT
// Prints a hash of what a bundle's plugin plays: two builds whose lines are equal sound the same to
// the bit.
//
// usage: fingerprint BUNDLE       OD3_KERNEL names the kernel
//
// One line for each sample rate: noise bursts, silence and non-finite samples in blocks of many
// sizes, while every control moves.
#include "lv2/controls.h"

#include <lv2/core/lv2.h>

#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_BLOCK = 2048, N_BLOCKS = 600 };

static uint32_t random_state = 1;

// xorshift32 (Marsaglia, "Xorshift RNGs", 2003).
static uint32_t
next_random(void)
{
  random_state ^= random_state << 13U;
  random_state ^= random_state >> 17U;
  random_state ^= random_state << 5U;
  return random_state;
}

// Uniform, 0 to 1.
static float
next_uniform(void)
{
  return (float)(next_random() >> 8U) / 16777216.0f;
}

// FNV-1a, continued from `hash`.
static uint64_t
hash_bytes(uint64_t hash, const void* data, size_t size)
{
  const unsigned char* bytes = data;
  for (size_t i = 0; i < size; ++i) {
    hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
  }
  return hash;
}

static void
move_controls(float* ports)
{
  static const float factors[] = {1.0f, 2.0f, 4.0f};
  switch (next_random() % 12U) {
  case 0: ports[PORT_GAIN] = 10.0f * next_uniform(); break;
  case 1: ports[PORT_TONE] = 10.0f * next_uniform(); break;
  case 2: ports[PORT_LEVEL] = 42.0f * next_uniform() - 30.0f; break;
  case 3: ports[PORT_OVERSAMPLING] = factors[next_random() % 3U]; break;
  case 4: ports[PORT_ENABLED] = next_random() % 4U ? 1.0f : 0.0f; break;
  case 5: ports[PORT_PHASE] = (float)(next_random() % 2U); break;
  default: break;
  }
}

static void
fill_block(float* block, uint32_t n_frames)
{
  const float peak = next_random() % 4U ? next_uniform() : 0.0f;
  for (uint32_t i = 0; i < n_frames; ++i) {
    block[i] = peak * (2.0f * next_uniform() - 1.0f);
  }
  if (n_frames && next_random() % 16U == 0) {
    block[next_random() % n_frames] = next_random() % 2U ? NAN : INFINITY;
  }
}

static uint64_t
play(const LV2_Descriptor* plugin, const char* bundle, double sample_rate_hz)
{
  float ports[N_PORTS] = {[PORT_GAIN] = 5.0f,
                          [PORT_TONE] = 5.0f,
                          [PORT_OVERSAMPLING] = 2.0f,
                          [PORT_ENABLED] = 1.0f,
                          [PORT_BLEND] = 100.0f};
  float block[MAX_BLOCK];
  const LV2_Feature* no_features[] = {NULL};
  LV2_Handle instance = plugin->instantiate(plugin, sample_rate_hz, bundle, no_features);
  if (!instance) {
    exit(1);
  }
  for (uint32_t port = PORT_GAIN; port < N_PORTS; ++port) {
    plugin->connect_port(instance, port, &ports[port]);
  }
  plugin->connect_port(instance, PORT_IN, block);
  plugin->connect_port(instance, PORT_OUT, block);
  plugin->activate(instance);
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  random_state = 1;
  for (unsigned i = 0; i < N_BLOCKS; ++i) {
    const uint32_t n_frames = next_random() % (next_random() % 2U ? 64U : MAX_BLOCK);
    move_controls(ports);
    fill_block(block, n_frames);
    plugin->run(instance, n_frames);
    hash = hash_bytes(hash, block, n_frames * sizeof *block);
    hash = hash_bytes(hash, &ports[PORT_LATENCY], sizeof ports[PORT_LATENCY]);
  }
  plugin->cleanup(instance);
  return hash;
}

int
main(int argc, char** argv)
{
  static const double rates_hz[] = {22050.0, 44100.0, 48000.0, 64000.0, 88200.0, 96000.0, 192000.0};
  char path[4096];
  if (argc != 2 || snprintf(path, sizeof path, "%s/od3.so", argv[1]) >= (int)sizeof path) {
    fprintf(stderr, "usage: fingerprint BUNDLE\n");
    return 2;
  }
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  LV2_Descriptor_Function descriptor = NULL;
  if (library) {
    *(void**)&descriptor = dlsym(library, "lv2_descriptor");
  }
  if (!descriptor) {
    fprintf(stderr, "fingerprint: %s\n", dlerror());
    return 1;
  }
  for (size_t i = 0; i < sizeof rates_hz / sizeof rates_hz[0]; ++i) {
    printf("%6.0f Hz %016llx\n", rates_hz[i],
           (unsigned long long)play(descriptor(0), argv[1], rates_hz[i]));
  }
  return 0;
}
