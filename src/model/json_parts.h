// SPDX-License-Identifier: MIT
// The parts that a JSON text consists of, for its check and for what reads it afterwards. `end` is
// where the text ends. All of these run in any thread.
#ifndef OD3_JSON_PARTS_H
#define OD3_JSON_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool
json_is_digit(char c)
{
  return c >= '0' && c <= '9';
}

// Returns the place behind the white space at `at`.
static inline const char*
json_skip_space(const char* at, const char* end)
{
  while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) {
    ++at;
  }
  return at;
}

// Returns the length in bytes of a UTF-8 character, or 0 where it is none.
size_t
json_utf8_length(const char* at, const char* end);

// Returns the value of four hexadecimal digits, or -1 where they are none.
int32_t
json_hex4(const char* at, const char* end);

// Returns the place behind a number, or sets *error to the first wrong byte and returns NULL.
const char*
json_check_number(const char* at, const char* end, const char** error);

#endif
