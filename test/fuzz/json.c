// SPDX-License-Identifier: MIT
// Fuzzes the readers of JSON and plays each model that they accept. An input is a file in JSON.
//
// Half of the mutations keep the text valid: they change, double or drop a number, so that deeper
// checks run.
#include "model/json.h"
#include "fuzz/fuzz.h"
#include "fuzz/play_model.h"
#include "model/crc32.h"

#include <math.h>
#include <string.h>

enum { MAX_NUMBERS = 4096 };

// The offsets of the numbers in a text, and where each ends.
typedef struct {
  size_t begins[MAX_NUMBERS];
  size_t ends[MAX_NUMBERS];
  size_t n;
} Numbers;

static bool
is_of_number(uint8_t c)
{
  return c && strchr("+-.0123456789eE", c);
}

static void
find_numbers(const uint8_t* data, size_t size, Numbers* numbers)
{
  numbers->n = 0;
  for (size_t i = 0; i < size && numbers->n < MAX_NUMBERS; ++i) {
    const bool is_begin = i > 0 && strchr("[,: ", data[i - 1]) && is_of_number(data[i]);
    if (is_begin && data[i] != 'e' && data[i] != 'E') {
      numbers->begins[numbers->n] = i;
      while (i < size && is_of_number(data[i])) {
        ++i;
      }
      numbers->ends[numbers->n++] = i;
    }
  }
}

// Replaces data[begin] to data[end - 1] by a text, unless it does not fit. Returns the new size.
static size_t
replace(uint8_t* data, size_t size, size_t max_size, size_t begin, size_t end, const char* text)
{
  const size_t length = strlen(text);
  if (size - (end - begin) + length > max_size) {
    return size;
  }
  memmove(data + begin + length, data + end, size - end);
  memcpy(data + begin, text, length);
  return size - (end - begin) + length;
}

size_t
LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed)
{
  static const char* const texts[] = {"0",   "1",     "-1",    "0.5",  "-3.25", "9999",
                                      "1e4", "10001", "1e400", "null", "[]",    "\"1\"",
                                      "4",   "5",     "-0.1",  "80",   "81",    "1e-30"};
  static Numbers numbers;
  find_numbers(data, size, &numbers);
  if (seed % 2U || numbers.n == 0) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  const size_t i = seed / 64U % numbers.n;
  const size_t begin = numbers.begins[i];
  const size_t end = numbers.ends[i];
  switch (seed / 2U % 4U) {
  case 0: return replace(data, size, max_size, end, end, ",0.25");
  case 1: return replace(data, size, max_size, begin, end + (end < size && data[end] == ','), "");
  default:
    return replace(data, size, max_size, begin, end,
                   texts[seed / 4096U % (sizeof texts / sizeof *texts)]);
  }
}

// Visits all values and uses every accessor on each. Returns the number of values.
static size_t
visit(Json value, int depth)
{
  char text[8];
  size_t raw_size = 0;
  size_t n = 1;
  require(depth <= JSON_MAX_DEPTH, "the depth is limited");
  require(!isnan(json_number(value)) == (json_kind(value) == JSON_NUMBER), "numbers are numbers");
  (void)json_number_or_text(value);
  (void)json_is_true(value);
  require(json_text(value, text, sizeof text) == (json_kind(value) == JSON_TEXT),
          "texts are texts");
  require(strlen(text) < sizeof text, "a text ends");
  require((json_raw_text(value, &raw_size) != NULL) == (json_kind(value) == JSON_TEXT),
          "raw texts are texts");
  (void)json_member(value, "a");
  for (Json element = json_first(value); element.at; element = json_next(element)) {
    n += visit(element, depth + 1);
  }
  return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
  Json root = {NULL, NULL};
  size_t error_at = 0;
  if (json_check((const char*)data, size, &root, &error_at)) {
    require(visit(root, 0) <= size, "each value takes a byte");
  } else {
    require(error_at <= size, "the error lies in the text");
  }
  parse_and_play(data, size, crc32(data, size));
  return 0;
}
