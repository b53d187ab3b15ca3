// SPDX-License-Identifier: MIT
#define _GNU_SOURCE // asprintf
#include "support/player_host.h"

#include <lv2/atom/forge.h>
#include <lv2/atom/util.h>
#include <lv2/patch/patch.h>
#include <lv2/urid/urid.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_URIS = 128 };

static char* uris[MAX_URIS];
static pthread_mutex_t uris_mutex = PTHREAD_MUTEX_INITIALIZER;

static LV2_URID
map_uri(LV2_URID_Map_Handle handle, const char* uri)
{
  (void)handle;
  pthread_mutex_lock(&uris_mutex);
  unsigned i = 0;
  while (i < MAX_URIS - 1 && uris[i] && strcmp(uris[i], uri) != 0) {
    ++i;
  }
  if (!uris[i]) {
    uris[i] = strdup(uri);
  }
  pthread_mutex_unlock(&uris_mutex);
  return i + 1;
}

static LV2_URID_Map map = {NULL, map_uri};

LV2_URID
player_host_urid(const char* uri)
{
  return map_uri(NULL, uri);
}

static LV2_Worker_Status
respond(LV2_Worker_Respond_Handle handle, uint32_t size, const void* data)
{
  const PlayerHost* player = handle;
  return player->worker->work_response(player->lilv->lv2_handle, size, data);
}

static void
do_work(PlayerHost* player)
{
  player->worker->work(player->lilv->lv2_handle, respond, player, 0, NULL);
}

static LV2_Worker_Status
schedule_work(LV2_Worker_Schedule_Handle handle, uint32_t size, const void* data)
{
  (void)size;
  (void)data;
  PlayerHost* player = handle;
  switch (player->worker_mode) {
  case WORKER_LATER: ++player->n_scheduled; return LV2_WORKER_SUCCESS;
  case WORKER_NOW: do_work(player); return LV2_WORKER_SUCCESS;
  case WORKER_FULL: break;
  }
  return LV2_WORKER_ERR_NO_SPACE;
}

void
player_host_work(PlayerHost* player)
{
  if (atomic_exchange(&player->n_scheduled, 0)) {
    do_work(player);
  }
}

static void
clear_control(PlayerHost* player)
{
  LV2_Atom_Sequence* sequence = (LV2_Atom_Sequence*)player->control;
  *sequence =
      (LV2_Atom_Sequence){{sizeof sequence->body, player_host_urid(LV2_ATOM__Sequence)}, {0, 0}};
}

PlayerHost*
player_host_new(double sample_rate_hz, MissingFeatures missing)
{
  PlayerHost* player = calloc(1, sizeof *player);
  LilvNode* uri = lilv_new_uri(host.world, PLAYER_URI);
  const LilvPlugin* plugin = lilv_plugins_get_by_uri(lilv_world_get_all_plugins(host.world), uri);
  lilv_node_free(uri);
  if (!player || !plugin) {
    fprintf(stderr, "host: there is no plugin " PLAYER_URI "\n");
    exit(1);
  }
  LV2_Worker_Schedule schedule = {player, schedule_work};
  LV2_Worker_Schedule* kept = malloc(sizeof *kept); // the plugin keeps a pointer to it
  *kept = schedule;
  const LV2_Feature map_feature = {LV2_URID__map, &map};
  const LV2_Feature worker_feature = {LV2_WORKER__schedule, kept};
  const LV2_Feature* features[3] = {NULL};
  unsigned n = 0;
  if (!missing.without_map) {
    features[n++] = &map_feature;
  }
  if (!missing.without_worker) {
    features[n++] = &worker_feature;
  }
  player->lilv = lilv_plugin_instantiate(plugin, sample_rate_hz, features);
  if (!player->lilv) {
    fprintf(stderr, "host: " PLAYER_URI " cannot be instantiated at %g Hz\n", sample_rate_hz);
    exit(1);
  }
  player->schedule = kept;
  player->worker = lilv_instance_get_extension_data(player->lilv, LV2_WORKER__interface);
  player->state = lilv_instance_get_extension_data(player->lilv, LV2_STATE__interface);
  player->notify_size = NOTIFY_SIZE;
  clear_control(player);
  for (unsigned port = 0; port < N_PLAYER_PORTS; ++port) {
    player->controls[port] = player_ranges[port].initial;
    lilv_instance_connect_port(player->lilv, port,
                               port == PLAYER_CONTROL  ? (void*)player->control
                               : port == PLAYER_NOTIFY ? (void*)player->notify
                                                       : (void*)&player->controls[port]);
  }
  return player;
}

