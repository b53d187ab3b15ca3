// SPDX-License-Identifier: MIT
// The check of a JSON text. Each function check_... takes the place of a part of the text and
// returns where the part ends, or sets *error to the wrong byte and returns NULL.
#include "model/json.h"
#include "model/json_parts.h"

#include <string.h>

static const char*
skip_digits(const char* at, const char* end)
{
  while (at < end && json_is_digit(*at)) {
    ++at;
  }
  return at;
}

static const char*
wrong(const char* at, const char** error)
{
  *error = at;
  return NULL;
}

size_t
json_utf8_length(const char* at, const char* end)
{
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const uint8_t first = (uint8_t)*at;
  if (first < 0x80) {
    return 1;
  }
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC0 || first > 0xF7 || (size_t)(end - at) < length) {
    return 0;
  }
  uint32_t code = first & (0x7FU >> length);
  for (size_t i = 1; i < length; ++i) {
    const uint8_t byte = (uint8_t)at[i];
    if ((byte & 0xC0U) != 0x80U) {
      return 0;
    }
    code = code << 6U | (byte & 0x3FU);
  }
  const bool is_surrogate = code >= 0xD800 && code < 0xE000;
  return code < least[length] || code > 0x10FFFF || is_surrogate ? 0 : length;
}

int32_t
json_hex4(const char* at, const char* end)
{
  int32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const int c = at + i < end ? at[i] : 0;
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

static const char*
check_text(const char* at, const char* end, const char** error)
{
  for (++at; at < end && *at != '"';) {
    size_t length = json_utf8_length(at, end);
    if (*at == '\\') {
      const bool is_code = at + 1 < end && at[1] == 'u' && json_hex4(at + 2, end) >= 0;
      const bool is_letter = at + 1 < end && at[1] != '\0' && strchr("\"\\/bfnrt", at[1]);
      length = is_code ? 6 : is_letter ? 2 : 0;
    }
    if (length == 0 || (uint8_t)*at < ' ') {
      return wrong(at, error);
    }
    at += length;
  }
  return at < end ? at + 1 : wrong(at, error);
}

// Skips at least one digit.
static const char*
check_digits(const char* at, const char* end, const char** error)
{
  const char* behind = skip_digits(at, end);
  return behind > at ? behind : wrong(at, error);
}

const char*
json_check_number(const char* at, const char* end, const char** error)
{
  at += *at == '-';
  const bool has_leading_zero = at < end && *at == '0';
  at = has_leading_zero ? at + 1 : check_digits(at, end, error);
  if (at && at < end && *at == '.') {
    at = check_digits(at + 1, end, error);
  }
  if (at && at < end && (*at == 'e' || *at == 'E')) {
    ++at;
    at += at < end && (*at == '+' || *at == '-');
    at = check_digits(at, end, error);
  }
  return at;
}

static const char*
check_scalar(const char* at, const char* end, const char** error)
{
  static const char* const words[] = {"null", "true", "false"};
  if (at < end && *at == '"') {
    return check_text(at, end, error);
  }
  if (at < end && (*at == '-' || json_is_digit(*at))) {
    return json_check_number(at, end, error);
  }
  for (size_t i = 0; i < sizeof words / sizeof *words; ++i) {
    const size_t length = strlen(words[i]);
    if ((size_t)(end - at) >= length && memcmp(at, words[i], length) == 0) {
      return at + length;
    }
  }
  return wrong(at, error);
}

// Skips a member's name and its colon.
static const char*
check_name(const char* at, const char* end, const char** error)
{
  at = json_skip_space(at, end);
  if (at == end || *at != '"') {
    return wrong(at, error);
  }
  at = check_text(at, end, error);
  at = at ? json_skip_space(at, end) : NULL;
  if (at && (at == end || *at != ':')) {
    return wrong(at, error);
  }
  return at ? at + 1 : NULL;
}

// The closing brackets of the arrays and objects that are open.
typedef struct {
  char closing[JSON_MAX_DEPTH];
  size_t depth;
} Open;

// Skips what may follow a value: the ends of arrays and objects, and the comma and name before the
// next value. Sets *is_over where the outermost value ends.
static const char*
check_after_value(const char* at, const char* end, Open* open, bool* is_over, const char** error)
{
  for (;;) {
    if (open->depth == 0) {
      *is_over = true;
      return at;
    }
    const char closing = open->closing[open->depth - 1];
    at = json_skip_space(at, end);
    if (at < end && *at == ',') {
      return closing == '}' ? check_name(at + 1, end, error) : at + 1;
    }
    if (at == end || *at != closing) {
      return wrong(at, error);
    }
    ++at;
    --open->depth;
  }
}

// Opens an array or object at `at`. Sets *is_empty where it ends at once, after which it is closed.
static const char*
check_opening(const char* at, const char* end, Open* open, bool* is_empty, const char** error)
{
  const char closing = *at == '{' ? '}' : ']';
  if (open->depth == JSON_MAX_DEPTH) {
    return wrong(at, error);
  }
  at = json_skip_space(at + 1, end);
  *is_empty = at < end && *at == closing;
  if (*is_empty) {
    return at + 1;
  }
  open->closing[open->depth++] = closing;
  return closing == '}' ? check_name(at, end, error) : at;
}

bool
json_check(const char* text, size_t size, Json* value, size_t* error_at)
{
  const char* end = text + size;
  const bool has_mark = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
  const char* at = json_skip_space(has_mark ? text + 3 : text, end);
  const char* error = NULL;
  Open open = {.depth = 0};
  bool is_over = false;
  *value = (Json){at, end};
  while (at && !is_over) {
    bool is_value = true;
    at = json_skip_space(at, end);
    if (at < end && (*at == '{' || *at == '[')) {
      at = check_opening(at, end, &open, &is_value, &error);
    } else {
      at = check_scalar(at, end, &error);
    }
    if (at && is_value) {
      at = check_after_value(at, end, &open, &is_over, &error);
    }
  }
  at = at ? json_skip_space(at, end) : NULL;
  if (at && at < end) {
    error = at;
  }
  *error_at = error ? (size_t)(error - text) : 0;
  return error == NULL;
}
