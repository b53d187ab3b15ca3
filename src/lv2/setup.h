// SPDX-License-Identifier: MIT
// The steps that all plugins of the bundle take when a host instantiates them. Not for the audio
// thread.
#ifndef OD3_SETUP_H
#define OD3_SETUP_H

#include "rnn/kernel.h"

#include <lv2/core/lv2.h>
#include <lv2/log/logger.h>
#include <lv2/urid/urid.h>

#include <stdbool.h>

#define OWN_MODEL_FILE "od3.gru" // in the bundle

// Makes the logger write to the host's log, or to the standard error stream where the host has
// none. Sets *map to the host's URID map, or to NULL.
void
setup_logger(const LV2_Feature* const* features, LV2_Log_Logger* logger, LV2_URID_Map** map);

// Returns whether the plugins run at this sample rate, and logs it if not.
bool
setup_allows_rate(double sample_rate_hz, LV2_Log_Logger* logger);

// Returns the kernel that the environment variable OD3_KERNEL names, or the fastest where it is
// unset. A name that this build or processor lacks is logged.
const Kernel*
setup_kernel(LV2_Log_Logger* logger);

// Returns the path of the bundle's own model, which the caller frees, or NULL when memory is short.
char*
setup_own_model_path(const char* bundle_path);

#endif
