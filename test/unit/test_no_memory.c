// SPDX-License-Identifier: MIT
// Each allocation of instantiate() fails in turn. The plugin must report it and free everything.
// Built with sanitizers, including the leak check.
#include "support/allocations.h"
#include "support/bundle.h"

enum { N_FRAMES = 100, LEAST_ALLOCATIONS = 10 };

static void
play(LV2_Handle plugin, float* out)
{
  const LV2_Descriptor* descriptor = lv2_descriptor(0);
  float in[N_FRAMES] = {0.5f, -0.5f, 0.25f};
  descriptor->connect_port(plugin, 0, in);
  descriptor->connect_port(plugin, 1, out);
  descriptor->activate(plugin);
  descriptor->run(plugin, N_FRAMES);
}

// Returns the number of allocations of instantiate() when none fails.
static size_t
count_allocations(void)
{
  reset_allocations(SIZE_MAX);
  LV2_Handle plugin = instantiate();
  const size_t n = allocations.n;
  assert_non_null(plugin);
  lv2_descriptor(0)->cleanup(plugin);
  assert_int_equal(allocations.n_live, 0);
  assert_true(n >= LEAST_ALLOCATIONS);
  print_message("# %zu allocations\n", n);
  return n;
}

static void
fail_each_in_turn(const float* expected)
{
  const size_t n = count_allocations();
  for (size_t i = 0; i < n; ++i) {
    reset_allocations(i);
    assert_null(instantiate());
    assert_int_equal(allocations.n_live, 0);
    assert_logged("out of memory\n");

    reset_allocations(SIZE_MAX);
    LV2_Handle plugin = instantiate();
    assert_non_null(plugin);
    assert_string_equal(logged, "");
    float out[N_FRAMES];
    play(plugin, out);
    assert_memory_equal(out, expected, sizeof out);
    lv2_descriptor(0)->cleanup(plugin);
    assert_int_equal(allocations.n_live, 0);
  }
}

// Copies a file, by its path from weights/, into the bundle.
static void
put_model(const char* name)
{
  size_t size = 0;
  reset_allocations(SIZE_MAX);
  char* data = shipped_model(name, &size);
  remove(model_path);
  write_model(data, size);
  free(data);
}

static void
each_failed_allocation_is_logged_and_leaks_nothing(void** state)
{
  (void)state;
  static const char* const models[] = {
      "../test/fuzz/corpus/json/keras_lstm_knobs_test.json",
      "../test/fuzz/corpus/json/keras_gru_knobs_test.json",
      "../test/fuzz/corpus/json/wrapped.json",
      "od3-eco.gru",
  };
  for (size_t i = 0; i < sizeof models / sizeof *models; ++i) {
    put_model(models[i]);
    float expected[N_FRAMES];
    LV2_Handle plugin = instantiate();
    assert_non_null(plugin);
    play(plugin, expected);
    lv2_descriptor(0)->cleanup(plugin);
    fail_each_in_turn(expected);
  }
}

// The playing instance holds the model that the failed instances find.
static void
a_playing_instance_is_unaffected_by_failed_ones(void** state)
{
  (void)state;
  float before[N_FRAMES];
  float after[N_FRAMES];
  LV2_Handle beside = instantiate();
  play(beside, before);
  fail_each_in_turn(before);
  play(beside, after);
  assert_memory_equal(after, before, sizeof after);
  lv2_descriptor(0)->cleanup(beside);
}

// activate() and run() must not allocate.
static void
playing_allocates_nothing(void** state)
{
  (void)state;
  LV2_Handle plugin = instantiate();
  float out[N_FRAMES];
  reset_allocations(0);
  play(plugin, out);
  assert_int_equal(allocations.n, 0);
  reset_allocations(SIZE_MAX);
  lv2_descriptor(0)->cleanup(plugin);
}

static int
make_bundle(void** state)
{
  make_folder(state);
  put_model("od3-eco.gru");
  return 0;
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_failed_allocation_is_logged_and_leaks_nothing),
      cmocka_unit_test(a_playing_instance_is_unaffected_by_failed_ones),
      cmocka_unit_test(playing_allocates_nothing),
  };
  return cmocka_run_group_tests_name("no memory", tests, make_bundle, remove_folder);
}
