// SPDX-License-Identifier: MIT
// The plugin in bundles whose model is anything but one: each gives NULL and one line in the log,
// soon, and without more memory than the largest model takes. Built with sanitizers.
#include "allocations.h"
#include "bundle.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define UNREADABLE "od3.gru is missing or unreadable\n"
#define NO_MODEL "od3.gru is no model file\n"

enum { PATIENCE_S = 300, N_LOADS = 300, N_FRAMES = 64 };

// Whatever lies at model_path: refused with these words, and then taken away.
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

static void
a_missing_one(void** state)
{
  (void)state;
  refuse(UNREADABLE);
}

static void
a_link_to_nothing_or_to_itself(void** state)
{
  (void)state;
  assert_int_equal(symlink("/nowhere/od3.gru", model_path), 0);
  refuse(UNREADABLE);
  assert_int_equal(symlink(model_path, model_path), 0);
  refuse(UNREADABLE);
}

static void
a_folder(void** state)
{
  (void)state;
  assert_int_equal(mkdir(model_path, 0700), 0);
  refuse(UNREADABLE);
}

static void
a_pipe_without_writer(void** state)
{
  (void)state;
  assert_int_equal(mkfifo(model_path, 0600), 0);
  refuse(NO_MODEL);
}

// One that has not written anything yet, and one that wrote half a model.
static void
a_pipe_with_a_writer(void** state)
{
  (void)state;
  size_t size = 0;
  char* data = shipped_model("od3-eco.gru", &size);
  for (size_t written = 0; written <= size / 2; written += size / 2) {
    assert_int_equal(mkfifo(model_path, 0600), 0);
    const int writer = open(model_path, O_RDWR | O_NONBLOCK);
    assert_true(writer >= 0);
    assert_int_equal(write(writer, data, written), written);
    refuse(UNREADABLE);
    close(writer);
  }
  free(data);
}

static void
a_socket(void** state)
{
  (void)state;
  const int server = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", model_path);
  assert_int_equal(bind(server, (const struct sockaddr*)&address, sizeof address), 0);
  assert_int_equal(listen(server, 1), 0);
  refuse(UNREADABLE);
  close(server);
}

static void
a_device_without_end(void** state)
{
  (void)state;
  assert_int_equal(symlink("/dev/zero", model_path), 0);
  refuse(NO_MODEL);
}

static void
one_that_may_not_be_read(void** state)
{
  (void)state;
  write_model("text\n", 5);
  assert_int_equal(chmod(model_path, 0), 0);
  assert_int_equal(chmod(folder, 0755), 0);
  const pid_t child = fork();
  if (child == 0) {
    const bool may_read_all = geteuid() == 0 && setuid(65534) != 0;
    const LV2_Handle plugin = may_read_all ? NULL : instantiate();
    _exit(may_read_all || plugin || !strstr(logged, UNREADABLE) ? 1 : 0);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  remove(model_path);
}

static void
an_empty_one_and_a_text(void** state)
{
  (void)state;
  write_model("", 0);
  refuse(NO_MODEL);
  write_model("text\n", 5);
  refuse(NO_MODEL);
}

static void
one_that_is_cut_or_too_long_or_damaged(void** state)
{
  (void)state;
  size_t size = 0;
  char* data = shipped_model("od3-eco.gru", &size);
  const size_t sizes[] = {8, 51, 52, size / 2, size - 1, size + 1};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    write_model(data, sizes[i]);
    refuse("od3.gru is truncated, or longer than it says\n");
  }
  data[size / 2] ^= 1;
  write_model(data, size);
  refuse("od3.gru is damaged: its checksum is wrong\n");
  free(data);
}

static void
one_of_2_gib_with_a_hole(void** state)
{
  (void)state;
  size_t size = 0;
  char* data = shipped_model("od3-eco.gru", &size);
  write_model(data, size);
  free(data);
  assert_int_equal(truncate(model_path, (off_t)2 << 30), 0);
  refuse("od3.gru is truncated, or longer than it says\n");
}

// Too long for the system, and one that a format string would trip over.
static void
strange_paths(void** state)
{
  (void)state;
  char path[6000];
  memset(path, 'x', sizeof path);
  path[sizeof path - 1] = '\0';
  assert_null(instantiate_at(path));
  assert_logged(UNREADABLE);
  assert_null(instantiate_at("/%s%n%d/"));
  assert_logged("the model /%s%n%d//od3.gru is missing");
  assert_null(instantiate_at(""));
  assert_non_null(strstr(logged, "od3: the model /od3.gru is"));
}

typedef struct {
  char* data;
  size_t size;
  atomic_bool is_over;
} Writer;

// Writes the same file again and again: whole, cut, and with other bytes.
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

// It is a model, or it is refused; until there was either.
static void
one_that_changes_while_it_is_read(void** state)
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
      assert_logged("od3.gru is ");
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
      cmocka_unit_test(a_missing_one),
      cmocka_unit_test(a_link_to_nothing_or_to_itself),
      cmocka_unit_test(a_folder),
      cmocka_unit_test(a_pipe_without_writer),
      cmocka_unit_test(a_pipe_with_a_writer),
      cmocka_unit_test(a_socket),
      cmocka_unit_test(a_device_without_end),
      cmocka_unit_test(one_that_may_not_be_read),
      cmocka_unit_test(an_empty_one_and_a_text),
      cmocka_unit_test(one_that_is_cut_or_too_long_or_damaged),
      cmocka_unit_test(one_of_2_gib_with_a_hole),
      cmocka_unit_test(strange_paths),
      cmocka_unit_test(one_that_changes_while_it_is_read),
  };
  alarm(PATIENCE_S); // what waits forever shall fail
  return cmocka_run_group_tests_name("bad models", tests, make_folder, remove_folder);
}
