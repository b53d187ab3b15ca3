// SPDX-License-Identifier: MIT
// The plugin when memory runs out: each allocation of instantiate() fails in turn. Built with
// sanitizers, the leak check too.
#include "allocations.h"
#include "bundle.h"

enum { N_FRAMES = 100, LEAST_ALLOCATIONS = 15 };

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

// How often instantiate() allocates when nothing fails.
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

static void
each_failure_is_told_and_leaves_nothing_behind(void** state)
{
  (void)state;
  float expected[N_FRAMES];
  LV2_Handle plugin = instantiate();
  play(plugin, expected);
  lv2_descriptor(0)->cleanup(plugin);
  fail_each_in_turn(expected);
}

// Its model is the one that they would have shared.
static void
an_instance_beside_them_plays_on(void** state)
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

// Once it is instantiated, the plugin needs no more.
static void
it_plays_without_memory(void** state)
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
  size_t size = 0;
  reset_allocations(SIZE_MAX);
  make_folder(state);
  char* data = shipped_model("od3-eco.gru", &size);
  write_model(data, size);
  free(data);
  return 0;
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_failure_is_told_and_leaves_nothing_behind),
      cmocka_unit_test(an_instance_beside_them_plays_on),
      cmocka_unit_test(it_plays_without_memory),
  };
  return cmocka_run_group_tests_name("no memory", tests, make_bundle, remove_folder);
}
