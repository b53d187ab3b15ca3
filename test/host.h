// SPDX-License-Identifier: MIT
// A small LV2 host for the tests: the built bundle, loaded through lilv.
#ifndef OD3_TEST_HOST_H
#define OD3_TEST_HOST_H

#include <lilv/lilv.h>
#include <stdint.h>

#define HOST_PLUGIN_URI "urn:od3-lv2:od3"

enum {
  PORT_IN,
  PORT_OUT,
  PORT_GAIN,
  PORT_TONE,
  PORT_LEVEL,
  PORT_OVERSAMPLING,
  PORT_ENABLED,
  PORT_LATENCY,
  N_PORTS
};

typedef struct {
  LilvWorld* world;
  const LilvPlugin* plugin;
} Host;

typedef struct {
  LilvInstance* lilv;
  float controls[N_PORTS]; // connected; the defaults at first
} Instance;

// The built bundle, while a test group runs between host_open and host_close: cmocka's setup, which
// exits with a message when there is no plugin, and its teardown.
extern Host host;

int
host_open(void** state);

int
host_close(void** state);

// A new instance, its control ports connected, activated at these controls; exits when it can't.
Instance*
host_start(double sample_rate_hz, float gain, float tone, float level_db, float enabled);

void
host_free(Instance* instance);

// Runs n frames in blocks of at most `block`. In-place when in == out.
void
host_run(Instance* instance, const float* in, float* out, uint32_t n, uint32_t block);

#endif
