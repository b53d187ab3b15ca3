// SPDX-License-Identifier: MIT
// The player loads models while it plays, and never loses the sound.
#include "support/player_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
the_own_model_plays_as_the_pedal_does(void** state)
{
  (void)state;
  play(7, 3, -2, 1, other);
  PlayerHost* player = player_host_new(RATE_HZ, none_missing);
  player->controls[PLAYER_KNOB1] = 7.0f;
  player->controls[PLAYER_KNOB2] = 3.0f;
  player->controls[PLAYER_LEVEL] = -2.0f;
  lilv_instance_activate(player->lilv);
  player_host_run(player, in, out, N, 100);
  assert_memory_equal(out, other, sizeof out);
  assert_string_equal(player->told[TOLD_KIND], "GRU, 32 units");
  assert_string_equal(player->told[TOLD_RATE], "48000");
  assert_string_equal(player->told[TOLD_LEVEL], "peaks up to +3 dBFS");
  assert_string_equal(player->told[TOLD_ERROR], "");
  assert_non_null(strstr(player->told[TOLD_MODEL], "/od3.lv2/od3.gru"));
  assert_non_null(strstr(player->told[TOLD_KNOBS], ": "));
  player_host_free(player);
}

// The same frames are compared once the old model's sound has faded and died away.
static void
a_model_loads_while_it_plays_without_a_click(void** state)
{
  (void)state;
  enum { LOAD_AT = 12800, DONE_AT = LOAD_AT + 19200 };
  static float first[N];
  render(second_path, other);
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  player_host_run(player, in, first, N, BLOCK);
  player_host_free(player);
  player = player_host_start(RATE_HZ, none_missing);
  player_host_run(player, in, out, LOAD_AT, BLOCK);
  player_host_load(player, second_path);
  player_host_run(player, in + LOAD_AT, out + LOAD_AT, BLOCK, BLOCK);
  player_host_work(player);
  player_host_run(player, in + LOAD_AT + BLOCK, out + LOAD_AT + BLOCK, N - LOAD_AT - BLOCK, BLOCK);
  assert_string_equal(player->told[TOLD_MODEL], second_path);
  assert_string_equal(player->told[TOLD_KIND], "GRU, 16 units");
  assert_string_equal(player->told[TOLD_ERROR], "");
  player_host_free(player);
  assert_memory_equal(out, first, LOAD_AT * sizeof *out);
  double error = 0.0;
  double energy = 0.0;
  for (int t = DONE_AT; t < N; ++t) {
    const double difference = (double)out[t] - (double)other[t];
    error += difference * difference;
    energy += (double)other[t] * (double)other[t];
  }
  const float own_step =
      fmaxf(largest_step(first, LOAD_AT, DONE_AT), largest_step(other, LOAD_AT, DONE_AT));
  const float step = largest_step(out, LOAD_AT - 1, DONE_AT);
  print_message("# largest step %.4f, that of the sounds %.4f; %.1f dB from a fresh instance\n",
                (double)step, (double)own_step, 10.0 * log10(error / energy));
  assert_true(step <= 1.05f * own_step);
  assert_true(error <= 1e-8 * energy);
}

// Asks for a file that can't be played. The sound goes on bit by bit, the path stays true, and the
// reason is told.
static void
check_refused(const char* path, const char* reason)
{
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  player_host_run(player, in, out, 6400, BLOCK);
  player_host_load(player, path);
  for (int t = 6400; t < 19200; t += 6400) {
    player_host_run(player, in + t, out + t, 6400, BLOCK);
    player_host_work(player);
  }
  player_host_run(player, in + 19200, out + 19200, N - 19200, BLOCK);
  assert_memory_equal(out, other, sizeof out);
  assert_non_null(strstr(player->told[TOLD_MODEL], "/od3.lv2/od3.gru"));
  if (!strstr(player->told[TOLD_ERROR], reason)) {
    fail_msg("%s: \"%s\" does not hold \"%s\"", path, player->told[TOLD_ERROR], reason);
  }
  SavedState saved;
  assert_true(player_host_save(player, &saved));
  assert_int_equal(saved.key, player_host_urid(PLAYER_OWN_MODEL_URI));
  player_host_load(player, second_path);
  settle(player);
  assert_string_equal(player->told[TOLD_MODEL], second_path);
  assert_string_equal(player->told[TOLD_ERROR], "");
  player_host_free(player);
}

