// SPDX-License-Identifier: MIT
// Finds what a host offers. lv2_features_query of LV2's own header crashes where a feature has no
// URI, and lv2file offers such a feature to plugins with a worker when its stack happens to hold 0.
#ifndef OD3_FEATURES_H
#define OD3_FEATURES_H

#include <lv2/core/lv2.h>

#include <stddef.h>
#include <string.h>

// Returns the data of the feature with this URI, or NULL. `features` ends with NULL, and may be
// NULL itself. Any thread.
static inline void*
feature_data(const LV2_Feature* const* features, const char* uri)
{
  for (size_t i = 0; features && features[i]; ++i) {
    if (features[i]->URI && strcmp(features[i]->URI, uri) == 0) {
      return features[i]->data;
    }
  }
  return NULL;
}

#endif
