// SPDX-License-Identifier: MIT
// An LV2 host for the player: it has a worker, messages and state, each of which may be missing or
// fail as real hosts' do.
#ifndef OD3_TEST_PLAYER_HOST_H
#define OD3_TEST_PLAYER_HOST_H

#include "lv2/player_messages.h"
#include "lv2/player_ports.h"
#include "support/host.h"

#include <lv2/atom/atom.h>
#include <lv2/state/state.h>
#include <lv2/worker/worker.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { NOTIFY_SIZE = 16384, CONTROL_SIZE = 1 << 20, MAX_STATE_SIZE = 8192 };

typedef enum {
  WORKER_LATER, // player_host_work does the work
  WORKER_NOW,   // schedule_work does the work
  WORKER_FULL,  // schedule_work fails
} WorkerMode;

typedef struct {
  bool without_map, without_worker;
} MissingFeatures;

// A state as a host's file holds it.
typedef struct {
  LV2_URID key, type;
  size_t size;
  char value[MAX_STATE_SIZE];
} SavedState;

typedef struct {
  LilvInstance* lilv;
  const LV2_Worker_Interface* worker;
  const LV2_State_Interface* state;
  WorkerMode worker_mode;
  atomic_uint n_scheduled; // work that player_host_work has not done yet
  LV2_Worker_Schedule* schedule;
  float controls[N_PLAYER_PORTS];
  _Alignas(8) uint8_t control[CONTROL_SIZE];
  _Alignas(8) uint8_t notify[NOTIFY_SIZE];
  uint32_t notify_size;               // bytes that the plugin may write
  char told[N_TOLD][PATH_SIZE + 256]; // the newest texts; a rate in digits
  unsigned n_told;
  const char* folder; // that saved paths are relative to, or NULL: no mapPath feature
} PlayerHost;

// Returns an activated instance, which the caller frees with player_host_free().
PlayerHost*
player_host_start(double sample_rate_hz, MissingFeatures missing);

// Returns an instance that was not activated.
PlayerHost*
player_host_new(double sample_rate_hz, MissingFeatures missing);

void
player_host_free(PlayerHost* player);

// Runs n frames in blocks of at most `block` frames, and reads what the plugin tells. Work is done
// where the mode says so.
void
player_host_run(PlayerHost* player, const float* in, float* out, uint32_t n, uint32_t block);

// Does the scheduled work. Any thread but the one that runs the plugin, one at a time.
void
player_host_work(PlayerHost* player);

// Sends patch:Set for a property with a value of any type and size in the next run.
void
player_host_set(PlayerHost* player, const char* property, const char* type, const void* value,
                uint32_t size);

// Sends patch:Set for the model's path in the next run.
void
player_host_load(PlayerHost* player, const char* path);

// Sends patch:Get for everything in the next run.
void
player_host_get(PlayerHost* player);

// Saves and restores the state. player_host_save returns false where nothing was stored.
bool
player_host_save(PlayerHost* player, SavedState* saved);

LV2_State_Status
player_host_restore(PlayerHost* player, const SavedState* saved);

LV2_URID
player_host_urid(const char* uri);

#endif
