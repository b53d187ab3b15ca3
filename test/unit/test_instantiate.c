// SPDX-License-Identifier: MIT
// Instantiation from a bundle: the log, the choice of kernel, and shared models. Built with
// sanitizers, including the leak check.
#include "lv2/controls.h"
#include "lv2/player_ports.h"
#include "model/model.h"
#include "model/model_file_id.h"
#include "model/packed_model.h"
#include "model/shared_model.h"
#include "rnn/kernel.h"
#include "support/bundle.h"

#include <math.h>

static void
the_library_has_the_pedal_and_the_player(void** state)
{
  (void)state;
  assert_string_equal(lv2_descriptor(0)->URI, OD3_PLUGIN_URI);
  assert_string_equal(lv2_descriptor(1)->URI, PLAYER_URI);
  assert_string_equal(lv2_descriptor(2)->URI, OD3_STEREO_URI);
  assert_null(lv2_descriptor(3));
  assert_null(lv2_descriptor(UINT32_MAX));
}

static void
host_features_do_not_change_the_sound(void** state)
{
  (void)state;
  write_shipped_model("od3.gru");
  const LV2_Descriptor* descriptor = lv2_descriptor(0);
  LV2_Handle with_features = instantiate();
  LV2_Handle without_features = descriptor->instantiate(descriptor, 48000.0, folder, NULL);
  assert_non_null(with_features);
  assert_non_null(without_features);
  assert_string_equal(logged, "");
  float in[100] = {0.5f};
  float out[2][100];
  LV2_Handle instances[2] = {with_features, without_features};
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
bad_input_and_controls_of_an_odd_host_give_finite_output(void** state)
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
the_environment_chooses_the_kernel_and_an_unknown_name_is_logged(void** state)
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
  assert_non_null(strstr(logged, "OD3_KERNEL is \"abacus\""));
  assert_int_equal(unsetenv("OD3_KERNEL"), 0);
  descriptor->cleanup(plain);
  descriptor->cleanup(other);
}

// Returns the model that instances of the folder's bundle use; release it.
static const PackedModel*
model_in_use(void)
{
  ModelFileId id;
  assert_true(model_file_id(model_path, &id));
  return shared_model_find(&id, kernel_find(NULL));
}

static void
instances_share_a_model_until_the_last_one_ends(void** state)
{
  (void)state;
  const LV2_Descriptor* descriptor = lv2_descriptor(0);
  assert_null(model_in_use());
  LV2_Handle first = instantiate();
  LV2_Handle second = instantiate();
  descriptor->cleanup(first);
  const PackedModel* model = model_in_use();
  assert_non_null(model);
  shared_model_release(model);
  descriptor->cleanup(second);
  assert_null(model_in_use());
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_library_has_the_pedal_and_the_player),
      cmocka_unit_test(host_features_do_not_change_the_sound),
      cmocka_unit_test(bad_input_and_controls_of_an_odd_host_give_finite_output),
      cmocka_unit_test(the_environment_chooses_the_kernel_and_an_unknown_name_is_logged),
      cmocka_unit_test(instances_share_a_model_until_the_last_one_ends),
  };
  return cmocka_run_group_tests_name("instantiate", tests, make_folder, remove_folder);
}
