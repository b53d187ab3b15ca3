// SPDX-License-Identifier: MIT
// The player where something fails that hosts seldom let fail: memory, its own model, a feature, a
// message, a state, or another thread that is faster. Built with sanitizers.
#include "lv2/player_messages.h"
#include "lv2/player_ports.h"
#include "player/loaded_model.h"
#include "player/model_folder.h"
#include "player/model_loader.h"
#include "support/allocations.h"
#include "support/bundle.h"
#include "support/oscillator.h"

#include <lv2/atom/util.h>
#include <lv2/patch/patch.h>
#include <lv2/state/state.h>
#include <lv2/worker/worker.h>

#include <math.h>
#include <pthread.h>
#include <time.h>

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
  size_t size = 0;
  reset_allocations(SIZE_MAX);
  char* data = shipped_model("od3-eco.gru", &size);
  write_model(data, size);
  free(data);
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

static void
events_that_are_no_objects_ask_for_nothing(void** state)
{
  (void)state;
  LV2_URID_Map map = {NULL, map_any};
  PlayerMessages messages;
  player_messages_init(&messages, &map);
  messages.atom_object = 1; // map_any gives some of these the same number
  messages.atom_blank = 2;
  messages.atom_resource = 3;
  messages.is_due = 0;
  LV2_Atom_Object get = {{sizeof(LV2_Atom_Object_Body), 0}, {0, messages.patch_get}};
  for (uint32_t type = 0; type < 5; ++type) {
    get.atom.type = type;
    messages.is_due = 0;
    const PlayerRequest request = player_messages_read(&messages, &get.atom);
    assert_null(request.path);
    assert_null(request.error);
    assert_int_equal(messages.is_due, type >= 1 && type <= 3 ? (1U << N_TOLD) - 1U : 0);
  }
}

// Ends another thread's write after a while.
static void*
end_write(void* argument)
{
  PathBox* box = argument;
  const struct timespec while_others_wait = {0, 20000000};
  nanosleep(&while_others_wait, NULL);
  atomic_store(&box->sequence, 2);
  atomic_store(&box->is_writing, 0);
  return NULL;
}

static void
a_path_that_is_being_written_is_waited_for_but_not_in_the_audio_thread(void** state)
{
  (void)state;
  static ModelLoader loader;
  static char path[PATH_SIZE];
  for (int i = 0; i < 2; ++i) {
    PathBox* box = &loader.wanted;
    unsigned generation = 0;
    pthread_t other;
    loader = (ModelLoader){.steps = 1};
    atomic_store(&box->is_writing, 1);
    atomic_store(&box->sequence, 1);
    assert_int_equal(path_box_try_write(box, NULL, "/a", &generation, NULL), PATH_BUSY);
    assert_false(model_loader_request(&loader, "/a"));
    assert_int_equal(loader.steps, 1);
    assert_int_equal(pthread_create(&other, NULL, end_write, box), 0);
    if (i == 0) {
      assert_int_equal(path_box_write(box, NULL, "/a", &generation, NULL), PATH_WRITTEN);
      assert_int_equal(generation, 1);
    } else {
      assert_int_equal(path_box_read(box, path), 0);
      assert_string_equal(path, "");
    }
    pthread_join(other, NULL);
  }
}

// The exact size of the port is enough: the message must not claim more than it holds.
static void
a_message_holds_two_properties_and_nothing_else(void** state)
{
  (void)state;
  static _Alignas(8) uint8_t notify[512];
  static LoadedModel model = {.name = "abc"};
  enum {
    NEEDED = sizeof(LV2_Atom_Sequence_Body) + sizeof(LV2_Atom_Event) +
             sizeof(LV2_Atom_Object_Body) + 2 * sizeof(LV2_Atom_Property_Body) + 2 * 8
  };
  LV2_URID_Map map = {NULL, map_any};
  LV2_Atom_Sequence* sequence = (LV2_Atom_Sequence*)notify;
  PlayerMessages messages;
  player_messages_init(&messages, &map);
  for (uint32_t capacity = NEEDED - 1; capacity <= NEEDED; ++capacity) {
    messages.is_due = 1U << TOLD_NAME;
    sequence->atom.size = capacity;
    player_messages_write(&messages, sequence, &model, "", "");
    assert_int_equal(messages.is_due, capacity < NEEDED ? 1U << TOLD_NAME : 0);
  }
  assert_int_equal(sequence->atom.size, NEEDED);
  const LV2_Atom_Event* event = lv2_atom_sequence_begin(&sequence->body);
  assert_true(lv2_atom_sequence_is_end(&sequence->body, sequence->atom.size,
                                       lv2_atom_sequence_next(event)));
  unsigned n_properties = 0;
  LV2_ATOM_OBJECT_FOREACH((const LV2_Atom_Object*)&event->body, property)
  {
    ++n_properties;
  }
  assert_int_equal(n_properties, 2);
}