PlayerHost*
player_host_start(double sample_rate_hz, MissingFeatures missing)
{
  PlayerHost* player = player_host_new(sample_rate_hz, missing);
  lilv_instance_activate(player->lilv);
  return player;
}

void
player_host_free(PlayerHost* player)
{
  lilv_instance_deactivate(player->lilv);
  lilv_instance_free(player->lilv);
  free(player->schedule);
  free(player);
}

static void
note_told(PlayerHost* player, const LV2_Atom_Object* object)
{
  static const char* const properties[N_TOLD] = {
      [TOLD_MODEL] = PLAYER_MODEL_URI,
      [TOLD_NAME] = "urn:od3-lv2:player#modelName",
      [TOLD_KNOBS] = "urn:od3-lv2:player#modelKnobs",
      [TOLD_KIND] = "urn:od3-lv2:player#modelKind",
      [TOLD_RATE] = "urn:od3-lv2:player#modelRate",
      [TOLD_COST] = "urn:od3-lv2:player#modelCost",
      [TOLD_LEVEL] = "urn:od3-lv2:player#modelLevel",
      [TOLD_ERROR] = "urn:od3-lv2:player#modelError",
      [TOLD_WARNING] = "urn:od3-lv2:player#modelWarning",
  };
  const LV2_Atom_URID* property = NULL;
  const LV2_Atom* value = NULL;
  lv2_atom_object_get(object, player_host_urid(LV2_PATCH__property), (const LV2_Atom**)&property,
                      player_host_urid(LV2_PATCH__value), &value, 0);
  for (unsigned i = 0; i < N_TOLD; ++i) {
    if (property->body == player_host_urid(properties[i])) {
      ++player->n_told;
      if (value->type == player_host_urid(LV2_ATOM__Int)) {
        snprintf(player->told[i], sizeof player->told[i], "%d", ((const LV2_Atom_Int*)value)->body);
      } else {
        snprintf(player->told[i], sizeof player->told[i], "%s",
                 (const char*)LV2_ATOM_BODY_CONST(value));
      }
    }
  }
}

static void
read_notify(PlayerHost* player)
{
  const LV2_Atom_Sequence* sequence = (const LV2_Atom_Sequence*)player->notify;
  if (sequence->atom.type != player_host_urid(LV2_ATOM__Sequence)) {
    return;
  }
  LV2_ATOM_SEQUENCE_FOREACH(sequence, event)
  {
    note_told(player, (const LV2_Atom_Object*)&event->body);
  }
}

void
player_host_run(PlayerHost* player, const float* in, float* out, uint32_t n, uint32_t block)
{
  uint32_t done = 0;
  do {
    const uint32_t n_frames = n - done < block ? n - done : block;
    LV2_Atom* notify = (LV2_Atom*)player->notify;
    *notify = (LV2_Atom){player->notify_size, 0};
    lilv_instance_connect_port(player->lilv, PLAYER_IN, (void*)(uintptr_t)(in + done));
    lilv_instance_connect_port(player->lilv, PLAYER_OUT, out + done);
    lilv_instance_run(player->lilv, n_frames);
    read_notify(player);
    clear_control(player);
    done += n_frames;
  } while (done < n);
}

// Returns a forge that appends to the control port's sequence.
static LV2_Atom_Forge
begin_event(PlayerHost* player, LV2_Atom_Forge_Frame* frame, const char* type)
{
  LV2_Atom_Sequence* sequence = (LV2_Atom_Sequence*)player->control;
  LV2_Atom_Forge forge;
  lv2_atom_forge_init(&forge, &map);
  const size_t used = sizeof(LV2_Atom) + sequence->atom.size;
  lv2_atom_forge_set_buffer(&forge, player->control + used, CONTROL_SIZE - used);
  lv2_atom_forge_frame_time(&forge, 0);
  lv2_atom_forge_object(&forge, frame, 0, player_host_urid(type));
  return forge;
}

