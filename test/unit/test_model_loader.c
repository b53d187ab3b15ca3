// SPDX-License-Identifier: MIT
// The model loader and its path box where another thread is faster. Built with sanitizers.
#include "player/model_loader.h"
#include "support/bundle.h"

#include <pthread.h>
#include <time.h>

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

// A worker that read an old request must not load it once a newer one is handled: a restored path
// would then count as the host's, and get lost where its file is missing.
static void
a_request_that_is_handled_is_not_loaded_again(void** state)
{
  (void)state;
  static ModelLoader loader;
  unsigned generation = 0;
  write_shipped_model("od3-eco.gru");
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

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_path_that_is_being_written_is_waited_for_but_not_in_the_audio_thread),
      cmocka_unit_test(a_path_of_any_length_is_stored_whole),
      cmocka_unit_test(a_failed_request_is_taken_back_unless_there_is_a_newer_one),
      cmocka_unit_test(a_request_that_is_handled_is_not_loaded_again),
  };
  return cmocka_run_group_tests_name("the model loader", tests, make_folder, remove_folder);
}
