// SPDX-License-Identifier: MIT
// The plugin when there is no memory: the linker has its allocations go through here. Built with
// sanitizers, the leak check too.
#include <lv2/core/lv2.h>
#include <lv2/log/log.h>
#include <lv2/urid/urid.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// In the linker's words, the C library's functions and what is called instead of them.
extern void*
__real_malloc(size_t size);
extern void*
__real_calloc(size_t n, size_t size);
extern void*
__real_aligned_alloc(size_t alignment, size_t size);
void*
__wrap_malloc(size_t size);
void*
__wrap_calloc(size_t n, size_t size);
void*
__wrap_aligned_alloc(size_t alignment, size_t size);

static int n_left = -1; // allocations until the one that fails; none does when negative
static char logged[1024];

static int
fails(void)
{
  return n_left >= 0 && n_left-- == 0;
}

void*
__wrap_malloc(size_t size)
{
  return fails() ? NULL : __real_malloc(size);
}

void*
__wrap_calloc(size_t n, size_t size)
{
  return fails() ? NULL : __real_calloc(n, size);
}

void*
__wrap_aligned_alloc(size_t alignment, size_t size)
{
  return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

__attribute__((format(printf, 3, 0))) static int
print_to_log(LV2_Log_Handle handle, LV2_URID type, const char* format, va_list arguments)
{
  (void)handle;
  (void)type;
  return vsnprintf(logged, sizeof logged, format, arguments);
}

static LV2_URID
map_any(LV2_URID_Map_Handle handle, const char* uri)
{
  (void)handle;
  return (LV2_URID)strlen(uri);
}

static LV2_Handle
instantiate(const char* bundle)
{
  LV2_URID_Map map = {NULL, map_any};
  LV2_Log_Log log = {NULL, NULL, print_to_log};
  const LV2_Feature map_feature = {LV2_URID__map, &map};
  const LV2_Feature log_feature = {LV2_LOG__log, &log};
  const LV2_Feature* const features[] = {&map_feature, &log_feature, NULL};
  logged[0] = '\0';
  return lv2_descriptor(0)->instantiate(lv2_descriptor(0), 48000.0, bundle, features);
}

static void
each_allocation_may_fail(void** state)
{
  (void)state;
  char bundle[4096];
  snprintf(bundle, sizeof bundle, "%s/od3.lv2", getenv("OD3_TOP"));
  int n_allocations = 0;
  for (LV2_Handle instance = NULL; !instance; ++n_allocations) {
    n_left = n_allocations;
    instance = instantiate(bundle);
    const int have_all_been_made = n_left >= 0;
    n_left = -1;
    assert_true((instance != NULL) == have_all_been_made);
    assert_true((strstr(logged, "out of memory") != NULL) == !have_all_been_made);
    if (instance) {
      lv2_descriptor(0)->cleanup(instance);
    }
  }
  print_message("# %d allocations\n", n_allocations - 1);
  assert_true(n_allocations > 10);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_allocation_may_fail),
  };
  return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
