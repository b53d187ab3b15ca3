// SPDX-License-Identifier: MIT
// A small LV2 host for the tests. It loads the built bundle through lilv.
#ifndef OD3_TEST_HOST_H
#define OD3_TEST_HOST_H

#include "lv2/controls.h"

#include <lilv/lilv.h>
#include <stdint.h>

typedef struct {
  LilvWorld* world;
  const LilvPlugin* plugin;
} Host;

typedef struct {
  LilvInstance* lilv;
  float controls[N_PORTS]; // the connected values; they start at the defaults
} Instance;

// The built bundle. It is valid between host_open() and host_close(), which are the setup and the
// teardown of a cmocka group. host_open() exits with a message when the bundle has no plugin.
extern Host host;

int
host_open(void** state);

int
host_close(void** state);

// Returns an activated instance whose control ports are connected and hold these values. The caller
// frees it with host_free(). Exits with a message when the plugin cannot be instantiated.
Instance*
host_start(double sample_rate_hz, float gain, float tone, float level_db, float enabled);

void
host_free(Instance* instance);

// Runs n frames in blocks of at most `block` frames. `in` may equal `out`.
void
host_run(Instance* instance, const float* in, float* out, uint32_t n, uint32_t block);

#endif
