// SPDX-License-Identifier: MIT
// The player's LV2 entry points: a pedal whose model the host chooses while it plays.
#include "common/realtime.h"
#include "lv2/features.h"
#include "lv2/float_env.h"
#include "lv2/player_messages.h"
#include "lv2/player_ports.h"
#include "lv2/player_state.h"
#include "lv2/plugins.h"
#include "lv2/setup.h"
#include "player/model_loader.h"
#include "player/model_slot.h"

#include <lv2/atom/atom.h>
#include <lv2/atom/util.h>
#include <lv2/core/lv2.h>
#include <lv2/log/logger.h>
#include <lv2/state/state.h>
#include <lv2/urid/urid.h>
#include <lv2/worker/worker.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const double crossfade_s = 0.02;

typedef struct {
  ModelLoader loader;
  ModelSlot slot;
  LoadedModel* failed; // the last request, if it could not be met and no other model came since
  const char* message_error; // what was wrong with the host's last message, or NULL
  char requested[PATH_SIZE]; // a path that the loader has not accepted yet
  bool has_request;
  bool has_failed_request; // that the loader has not taken back yet
  bool was_next, was_previous;
  PlayerMessages messages;
  bool has_messages;           // the host maps URIDs
  LV2_Worker_Schedule* worker; // or NULL
  LV2_Log_Logger logger;
  void* ports[N_PLAYER_PORTS]; // each NULL until the host connects it
} Player;

static void
cleanup(LV2_Handle instance)
{
  Player* player = instance;
  loaded_model_free(player->slot.current);
  loaded_model_free(player->slot.incoming);
  loaded_model_free(player->failed);
  model_loader_destroy(&player->loader);
  free(player);
}

// Loads the bundle's own model. Returns false, and logs the reason, where it can't.
static bool
load_own_model(Player* player)
{
  model_loader_load(&player->loader, "");
  LoadedModel* loaded = model_loader_take(&player->loader);
  if (!loaded || loaded->error[0]) {
    lv2_log_error(&player->logger, "od3: %s: %s\n", player->loader.own_path,
                  loaded ? loaded->error : "out of memory");
    loaded_model_free(loaded);
    return false;
  }
  player->slot.current = loaded;
  return true;
}

static void
find_features(Player* player, const LV2_Feature* const* features, LV2_URID_Map* map)
{
  player->worker = feature_data(features, LV2_WORKER__schedule);
  player->has_messages = map;
  if (map) {
    player_messages_init(&player->messages, map);
  }
  if (!map || !player->worker) {
    lv2_log_warning(&player->logger,
                    "od3: the host has no %s: the player can't change its model while it plays\n",
                    map ? LV2_WORKER__schedule : LV2_URID__map);
  }
}

static LV2_Handle
instantiate(const LV2_Descriptor* descriptor, double sample_rate_hz, const char* bundle_path,
            const LV2_Feature* const* features)
{
  (void)descriptor;
  LV2_Log_Logger logger;
  LV2_URID_Map* map = NULL;
  setup_logger(features, &logger, &map);
  if (!setup_allows_rate(sample_rate_hz, &logger)) {
    return NULL;
  }
  Player* player = calloc(1, sizeof *player);
  char* own_path = setup_own_model_path(bundle_path);
  const bool has_memory =
      player && own_path &&
      model_loader_init(&player->loader, setup_kernel(&logger), sample_rate_hz, own_path);
  free(own_path);
  if (!has_memory) {
    lv2_log_error(&logger, "od3: out of memory\n");
    free(player);
    return NULL;
  }
  player->logger = logger;
  player->slot.crossfade_frames = 1U + (uint32_t)(crossfade_s * sample_rate_hz);
  find_features(player, features, map);
  if (!load_own_model(player)) {
    cleanup(player);
    return NULL;
  }
  return player;
}

static void
connect_port(LV2_Handle instance, uint32_t port, void* data) NONBLOCKING
{
  Player* player = instance;
  if (port < N_PLAYER_PORTS) {
    player->ports[port] = data;
  }
}

