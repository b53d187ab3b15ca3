// SPDX-License-Identifier: MIT
// The LV2 face of the pedal.
#include "denormals.h"
#include "kernel.h"
#include "model.h"
#include "packed_model.h"
#include "pedal.h"
#include "realtime.h"
#include "shared_model.h"

#include <lv2/core/lv2.h>
#include <lv2/core/lv2_util.h>
#include <lv2/log/log.h>
#include <lv2/log/logger.h>
#include <lv2/urid/urid.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLUGIN_URI "urn:od3-lv2:od3"
#define MODEL_FILE "od3.gru"

// As in ttl/od3.ttl.
enum { IN, OUT, GAIN, TONE, LEVEL, OVERSAMPLING, ENABLED, LATENCY, N_PORTS };

typedef struct {
  float min, max, initial;
} Range;

static const Range ranges[N_PORTS] = {
    [GAIN] = {0.0f, 10.0f, 5.0f},    [TONE] = {0.0f, 10.0f, 5.0f},
    [LEVEL] = {-30.0f, 12.0f, 0.0f}, [OVERSAMPLING] = {1.0f, 4.0f, 2.0f},
    [ENABLED] = {0.0f, 1.0f, 1.0f},
};

typedef struct {
  const PackedModel* model;
  Pedal* pedal;
  float* ports[N_PORTS]; // each NULL until the host connects it
} Plugin;

static void
cleanup(LV2_Handle instance)
{
  Plugin* plugin = instance;
  pedal_free(plugin->pedal);
  shared_model_release(plugin->model);
  free(plugin);
}

// The one that the environment asks for, if it can run; else the fastest.
static const Kernel*
choose_kernel(LV2_Log_Logger* logger)
{
  const char* name = getenv("OD3_KERNEL");
  const Kernel* kernel = kernel_find(name);
  if (!kernel) {
    kernel = kernel_find(NULL);
    lv2_log_warning(logger, "od3: there is no kernel %s here: using %s\n", name, kernel->name);
  }
  return kernel;
}

static const PackedModel*
pack_model(const Model* model, LV2_Log_Logger* logger)
{
  PackedModel* packed = packed_model_new(model, choose_kernel(logger));
  const PackedModel* shared = packed ? shared_model_take(packed) : NULL;
  if (!shared) {
    lv2_log_error(logger, "od3: out of memory\n");
  }
  return shared;
}

static const PackedModel*
load_model(const char* bundle_path, LV2_Log_Logger* logger)
{
  const size_t size = strlen(bundle_path) + sizeof "/" MODEL_FILE;
  char* path = malloc(size);
  if (!path) {
    lv2_log_error(logger, "od3: out of memory\n");
    return NULL;
  }
  snprintf(path, size, "%s/" MODEL_FILE, bundle_path);
  Model* model = NULL;
  const ModelStatus status = model_load(path, &model);
  if (status != MODEL_OK) {
    lv2_log_error(logger, "od3: the model %s is %s\n", path, model_status_text(status));
  }
  free(path);
  const PackedModel* packed = model ? pack_model(model, logger) : NULL;
  model_free(model);
  return packed;
}

static LV2_Handle
instantiate(const LV2_Descriptor* descriptor, double sample_rate_hz, const char* bundle_path,
            const LV2_Feature* const* features)
{
  (void)descriptor;
  LV2_Log_Logger logger = {0};
  LV2_URID_Map* map = NULL;
  // Both are optional: without them, messages go to the standard error stream.
  lv2_features_query(features, LV2_LOG__log, &logger.log, false, LV2_URID__map, &map, false, NULL);
  lv2_log_logger_set_map(&logger, map);

  if (!(sample_rate_hz >= 1.0 && sample_rate_hz <= 1e7)) {
    lv2_log_error(&logger, "od3: a sample rate of %g Hz can't be played\n", sample_rate_hz);
    return NULL;
  }
  Plugin* plugin = calloc(1, sizeof *plugin);
  if (!plugin) {
    lv2_log_error(&logger, "od3: out of memory\n");
    return NULL;
  }
  plugin->model = load_model(bundle_path, &logger);
  plugin->pedal = plugin->model ? pedal_new(plugin->model, sample_rate_hz) : NULL;
  if (!plugin->pedal) {
    if (plugin->model) {
      lv2_log_error(&logger, "od3: out of memory\n");
    }
    cleanup(plugin);
    return NULL;
  }
  return plugin;
}

static void
connect_port(LV2_Handle instance, uint32_t port, void* data) NONBLOCKING
{
  Plugin* plugin = instance;
  if (port < N_PORTS) {
    plugin->ports[port] = data;
  }
}

// What the host asks for, within the port's range; the default if that is nothing or no number.
static float
read_control(const Plugin* plugin, uint32_t port) NONBLOCKING
{
  const Range range = ranges[port];
  const float value = plugin->ports[port] ? *plugin->ports[port] : range.initial;
  if (isnan(value)) {
    return range.initial;
  }
  return value < range.min ? range.min : value > range.max ? range.max : value;
}

// -1 to +1.
static float
as_knob(float value, Range range) NONBLOCKING
{
  return 2.0f * (value - range.min) / (range.max - range.min) - 1.0f;
}

// The nearest choice; 3 has two, of which 2 costs less.
static Oversampling
as_oversampling(float times) NONBLOCKING
{
  return times < 1.5f ? OVERSAMPLING_1X : times < 3.5f ? OVERSAMPLING_2X : OVERSAMPLING_4X;
}

static PedalControls
read_controls(const Plugin* plugin) NONBLOCKING
{
  float values[N_PORTS];
  for (uint32_t port = GAIN; port <= ENABLED; ++port) {
    values[port] = read_control(plugin, port);
  }
  return (PedalControls){
      .knobs = {as_knob(values[GAIN], ranges[GAIN]), as_knob(values[TONE], ranges[TONE])},
      .level_db = values[LEVEL],
      .oversampling = as_oversampling(values[OVERSAMPLING]),
      .enabled = values[ENABLED] > 0.0f,
  };
}

static void
activate(LV2_Handle instance) NONBLOCKING
{
  Plugin* plugin = instance;
  const DenormalMode mode = denormals_flush();
  const PedalControls controls = read_controls(plugin);
  pedal_settle(plugin->pedal, &controls);
  denormals_restore(mode);
}

static void
run(LV2_Handle instance, uint32_t n_frames) NONBLOCKING
{
  Plugin* plugin = instance;
  const bool is_connected = plugin->ports[IN] && plugin->ports[OUT];
  const DenormalMode mode = denormals_flush();
  const PedalControls controls = read_controls(plugin);
  pedal_run(plugin->pedal, &controls, plugin->ports[IN], plugin->ports[OUT],
            is_connected ? n_frames : 0);
  denormals_restore(mode);
  if (plugin->ports[LATENCY]) {
    *plugin->ports[LATENCY] = (float)pedal_latency_frames(plugin->pedal);
  }
}

static const LV2_Descriptor descriptor = {
    PLUGIN_URI, instantiate, connect_port, activate, run, NULL, cleanup, NULL,
};

LV2_SYMBOL_EXPORT const LV2_Descriptor*
lv2_descriptor(uint32_t index)
{
  return index == 0 ? &descriptor : NULL;
}
