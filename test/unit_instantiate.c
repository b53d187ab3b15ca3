// SPDX-License-Identifier: MIT
// The plugin from a bundle: its log, its kernels, its shared models. Built with sanitizers, the
// leak check too.
#include "bundle.h"
#include "kernel.h"
#include "model.h"
#include "packed_model.h"
#include "shared_model.h"

#include <math.h>

static void
there_is_one_plugin(void** state)
{
  (void)state;
  assert_string_equal(lv2_descriptor(0)->URI, "urn:od3-lv2:od3");
  assert_null(lv2_descriptor(1));
  assert_null(lv2_descriptor(UINT32_MAX));
}

static void
a_good_model_plays_with_and_without_features(void** state)
{
  (void)state;
  size_t size = 0;
  char* data = shipped_model("od3.gru", &size);
  write_model(data, size);
  free(data);
  const LV2_Descriptor* descriptor = lv2_descriptor(0);
  LV2_Handle told = instantiate();
  LV2_Handle bare = descriptor->instantiate(descriptor, 48000.0, folder, NULL);
  assert_non_null(told);
  assert_non_null(bare);
  assert_string_equal(logged, "");
  float in[100] = {0.5f};
  float out[2][100];
  LV2_Handle instances[2] = {told, bare};
  for (int i = 0; i < 2; ++i) {
    descriptor->connect_port(instances[i], 0, in);
    descriptor->connect_port(instances[i], 1, out[i]);
    descriptor->activate(instances[i]);
    descriptor->run(instances[i], 100);
    descriptor->cleanup(instances[i]);
  }
  assert_memory_equal(out[0], out[1], sizeof out[0]);
}

static void
an_odd_host_is_served(void** state)
{
  (void)state;
  enum { GAIN = 2, LEVEL = 4, N_FRAMES = 100 };
  const LV2_Descriptor* descriptor = lv2_descriptor(0);
  assert_null(descriptor->instantiate(descriptor, 0.0, folder, NULL));
  LV2_Handle instance = instantiate();
  assert_non_null(instance);
  float in[N_FRAMES] = {INFINITY, NAN};
  float out[N_FRAMES];
  float gain = NAN;
  float level_db = -12.0f;
  descriptor->connect_port(instance, 0, in);
  descriptor->connect_port(instance, 1, out);
  descriptor->connect_port(instance, GAIN, &gain);
  descriptor->connect_port(instance, LEVEL, &level_db);
  descriptor->activate(instance);
  descriptor->run(instance, 0);
  for (int block = 0; block < 3; ++block) {
    descriptor->run(instance, N_FRAMES);
    level_db += 12.0f;
    for (int t = 0; t < N_FRAMES; ++t) {
      assert_true(isfinite(out[t]));
    }
  }
  descriptor->cleanup(instance);
}

static void
the_environment_names_a_kernel(void** state)
{
  (void)state;
  const LV2_Descriptor* descriptor = lv2_descriptor(0);
  assert_int_equal(setenv("OD3_KERNEL", "plain", 1), 0);
  LV2_Handle plain = instantiate();
  assert_non_null(plain);
  assert_string_equal(logged, "");
  assert_int_equal(setenv("OD3_KERNEL", "abacus", 1), 0);
  LV2_Handle other = instantiate();
  assert_non_null(other);
  assert_non_null(strstr(logged, "no kernel abacus"));
  assert_int_equal(unsetenv("OD3_KERNEL"), 0);
  descriptor->cleanup(plain);
  descriptor->cleanup(other);
}

static PackedModel*
packed(void)
{
  Model* model = NULL;
  assert_int_equal(model_load(model_path, &model), MODEL_OK);
  PackedModel* fresh = packed_model_new(model, &kernel_plain);
  assert_non_null(fresh);
  model_free(model);
  return fresh;
}

static void
equal_models_are_shared(void** state)
{
  (void)state;
  const PackedModel* first = shared_model_take(packed());
  PackedModel* other = packed();
  other->out_bias += 1.0f;
  const PackedModel* changed = shared_model_take(other);
  assert_ptr_equal(shared_model_take(packed()), first);
  assert_ptr_equal(changed, other);
  shared_model_release(first);
  assert_ptr_equal(shared_model_take(packed()), first);
  shared_model_release(changed);
  shared_model_release(first);
  shared_model_release(first);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(there_is_one_plugin),
      cmocka_unit_test(a_good_model_plays_with_and_without_features),
      cmocka_unit_test(an_odd_host_is_served),
      cmocka_unit_test(the_environment_names_a_kernel),
      cmocka_unit_test(equal_models_are_shared),
  };
  return cmocka_run_group_tests_name("instantiate", tests, make_folder, remove_folder);
}