// Reads the controls from the ports; a port that is not connected has its default.
static PlayerControls
read_controls(const Player* player) NONBLOCKING
{
  float values[N_PLAYER_PORTS] = {0.0f};
  for (unsigned port = 0; port < N_PLAYER_PORTS; ++port) {
    if (control_range_is_input(player_ranges[port])) {
      const float* value = player->ports[port];
      values[port] = value ? *value : player_ranges[port].initial;
    }
  }
  return player_controls_from_ports(values);
}

// Does what the audio thread gave the loader to do, on the host's worker or, where it has none, not
// at all. A worker that is full is asked again in the next run.
static void
schedule_work(const Player* player) NONBLOCKING
{
  if (player->worker && model_loader_has_work(&player->loader)) {
    const char nothing = 0;
    // The worker extension demands that this is real-time safe.
#pragma GCC diagnostic push
#if defined(__clang__) && __clang_major__ >= 20
#pragma clang diagnostic ignored "-Wfunction-effects"
#endif
    player->worker->schedule_work(player->worker->handle, sizeof nothing, &nothing);
#pragma GCC diagnostic pop
  }
}

// Keeps the newest request until the loader accepts it.
static void
take_request(Player* player, PlayerRequest request) NONBLOCKING
{
  if (request.error || (request.path && !player->worker)) {
    player->message_error = request.error ? request.error : "the host can't load files";
    player->messages.is_due |= 1U << TOLD_ERROR | 1U << TOLD_MODEL;
  } else if (request.path) {
    memcpy(player->requested, request.path, strlen(request.path) + 1);
    player->has_request = true;
  }
}

static void
read_messages(Player* player) NONBLOCKING
{
  const LV2_Atom_Sequence* control = player->ports[PLAYER_CONTROL];
  if (!control || !player->has_messages || control->atom.type != player->messages.atom_sequence ||
      control->atom.size < sizeof control->body) {
    return;
  }
  LV2_ATOM_SEQUENCE_FOREACH(control, event)
  {
    take_request(player, player_messages_read(&player->messages, &event->body));
  }
}

// Gives the loader what the host asked for since the last run.
static void
make_requests(Player* player, const PlayerControls* controls) NONBLOCKING
{
  if (player->has_request && model_loader_request(&player->loader, player->requested)) {
    player->has_request = false;
  }
  if (controls->next && !player->was_next && player->worker) {
    model_loader_step(&player->loader, 1);
  }
  if (controls->previous && !player->was_previous && player->worker) {
    model_loader_step(&player->loader, -1);
  }
  player->was_next = controls->next;
  player->was_previous = controls->previous;
}

// Forgets the last error: `failed`, or NULL, takes its place.
static void
set_failed(Player* player, LoadedModel* failed) NONBLOCKING
{
  model_loader_discard(&player->loader, player->failed);
  player->failed = failed;
  player->has_failed_request = failed;
  player->message_error = NULL;
  player_messages_tell_all(&player->messages);
}

// Takes what the loader has loaded, unless a crossfade is under way.
static void
take_loaded(Player* player) NONBLOCKING
{
  if (model_slot_is_complete(&player->slot)) {
    model_loader_discard(&player->loader, model_slot_finish(&player->slot));
  }
  if (!player->slot.incoming) {
    LoadedModel* loaded = model_loader_take(&player->loader);
    if (loaded) {
      set_failed(player, loaded->error[0] ? loaded : NULL);
    }
    if (loaded && !loaded->error[0]) {
      model_slot_start(&player->slot, loaded);
    }
  }
  if (player->has_failed_request && model_loader_revert(&player->loader, player->failed,
                                                        model_slot_newest(&player->slot)->path)) {
    player->has_failed_request = false;
  }
}

static void
write_messages(Player* player) NONBLOCKING
{
  LV2_Atom_Sequence* notify = player->ports[PLAYER_NOTIFY];
  if (!notify || !player->has_messages) {
    return;
  }
  const LoadedModel* model = model_slot_newest(&player->slot);
  const char* path = model->path[0] ? model->path : player->loader.own_path;
  const char* error = player->message_error ? player->message_error
                      : player->failed      ? player->failed->error
                                            : "";
  player_messages_write(&player->messages, notify, model, path, error);
}

static void
write_output(const Player* player, unsigned port, float value) NONBLOCKING
{
  float* to = player->ports[port];
  if (to) {
    *to = value;
  }
}

