// SPDX-License-Identifier: MIT
#include "lv2/setup.h"

#include "lv2/features.h"

#include <lv2/log/log.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The sample rates that the plugins accept.
static const double min_rate_hz = 1.0;
static const double max_rate_hz = 1e7;

void
setup_logger(const LV2_Feature* const* features, LV2_Log_Logger* logger, LV2_URID_Map** map)
{
  *logger = (LV2_Log_Logger){.log = feature_data(features, LV2_LOG__log)};
  *map = feature_data(features, LV2_URID__map);
  lv2_log_logger_set_map(logger, *map);
}

bool
setup_allows_rate(double sample_rate_hz, LV2_Log_Logger* logger)
{
  const bool is_allowed = sample_rate_hz >= min_rate_hz && sample_rate_hz <= max_rate_hz;
  if (!is_allowed) {
    lv2_log_error(logger, "od3: the sample rate is %.9g Hz; allowed is %g to %g\n", sample_rate_hz,
                  min_rate_hz, max_rate_hz);
  }
  return is_allowed;
}

const Kernel*
setup_kernel(LV2_Log_Logger* logger)
{
  const char* name = getenv("OD3_KERNEL");
  const Kernel* kernel = kernel_find(name);
  if (!kernel) {
    kernel = kernel_find(NULL);
    lv2_log_warning(logger,
                    "od3: OD3_KERNEL is \"%s\", which this build or processor lacks; using %s\n",
                    name, kernel->name);
  }
  return kernel;
}

char*
setup_own_model_path(const char* bundle_path)
{
  const size_t length = strlen(bundle_path);
  const size_t size = length + sizeof "/" OWN_MODEL_FILE;
  const char* slash = length && bundle_path[length - 1] == '/' ? "" : "/";
  char* path = malloc(size);
  if (path) {
    snprintf(path, size, "%s%s" OWN_MODEL_FILE, bundle_path, slash);
  }
  return path;
}
