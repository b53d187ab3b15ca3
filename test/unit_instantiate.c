// SPDX-License-Identifier: MIT
// The plugin in bundles whose model is missing or broken. Built with sanitizers, the leak check
// too.
#include "kernel.h"
#include "model.h"
#include "packed_model.h"
#include "shared_model.h"

#include <lv2/core/lv2.h>
#include <lv2/log/log.h>
#include <lv2/urid/urid.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/od3-bundle-XXXXXX";
static char model_path[64];
static char logged[1024];

__attribute__((format(printf, 3, 0))) static int
print_to_log(LV2_Log_Handle handle, LV2_URID type, const char* format, va_list arguments)
{
  (void)handle;
  (void)type;
  const size_t used = strlen(logged);
  return vsnprintf(logged + used, sizeof logged - used, format, arguments);
}

static LV2_URID
map_any(LV2_URID_Map_Handle handle, const char* uri)
{
  (void)handle;
  return (LV2_URID)strlen(uri);
}

static LV2_Handle
instantiate(void)
{
  LV2_URID_Map map = {NULL, map_any};
  LV2_Log_Log log = {NULL, NULL, print_to_log};
  const LV2_Feature map_feature = {LV2_URID__map, &map};
  const LV2_Feature log_feature = {LV2_LOG__log, &log};
  const LV2_Feature* const features[] = {&map_feature, &log_feature, NULL};
  const LV2_Descriptor* descriptor = lv2_descriptor(0);
  logged[0] = '\0';
  return descriptor->instantiate(descriptor, 48000.0, folder, features);
}

static void
write_model(const void* data, size_t size)
{
  FILE* file = fopen(model_path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, size, file), size);
  fclose(file);
}

// The shipped model's bytes; the caller frees them.
static char*
shipped_model(size_t* size)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/weights/od3.gru", getenv("OD3_TOP"));
  FILE* file = fopen(path, "rb");
  assert_non_null(file);
  char* data = malloc(MODEL_MAX_FILE_SIZE);
  assert_non_null(data);
  *size = fread(data, 1, MODEL_MAX_FILE_SIZE, file);
  fclose(file);
  return data;
}

static int
make_folder(void** state)
{
  (void)state;
  snprintf(model_path, sizeof model_path, "%s/od3.gru", mkdtemp(folder) ? folder : "");
  return 0;
}

static int
remove_folder(void** state)
{
  (void)state;
  unlink(model_path);
  return rmdir(folder);
}

static void
there_is_one_plugin(void** state)
{
  (void)state;
  assert_string_equal(lv2_descriptor(0)->URI, "urn:od3-lv2:od3");
  assert_null(lv2_descriptor(1));
  assert_null(lv2_descriptor(UINT32_MAX));
}

static void
a_missing_model_is_told(void** state)
{
  (void)state;
  assert_null(instantiate());
  assert_non_null(strstr(logged, "od3.gru is missing or unreadable"));
}

static void
a_folder_is_no_model(void** state)
{
  (void)state;
  assert_int_equal(mkdir(model_path, 0700), 0);
  assert_null(instantiate());
  assert_non_null(strstr(logged, "od3.gru is missing or unreadable"));
  rmdir(model_path);
}

static void
a_broken_model_is_told(void** state)
{
  (void)state;
  size_t size = 0;
  char* data = shipped_model(&size);
  write_model(data, size / 2);
  assert_null(instantiate());
  assert_non_null(strstr(logged, "truncated"));
  data[size / 2] ^= 1;
  write_model(data, size);
  assert_null(instantiate());
  assert_non_null(strstr(logged, "checksum"));
  write_model("text\n", 5);
  assert_null(instantiate());
  assert_non_null(strstr(logged, "no model file"));
  free(data);
}

static void
a_good_model_plays_with_and_without_features(void** state)
{
  (void)state;
  size_t size = 0;
  char* data = shipped_model(&size);
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
      cmocka_unit_test(a_missing_model_is_told),
      cmocka_unit_test(a_folder_is_no_model),
      cmocka_unit_test(a_broken_model_is_told),
      cmocka_unit_test(a_good_model_plays_with_and_without_features),
      cmocka_unit_test(an_odd_host_is_served),
      cmocka_unit_test(the_environment_names_a_kernel),
      cmocka_unit_test(equal_models_are_shared),
  };
  return cmocka_run_group_tests_name("instantiate", tests, make_folder, remove_folder);
}
