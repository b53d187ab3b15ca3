// SPDX-License-Identifier: MIT
// Bundles whose model file is missing, damaged or no file at all. instantiate() must return NULL,
// log one line, not wait, and allocate no more than the largest model needs. Built with sanitizers.
#include "support/allocations.h"
#include "support/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define NO_MODEL "od3.gru: this is no model file\n"

enum { PATIENCE_S = 300, N_LOADS = 300, N_FRAMES = 64 };

// Asserts that the file at model_path is refused with these words, and removes it.
static void
refuse(const char* words)
{
  reset_allocations(SIZE_MAX);
  assert_null(instantiate());
  assert_logged(words);
  assert_true(allocations.n_bytes <= MODEL_MAX_FILE_SIZE + 4096);
  assert_int_equal(allocations.n_live, 0);
  remove(model_path);
}

// The model can't be opened or read, for this reason of the system.
static void
refuse_for(int system_error)
{
  char words[256];
  snprintf(words, sizeof words, "od3.gru: %s\n", strerror(system_error));
  refuse(words);
}

static void
a_missing_model_file_is_refused(void** state)
{
  (void)state;
  refuse_for(ENOENT);
}

static void
a_link_to_nothing_or_to_itself_is_refused(void** state)
{
  (void)state;
  assert_int_equal(symlink("/nowhere/od3.gru", model_path), 0);
  refuse_for(ENOENT);
  assert_int_equal(symlink(model_path, model_path), 0);
  refuse_for(ELOOP);
}

static void
a_folder_is_refused(void** state)
{
  (void)state;
  assert_int_equal(mkdir(model_path, 0700), 0);
  refuse_for(EISDIR);
}

static void
a_pipe_without_a_writer_is_refused(void** state)
{
  (void)state;
  assert_int_equal(mkfifo(model_path, 0600), 0);
  refuse(NO_MODEL);
}

// The writer has written nothing in the first round, and half a model in the second.
static void
a_pipe_with_a_slow_writer_is_refused(void** state)
{
  (void)state;
  size_t size = 0;
  char* data = shipped_model("od3-eco.gru", &size);
  for (size_t written = 0; written <= size / 2; written += size / 2) {
    assert_int_equal(mkfifo(model_path, 0600), 0);
    const int writer = open(model_path, O_RDWR | O_NONBLOCK);
    assert_true(writer >= 0);
    assert_int_equal(write(writer, data, written), written);
    refuse_for(EAGAIN);
    close(writer);
  }
  free(data);
}

static void
a_socket_is_refused(void** state)
{
  (void)state;
  const int server = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", model_path);
  assert_int_equal(bind(server, (const struct sockaddr*)&address, sizeof address), 0);
  assert_int_equal(listen(server, 1), 0);
  refuse_for(ENXIO);
  close(server);
}

static void
an_endless_device_is_refused(void** state)
{
  (void)state;
  assert_int_equal(symlink("/dev/zero", model_path), 0);
  refuse(NO_MODEL);
}

static void
a_file_without_read_permission_is_refused(void** state)
{
  (void)state;
  write_model("text\n", 5);
  assert_int_equal(chmod(model_path, 0), 0);
  assert_int_equal(chmod(folder, 0755), 0);
  const pid_t child = fork();
  if (child == 0) {
    const bool may_read_all = geteuid() == 0 && setuid(65534) != 0;
    const LV2_Handle plugin = may_read_all ? NULL : instantiate();
    _exit(may_read_all || plugin || !strstr(logged, strerror(EACCES)) ? 1 : 0);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  remove(model_path);
}

static void
an_empty_file_and_a_text_file_are_refused(void** state)
{
  (void)state;
  write_model("", 0);
  refuse(NO_MODEL);
  write_model("text\n", 5);
  refuse(NO_MODEL);
}

static void
a_truncated_or_extended_or_damaged_file_is_refused(void** state)
{
  (void)state;
  size_t size = 0;
  char* data = shipped_model("od3-eco.gru", &size);
  const size_t sizes[] = {8, 51, 52, size / 2, size - 1, size + 1};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    write_model(data, sizes[i]);
    char words[128] = "od3.gru: the file ends inside its header\n";
    if (sizes[i] >= 52) {
      snprintf(words, sizeof words, "od3.gru: the file has %zu bytes; by its header it has %zu\n",
               sizes[i], size);
    }
    refuse(words);
  }
  data[size / 2] ^= 1;
  write_model(data, size);
  refuse("od3.gru: the file is damaged: checksum is ");
  free(data);
}

