// SPDX-License-Identifier: MIT
// The bundle's plugins.
#ifndef OD3_PLUGINS_H
#define OD3_PLUGINS_H

#include <lv2/core/lv2.h>

extern const LV2_Descriptor od3_descriptor;        // the pedal
extern const LV2_Descriptor od3_stereo_descriptor; // the same for two channels
extern const LV2_Descriptor player_descriptor;     // the player of any model file

#endif
