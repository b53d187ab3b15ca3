// SPDX-License-Identifier: MIT
#include "lv2/player_ports.h"

const ControlRange player_ranges[N_PLAYER_PORTS] = {
    [PLAYER_KNOB1] = {0.0f, 10.0f, 5.0f},       [PLAYER_KNOB2] = {0.0f, 10.0f, 5.0f},
    [PLAYER_KNOB3] = {0.0f, 10.0f, 5.0f},       [PLAYER_KNOB4] = {0.0f, 10.0f, 5.0f},
    [PLAYER_INPUT] = {-24.0f, 24.0f, 0.0f},     [PLAYER_LEVEL] = {-30.0f, 12.0f, 0.0f},
    [PLAYER_OVERSAMPLING] = {1.0f, 4.0f, 2.0f}, [PLAYER_ENABLED] = {0.0f, 1.0f, 1.0f},
    [PLAYER_NORMALIZE] = {0.0f, 1.0f, 0.0f},    [PLAYER_NEXT] = {0.0f, 1.0f, 0.0f},
    [PLAYER_PREVIOUS] = {0.0f, 1.0f, 0.0f},     [PLAYER_BLEND] = {0.0f, 100.0f, 100.0f},
    [PLAYER_MATCH] = {0.0f, 1.0f, 0.0f},        [PLAYER_PHASE] = {0.0f, 1.0f, 0.0f},
};

static float
limited(const float* values, unsigned port) NONBLOCKING
{
  return control_range_limit(player_ranges[port], values[port]);
}

PlayerControls
player_controls_from_ports(const float* values) NONBLOCKING
{
  PlayerControls controls = {
      .pedal = {.input_db = limited(values, PLAYER_INPUT),
                .level_db = limited(values, PLAYER_LEVEL),
                .blend = 0.01f * limited(values, PLAYER_BLEND),
                .oversampling = oversampling_nearest(limited(values, PLAYER_OVERSAMPLING)),
                .phase = phase_nearest(limited(values, PLAYER_PHASE)),
                .enabled = limited(values, PLAYER_ENABLED) > 0.0f,
                .match = limited(values, PLAYER_MATCH) > 0.0f},
      .normalize = limited(values, PLAYER_NORMALIZE) > 0.0f,
      .next = limited(values, PLAYER_NEXT) > 0.0f,
      .previous = limited(values, PLAYER_PREVIOUS) > 0.0f,
  };
  for (unsigned i = 0; i < MAX_KNOBS; ++i) {
    const unsigned port = PLAYER_KNOB1 + i;
    controls.pedal.knobs[i] = control_range_knob(player_ranges[port], values[port]);
  }
  return controls;
}
