// SPDX-License-Identifier: MIT
// The JSON reader. Built with sanitizers.
#include "model/json.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// The checked text, which ends where its memory ends, so that the address sanitizer sees reads
// beyond.
static char* text;

// Checks a text; returns its value, or none with *error_at.
static Json
checked(const char* json, size_t size, size_t* error_at)
{
  free(text);
  text = malloc(size ? size : 1);
  assert_non_null(text);
  memcpy(text, json, size);
  Json value = {NULL, NULL};
  return json_check(text, size, &value, error_at) ? value : (Json){NULL, NULL};
}

static Json
parsed(const char* json)
{
  size_t error_at = 0;
  const Json value = checked(json, strlen(json), &error_at);
  if (!value.at) {
    fail_msg("%s is wrong at %zu", json, error_at);
  }
  return value;
}

static void
valid_texts_are_accepted(void** state)
{
  (void)state;
  static const char* const texts[] = {
      "{}",
      "[]",
      " [ ] ",
      "0",
      "-0.5e+10",
      "\"\"",
      "null",
      "[true, false]",
      "\xEF\xBB\xBF{}",
      "{\"a\": {\"b\": [1, 2.5E-3, {}]}, \"\": \"\\u00e9\\n\\\"\"}",
      "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",
      "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8E\xB8\"",
      "\t\r\n[1,\n2\t]\n",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
    parsed(texts[i]);
  }
}

static void
invalid_texts_are_refused_at_the_wrong_byte(void** state)
{
  (void)state;
  static const struct {
    const char* text;
    size_t error_at;
  } cases[] = {
      {"", 0},
      {" ", 1},
      {"{", 1},
      {"}", 0},
      {"[1", 2},
      {"[1,]", 3},
      {"[,1]", 1},
      {"[1 2]", 3},
      {"[1}", 2},
      {"{\"a\":1]", 6},
      {"{\"a\"}", 4},
      {"{a:1}", 1},
      {"{\"a\":}", 5},
      {"{\"a\":1,}", 7},
      {"{1:2}", 1},
      {"01", 1},
      {"-", 1},
      {"+1", 0},
      {".5", 0},
      {"1.", 2},
      {"1e", 2},
      {"1e+", 3},
      {"0x10", 1},
      {"NaN", 0},
      {"[Infinity]", 1},
      {"nul", 0},
      {"truee", 4},
      {"\"a", 2},
      {"\"\\x\"", 1},
      {"\"\\u12g4\"", 1},
      {"\"\\", 1},
      {"\"a\nb\"", 2},
      {"\"\xFF\"", 1},
      {"\"\xC3\"", 1},
      {"\"\xC0\x80\"", 1},         // overlong
      {"\"\xED\xA0\x80\"", 1},     // a surrogate
      {"\"\xF4\x90\x80\x80\"", 1}, // beyond U+10FFFF
      {"{} {}", 3},
      {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", 16},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    size_t error_at = SIZE_MAX;
    if (checked(cases[i].text, strlen(cases[i].text), &error_at).at ||
        error_at != cases[i].error_at) {
      fail_msg("%s: error at %zu", cases[i].text, error_at);
    }
  }
}

static void
every_truncation_is_refused(void** state)
{
  (void)state;
  static const char json[] = "{\"a\": [1.5e-3, -2, \"\\u00e4\xC3\xA4\\\\\"], \"b\": {\"c\": null}}";
  size_t error_at = 0;
  for (size_t size = 0; size + 1 < sizeof json; ++size) {
    assert_null(checked(json, size, &error_at).at);
    assert_true(error_at <= size);
  }
}

// A thousand opening brackets must not exhaust the stack.
static void
depth_is_limited(void** state)
{
  (void)state;
  char deep[1000];
  size_t error_at = 0;
  memset(deep, '[', sizeof deep);
  assert_null(checked(deep, sizeof deep, &error_at).at);
  assert_int_equal(error_at, JSON_MAX_DEPTH);
}

static void
members_and_elements_are_found(void** state)
{
  (void)state;
  const Json root = parsed("{ \"a]\" : [ 1 , \"},\\\"\" , { \"b\" : 2 } , null ] ,\"b\":true}");
  const Json array = json_member(root, "a]");
  assert_int_equal(json_count(array), 4);
  assert_int_equal(json_kind(array), JSON_ARRAY);
  Json element = json_first(array);
  assert_true(json_number(element) == 1.0);
  element = json_next(element);
  assert_int_equal(json_kind(element), JSON_TEXT);
  element = json_next(element);
  assert_true(json_number(json_member(element, "b")) == 2.0);
  element = json_next(element);
  assert_int_equal(json_kind(element), JSON_NULL);
  assert_int_equal(json_kind(json_next(element)), JSON_NONE);
  assert_true(json_is_true(json_member(root, "b")));
  assert_null(json_member(root, "a").at);
  assert_null(json_member(array, "a").at);
  assert_null(json_first(root).at);
  assert_int_equal(json_count(root), 0);
  assert_null(json_next(json_next(json_next(json_next(element)))).at);
  assert_null(json_first(parsed("[]")).at);
  assert_null(json_member(parsed("{}"), "").at);
}

static void
numbers_equal_those_of_strtod(void** state)
{
  (void)state;
  static const char* const numbers[] = {"0",
                                        "-0",
                                        "1",
                                        "-1.5",
                                        "0.1",
                                        "0.04982377216219902",
                                        "-1.0314315557e-10",
                                        "1e22",
                                        "1e23",
                                        "123456789012345678901234567890",
                                        "0.00000000000000000000000000000123",
                                        "1.7976931348623157e308",
                                        "4.9e-324",
                                        "1e400",
                                        "-1e400",
                                        "1e-400",
                                        "0e999999999999",
                                        "12345.678901234567890123e-7",
                                        "9007199254740993",
                                        "1E5",
                                        "1e+5",
                                        "100000000000000000000.5"};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
    const double expected = strtod(numbers[i], NULL);
    const double number = json_number(parsed(numbers[i]));
    const double error = fabs(number - expected);
    if (!(number == expected || error <= 4e-16 * fabs(expected) || fabs(expected) < 1e-307)) {
      fail_msg("%s gives %.17g", numbers[i], number);
    }
    assert_true((float)number == (float)expected);
    assert_int_equal(signbit(number), signbit(expected));
  }
  assert_true(isnan(json_number(parsed("\"1\""))));
  assert_true(isnan(json_number(parsed("true"))));
  assert_true(json_number_or_text(parsed("\"48000\"")) == 48000.0);
  assert_true(json_number_or_text(parsed("44100")) == 44100.0);
  assert_true(isnan(json_number_or_text(parsed("\"48k\""))));
  assert_true(isnan(json_number_or_text(parsed("\"\""))));
}

