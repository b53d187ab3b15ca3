// SPDX-License-Identifier: MIT
// The part of cmocka that the unit tests use, for processors for which there is no cmocka here. A
// failed assertion ends the program.
#ifndef OD3_TEST_FOREIGN_CMOCKA_H
#define OD3_TEST_FOREIGN_CMOCKA_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int
CMFixtureFunction(void** state);

struct CMUnitTest {
  const char* name;
  void (*test)(void** state);
  CMFixtureFunction* setup;
  CMFixtureFunction* teardown;
};

#define cmocka_unit_test(f)                                                                        \
  {                                                                                                \
#f, f, NULL, NULL                                                                              \
  }
#define cmocka_unit_test_setup(f, s)                                                               \
  {                                                                                                \
#f, f, s, NULL                                                                                 \
  }
#define cmocka_unit_test_setup_teardown(f, s, t)                                                   \
  {                                                                                                \
#f, f, s, t                                                                                    \
  }
#define cmocka_run_group_tests(tests, s, t) run_tests(tests, sizeof(tests) / sizeof *(tests), s, t)
#define cmocka_run_group_tests_name(name, tests, s, t) cmocka_run_group_tests(tests, s, t)

__attribute__((format(printf, 1, 2), noreturn)) static inline void
fail_msg(const char* format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  fputs("# ", stdout);
  vprintf(format, arguments);
  va_end(arguments);
  puts("\nnot ok");
  exit(1);
}

#define print_message printf
#define assert_true(x) ((x) ? (void)0 : fail_msg("%s:%d: %s does not hold", __FILE__, __LINE__, #x))
#define assert_false(x) assert_true(!(x))
#define assert_null(x) assert_true((x) == NULL)
#define assert_non_null(x) assert_true((x) != NULL)
#define assert_int_equal(a, b) assert_true((a) == (b))
#define assert_int_not_equal(a, b) assert_true((a) != (b))
#define assert_ptr_equal(a, b) assert_true((const void*)(a) == (const void*)(b))
#define assert_ptr_not_equal(a, b) assert_true((const void*)(a) != (const void*)(b))
#define assert_in_range(x, min, max) assert_true((x) >= (min) && (x) <= (max))
#define assert_string_equal(a, b) assert_true(strcmp(a, b) == 0)
#define assert_string_not_equal(a, b) assert_true(strcmp(a, b) != 0)
#define assert_memory_equal(a, b, size) assert_true(memcmp(a, b, size) == 0)
#define assert_memory_not_equal(a, b, size) assert_true(memcmp(a, b, size) != 0)

// Runs a group of tests and prints TAP. Returns the program's exit status.
static inline int
run_tests(const struct CMUnitTest* tests, size_t n, CMFixtureFunction* setup,
          CMFixtureFunction* teardown)
{
  void* state = NULL;
  printf("1..%zu\n", n);
  if (setup && setup(&state)) {
    fail_msg("the group's setup failed");
  }
  for (size_t i = 0; i < n; ++i) {
    if ((tests[i].setup && tests[i].setup(&state))) {
      fail_msg("the setup of %s failed", tests[i].name);
    }
    tests[i].test(&state);
    if ((tests[i].teardown && tests[i].teardown(&state))) {
      fail_msg("the teardown of %s failed", tests[i].name);
    }
    printf("ok %zu - %s\n", i + 1, tests[i].name);
  }
  return teardown && teardown(&state);
}

#endif
