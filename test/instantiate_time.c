// SPDX-License-Identifier: MIT
// Times how the built plugin starts: medians of 100 rounds.
//
// usage: instantiate_time     prints lines "name milliseconds"
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N_ROUNDS = 100, RATE_HZ = 48000 };

typedef struct {
  double instantiate_ms[N_ROUNDS];
  double activate_ms[N_ROUNDS];
} Times;

static double
now_ms(void)
{
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); // other programs' time does not count
  return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

static int
compare(const void* a, const void* b)
{
  const double x = *(const double*)a;
  const double y = *(const double*)b;
  return (x > y) - (x < y);
}

static void
tell(const char* name, double* times_ms)
{
  qsort(times_ms, N_ROUNDS, sizeof *times_ms, compare);
  printf("%s %.3f\n", name, times_ms[N_ROUNDS / 2]);
}

static void
time_start(const LV2_Descriptor* plugin, const char* bundle, Times* times)
{
  const LV2_Feature* const no_features[] = {NULL};
  for (int i = 0; i < N_ROUNDS; ++i) {
    const double start_ms = now_ms();
    const LV2_Handle instance = plugin->instantiate(plugin, RATE_HZ, bundle, no_features);
    const double ready_ms = now_ms();
    plugin->activate(instance);
    times->activate_ms[i] = now_ms() - ready_ms;
    times->instantiate_ms[i] = ready_ms - start_ms;
    plugin->cleanup(instance);
  }
}

int
main(void)
{
  static Times times;
  host_open(NULL);
  char* bundle =
      lilv_file_uri_parse(lilv_node_as_uri(lilv_plugin_get_bundle_uri(host.plugin)), NULL);
  Instance* instance = host_start(RATE_HZ, 5, 5, 0, 1); // keeps the library loaded
  const LV2_Descriptor* plugin = lilv_instance_get_descriptor(instance->lilv);
  time_start(plugin, bundle, &times);
  tell("instantiate,beside-another", times.instantiate_ms);
  tell("activate", times.activate_ms);
  // Its model goes, and the library stays: lilv unloads that with the instance.
  plugin->cleanup(lilv_instance_get_handle(instance->lilv));
  time_start(plugin, bundle, &times);
  tell("instantiate,alone", times.instantiate_ms);
  lilv_free(bundle);
  host_close(NULL);
  return 0;
}