// The audio thread tries again only while another thread writes a request.
static void
a_failed_request_is_taken_back_unless_there_is_a_newer_one(void** state)
{
  (void)state;
  static ModelLoader loader;
  static LoadedModel failed;
  static char path[PATH_SIZE];
  unsigned generation = 0;
  loader = (ModelLoader){0};
  assert_int_equal(path_box_write(&loader.wanted, NULL, "/bad", &generation, NULL), PATH_WRITTEN);
  failed.generation = generation;
  atomic_store(&loader.wanted.is_writing, 1);
  assert_false(model_loader_revert(&loader, &failed, "/good"));
  atomic_store(&loader.wanted.is_writing, 0);
  assert_true(model_loader_revert(&loader, &failed, "/good"));
  path_box_read(&loader.wanted, path);
  assert_string_equal(path, "/good");
  assert_true(model_loader_revert(&loader, &failed, "/late"));
  path_box_read(&loader.wanted, path);
  assert_string_equal(path, "/good");
}

// The sanitizer finds names that are not freed.
static void
the_models_of_a_folder_follow_each_other_in_a_circle(void** state)
{
  (void)state;
  static const char* const names[] = {"od3.gru", "p.json", "q.aidax", "q.txt"};
  char paths[4][sizeof folder + 16];
  char found[PATH_SIZE];
  put_own_model();
  for (size_t i = 0; i < 4; ++i) {
    snprintf(paths[i], sizeof paths[i], "%s/%s", folder, names[i]);
    FILE* file = fopen(paths[i], "ab");
    assert_non_null(file);
    fclose(file);
  }
  for (size_t i = 0; i < 3; ++i) {
    assert_true(model_folder_step(paths[i], 1, found));
    assert_string_equal(found, paths[(i + 1) % 3]);
    assert_true(model_folder_step(paths[i], -1, found));
    assert_string_equal(found, paths[(i + 2) % 3]);
  }
  for (size_t i = 1; i < 4; ++i) {
    assert_int_equal(remove(paths[i]), 0);
  }
  assert_false(model_folder_step(paths[0], 1, found));
}

// Paths and box lie in memory of their exact size, so that the sanitizer sees what is beyond.
static void
a_path_of_any_length_is_stored_whole(void** state)
{
  (void)state;
  static const size_t sizes[] = {1, 2, 3, 4, 5, 8, 9, PATH_SIZE - 1, PATH_SIZE};
  static char stored[PATH_SIZE];
  PathBox* box = calloc(1, sizeof *box);
  assert_non_null(box);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    unsigned generation = 0;
    char* path = malloc(sizes[i]);
    assert_non_null(path);
    memset(path, 'a', sizes[i]);
    path[sizes[i] - 1] = '\0';
    assert_int_equal(path_box_try_write(box, NULL, path, &generation, NULL), PATH_WRITTEN);
    assert_int_equal(generation, i + 1);
    assert_int_equal(path_box_read(box, stored), generation);
    assert_string_equal(stored, path);
    free(path);
  }
  free(box);
}

// A worker that read an old request must not load it once a newer one is handled: a restored path
// would then count as the host's, and get lost where its file is missing.
static void
a_request_that_is_handled_is_not_loaded_again(void** state)
{
  (void)state;
  static ModelLoader loader;
  unsigned generation = 0;
  put_own_model();
  assert_true(model_loader_init(&loader, kernel_find("plain"), 48000.0, model_path));
  assert_int_equal(path_box_try_write(&loader.wanted, NULL, "/a", &generation, &loader.n_handled),
                   PATH_WRITTEN);
  assert_int_equal(loader.n_handled, 1);
  assert_false(model_loader_has_work(&loader));
  atomic_store(&loader.n_handled, 2);
  model_loader_work(&loader);
  assert_null(model_loader_take(&loader));
  assert_int_equal(loader.n_handled, 2);
  model_loader_destroy(&loader);
}