static void
a_file_that_cannot_be_played_changes_nothing(void** state)
{
  (void)state;
  char path[PATH_SIZE];
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  player_host_run(player, in, other, N, BLOCK);
  player_host_free(player);
  check_refused(path_in_folder("missing.gru", path), "No such file");
  check_refused(folder, "Is a directory");
  copy_file("weights/od3-eco.gru", "truncated.gru", 1000);
  check_refused(path_in_folder("truncated.gru", path), "1000 bytes");
  copy_file("weights/od3-eco.gru", "empty.gru", 0);
  check_refused(path_in_folder("empty.gru", path), "model");
  copy_file("README.md", "text.gru", SIZE_MAX);
  check_refused(path_in_folder("text.gru", path), "model");
  assert_int_equal(mkfifo(path_in_folder("pipe.gru", path), 0600), 0);
  check_refused(path, "");
  FILE* large = fopen(path_in_folder("large.gru", path), "wb");
  assert_int_equal(ftruncate(fileno(large), 100 << 20), 0);
  fclose(large);
  check_refused(path, "");
  unlink(path);
  if (geteuid() != 0) {
    copy_file("weights/od3-eco.gru", "locked.gru", SIZE_MAX);
    chmod(path_in_folder("locked.gru", path), 0);
    check_refused(path, "Permission denied");
  }
  for (const char* name = "empty.gru\0text.gru\0pipe.gru\0truncated.gru\0locked.gru\0"; *name;
       name += strlen(name) + 1) {
    unlink(path_in_folder(name, path));
  }
}

static void
check_bad_message(const char* property, const char* type, const void* value, uint32_t size,
                  const char* reason)
{
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  settle(player);
  player_host_set(player, property, type, value, size);
  settle(player);
  assert_string_equal(player->told[TOLD_ERROR], reason);
  assert_non_null(strstr(player->told[TOLD_MODEL], "/od3.lv2/od3.gru"));
  player_host_free(player);
}

static void
a_bad_message_is_refused_with_the_reason(void** state)
{
  (void)state;
  static char long_path[PATH_SIZE + 1];
  memset(long_path, 'x', PATH_SIZE);
  long_path[0] = '/';
  const int32_t number = 7;
  const char* const model = PLAYER_MODEL_URI;
  check_bad_message(model, LV2_ATOM__Int, &number, sizeof number,
                    "the host sent a model that is no path");
  check_bad_message(model, LV2_ATOM__Path, "", 0, "the host sent a path without an end");
  check_bad_message(model, LV2_ATOM__Path, "/a/b/c", 6, "the host sent a path without an end");
  check_bad_message(model, LV2_ATOM__Path, "x.gru", 6,
                    "the host sent a path that does not begin with a slash");
  check_bad_message(model, LV2_ATOM__Path, long_path, sizeof long_path,
                    "the host sent a path of more than 4095 bytes");
  check_bad_message("urn:x:unknown", LV2_ATOM__Path, second_path, 5, "");
  long_path[PATH_SIZE - 1] = '\0';
  check_bad_message(model, LV2_ATOM__Path, long_path, PATH_SIZE, "File name too long");
}

static void
a_path_as_text_loads_too(void** state)
{
  (void)state;
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  player_host_set(player, PLAYER_MODEL_URI, LV2_ATOM__String, second_path,
                  (uint32_t)strlen(second_path) + 1U);
  settle(player);
  assert_string_equal(player->told[TOLD_MODEL], second_path);
  player_host_free(player);
}

static void
a_full_worker_is_asked_again(void** state)
{
  (void)state;
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  settle(player);
  player->worker_mode = WORKER_FULL;
  player_host_load(player, second_path);
  settle(player);
  assert_string_not_equal(player->told[TOLD_MODEL], second_path);
  player->worker_mode = WORKER_LATER;
  settle(player);
  assert_string_equal(player->told[TOLD_MODEL], second_path);
  player_host_free(player);
}