static void
end_event(PlayerHost* player, LV2_Atom_Forge* forge, LV2_Atom_Forge_Frame* frame)
{
  LV2_Atom_Sequence* sequence = (LV2_Atom_Sequence*)player->control;
  lv2_atom_forge_pop(forge, frame);
  sequence->atom.size += (forge->offset + 7U) & ~7U;
}

void
player_host_set(PlayerHost* player, const char* property, const char* type, const void* value,
                uint32_t size)
{
  LV2_Atom_Forge_Frame frame;
  LV2_Atom_Forge forge = begin_event(player, &frame, LV2_PATCH__Set);
  lv2_atom_forge_key(&forge, player_host_urid(LV2_PATCH__property));
  lv2_atom_forge_urid(&forge, player_host_urid(property));
  lv2_atom_forge_key(&forge, player_host_urid(LV2_PATCH__value));
  lv2_atom_forge_atom(&forge, size, player_host_urid(type));
  lv2_atom_forge_write(&forge, value, size);
  end_event(player, &forge, &frame);
}

void
player_host_load(PlayerHost* player, const char* path)
{
  player_host_set(player, PLAYER_MODEL_URI, LV2_ATOM__Path, path, (uint32_t)strlen(path) + 1U);
}

void
player_host_get(PlayerHost* player)
{
  LV2_Atom_Forge_Frame frame;
  LV2_Atom_Forge forge = begin_event(player, &frame, LV2_PATCH__Get);
  end_event(player, &forge, &frame);
}

static char*
abstract_path(LV2_State_Map_Path_Handle handle, const char* path)
{
  const char* folder = handle;
  const size_t length = strlen(folder);
  return strdup(strncmp(path, folder, length) == 0 && path[length] == '/' ? path + length + 1
                                                                          : path);
}

static char*
absolute_path(LV2_State_Map_Path_Handle handle, const char* path)
{
  char* absolute = NULL;
  if (*path == '/') {
    return strdup(path);
  }
  return asprintf(&absolute, "%s/%s", (const char*)handle, path) < 0 ? NULL : absolute;
}

static LV2_State_Status
store(LV2_State_Handle handle, uint32_t key, const void* value, size_t size, uint32_t type,
      uint32_t flags)
{
  SavedState* saved = handle;
  if (size > sizeof saved->value || !(flags & LV2_STATE_IS_POD)) {
    return LV2_STATE_ERR_UNKNOWN;
  }
  saved->key = key;
  saved->type = type;
  saved->size = size;
  memcpy(saved->value, value, size);
  return LV2_STATE_SUCCESS;
}

static const void*
retrieve(LV2_State_Handle handle, uint32_t key, size_t* size, uint32_t* type, uint32_t* flags)
{
  const SavedState* saved = handle;
  if (key != saved->key) {
    return NULL;
  }
  *size = saved->size;
  *type = saved->type;
  *flags = LV2_STATE_IS_POD;
  return saved->value;
}

bool
player_host_save(PlayerHost* player, SavedState* saved)
{
  LV2_State_Map_Path map_path = {(void*)(uintptr_t)player->folder, abstract_path, absolute_path};
  const LV2_Feature feature = {LV2_STATE__mapPath, &map_path};
  const LV2_Feature* features[] = {player->folder ? &feature : NULL, NULL};
  *saved = (SavedState){.key = 0};
  player->state->save(player->lilv->lv2_handle, store, saved, LV2_STATE_IS_POD, features);
  return saved->key;
}

LV2_State_Status
player_host_restore(PlayerHost* player, const SavedState* saved)
{
  LV2_State_Map_Path map_path = {(void*)(uintptr_t)player->folder, abstract_path, absolute_path};
  const LV2_Feature feature = {LV2_STATE__mapPath, &map_path};
  const LV2_Feature* features[] = {player->folder ? &feature : NULL, NULL};
  return player->state->restore(player->lilv->lv2_handle, retrieve, (void*)(uintptr_t)saved, 0,
                                features);
}
