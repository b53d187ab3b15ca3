// SPDX-License-Identifier: MIT
#include "bench/instance.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const LV2_Descriptor* instance_plugin;
const LV2_Descriptor* instance_stereo;
static const char* folder;
static float out[INSTANCE_MAX_BLOCK];

bool
instance_load(const char* bundle)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/od3.so", bundle);
  void* library = dlopen(path, RTLD_NOW);
  LV2_Descriptor_Function function = NULL;
  if (library) {
    *(void**)&function = dlsym(library, "lv2_descriptor");
  }
  folder = bundle;
  for (uint32_t i = 0; function && function(i); ++i) {
    const LV2_Descriptor* plugin = function(i);
    instance_plugin = strcmp(plugin->URI, OD3_PLUGIN_URI) == 0 ? plugin : instance_plugin;
    instance_stereo = strcmp(plugin->URI, OD3_STEREO_URI) == 0 ? plugin : instance_stereo;
  }
  const bool has_both = instance_plugin && instance_stereo;
  if (!has_both) {
    fprintf(stderr, "bench: %s lacks a pedal: %s\n", path, library ? "" : dlerror());
  }
  return has_both;
}

LV2_Handle
instance_new(const LV2_Descriptor* plugin)
{
  static const LV2_Feature* const no_features[] = {NULL};
  LV2_Handle handle = plugin->instantiate(plugin, INSTANCE_RATE_HZ, folder, no_features);
  if (!handle) {
    abort();
  }
  return handle;
}

Instance*
instance_begin(const char* kernel)
{
  setenv("OD3_KERNEL", kernel, 1);
  Instance* instance = calloc(1, sizeof *instance);
  if (!instance) {
    abort();
  }
  *instance = (Instance){.handle = instance_new(instance_plugin)};
  instance->controls[PORT_GAIN] = instance->controls[PORT_TONE] = 5.0f;
  instance->controls[PORT_OVERSAMPLING] = instance->controls[PORT_ENABLED] = 1.0f;
  instance->controls[PORT_BLEND] = 100.0f;
  for (uint32_t i = 0; i < N_PORTS; ++i) {
    instance_plugin->connect_port(instance->handle, i,
                                  i == PORT_OUT ? out : &instance->controls[i]);
  }
  instance_plugin->activate(instance->handle);
  return instance;
}

void
instance_run(Instance* instance, float* in, uint32_t n_frames)
{
  instance_plugin->connect_port(instance->handle, PORT_IN, in);
  instance_plugin->run(instance->handle, n_frames);
}

void
instance_end(Instance* instance)
{
  instance_plugin->cleanup(instance->handle);
  free(instance);
}
