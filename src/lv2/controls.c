// SPDX-License-Identifier: MIT
#include "lv2/controls.h"

const ControlRange control_ranges[N_PORTS] = {
    [PORT_GAIN] = {0.0f, 10.0f, 5.0f},     [PORT_TONE] = {0.0f, 10.0f, 5.0f},
    [PORT_LEVEL] = {-30.0f, 12.0f, 0.0f},  [PORT_OVERSAMPLING] = {1.0f, 4.0f, 2.0f},
    [PORT_ENABLED] = {0.0f, 1.0f, 1.0f},   [PORT_INPUT] = {-24.0f, 24.0f, 0.0f},
    [PORT_BLEND] = {0.0f, 100.0f, 100.0f}, [PORT_MATCH] = {0.0f, 1.0f, 0.0f},
    [PORT_PHASE] = {0.0f, 1.0f, 0.0f},
};

static float
limited(const float* values, unsigned port) NONBLOCKING
{
  return control_range_limit(control_ranges[port], values[port]);
}

static float
knob_position(const float* values, unsigned port) NONBLOCKING
{
  return control_range_knob(control_ranges[port], values[port]);
}

PedalControls
controls_from_ports(const float* values) NONBLOCKING
{
  return (PedalControls){
      .knobs = {knob_position(values, PORT_GAIN), knob_position(values, PORT_TONE)},
      .input_db = limited(values, PORT_INPUT),
      .blend = 0.01f * limited(values, PORT_BLEND),
      .level_db = limited(values, PORT_LEVEL),
      .oversampling = oversampling_nearest(limited(values, PORT_OVERSAMPLING)),
      .phase = phase_nearest(limited(values, PORT_PHASE)),
      .enabled = limited(values, PORT_ENABLED) > 0.0f,
      .match = limited(values, PORT_MATCH) > 0.0f,
  };
}