#if defined __has_feature
#if __has_feature(realtime_sanitizer)
#define REALTIME_SANITIZER
#endif
#endif

// A host does so when it renders faster than real time.
static void
a_worker_may_work_at_once(void** state)
{
  (void)state;
#ifdef REALTIME_SANITIZER
  skip(); // the host itself allocates in the audio thread here
#else
  if (getenv("GUARDED")) {
    skip(); // for the same reason
  }
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  player->worker_mode = WORKER_NOW;
  player_host_load(player, second_path);
  settle(player);
  assert_string_equal(player->told[TOLD_MODEL], second_path);
  player_host_free(player);
#endif
}

static void
of_a_hundred_requests_in_a_block_the_last_is_met(void** state)
{
  (void)state;
  char path[PATH_SIZE];
  path_in_folder("missing.gru", path);
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  for (int i = 0; i < 100; ++i) {
    player_host_load(player, i % 2 ? second_path : path);
  }
  player_host_run(player, in, out, BLOCK, BLOCK);
  assert_in_range(player->n_scheduled, 1, 1);
  settle(player);
  assert_string_equal(player->told[TOLD_MODEL], second_path);
  assert_string_equal(player->told[TOLD_ERROR], "");
  player_host_free(player);
}

static void
a_small_notify_buffer_gets_what_fits_and_loses_nothing(void** state)
{
  (void)state;
  float silence[BLOCK] = {0.0f};
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  player->notify_size = 64;
  settle(player);
  assert_int_equal(player->n_told, 0);
  player->notify_size = 400; // two or three messages
  for (int i = 0; i < 8; ++i) {
    player_host_run(player, silence, silence, BLOCK, BLOCK);
  }
  assert_int_equal(player->n_told, N_TOLD);
  player->notify_size = 0;
  player_host_get(player);
  player_host_run(player, silence, silence, BLOCK, BLOCK);
  player->notify_size = NOTIFY_SIZE;
  player_host_run(player, silence, silence, BLOCK, BLOCK);
  assert_int_equal(player->n_told, 2 * N_TOLD);
  player_host_free(player);
}

// Raises a trigger for one block.
static void
trigger(PlayerHost* player, unsigned port)
{
  player->controls[port] = 1.0f;
  settle(player);
  player->controls[port] = 0.0f;
  settle(player);
}

static void
next_and_previous_go_through_the_folder(void** state)
{
  (void)state;
  char path[PATH_SIZE];
  copy_file("README.md", "a.txt", SIZE_MAX);
  copy_file("README.md", "m.json", SIZE_MAX); // no model: it is skipped
  copy_file("weights/od3-eco.gru", "z.GRU", SIZE_MAX);
  copy_file("weights/od3-eco.gru", "._z.gru", SIZE_MAX);
  copy_file("weights/od3.gru", "Ação 1.gru", SIZE_MAX);
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  player_host_load(player, path_in_folder("Ação 1.gru", path));
  settle(player);
  assert_string_equal(player->told[TOLD_MODEL], path);
  trigger(player, PLAYER_NEXT);
  assert_string_equal(player->told[TOLD_MODEL], second_path);
  trigger(player, PLAYER_NEXT);
  assert_string_equal(player->told[TOLD_MODEL], path_in_folder("z.GRU", path));
  trigger(player, PLAYER_NEXT);
  assert_string_equal(player->told[TOLD_MODEL], path_in_folder("Ação 1.gru", path));
  trigger(player, PLAYER_PREVIOUS);
  assert_string_equal(player->told[TOLD_MODEL], path_in_folder("z.GRU", path));
  SavedState saved;
  assert_true(player_host_save(player, &saved));
  assert_string_equal(saved.value, path);
  player_host_free(player);
  player = player_host_start(RATE_HZ, none_missing);
  trigger(player, PLAYER_NEXT); // the bundle has one model
  assert_string_equal(player->told[TOLD_ERROR], "the folder has no other model file");
  player_host_free(player);
  for (const char* name = "a.txt\0m.json\0z.GRU\0._z.gru\0Ação 1.gru\0"; *name;
       name += strlen(name) + 1) {
    unlink(path_in_folder(name, path));
  }
}

