// SPDX-License-Identifier: MIT
#include "support/host.h"

#include <stdio.h>
#include <stdlib.h>

Host host;

int
host_open(void** state)
{
  (void)state;
  char path[4096];
  const char* top = getenv("OD3_TOP");
  snprintf(path, sizeof path, "%s/od3.lv2/", top ? top : ".");
  host.world = lilv_world_new();
  LilvNode* folder = lilv_new_file_uri(host.world, NULL, path);
  lilv_world_load_bundle(host.world, folder);
  LilvNode* uri = lilv_new_uri(host.world, OD3_PLUGIN_URI);
  host.plugin = lilv_plugins_get_by_uri(lilv_world_get_all_plugins(host.world), uri);
  lilv_node_free(uri);
  lilv_node_free(folder);
  if (!host.plugin) {
    fprintf(stderr, "host: there is no plugin " OD3_PLUGIN_URI " in %s\n", path);
    exit(1);
  }
  return 0;
}

int
host_close(void** state)
{
  (void)state;
  lilv_world_free(host.world);
  return 0;
}

Instance*
host_start(double sample_rate_hz, float gain, float tone, float level_db, float enabled)
{
  Instance* instance = calloc(1, sizeof *instance);
  if (instance) {
    instance->lilv = lilv_plugin_instantiate(host.plugin, sample_rate_hz, NULL);
  }
  if (!instance || !instance->lilv) {
    fprintf(stderr, "host: the plugin cannot be instantiated at %g Hz\n", sample_rate_hz);
    exit(1);
  }
  lilv_plugin_get_port_ranges_float(host.plugin, NULL, NULL, instance->controls);
  for (uint32_t port = PORT_GAIN; port < N_PORTS; ++port) {
    lilv_instance_connect_port(instance->lilv, port, &instance->controls[port]);
  }
  instance->controls[PORT_GAIN] = gain;
  instance->controls[PORT_TONE] = tone;
  instance->controls[PORT_LEVEL] = level_db;
  instance->controls[PORT_ENABLED] = enabled;
  lilv_instance_activate(instance->lilv);
  return instance;
}

void
host_free(Instance* instance)
{
  lilv_instance_free(instance->lilv);
  free(instance);
}

void
host_run(Instance* instance, const float* in, float* out, uint32_t n, uint32_t block)
{
  for (uint32_t done = 0; done < n;) {
    const uint32_t part = n - done < block ? n - done : block;
    lilv_instance_connect_port(instance->lilv, PORT_IN, (void*)(uintptr_t)(in + done));
    lilv_instance_connect_port(instance->lilv, PORT_OUT, out + done);
    lilv_instance_run(instance->lilv, part);
    done += part;
  }
}
