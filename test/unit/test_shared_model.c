// SPDX-License-Identifier: MIT
// Which models instances share, for how long, and what a fork does to that. Built with sanitizers,
// including the leak check.
#include "model/model_file_id.h"
#include "model/shared_model.h"
#include "model/silent_states.h"
#include "rnn/kernel.h"
#include "support/allocations.h"
#include "support/scratch.h"
#include "support/small_model.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const ModelFileId file_a = {1, 2, 3, 4, 5, 6, 7};

static PackedModel*
packed(void)
{
  uint8_t file[FILE_SIZE];
  make_file(file);
  Model* model = NULL;
  assert_int_equal(model_parse(file, sizeof file, &model, NULL), MODEL_OK);
  PackedModel* fresh = packed_model_new(model, &kernel_plain);
  assert_non_null(fresh);
  model_free(model);
  return fresh;
}

// Shares a model that differs from packed() and from models of other numbers.
static const PackedModel*
share_number(int number, const ModelFileId* file)
{
  PackedModel* fresh = packed();
  fresh->out_bias = (float)number;
  return shared_model_share(fresh, file);
}

static int
begin_to_count(void** state)
{
  (void)state;
  reset_allocations(SIZE_MAX);
  return 0;
}

// Everything is freed, so each test begins with no model in use.
static int
expect_all_freed(void** state)
{
  (void)state;
  return allocations.n_live == 0 ? 0 : -1;
}

static void
a_file_is_found_while_it_is_in_use_and_freed_by_its_last_user(void** state)
{
  (void)state;
  assert_null(shared_model_find(&file_a, &kernel_plain));
  const PackedModel* model = share_number(1, &file_a);
  assert_ptr_equal(shared_model_find(&file_a, &kernel_plain), model);
  shared_model_release(model);
  assert_ptr_equal(shared_model_find(&file_a, &kernel_plain), model);
  shared_model_release(model);
  shared_model_release(model);
  assert_null(shared_model_find(&file_a, &kernel_plain));
  assert_int_equal(allocations.n_live, 0);
  shared_model_release(NULL);
}

static void
a_changed_file_and_another_kernel_are_not_found(void** state)
{
  (void)state;
  const PackedModel* model = share_number(1, &file_a);
  ModelFileId changed[7];
  for (int i = 0; i < 7; ++i) {
    changed[i] = file_a;
  }
  changed[0].device = 9;
  changed[1].inode = 9;
  changed[2].size = 9;
  changed[3].modified_s = 9;
  changed[4].modified_ns = 9;
  changed[5].changed_s = 9;
  changed[6].changed_ns = 9;
  for (int i = 0; i < 7; ++i) {
    assert_null(shared_model_find(&changed[i], &kernel_plain));
  }
  static const Kernel other_kernel;
  assert_null(shared_model_find(&file_a, &other_kernel));
  shared_model_release(model);
}

static void
a_file_is_told_from_one_written_anew(void** state)
{
  (void)state;
  char path[64];
  assert_true(scratch_make());
  snprintf(path, sizeof path, "%s/file", folder);
  const int file = open(path, O_CREAT | O_WRONLY, 0600);
  ModelFileId first;
  ModelFileId again;
  ModelFileId longer;
  assert_true(model_file_id(path, &first) && model_file_id(path, &again));
  assert_true(model_file_ids_are_equal(&first, &again));
  assert_int_equal(write(file, "x", 1), 1);
  assert_true(model_file_id(path, &longer));
  assert_false(model_file_ids_are_equal(&first, &longer));
  close(file);
  unlink(path);
  assert_false(model_file_id(path, &again));
  assert_true(scratch_remove());
}

static void
equal_models_of_other_files_or_of_none_are_one(void** state)
{
  (void)state;
  const ModelFileId file_b = {2, 2, 3, 4, 5, 6, 7};
  const PackedModel* model = share_number(1, NULL);
  assert_ptr_equal(share_number(1, &file_a), model);
  assert_ptr_equal(share_number(1, &file_b), model);
  const PackedModel* other = share_number(2, &file_b);
  assert_ptr_not_equal(other, model);
  assert_ptr_equal(shared_model_find(&file_b, &kernel_plain), other);
  for (int i = 0; i < 3; ++i) {
    shared_model_release(model);
  }
  assert_int_not_equal(allocations.n_live, 0);
  shared_model_release(other);
  shared_model_release(other);
}

// Asserts that models are unequal either way round, and restores the changed field.
#define ASSERT_MATTERS(field, value)                                                               \
  do {                                                                                             \
    const __typeof__(b->field) before = b->field;                                                  \
    b->field = (value);                                                                            \
    assert_false(packed_model_equals(a, b));                                                       \
    assert_false(packed_model_equals(b, a));                                                       \
    b->field = before;                                                                             \
    assert_true(packed_model_equals(a, b));                                                        \
  } while (0)