// The own model plays, whatever the host lacks.
static void
missing_features_leave_the_own_model_playing(void** state)
{
  (void)state;
  play(5, 5, 0, 1, other);
  const MissingFeatures cases[] = {{true, false}, {false, true}, {true, true}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    PlayerHost* player = player_host_start(RATE_HZ, cases[i]);
    player_host_load(player, second_path);
    player_host_run(player, in, out, N, 512);
    assert_memory_equal(out, other, sizeof out);
    if (!cases[i].without_map) {
      assert_string_equal(player->told[TOLD_ERROR], "the host can't load files");
    }
    SavedState saved;
    assert_int_equal(player_host_save(player, &saved), !cases[i].without_map);
    player_host_free(player);
  }
}

static void
a_run_without_frames_takes_messages_and_tells_the_latency(void** state)
{
  (void)state;
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  player_host_load(player, second_path);
  player_host_run(player, in, out, 0, BLOCK);
  assert_true(player->controls[PLAYER_LATENCY] == 39.0f);
  player_host_work(player);
  player_host_run(player, in, out, 0, BLOCK);
  assert_string_equal(player->told[TOLD_MODEL], second_path);
  settle(player);
  player->controls[PLAYER_PHASE] = 1.0f;
  settle(player);
  assert_true(player->controls[PLAYER_LATENCY] == 4.0f);
  player->controls[PLAYER_OVERSAMPLING] = 1.0f;
  settle(player);
  assert_true(player->controls[PLAYER_LATENCY] == 0.0f);
  player_host_free(player);
}

// Bypass is exact before, during and after a change.
static void
bypass_goes_through_a_change_unchanged(void** state)
{
  (void)state;
  PlayerHost* player = player_host_new(RATE_HZ, none_missing);
  player->controls[PLAYER_ENABLED] = 0.0f;
  lilv_instance_activate(player->lilv);
  player_host_load(player, second_path);
  player_host_run(player, in, out, 6400, BLOCK);
  player_host_work(player);
  player_host_run(player, in + 6400, out + 6400, N - 6400, BLOCK);
  const size_t latency = (size_t)player->controls[PLAYER_LATENCY];
  assert_string_equal(player->told[TOLD_MODEL], second_path);
  assert_memory_equal(out + latency, in, (N - latency) * sizeof *in);
  player_host_free(player);
}

// RMS of a render in dB.
static double
rms_db(const float* sound)
{
  double energy = 0.0;
  for (int t = N / 4; t < N; ++t) {
    energy += (double)sound[t] * (double)sound[t];
  }
  return 10.0 * log10(energy);
}

static void
normalize_changes_the_own_model_by_nothing(void** state)
{
  (void)state;
  double db[2];
  for (int i = 0; i < 2; ++i) {
    PlayerHost* player = player_host_new(RATE_HZ, none_missing);
    player->controls[PLAYER_NORMALIZE] = (float)i;
    lilv_instance_activate(player->lilv);
    player_host_run(player, in, out, N, BLOCK);
    db[i] = rms_db(out);
    player_host_free(player);
  }
  assert_true(fabs(db[1] - db[0]) < 0.1);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_own_model_plays_as_the_pedal_does),
      cmocka_unit_test(a_model_loads_while_it_plays_without_a_click),
      cmocka_unit_test(a_file_that_cannot_be_played_changes_nothing),
      cmocka_unit_test(a_bad_message_is_refused_with_the_reason),
      cmocka_unit_test(a_path_as_text_loads_too),
      cmocka_unit_test(a_full_worker_is_asked_again),
      cmocka_unit_test(a_worker_may_work_at_once),
      cmocka_unit_test(of_a_hundred_requests_in_a_block_the_last_is_met),
      cmocka_unit_test(a_small_notify_buffer_gets_what_fits_and_loses_nothing),
      cmocka_unit_test(next_and_previous_go_through_the_folder),
      cmocka_unit_test(missing_features_leave_the_own_model_playing),
      cmocka_unit_test(a_run_without_frames_takes_messages_and_tells_the_latency),
      cmocka_unit_test(bypass_goes_through_a_change_unchanged),
      cmocka_unit_test(normalize_changes_the_own_model_by_nothing),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
