// SPDX-License-Identifier: MIT
// An LV2 host in which test/bench/arm_cost.py counts instructions. It plays a sawtooth at 48 kHz
// until the pedal is steady, and then the two windows to count, with a mark before, between and
// after them.
//
// usage: arm_host BUNDLE_DIR BLOCK OVERSAMPLING
//
// Prints the address of lv2_descriptor. The first window is COUNTED_FRAMES with still knobs; the
// second one is as long with a moving knob. Both are whole control periods. A mark is a call of
// getppid(), which appears in the emulator's log.
#include "lv2/controls.h"

#include <dlfcn.h>
#include <lv2/core/lv2.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
  RATE_HZ = 48000,
  STEADY_FRAMES = 21 * RATE_HZ / 10,
  COUNTED_FRAMES = 128,
  MAX_BLOCK = COUNTED_FRAMES
};

static void
play(const LV2_Descriptor* plugin, LV2_Handle instance, uint32_t n_frames, uint32_t block,
     float* gain, float gain_step)
{
  for (uint32_t done = 0; done < n_frames; done += block) {
    *gain += gain_step;
    plugin->run(instance, block);
  }
}

int
main(int argc, char** argv)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/od3.so", argc == 4 ? argv[1] : "");
  void* library = dlopen(path, RTLD_NOW);
  LV2_Descriptor_Function function = NULL;
  if (library) {
    *(void**)&function = dlsym(library, "lv2_descriptor");
  }
  const LV2_Descriptor* plugin = function ? function(0) : NULL;
  const LV2_Feature* const no_features[] = {NULL};
  LV2_Handle instance = plugin ? plugin->instantiate(plugin, RATE_HZ, argv[1], no_features) : NULL;
  const uint32_t block = argc == 4 ? (uint32_t)atoi(argv[2]) : 0;
  if (!instance || block < 1 || block > MAX_BLOCK || COUNTED_FRAMES % block != 0) {
    fprintf(stderr, "arm_host: no plugin in %s, or BLOCK is not a divisor of %d: %s\n", path,
            COUNTED_FRAMES, library ? "" : dlerror());
    return 2;
  }
  static float in[MAX_BLOCK];
  static float out[MAX_BLOCK];
  float controls[N_PORTS] = {
      [PORT_GAIN] = 5.0f, [PORT_TONE] = 5.0f, [PORT_ENABLED] = 1.0f, [PORT_BLEND] = 100.0f};
  controls[PORT_OVERSAMPLING] = strtof(argv[3], NULL);
  for (uint32_t i = 0; i < N_PORTS; ++i) {
    plugin->connect_port(instance, i, i == PORT_IN ? in : i == PORT_OUT ? out : &controls[i]);
  }
  for (uint32_t i = 0; i < block; ++i) {
    in[i] = 0.6f * (float)i / (float)block - 0.3f;
  }
  printf("%p\n", *(void**)&function);
  plugin->activate(instance);
  play(plugin, instance, STEADY_FRAMES, block, &controls[PORT_GAIN], 0.0f);
  getppid();
  play(plugin, instance, COUNTED_FRAMES, block, &controls[PORT_GAIN], 0.0f);
  getppid();
  play(plugin, instance, COUNTED_FRAMES, block, &controls[PORT_GAIN], 1.0f / COUNTED_FRAMES);
  getppid();
  plugin->cleanup(instance);
  return 0;
}