static void
a_sparse_file_of_2_gib_is_refused(void** state)
{
  (void)state;
  write_shipped_model("od3-eco.gru");
  assert_int_equal(truncate(model_path, (off_t)2 << 30), 0);
  refuse("bytes; the limit is 4194304\n");
}

// One path exceeds PATH_MAX; another contains printf conversions.
static void
a_strange_bundle_path_is_refused_and_logged_as_it_is(void** state)
{
  (void)state;
  char path[6000];
  memset(path, 'x', sizeof path);
  path[sizeof path - 1] = '\0';
  assert_null(instantiate_at(path));
  assert_logged(strerror(ENAMETOOLONG));
  assert_null(instantiate_at("/%s%n%d/"));
  assert_logged("od3: /%s%n%d/od3.gru: ");
  assert_null(instantiate_at(""));
  assert_non_null(strstr(logged, "od3: /od3.gru: "));
}

typedef struct {
  char* data;
  size_t size;
  atomic_bool is_over;
} Writer;

// Rewrites the file until is_over is set: complete, truncated, and with other bytes.
static void*
keep_writing(void* context)
{
  Writer* writer = context;
  for (unsigned i = 0; !writer->is_over; ++i) {
    const int file = open(model_path, O_WRONLY | O_CREAT | (i % 3 ? 0 : O_TRUNC), 0600);
    const size_t part = writer->size * (i % 5 + 1U) / 5U;
    const ssize_t n_first = write(file, writer->data, part);
    const ssize_t n_rest = write(file, writer->data + (i % 2 ? part : 0), writer->size - part);
    if (n_first < 0 || n_rest < 0 || (i % 7 == 0 && ftruncate(file, (off_t)part) != 0)) {
      abort();
    }
    close(file);
  }
  return NULL;
}

static void
play(LV2_Handle plugin)
{
  const LV2_Descriptor* descriptor = lv2_descriptor(0);
  float sound[N_FRAMES] = {0.5f};
  descriptor->connect_port(plugin, 0, sound);
  descriptor->connect_port(plugin, 1, sound);
  descriptor->run(plugin, N_FRAMES);
  for (int i = 0; i < N_FRAMES; ++i) {
    assert_true(isfinite(sound[i]));
  }
  descriptor->cleanup(plugin);
}

// A load gives a model or a refusal. The test ends when both have happened.
static void
a_file_that_changes_during_the_load_plays_or_is_refused(void** state)
{
  (void)state;
  Writer writer = {.is_over = false};
  writer.data = shipped_model("od3-eco.gru", &writer.size);
  write_model(writer.data, writer.size);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, keep_writing, &writer), 0);
  int n_played = 0;
  int n_refused = 0;
  while (n_played + n_refused < N_LOADS || !n_played || !n_refused) {
    LV2_Handle plugin = instantiate();
    if (plugin) {
      assert_string_equal(logged, "");
      play(plugin);
      ++n_played;
    } else {
      assert_logged("od3.gru: ");
      ++n_refused;
    }
  }
  writer.is_over = true;
  pthread_join(thread, NULL);
  print_message("# %d played, %d refused\n", n_played, n_refused);
  free(writer.data);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_missing_model_file_is_refused),
      cmocka_unit_test(a_link_to_nothing_or_to_itself_is_refused),
      cmocka_unit_test(a_folder_is_refused),
      cmocka_unit_test(a_pipe_without_a_writer_is_refused),
      cmocka_unit_test(a_pipe_with_a_slow_writer_is_refused),
      cmocka_unit_test(a_socket_is_refused),
      cmocka_unit_test(an_endless_device_is_refused),
      cmocka_unit_test(a_file_without_read_permission_is_refused),
      cmocka_unit_test(an_empty_file_and_a_text_file_are_refused),
      cmocka_unit_test(a_truncated_or_extended_or_damaged_file_is_refused),
      cmocka_unit_test(a_sparse_file_of_2_gib_is_refused),
      cmocka_unit_test(a_strange_bundle_path_is_refused_and_logged_as_it_is),
      cmocka_unit_test(a_file_that_changes_during_the_load_plays_or_is_refused),
  };
  alarm(PATIENCE_S); // ends a test that waits forever
  return cmocka_run_group_tests_name("bad models", tests, make_folder, remove_folder);
}