static void
numbers_do_not_depend_on_the_locale(void** state)
{
  (void)state;
  const char* set = setlocale(LC_ALL, "de_DE.UTF-8");
  print_message("# locale %s\n", set ? set : "de_DE.UTF-8 is not installed");
  assert_true(json_number(parsed("1.5")) == 1.5);
  setlocale(LC_ALL, "C");
}

static void
texts_are_decoded_and_cut_between_characters(void** state)
{
  (void)state;
  static const struct {
    const char* json;
    size_t size;
    const char* expected;
  } cases[] = {
      {"\"plain\"", 16, "plain"},
      {"\"plain\"", 4, "pla"},
      {"\"\xC3\xA4\xC3\xB6\"", 4, "\xC3\xA4"},
      {"\"a\\\"\\\\\\/b\"", 16, "a\"\\/b"},
      {"\"a\\n\\tb\\u0000c\\u007f\x7F\"", 16, "a  b c  "},
      {"\"\\u00e4\\u20AC\"", 16, "\xC3\xA4\xE2\x82\xAC"},
      {"\"\\ud83c\\udfb8\"", 16, "\xF0\x9F\x8E\xB8"},
      {"\"\\ud83c!\\udfb8\"", 16, "\xEF\xBF\xBD!\xEF\xBF\xBD"},
      {"\"\\ud83c\"", 16, "\xEF\xBF\xBD"},
      {"\"\\u00FF\\u00aF\"", 16, "\xC3\xBF\xC2\xAF"},
      {"\"\\uD800\\uDC00\"", 16, "\xF0\x90\x80\x80"},
      {"\"\\uDBFF\\uDFFF\"", 16, "\xF4\x8F\xBF\xBF"},
      {"\"\\uD7FF\\uDC00\\uE000\"", 16, "\xED\x9F\xBF\xEF\xBF\xBD\xEE\x80\x80"},
      {"\"x\"", 1, ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    char decoded[16] = "before";
    assert_true(json_text(parsed(cases[i].json), decoded, cases[i].size));
    assert_string_equal(decoded, cases[i].expected);
  }
  char decoded[16] = "before";
  assert_false(json_text(parsed("1"), decoded, sizeof decoded));
  assert_string_equal(decoded, "");
  assert_true(json_is(parsed("\"lstm\""), "lstm"));
  assert_false(json_is(parsed("\"lstm2\""), "lstm"));
  assert_false(json_is(parsed("1"), "1"));
}

static int
tear_down(void** state)
{
  (void)state;
  free(text);
  return 0;
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(valid_texts_are_accepted),
      cmocka_unit_test(invalid_texts_are_refused_at_the_wrong_byte),
      cmocka_unit_test(every_truncation_is_refused),
      cmocka_unit_test(depth_is_limited),
      cmocka_unit_test(members_and_elements_are_found),
      cmocka_unit_test(numbers_equal_those_of_strtod),
      cmocka_unit_test(numbers_do_not_depend_on_the_locale),
      cmocka_unit_test(texts_are_decoded_and_cut_between_characters),
  };
  return cmocka_run_group_tests_name("json", tests, NULL, tear_down);
}