static void
write_outputs(const Player* player) NONBLOCKING
{
  const Pedal* pedal = model_slot_newest(&player->slot)->pedal;
  write_output(player, PLAYER_LATENCY, (float)pedal_latency_frames(pedal));
  write_output(player, PLAYER_INPUT_PEAK, pedal_input_peak_db(pedal));
  write_output(player, PLAYER_OUTPUT_PEAK, pedal_output_peak_db(pedal));
  write_output(player, PLAYER_INPUT_LEVEL, (float)pedal_input_level(pedal));
}

static void
activate(LV2_Handle instance) NONBLOCKING
{
  Player* player = instance;
  const FloatEnv host_env = float_env_enter();
  const PlayerControls controls = read_controls(player);
  take_loaded(player);
  model_loader_discard(&player->loader, model_slot_finish(&player->slot));
  model_slot_prime(&player->slot, &controls.pedal, controls.normalize);
  player->was_next = controls.next;
  player->was_previous = controls.previous;
  float_env_restore(host_env);
}

static void
run(LV2_Handle instance, uint32_t n_frames) NONBLOCKING
{
  Player* player = instance;
  const bool is_connected = player->ports[PLAYER_IN] && player->ports[PLAYER_OUT];
  const FloatEnv host_env = float_env_enter();
  const PlayerControls controls = read_controls(player);
  model_loader_set_controls(&player->loader, &controls.pedal);
  read_messages(player);
  make_requests(player, &controls);
  take_loaded(player);
  schedule_work(player);
  model_slot_run(&player->slot, &controls.pedal, controls.normalize, player->ports[PLAYER_IN],
                 player->ports[PLAYER_OUT], is_connected ? n_frames : 0);
  write_messages(player);
  write_outputs(player);
  float_env_restore(host_env);
}

static LV2_Worker_Status
work(LV2_Handle instance, LV2_Worker_Respond_Function respond, LV2_Worker_Respond_Handle handle,
     uint32_t size, const void* data)
{
  (void)respond; // run() finds the result by itself
  (void)handle;
  (void)size;
  (void)data;
  Player* player = instance;
  const FloatEnv host_env = float_env_enter();
  model_loader_work(&player->loader);
  float_env_restore(host_env);
  return LV2_WORKER_SUCCESS;
}

static LV2_Worker_Status
work_response(LV2_Handle instance, uint32_t size, const void* data) NONBLOCKING
{
  (void)instance;
  (void)size;
  (void)data;
  return LV2_WORKER_SUCCESS;
}

static LV2_State_Status
save(LV2_Handle instance, LV2_State_Store_Function store, LV2_State_Handle handle, uint32_t flags,
     const LV2_Feature* const* features)
{
  (void)flags;
  Player* player = instance;
  if (!player->has_messages) {
    return LV2_STATE_ERR_NO_FEATURE;
  }
  char path[PATH_SIZE];
  model_loader_path(&player->loader, path);
  return player_state_save(&player->messages, path, store, handle, features);
}

static LV2_State_Status
restore(LV2_Handle instance, LV2_State_Retrieve_Function retrieve, LV2_State_Handle handle,
        uint32_t flags, const LV2_Feature* const* features)
{
  (void)flags;
  Player* player = instance;
  if (!player->has_messages) {
    return LV2_STATE_ERR_NO_FEATURE;
  }
  char path[PATH_SIZE];
  bool has_model = false;
  const LV2_State_Status status =
      player_state_find(&player->messages, path, &has_model, retrieve, handle, features);
  if (has_model) {
    const FloatEnv host_env = float_env_enter();
    model_loader_load(&player->loader, path);
    float_env_restore(host_env);
  }
  return status;
}

static const void*
extension_data(const char* uri)
{
  static const LV2_Worker_Interface worker = {work, work_response, NULL};
  static const LV2_State_Interface state = {save, restore};
  if (strcmp(uri, LV2_WORKER__interface) == 0) {
    return &worker;
  }
  return strcmp(uri, LV2_STATE__interface) == 0 ? &state : NULL;
}

const LV2_Descriptor player_descriptor = {
    PLAYER_URI, instantiate, connect_port, activate, run, NULL, cleanup, extension_data,
};
