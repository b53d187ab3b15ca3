// SPDX-License-Identifier: MIT
// The player's ports for C programs. The bundle's Turtle (ttl/player.ttl.in) says the same to
// hosts, and a test compares both.
#ifndef OD3_PLAYER_PORTS_H
#define OD3_PLAYER_PORTS_H

#include "common/realtime.h"
#include "engine/pedal.h"
#include "lv2/control_range.h"

#include <stdbool.h>

#define PLAYER_URI "urn:od3-lv2:player"

// Port indices. They are frozen: new ports follow the old ones.
enum {
  PLAYER_IN,
  PLAYER_OUT,
  PLAYER_KNOB1, // as many knobs as MAX_KNOBS
  PLAYER_KNOB2,
  PLAYER_KNOB3,
  PLAYER_KNOB4,
  PLAYER_INPUT, // dB
  PLAYER_LEVEL, // dB
  PLAYER_OVERSAMPLING,
  PLAYER_ENABLED,
  PLAYER_LATENCY, // output, in frames
  PLAYER_NORMALIZE,
  PLAYER_NEXT,
  PLAYER_PREVIOUS,
  PLAYER_CONTROL,     // atom input
  PLAYER_NOTIFY,      // atom output
  PLAYER_BLEND,       // %
  PLAYER_INPUT_PEAK,  // output, dBFS
  PLAYER_OUTPUT_PEAK, // output, dBFS
  PLAYER_MATCH,
  PLAYER_INPUT_LEVEL, // output, an InputLevel
  PLAYER_PHASE,       // a Phase
  N_PLAYER_PORTS
};

// All zeros for ports that are no control inputs.
extern const ControlRange player_ranges[N_PLAYER_PORTS];

typedef struct {
  PedalControls pedal;
  bool normalize;
  bool next;
  bool previous;
} PlayerControls;

// Maps control ports' values [N_PLAYER_PORTS], any numbers; other ports' are ignored. Any thread.
PlayerControls
player_controls_from_ports(const float* values) NONBLOCKING;

#endif
