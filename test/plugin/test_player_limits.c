// SPDX-License-Identifier: MIT
// The player at the limits: the longest paths, models of other rates, and hosts that stop it in the
// middle of its work.
#define _GNU_SOURCE // mkdtemp
#include "support/bytes.h"
#include "support/player_host.h"
#include "support/scratch.h"
#include "support/signals.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { BLOCK = 64, SETTLED = 2400, NAME_LENGTH = 200, MAX_MODEL_SIZE = 1 << 17 };

static const MissingFeatures none_missing = {false, false};
static uint8_t model[MAX_MODEL_SIZE];
static size_t model_size;

// Writes the model to a file of the folder, or of the present one.
static void
write_file(const char* path)
{
  FILE* file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(model, 1, model_size, file), model_size);
  fclose(file);
}

static int
open_all(void** state)
{
  host_open(state);
  char path[PATH_SIZE];
  const char* top = getenv("OD3_TOP");
  snprintf(path, sizeof path, "%s/weights/od3-eco.gru", top ? top : ".");
  FILE* file = fopen(path, "rb");
  assert_non_null(file);
  model_size = fread(model, 1, sizeof model, file);
  fclose(file);
  notes(in);
  return scratch_make() ? 0 : -1;
}

static int
close_all(void** state)
{
  assert_true(scratch_remove());
  return host_close(state);
}

static void
settle(PlayerHost* player)
{
  float sound[BLOCK];
  for (int t = 0; t < SETTLED; t += BLOCK) {
    player_host_run(player, in, sound, BLOCK, BLOCK);
    player_host_work(player);
  }
}

// Writes the model to a file whose path has `length` bytes, in folders inside the test's.
static void
write_at_length(size_t length, char path[PATH_SIZE])
{
  char name[NAME_LENGTH + 1];
  char* before = getcwd(NULL, 0);
  assert_non_null(before);
  snprintf(path, PATH_SIZE, "%s", folder);
  assert_int_equal(chdir(folder), 0);
  while (strlen(path) + 1 < length) {
    const size_t left = length - strlen(path) - 1;
    const bool is_file = left <= NAME_LENGTH;
    // The last folder leaves room for a name of at least five bytes.
    const size_t n = is_file ? left : left < NAME_LENGTH + 7 ? left / 2 : NAME_LENGTH;
    memset(name, 'x', n);
    name[n] = '\0';
    if (is_file) {
      memcpy(name + n - 4, ".gru", 4);
      write_file(name);
    } else {
      mkdir(name, 0700);
      assert_int_equal(chdir(name), 0);
    }
    snprintf(path + strlen(path), PATH_SIZE - strlen(path), "/%s", name);
  }
  assert_int_equal(chdir(before), 0);
  free(before);
}

static void
the_longest_paths_load_and_are_saved(void** state)
{
  (void)state;
  static const size_t lengths[] = {1023, 1024, PATH_SIZE - 1};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
    char path[PATH_SIZE];
    SavedState saved;
    write_at_length(lengths[i], path);
    assert_int_equal(strlen(path), lengths[i]);
    PlayerHost* player = player_host_start(RATE_HZ, none_missing);
    player_host_load(player, path);
    settle(player);
    assert_string_equal(player->told[TOLD_ERROR], "");
    assert_string_equal(player->told[TOLD_MODEL], path);
    assert_true(player_host_save(player, &saved));
    assert_string_equal(saved.value, path);
    player_host_free(player);
    unlink(path);
  }
}

// The latency is the newest model's at once, and the sound goes on.
static void
a_model_of_another_rate_changes_the_latency(void** state)
{
  (void)state;
  static const unsigned rates_hz[] = {96000, 44100, 192000, 48000};
  char path[PATH_SIZE];
  snprintf(path, sizeof path, "%s/rate.gru", folder);
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  for (size_t i = 0; i < sizeof rates_hz / sizeof *rates_hz; ++i) {
    put_u32(model + RATE_AT, rates_hz[i]);
    uint32_t checksum = 0xFFFFFFFFU;
    for (size_t at = RATE_AT; at < model_size; ++at) {
      checksum ^= model[at];
      for (int bit = 0; bit < 8; ++bit) {
        checksum = checksum >> 1U ^ (checksum & 1U ? 0xEDB88320U : 0U);
      }
    }
    put_u32(model + CHECKSUM_AT, ~checksum);
    write_file(path);
    player_host_load(player, path);
    for (int t = 0; t < SETTLED; t += BLOCK) {
      float sound[BLOCK];
      player_host_run(player, in + t, sound, BLOCK, BLOCK);
      player_host_work(player);
      for (int j = 0; j < BLOCK; ++j) {
        assert_true(isfinite(sound[j]));
      }
    }
    assert_string_equal(player->told[TOLD_ERROR], "");
    assert_int_equal(atoi(player->told[TOLD_RATE]), rates_hz[i]);
    const unsigned factor = 2 * rates_hz[i] / 48000;
    const float latency = player->controls[PLAYER_LATENCY];
    print_message("# a model of %u Hz: %.0f frames\n", rates_hz[i], (double)latency);
    assert_int_equal((int)latency, factor >= 8 ? 51 : factor >= 4 ? 47 : 39);
  }
  player_host_free(player);
}

// Stops the plugin after a number of blocks of a change, and frees it or starts it again.
static void
stop_in_a_change(int n_blocks, bool does_work, bool is_freed)
{
  float sound[BLOCK];
  char path[PATH_SIZE];
  snprintf(path, sizeof path, "%s/stop.gru", folder);
  write_file(path);
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  player_host_load(player, path);
  player_host_run(player, in, sound, BLOCK, BLOCK);
  if (does_work) {
    player_host_work(player);
  }
  for (int i = 0; i < n_blocks; ++i) {
    player_host_run(player, in, sound, BLOCK, BLOCK);
  }
  if (!is_freed) {
    lilv_instance_deactivate(player->lilv);
    player_host_work(player);
    lilv_instance_activate(player->lilv);
    settle(player);
    assert_string_equal(player->told[TOLD_MODEL], path);
  }
  player_host_free(player);
}

static void
a_host_may_stop_in_a_change(void** state)
{
  (void)state;
  for (int n_blocks = 0; n_blocks < 60; n_blocks += n_blocks < 2 ? 1 : 13) {
    for (int i = 0; i < 4; ++i) {
      stop_in_a_change(n_blocks, i % 2 == 0, i < 2);
    }
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_longest_paths_load_and_are_saved),
      cmocka_unit_test(a_model_of_another_rate_changes_the_latency),
      cmocka_unit_test(a_host_may_stop_in_a_change),
  };
  return cmocka_run_group_tests_name("player's limits", tests, open_all, close_all);
}
