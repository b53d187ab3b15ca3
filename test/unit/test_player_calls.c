// SPDX-License-Identifier: MIT
// The player where something fails that hosts seldom let fail: memory, its own model, a feature or
// a state. Built with sanitizers.
#include "lv2/player_messages.h"
#include "lv2/player_ports.h"
#include "support/allocations.h"
#include "support/bundle.h"

#include <lv2/atom/atom.h>
#include <lv2/state/state.h>
#include <lv2/worker/worker.h>

static const LV2_Descriptor*
descriptor(void)
{
  uint32_t i = 0;
  while (strcmp(lv2_descriptor(i)->URI, PLAYER_URI) != 0) {
    ++i;
  }
  return lv2_descriptor(i);
}

static LV2_Worker_Status
schedule(LV2_Worker_Schedule_Handle handle, uint32_t size, const void* data)
{
  (void)handle;
  (void)size;
  (void)data;
  return LV2_WORKER_SUCCESS;
}

static LV2_Handle
start_at_rate(double sample_rate_hz)
{
  static LV2_URID_Map map = {NULL, map_any};
  static LV2_Log_Log log = {NULL, NULL, print_to_log};
  static LV2_Worker_Schedule worker = {NULL, schedule};
  const LV2_Feature map_feature = {LV2_URID__map, &map};
  const LV2_Feature log_feature = {LV2_LOG__log, &log};
  const LV2_Feature worker_feature = {LV2_WORKER__schedule, &worker};
  const LV2_Feature unnamed_feature = {NULL, &worker}; // lv2file has one
  const LV2_Feature* const features[] = {&unnamed_feature, &map_feature, &log_feature,
                                         &worker_feature, NULL};
  logged[0] = '\0';
  return descriptor()->instantiate(descriptor(), sample_rate_hz, folder, features);
}

static LV2_Handle
start(void)
{
  return start_at_rate(48000.0);
}

static void
put_own_model(void)
{
  reset_allocations(SIZE_MAX);
  write_shipped_model("od3-eco.gru");
}

static void
a_bad_rate_or_own_model_is_logged(void** state)
{
  (void)state;
  put_own_model();
  assert_null(start_at_rate(0.5));
  assert_logged("the sample rate is 0.5 Hz");
  write_model("no model", 8);
  assert_null(start());
  assert_logged("od3.gru: this is no model file");
}

static void
each_failed_allocation_is_logged_and_leaks_nothing(void** state)
{
  (void)state;
  put_own_model();
  reset_allocations(SIZE_MAX);
  LV2_Handle player = start();
  assert_non_null(player);
  assert_string_equal(logged, "");
  descriptor()->cleanup(player);
  assert_int_equal(allocations.n_live, 0);
  const size_t n = allocations.n;
  assert_true(n > 10);
  for (size_t i = 0; i < n; ++i) {
    reset_allocations(i);
    assert_null(start());
    assert_int_equal(allocations.n_live, 0);
    assert_logged("out of memory");
  }
  reset_allocations(SIZE_MAX);
}

static const LV2_State_Interface*
state_of_player(void)
{
  return descriptor()->extension_data(LV2_STATE__interface);
}

// The state of the player that the host has kept.
static struct {
  const char* value;
  size_t size;
  uint32_t type;
} kept;

static const void*
retrieve(LV2_State_Handle handle, uint32_t key, size_t* size, uint32_t* type, uint32_t* flags)
{
  (void)handle;
  *size = kept.size;
  *type = kept.type;
  *flags = LV2_STATE_IS_POD;
  return key == strlen(PLAYER_MODEL_URI) ? kept.value : NULL;
}

static LV2_State_Status
store(LV2_State_Handle handle, uint32_t key, const void* value, size_t size, uint32_t type,
      uint32_t flags)
{
  (void)handle;
  (void)key;
  (void)value;
  (void)size;
  (void)type;
  (void)flags;
  return LV2_STATE_SUCCESS;
}

static void
a_host_without_urids_gets_no_state(void** state)
{
  (void)state;
  const LV2_Feature* const none[] = {NULL};
  put_own_model();
  LV2_Handle player = descriptor()->instantiate(descriptor(), 48000.0, folder, none);
  assert_non_null(player);
  assert_int_equal(state_of_player()->save(player, store, NULL, 0, none), LV2_STATE_ERR_NO_FEATURE);
  assert_int_equal(state_of_player()->restore(player, retrieve, NULL, 0, none),
                   LV2_STATE_ERR_NO_FEATURE);
  descriptor()->cleanup(player);
}

static unsigned n_freed;

static char*
keep_path(LV2_State_Map_Path_Handle handle, const char* path)
{
  (void)handle;
  char* copy = malloc(strlen(path) + 1);
  assert_non_null(copy);
  return strcpy(copy, path); // NOLINT(clang-analyzer-security.insecureAPI.strcpy)
}

static void
free_path(LV2_State_Free_Path_Handle handle, char* path)
{
  (void)handle;
  ++n_freed;
  free(path);
}

static void
states_of_the_wrong_type_or_without_an_end_are_refused(void** state)
{
  (void)state;
  const LV2_Feature* const none[] = {NULL};
  const uint32_t path_type = (uint32_t)strlen(LV2_ATOM__Path);
  put_own_model();
  LV2_Handle player = start();
  assert_non_null(player);
  kept.value = model_path;
  kept.size = strlen(model_path) + 1;
  kept.type = 9999;
  assert_int_equal(state_of_player()->restore(player, retrieve, NULL, 0, none),
                   LV2_STATE_ERR_BAD_TYPE);
  kept.type = path_type;
  kept.size -= 1;
  assert_int_equal(state_of_player()->restore(player, retrieve, NULL, 0, none),
                   LV2_STATE_ERR_UNKNOWN);
  kept.size += 1;
  LV2_State_Map_Path map = {NULL, keep_path, keep_path};
  LV2_State_Free_Path freeing = {NULL, free_path};
  const LV2_Feature map_feature = {LV2_STATE__mapPath, &map};
  const LV2_Feature free_feature = {LV2_STATE__freePath, &freeing};
  const LV2_Feature* const features[] = {&map_feature, &free_feature, NULL};
  n_freed = 0;
  assert_int_equal(state_of_player()->restore(player, retrieve, NULL, 0, features),
                   LV2_STATE_SUCCESS);
  assert_int_equal(n_freed, 1); // by the host that has mapped it
  descriptor()->cleanup(player);
}

static void
a_response_of_the_worker_is_no_error(void** state)
{
  (void)state;
  const LV2_Worker_Interface* worker = descriptor()->extension_data(LV2_WORKER__interface);
  assert_int_equal(worker->work_response(NULL, 0, NULL), LV2_WORKER_SUCCESS);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_bad_rate_or_own_model_is_logged),
      cmocka_unit_test(each_failed_allocation_is_logged_and_leaks_nothing),
      cmocka_unit_test(a_host_without_urids_gets_no_state),
      cmocka_unit_test(states_of_the_wrong_type_or_without_an_end_are_refused),
      cmocka_unit_test(a_response_of_the_worker_is_no_error),
  };
  return cmocka_run_group_tests_name("the player's calls", tests, make_folder, remove_folder);
}
