// SPDX-License-Identifier: MIT
// A minimal LV2 host without features, which tests run on other processors. It plays raw float32
// samples from standard input to standard output.
//
// usage: plain_host BUNDLE_DIR GAIN TONE OVERSAMPLING
#include <dlfcn.h>
#include <lv2/core/lv2.h>

#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 100, N_PORTS = 8 };

static const LV2_Descriptor*
load(const char* bundle)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/od3.so", bundle);
  void* library = dlopen(path, RTLD_NOW);
  if (!library) {
    fprintf(stderr, "plain_host: %s\n", dlerror());
    return NULL;
  }
  LV2_Descriptor_Function function = NULL;
  *(void**)&function = dlsym(library, "lv2_descriptor");
  return function ? function(0) : NULL;
}

int
main(int argc, char** argv)
{
  const LV2_Descriptor* plugin = argc == 5 ? load(argv[1]) : NULL;
  const LV2_Feature* const no_features[] = {NULL};
  LV2_Handle instance = plugin ? plugin->instantiate(plugin, 48000.0, argv[1], no_features) : NULL;
  if (!instance) {
    return 2;
  }
  float in[BLOCK];
  float out[BLOCK];
  float controls[N_PORTS] = {
      0, 0, strtof(argv[2], NULL), strtof(argv[3], NULL), 0, strtof(argv[4], NULL), 1, 0};
  for (uint32_t i = 0; i < N_PORTS; ++i) {
    plugin->connect_port(instance, i, i == 0 ? in : i == 1 ? out : &controls[i]);
  }
  plugin->activate(instance);
  size_t n = 0;
  while ((n = fread(in, sizeof *in, BLOCK, stdin)) > 0) {
    plugin->run(instance, (uint32_t)n);
    if (fwrite(out, sizeof *out, n, stdout) != n) {
      return 1;
    }
  }
  plugin->cleanup(instance);
  return 0;
}