// Plays a file whose name is told where its model has none.
static void
expect_name(const char* file_name, const char* expected)
{
  char path[sizeof folder + 128];
  snprintf(path, sizeof path, "%s/%s", folder, file_name);
  assert_int_equal(rename(model_path, path), 0);
  LoadedModel* loaded = loaded_model_new(path, path, kernel_find("plain"), 48000.0);
  assert_non_null(loaded);
  assert_string_equal(loaded->error, "");
  assert_string_equal(loaded->name, expected);
  loaded_model_free(loaded);
  assert_int_equal(rename(path, model_path), 0);
}

// The bundle's own model, whose path is empty, is what others are made as loud as.
static void
every_model_but_the_own_one_gets_a_gain(void** state)
{
  (void)state;
  put_own_model();
  for (int i = 0; i < 2; ++i) {
    LoadedModel* loaded =
        loaded_model_new(i ? model_path : "", model_path, kernel_find("plain"), 48000.0);
    assert_non_null(loaded);
    assert_string_equal(loaded->error, "");
    assert_int_equal(loaded->normalize_db != 0.0f, i);
    loaded_model_free(loaded);
  }
}

static void
ports_without_a_number_have_their_defaults(void** state)
{
  (void)state;
  float values[N_PLAYER_PORTS];
  for (unsigned i = 0; i < N_PLAYER_PORTS; ++i) {
    values[i] = NAN;
  }
  const PlayerControls controls = player_controls_from_ports(values);
  assert_true(controls.pedal.enabled && controls.pedal.blend == 1.0f);
  assert_true(controls.pedal.oversampling == OVERSAMPLING_2X &&
              controls.pedal.phase == PHASE_LINEAR);
  assert_true(controls.pedal.input_db == 0.0f && controls.pedal.level_db == 0.0f);
  assert_false(controls.pedal.match || controls.normalize || controls.next || controls.previous);
  for (unsigned i = 0; i < MAX_KNOBS; ++i) {
    assert_true(controls.pedal.knobs[i] == 0.0f);
  }
}

static void
long_names_are_cut_between_characters(void** state)
{
  (void)state;
  uint8_t file[OSCILLATOR_SIZE];
  oscillator_make(file, 8000, 0.0f);
  write_model(file, sizeof file);
#define TEN "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
  expect_name(TEN TEN TEN TEN ".gru", TEN TEN TEN "\u00e4");         // 62 bytes of 63
  expect_name("a" TEN TEN TEN TEN ".gru", "a" TEN TEN TEN "\u00e4"); // 63
#define THIRTY "abcdefghijabcdefghijabcdefghij"
  expect_name(THIRTY THIRTY "klm.gru", THIRTY THIRTY "klm");
  expect_name(THIRTY THIRTY "klmn.gru", THIRTY THIRTY "klm");
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
      cmocka_unit_test(events_that_are_no_objects_ask_for_nothing),
      cmocka_unit_test(a_path_that_is_being_written_is_waited_for_but_not_in_the_audio_thread),
      cmocka_unit_test(a_message_holds_two_properties_and_nothing_else),
      cmocka_unit_test(a_failed_request_is_taken_back_unless_there_is_a_newer_one),
      cmocka_unit_test(the_models_of_a_folder_follow_each_other_in_a_circle),
      cmocka_unit_test(a_path_of_any_length_is_stored_whole),
      cmocka_unit_test(a_request_that_is_handled_is_not_loaded_again),
      cmocka_unit_test(every_model_but_the_own_one_gets_a_gain),
      cmocka_unit_test(ports_without_a_number_have_their_defaults),
      cmocka_unit_test(long_names_are_cut_between_characters),
  };
  return cmocka_run_group_tests_name("the player's calls", tests, make_folder, remove_folder);
}
