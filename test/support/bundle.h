// SPDX-License-Identifier: MIT
// A bundle folder whose model file a test writes, and the plugin instantiated from it with a log.
#ifndef OD3_TEST_BUNDLE_H
#define OD3_TEST_BUNDLE_H

#include "model/model.h"
#include "support/scratch.h"

#include <lv2/core/lv2.h>
#include <lv2/log/log.h>
#include <lv2/urid/urid.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char model_path[64];
static char logged[8192];

__attribute__((format(printf, 3, 0))) static inline int
print_to_log(LV2_Log_Handle handle, LV2_URID type, const char* format, va_list arguments)
{
  (void)handle;
  (void)type;
  const size_t used = strlen(logged);
  return vsnprintf(logged + used, sizeof logged - used, format, arguments);
}

static inline LV2_URID
map_any(LV2_URID_Map_Handle handle, const char* uri)
{
  (void)handle;
  return (LV2_URID)strlen(uri);
}

static inline LV2_Handle
instantiate_at(const char* bundle_path)
{
  LV2_URID_Map map = {NULL, map_any};
  LV2_Log_Log log = {NULL, NULL, print_to_log};
  const LV2_Feature map_feature = {LV2_URID__map, &map};
  const LV2_Feature log_feature = {LV2_LOG__log, &log};
  const LV2_Feature* const features[] = {&map_feature, &log_feature, NULL};
  const LV2_Descriptor* descriptor = lv2_descriptor(0);
  logged[0] = '\0';
  return descriptor->instantiate(descriptor, 48000.0, bundle_path, features);
}

static inline LV2_Handle
instantiate(void)
{
  return instantiate_at(folder);
}

// Asserts that the log has exactly one line and that it contains `words`.
static inline void
assert_logged(const char* words)
{
  if (strncmp(logged, "od3: ", 5) != 0 || !strstr(logged, words) ||
      strchr(logged, '\n') != logged + strlen(logged) - 1) {
    fail_msg("the log is not one line that contains \"%s\": %s", words, logged);
  }
}

static inline void
write_model(const void* data, size_t size)
{
  FILE* file = fopen(model_path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, size, file), size);
  fclose(file);
}

// Returns the bytes of a model in weights/. The caller frees them.
static inline char*
shipped_model(const char* name, size_t* size)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/weights/%s", getenv("OD3_TOP"), name);
  FILE* file = fopen(path, "rb");
  assert_non_null(file);
  char* data = malloc(MODEL_MAX_FILE_SIZE);
  assert_non_null(data);
  *size = fread(data, 1, MODEL_MAX_FILE_SIZE, file);
  fclose(file);
  return data;
}

// Puts a model of weights/ in the bundle.
static inline void
write_shipped_model(const char* name)
{
  size_t size = 0;
  char* data = shipped_model(name, &size);
  write_model(data, size);
  free(data);
}

static inline int
make_folder(void** state)
{
  (void)state;
  snprintf(model_path, sizeof model_path, "%s/od3.gru", scratch_make() ? folder : "");
  return 0;
}

static inline int
remove_folder(void** state)
{
  (void)state;
  unlink(model_path);
  return rmdir(folder);
}

#endif