static void
all_that_sounds_counts_for_equality(void** state)
{
  (void)state;
  PackedModel* a = packed();
  PackedModel* b = packed();
  static const Kernel other_kernel;
  assert_true(packed_model_equals(a, b));
  ASSERT_MATTERS(kernel, &other_kernel);
  ASSERT_MATTERS(shape.process, NULL);
  ASSERT_MATTERS(shape.n_rows, b->shape.n_rows + 1);
  ASSERT_MATTERS(sample_rate_hz, 44100);
  ASSERT_MATTERS(out_bias, b->out_bias + 1.0f);
  ASSERT_MATTERS(direct, 0.5f);
  ASSERT_MATTERS(n_theta, b->n_theta + 16);
  ASSERT_MATTERS(n_conditioned, b->n_conditioned + 16);
  ASSERT_MATTERS(n_values, b->n_values - 1);
  ASSERT_MATTERS(mlp.n_knobs, b->mlp.n_knobs - 1);
  ASSERT_MATTERS(mlp.n_features, b->mlp.n_features + 1);
  ASSERT_MATTERS(mlp.n_layers, b->mlp.n_layers - 1);
  ASSERT_MATTERS(mlp.layers[0].n_in, b->mlp.layers[0].n_in + 1);
  ASSERT_MATTERS(mlp.layers[0].n_out, b->mlp.layers[0].n_out + 1);
  ASSERT_MATTERS(mlp.layers[0].slope, b->mlp.layers[0].slope + 1.0f);
  for (size_t i = 0; i < a->n_values; ++i) {
    ASSERT_MATTERS(values[i], b->values[i] + 1.0f);
  }
  packed_model_free(a);
  packed_model_free(b);
}

static void
more_models_than_can_be_shared_are_used_alone(void** state)
{
  (void)state;
  enum { N = 70 };
  const PackedModel* models[N];
  for (int i = 0; i < N; ++i) {
    models[i] = share_number(i, NULL);
  }
  const PackedModel* first = share_number(0, NULL);
  const PackedModel* last = share_number(N - 1, NULL);
  assert_ptr_equal(first, models[0]);
  assert_ptr_not_equal(last, models[N - 1]);
  shared_model_release(first);
  shared_model_release(last);
  for (int i = 0; i < N; ++i) {
    assert_true(models[i]->out_bias == (float)i);
    shared_model_release(models[i]);
  }
}

static void
the_first_16_positions_keep_their_silent_states(void** state)
{
  (void)state;
  SilentStates* states = silent_states_new();
  assert_non_null(states);
  for (int i = 0; i < 20; ++i) {
    SilentState fresh = {.knobs = {(float)i, 0.5f}, .offset = (float)i};
    fresh.state[CELL_MAX_STATE - 1] = (float)-i;
    assert_null(silent_states_find(states, fresh.knobs));
    silent_states_add(states, &fresh);
  }
  for (int i = 0; i < 20; ++i) {
    const float knobs[MAX_KNOBS] = {(float)i, 0.5f};
    const SilentState* found = silent_states_find(states, knobs);
    assert_true((found != NULL) == (i < 16));
    assert_true(!found ||
                (found->offset == (float)i && found->state[CELL_MAX_STATE - 1] == (float)-i));
  }
  const float beside[MAX_KNOBS] = {1.0f, 0.5001f};
  assert_null(silent_states_find(states, beside));
  free(states);
}

static atomic_bool is_over;

static void*
find_and_release(void* unused)
{
  (void)unused;
  while (!atomic_load(&is_over)) {
    shared_model_release(shared_model_find(&file_a, &kernel_plain));
  }
  return NULL;
}

// A child has one thread: it would wait for ever for what another one held at the fork. It
// allocates nothing, since sanitizers have locks.
static void
a_fork_at_any_moment_leaves_a_child_that_finds_models(void** state)
{
  (void)state;
  const PackedModel* model = share_number(1, &file_a);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, find_and_release, NULL), 0);
  for (int i = 0; i < 100; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(10);
      const PackedModel* found = shared_model_find(&file_a, &kernel_plain);
      shared_model_release(found);
      _exit(found != model);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
  }
  atomic_store(&is_over, true);
  pthread_join(thread, NULL);
  shared_model_release(model);
}

#define COUNTED(test) cmocka_unit_test_setup_teardown(test, begin_to_count, expect_all_freed)

int
main(void)
{
  const struct CMUnitTest tests[] = {
      COUNTED(a_file_is_found_while_it_is_in_use_and_freed_by_its_last_user),
      COUNTED(a_changed_file_and_another_kernel_are_not_found),
      COUNTED(a_file_is_told_from_one_written_anew),
      COUNTED(equal_models_of_other_files_or_of_none_are_one),
      COUNTED(all_that_sounds_counts_for_equality),
      COUNTED(more_models_than_can_be_shared_are_used_alone),
      COUNTED(the_first_16_positions_keep_their_silent_states),
      cmocka_unit_test(a_fork_at_any_moment_leaves_a_child_that_finds_models),
  };
  return cmocka_run_group_tests_name("shared model", tests, NULL, NULL);
}
