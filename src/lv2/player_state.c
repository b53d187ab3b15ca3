// SPDX-License-Identifier: MIT
#include "lv2/player_state.h"

#include "lv2/features.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  LV2_State_Map_Path* map;
  LV2_State_Free_Path* free;
} PathFeatures;

static PathFeatures
path_features(const LV2_Feature* const* features)
{
  return (PathFeatures){feature_data(features, LV2_STATE__mapPath),
                        feature_data(features, LV2_STATE__freePath)};
}

// Frees a path that the host has mapped.
static void
free_mapped(PathFeatures features, char* path)
{
  if (features.free) {
    features.free->free_path(features.free->handle, path);
  } else {
    free(path);
  }
}

LV2_State_Status
player_state_save(const PlayerMessages* messages, const char* path, LV2_State_Store_Function store,
                  LV2_State_Handle handle, const LV2_Feature* const* features)
{
  const uint32_t flags = LV2_STATE_IS_POD | LV2_STATE_IS_PORTABLE;
  if (!*path) {
    const int32_t yes = 1;
    return store(handle, messages->own_model, &yes, sizeof yes, messages->atom_bool, flags);
  }
  const PathFeatures mapping = path_features(features);
  char* mapped = mapping.map ? mapping.map->abstract_path(mapping.map->handle, path) : NULL;
  const char* stored = mapped ? mapped : path;
  const LV2_State_Status status = store(handle, messages->told[TOLD_MODEL], stored,
                                        strlen(stored) + 1, messages->atom_path, flags);
  if (mapped) {
    free_mapped(mapping, mapped);
  }
  return status;
}

LV2_State_Status
player_state_find(const PlayerMessages* messages, char path[PATH_SIZE], bool* has_model,
                  LV2_State_Retrieve_Function retrieve, LV2_State_Handle handle,
                  const LV2_Feature* const* features)
{
  size_t size = 0;
  uint32_t type = 0;
  uint32_t flags = 0;
  const char* stored = retrieve(handle, messages->told[TOLD_MODEL], &size, &type, &flags);
  *has_model = false;
  if (!stored) {
    *has_model = retrieve(handle, messages->own_model, &size, &type, &flags);
    *path = '\0';
    return LV2_STATE_SUCCESS;
  }
  if (type != messages->atom_path && type != messages->atom_string) {
    return LV2_STATE_ERR_BAD_TYPE;
  }
  if (!memchr(stored, 0, size)) {
    return LV2_STATE_ERR_UNKNOWN;
  }
  const PathFeatures mapping = path_features(features);
  char* mapped = mapping.map ? mapping.map->absolute_path(mapping.map->handle, stored) : NULL;
  const int length = snprintf(path, PATH_SIZE, "%s", mapped ? mapped : stored);
  if (mapped) {
    free_mapped(mapping, mapped);
  }
  *has_model = length > 0 && length < PATH_SIZE;
  return *has_model ? LV2_STATE_SUCCESS : LV2_STATE_ERR_UNKNOWN;
}
