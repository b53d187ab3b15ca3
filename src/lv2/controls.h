// SPDX-License-Identifier: MIT
// The plugin's ports for C programs. The bundle's Turtle (ttl/od3.ttl.in) says the same to hosts,
// and a test compares both.
#ifndef OD3_CONTROLS_H
#define OD3_CONTROLS_H

#include "common/realtime.h"
#include "engine/pedal.h"
#include "lv2/control_range.h"

#include <stdbool.h>

#define OD3_PLUGIN_URI "urn:od3-lv2:od3"
#define OD3_STEREO_URI "urn:od3-lv2:od3-stereo"

// Port indices. They are frozen: new ports follow the old ones. The stereo pedal has two audio
// inputs, two audio outputs, and then the same control ports: STEREO_SHIFT further.
enum {
  PORT_IN,
  PORT_OUT,
  PORT_GAIN,
  PORT_TONE,
  PORT_LEVEL, // dB
  PORT_OVERSAMPLING,
  PORT_ENABLED,
  PORT_LATENCY,     // output, in frames
  PORT_INPUT,       // dB
  PORT_BLEND,       // %
  PORT_INPUT_PEAK,  // output, dBFS
  PORT_OUTPUT_PEAK, // output, dBFS
  PORT_MATCH,
  PORT_INPUT_LEVEL, // output, an InputLevel
  PORT_PHASE,       // a Phase
  N_PORTS
};
enum { STEREO_SHIFT = 2, N_STEREO_PORTS = N_PORTS + STEREO_SHIFT };

// All zeros for ports that are no control inputs.
extern const ControlRange control_ranges[N_PORTS];

// Returns whether a port below N_PORTS is a control input. Any thread.
static inline bool
control_is_input(unsigned port) NONBLOCKING
{
  return control_range_is_input(control_ranges[port]);
}

// Maps control ports' values [N_PORTS], any numbers, to the pedal's controls; other ports' are
// ignored. Any thread.
PedalControls
controls_from_ports(const float* values) NONBLOCKING;

#endif
