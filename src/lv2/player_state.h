// SPDX-License-Identifier: MIT
// The player's model in the host's session: a path, or that it is the bundle's own. Not for the
// audio thread.
#ifndef OD3_PLAYER_STATE_H
#define OD3_PLAYER_STATE_H

#include "lv2/player_messages.h"
#include "player/path_box.h"

#include <lv2/state/state.h>

#include <stdbool.h>

// Stores a path; the empty one is that of the bundle's own model.
LV2_State_Status
player_state_save(const PlayerMessages* messages, const char* path, LV2_State_Store_Function store,
                  LV2_State_Handle handle, const LV2_Feature* const* features);

// Finds the path in a state and sets *has_model. A state without a model, such as a preset of
// knobs, sets it to false and is no error.
LV2_State_Status
player_state_find(const PlayerMessages* messages, char path[PATH_SIZE], bool* has_model,
                  LV2_State_Retrieve_Function retrieve, LV2_State_Handle handle,
                  const LV2_Feature* const* features);

#endif
