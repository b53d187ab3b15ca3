// SPDX-License-Identifier: MIT
// The player's state: which model a session saves, and what it finds again.
#include "support/player_folder.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
a_state_holds_the_wanted_model_before_it_is_loaded(void** state)
{
  (void)state;
  SavedState saved;
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  player_host_load(player, second_path);
  player_host_run(player, in, out, BLOCK, BLOCK);
  assert_true(player_host_save(player, &saved));
  assert_string_equal(saved.value, second_path);
  player_host_free(player);
}

static void
a_session_may_move(void** state)
{
  (void)state;
  SavedState saved;
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  player->folder = folder;
  player_host_load(player, second_path);
  settle(player);
  assert_true(player_host_save(player, &saved));
  assert_string_equal(saved.value, "second.gru");
  player_host_free(player);

  char moved[PATH_SIZE];
  char path[PATH_SIZE];
  path_in_folder("moved", moved);
  assert_int_equal(mkdir(moved, 0700), 0);
  copy_file("weights/od3-eco.gru", "moved/second.gru", SIZE_MAX);
  player = player_host_start(RATE_HZ, none_missing);
  player->folder = moved;
  assert_int_equal(player_host_restore(player, &saved), LV2_STATE_SUCCESS);
  assert_int_equal(player_host_restore(player, &saved), LV2_STATE_SUCCESS);
  settle(player);
  assert_string_equal(player->told[TOLD_MODEL], path_in_folder("moved/second.gru", path));
  player_host_free(player);
  unlink(path);
  rmdir(moved);
}

static void
the_own_model_is_restored_as_such(void** state)
{
  (void)state;
  SavedState saved;
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  assert_true(player_host_save(player, &saved));
  player_host_load(player, second_path);
  settle(player);
  assert_int_equal(player_host_restore(player, &saved), LV2_STATE_SUCCESS);
  settle(player);
  assert_non_null(strstr(player->told[TOLD_MODEL], "/od3.lv2/od3.gru"));
  const SavedState knobs_only = {.key = player_host_urid("urn:x:unknown")};
  player_host_load(player, second_path);
  settle(player);
  assert_int_equal(player_host_restore(player, &knobs_only), LV2_STATE_SUCCESS);
  settle(player);
  assert_string_equal(player->told[TOLD_MODEL], second_path);
  player_host_free(player);
}

// The next time, the file may be there again.
static void
a_session_keeps_the_path_of_a_missing_file(void** state)
{
  (void)state;
  char path[PATH_SIZE];
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  restore_path(player, path_in_folder("missing.gru", path));
  settle(player);
  assert_non_null(strstr(player->told[TOLD_ERROR], "No such file"));
  assert_non_null(strstr(player->told[TOLD_MODEL], "/od3.lv2/od3.gru"));
  SavedState again;
  assert_true(player_host_save(player, &again));
  assert_string_equal(again.value, path);
  player_host_free(player);
}

static void
a_state_loads_without_a_worker(void** state)
{
  (void)state;
  render(second_path, other);
  PlayerHost* player = player_host_new(RATE_HZ, (MissingFeatures){false, true});
  assert_int_equal(restore_path(player, second_path), LV2_STATE_SUCCESS);
  lilv_instance_activate(player->lilv);
  player_host_run(player, in, out, N, BLOCK);
  assert_memory_equal(out, other, sizeof out);
  player_host_free(player);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_state_holds_the_wanted_model_before_it_is_loaded),
      cmocka_unit_test(a_session_may_move),
      cmocka_unit_test(the_own_model_is_restored_as_such),
      cmocka_unit_test(a_session_keeps_the_path_of_a_missing_file),
      cmocka_unit_test(a_state_loads_without_a_worker),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
