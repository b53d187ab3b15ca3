// SPDX-License-Identifier: MIT
// An LV2 host that may do anything, with the checks that run.c makes on each block.
#ifndef OD3_TEST_FUZZ_HOST_H
#define OD3_TEST_FUZZ_HOST_H

#include "lv2/controls.h"

#include <lv2/core/lv2.h>
#include <stdbool.h>
#include <stdint.h>

enum {
  MAX_DELAY = 64, // frames; greater than any latency
  MAX_BLOCK = 8192,
};

typedef struct {
  const LV2_Descriptor* descriptor;
  LV2_Handle plugin;
  double rate_hz;
  float controls[N_PORTS];
  bool is_connected[N_PORTS];
  bool is_fresh;         // activated and not run since
  float wet;             // in the last run: the network's part of the output
  int times;             // oversampling factor of the last block
  bool is_minimum_phase; // of the last block
  uint32_t since_wet;    // frames since `wet` changed
  uint32_t since_engine; // frames since `times` or the phase changed
  uint32_t since_match;  // frames since a matched bypass
  float past[MAX_DELAY]; // the newest input frames, oldest first
} Host;

// The input of the next block and the output of the last one; all hosts share them.
extern float host_in[MAX_BLOCK];
extern float host_out[MAX_BLOCK];

// Instantiates the plugin. No port is connected and the plugin is not activated.
void
host_start(Host* host, const char* bundle, double rate_hz);

void
host_end(Host* host);

void
host_activate(Host* host);

// Connects a port, or connects it to NULL. The plugin need not have the port.
void
host_connect(Host* host, uint32_t port, bool is_connected);

// Returns the value that the plugin must use: the default for NaN and unconnected ports.
float
host_control(const Host* host, uint32_t port);

// Returns the number of network samples per frame.
uint32_t
host_factor(const Host* host);

// Returns a duration in frames, rounded up to control periods, plus one period at each end.
uint32_t
host_frames(const Host* host, double seconds);

// Runs n_frames (at most MAX_BLOCK) from host_in to host_out, in place if asked. Aborts when the
// output breaks a requirement; the requirements are listed in host.c.
void
host_run(Host* host, uint32_t n_frames, bool is_in_place);

#endif
