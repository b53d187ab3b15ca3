// SPDX-License-Identifier: MIT
// The LV2 entry points of the mono and the stereo pedal: loads the bundle's model, reads the ports
// and runs the pedal.
#include "common/realtime.h"
#include "engine/pedal.h"
#include "engine/pedal_rest.h"
#include "lv2/controls.h"
#include "lv2/float_env.h"
#include "lv2/plugins.h"
#include "lv2/setup.h"
#include "model/model.h"
#include "model/model_file_id.h"
#include "model/packed_model.h"
#include "model/shared_model.h"

#include <lv2/core/lv2.h>
#include <lv2/log/logger.h>
#include <lv2/urid/urid.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const PackedModel* model;
  Pedal* pedal;
  unsigned n_channels;
  // Each NULL until the host connects it.
  const float* in[PEDAL_MAX_CHANNELS];
  float* out[PEDAL_MAX_CHANNELS];
  float* ports[N_PORTS]; // by the mono pedal's index
} Plugin;

static void
cleanup(LV2_Handle instance)
{
  Plugin* plugin = instance;
  pedal_free(plugin->pedal);
  shared_model_release(plugin->model);
  free(plugin);
}

// Reads a file and packs its model; shares it as that of `id`, if that is not NULL.
static const PackedModel*
read_model(const char* path, const ModelFileId* id, const Kernel* kernel, LV2_Log_Logger* logger)
{
  Model* model = NULL;
  ModelError error = {.status = MODEL_OK};
  if (model_load(path, &model, &error) != MODEL_OK) {
    char reason[MODEL_ERROR_TEXT_SIZE];
    model_error_text(&error, reason);
    lv2_log_error(logger, "od3: %s: %s\n", path, reason);
    return NULL;
  }
  PackedModel* packed = packed_model_new(model, kernel);
  model_free(model);
  if (!packed) {
    lv2_log_error(logger, "od3: out of memory\n");
    return NULL;
  }
  return shared_model_share(packed, id);
}

static const PackedModel*
load_model(const char* path, LV2_Log_Logger* logger)
{
  const Kernel* kernel = setup_kernel(logger);
  ModelFileId id;
  const bool has_id = model_file_id(path, &id);
  const PackedModel* model = has_id ? shared_model_find(&id, kernel) : NULL;
  return model ? model : read_model(path, has_id ? &id : NULL, kernel, logger);
}

// Logs it where the bundle's model does not come to rest. The state of silence that this takes is
// the one that activate() needs at the controls' defaults, and the model keeps it.
static void
warn_of_unrest(Pedal* pedal, const char* path, LV2_Log_Logger* logger)
{
  enum { WATCHED_FRAMES = 2048 };
  const PedalControls defaults = {.blend = 1.0f, .enabled = true};
  char reason[PEDAL_REST_TEXT_SIZE];
  const FloatEnv host_env = float_env_enter();
  pedal_prime(pedal, &defaults);
  pedal_rest_text(pedal_rest_peak(pedal, WATCHED_FRAMES), reason);
  float_env_restore(host_env);
  if (reason[0]) {
    lv2_log_warning(logger, "od3: %s: %s\n", path, reason);
  }
}

// Loads the bundle's model and makes its pedal. Returns false, and logs the reason, where it can't.
static bool
load(Plugin* plugin, double sample_rate_hz, const char* path, LV2_Log_Logger* logger)
{
  plugin->model = load_model(path, logger);
  if (plugin->model) {
    plugin->pedal = pedal_new_with_channels(plugin->model, sample_rate_hz, plugin->n_channels);
  }
  if (plugin->pedal) {
    warn_of_unrest(plugin->pedal, path, logger);
  } else if (plugin->model) {
    lv2_log_error(logger, "od3: out of memory\n");
  }
  return plugin->pedal;
}

static LV2_Handle
instantiate(const LV2_Descriptor* descriptor, double sample_rate_hz, const char* bundle_path,
            const LV2_Feature* const* features)
{
  LV2_Log_Logger logger;
  LV2_URID_Map* map = NULL;
  setup_logger(features, &logger, &map);
  if (!setup_allows_rate(sample_rate_hz, &logger)) {
    return NULL;
  }
  Plugin* plugin = calloc(1, sizeof *plugin);
  char* path = setup_own_model_path(bundle_path);
  if (!plugin || !path) {
    lv2_log_error(&logger, "od3: out of memory\n");
    free(plugin);
    free(path);
    return NULL;
  }
  // By the URI, since a host's wrapper may copy the descriptor.
  plugin->n_channels = strcmp(descriptor->URI, OD3_STEREO_URI) == 0 ? 2 : 1;
  const bool has_loaded = load(plugin, sample_rate_hz, path, &logger);
  free(path);
  if (!has_loaded) {
    cleanup(plugin);
    return NULL;
  }
  return plugin;
}

static void
connect_port(LV2_Handle instance, uint32_t port, void* data) NONBLOCKING
{
  Plugin* plugin = instance;
  const unsigned n_channels = plugin->n_channels;
  if (port < n_channels) {
    plugin->in[port] = data;
  } else if (port < 2 * n_channels) {
    plugin->out[port - n_channels] = data;
  } else if (port - 2 * n_channels < N_PORTS - PORT_GAIN) {
    plugin->ports[port - 2 * n_channels + PORT_GAIN] = data;
  }
}

// Reads the controls from the ports; a port that is not connected has its default.
static PedalControls
read_controls(const Plugin* plugin) NONBLOCKING
{
  float values[N_PORTS] = {0.0f};
  for (unsigned port = 0; port < N_PORTS; ++port) {
    if (control_is_input(port)) {
      values[port] = plugin->ports[port] ? *plugin->ports[port] : control_ranges[port].initial;
    }
  }
  return controls_from_ports(values);
}

static void
write_output(const Plugin* plugin, unsigned port, float value) NONBLOCKING
{
  if (plugin->ports[port]) {
    *plugin->ports[port] = value;
  }
}

static void
activate(LV2_Handle instance) NONBLOCKING
{
  Plugin* plugin = instance;
  const FloatEnv host_env = float_env_enter();
  const PedalControls controls = read_controls(plugin);
  pedal_prime(plugin->pedal, &controls);
  float_env_restore(host_env);
}

static void
run(LV2_Handle instance, uint32_t n_frames) NONBLOCKING
{
  Plugin* plugin = instance;
  bool is_connected = true;
  for (unsigned i = 0; i < plugin->n_channels; ++i) {
    is_connected = is_connected && plugin->in[i] && plugin->out[i];
  }
  const FloatEnv host_env = float_env_enter();
  const PedalControls controls = read_controls(plugin);
  pedal_run_channels(plugin->pedal, &controls, plugin->in, plugin->out,
                     is_connected ? n_frames : 0);
  write_output(plugin, PORT_LATENCY, (float)pedal_latency_frames(plugin->pedal));
  write_output(plugin, PORT_INPUT_PEAK, pedal_input_peak_db(plugin->pedal));
  write_output(plugin, PORT_OUTPUT_PEAK, pedal_output_peak_db(plugin->pedal));
  write_output(plugin, PORT_INPUT_LEVEL, (float)pedal_input_level(plugin->pedal));
  float_env_restore(host_env);
}

const LV2_Descriptor od3_descriptor = {
    OD3_PLUGIN_URI, instantiate, connect_port, activate, run, NULL, cleanup, NULL,
};

const LV2_Descriptor od3_stereo_descriptor = {
    OD3_STEREO_URI, instantiate, connect_port, activate, run, NULL, cleanup, NULL,
};
