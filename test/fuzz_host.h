// SPDX-License-Identifier: MIT
// A host of any kind, and what fuzz_run.c demands of each block that it runs.
#ifndef OD3_TEST_FUZZ_HOST_H
#define OD3_TEST_FUZZ_HOST_H

#include <lv2/core/lv2.h>
#include <stdbool.h>
#include <stdint.h>

enum { IN, OUT, GAIN, TONE, LEVEL, OVERSAMPLING, ENABLED, LATENCY, N_PORTS };
enum {
  MAX_DELAY = 64, // frames: above any latency
  MAX_BLOCK = 8192,
};

typedef struct {
  const LV2_Descriptor* descriptor;
  LV2_Handle plugin;
  double rate_hz;
  float controls[N_PORTS];
  bool is_connected[N_PORTS];
  bool is_fresh; // activated, and not run yet
  bool was_enabled;
  int times;              // of oversampling
  uint32_t since_enabled; // frames since that changed
  uint32_t since_times;
  float past[MAX_DELAY]; // the last input, the oldest first
} Host;

// What any host plays next, and what it played last.
extern float host_in[MAX_BLOCK];
extern float host_out[MAX_BLOCK];

// With no port connected, and not activated.
void
host_start(Host* host, const char* bundle, double rate_hz);

void
host_end(Host* host);

void
host_activate(Host* host);

// Any port, even one that the plugin does not have; to nothing, if it is not to be connected.
void
host_connect(Host* host, uint32_t port, bool is_connected);

// What the plugin makes of a control: the default where it is NaN or not connected.
float
host_control(const Host* host, uint32_t port);

// How many samples the network plays a frame.
uint32_t
host_factor(const Host* host);

// So many frames in whole ticks of controls, one to begin with, and one to end.
uint32_t
host_frames(const Host* host, double seconds);

// Runs n_frames of host_in, at most MAX_BLOCK, into host_out, in place or not, and aborts if they
// are not what they must be.
void
host_run(Host* host, uint32_t n_frames, bool is_in_place);

#endif
