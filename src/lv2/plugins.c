// SPDX-License-Identifier: MIT
// The library's only exported symbol.
#include "lv2/plugins.h"

#include <stddef.h>

LV2_SYMBOL_EXPORT const LV2_Descriptor*
lv2_descriptor(uint32_t index)
{
  switch (index) {
  case 0: return &od3_descriptor;
  case 1: return &player_descriptor;
  case 2: return &od3_stereo_descriptor;
  default: return NULL;
  }
}
