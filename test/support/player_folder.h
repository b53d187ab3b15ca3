// SPDX-License-Identifier: MIT
// A folder with models, and what tests of the player do with them, for one test program.
#ifndef OD3_TEST_PLAYER_FOLDER_H
#define OD3_TEST_PLAYER_FOLDER_H

#include "support/player_host.h"
#include "support/scratch.h"
#include "support/signals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BLOCK = 64, SETTLED = 2400 }; // frames: a change takes 1922

static const MissingFeatures none_missing = {false, false};
static char first_path[PATH_SIZE];  // the bundle's own model
static char second_path[PATH_SIZE]; // another model

static inline char*
path_in_folder(const char* name, char path[PATH_SIZE])
{
  snprintf(path, PATH_SIZE, "%s/%s", folder, name);
  return path;
}

// Writes at most `limit` bytes of a file of the project to the folder.
static inline void
copy_file(const char* from, const char* name, size_t limit)
{
  static char data[1 << 20];
  char path[PATH_SIZE];
  const char* top = getenv("OD3_TOP");
  snprintf(path, sizeof path, "%s/%s", top ? top : ".", from);
  FILE* file = fopen(path, "rb");
  if (!file) {
    snprintf(path, sizeof path, "%s", from);
    file = fopen(path, "rb");
  }
  assert_non_null(file);
  const size_t size = fread(data, 1, sizeof data, file);
  fclose(file);
  file = fopen(path_in_folder(name, path), "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, size < limit ? size : limit, file), size < limit ? size : limit);
  fclose(file);
}

static inline int
open_all(void** state)
{
  host_open(state);
  assert_true(scratch_make());
  copy_file("weights/od3-eco.gru", "second.gru", SIZE_MAX);
  path_in_folder("second.gru", second_path);
  const char* top = getenv("OD3_TOP");
  snprintf(first_path, sizeof first_path, "%s/od3.lv2/od3.gru", top ? top : ".");
  notes(in);
  return 0;
}

static inline int
close_all(void** state)
{
  assert_true(scratch_remove());
  return host_close(state);
}

// Runs until what was asked for has arrived and the crossfade is over.
static inline void
settle(PlayerHost* player)
{
  float silence[BLOCK] = {0.0f};
  for (int i = 0; i < 4; ++i) {
    player_host_run(player, silence, silence, BLOCK, BLOCK);
    player_host_work(player);
  }
  for (int t = 0; t < SETTLED; t += BLOCK) {
    player_host_run(player, silence, silence, BLOCK, BLOCK);
  }
}

// Restores a state that names a model. Returns what the plugin says.
static inline LV2_State_Status
restore_path(PlayerHost* player, const char* path)
{
  SavedState saved = {.key = player_host_urid(PLAYER_MODEL_URI),
                      .type = player_host_urid(LV2_ATOM__Path),
                      .size = strlen(path) + 1};
  memcpy(saved.value, path, saved.size);
  return player_host_restore(player, &saved);
}

// Renders `in` with a model that was there from the start.
static inline void
render(const char* path, float* to)
{
  PlayerHost* player = player_host_new(RATE_HZ, none_missing);
  assert_int_equal(restore_path(player, path), LV2_STATE_SUCCESS);
  lilv_instance_activate(player->lilv);
  player_host_run(player, in, to, N, BLOCK);
  player_host_free(player);
}

#endif
