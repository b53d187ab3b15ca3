// SPDX-License-Identifier: MIT
// Reading of a JSON text that json_check.c has checked.
#include "model/json.h"
#include "model/json_parts.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static const char*
skip_text(const char* at)
{
  for (++at; *at != '"'; ++at) {
    at += *at == '\\';
  }
  return at + 1;
}

static const char*
skip_value(const char* at, const char* end)
{
  size_t depth = 0;
  do {
    if (*at == '"') {
      at = skip_text(at);
    } else {
      depth += *at == '{' || *at == '[';
      depth -= *at == '}' || *at == ']';
      ++at;
    }
  } while (depth > 0);
  // A number or a word ends, as all else, where one of these follows.
  while (at < end && !strchr(",]} \t\r\n:", *at)) {
    ++at;
  }
  return at;
}

JsonKind
json_kind(Json value)
{
  if (!value.at) {
    return JSON_NONE;
  }
  switch (*value.at) {
  case '{': return JSON_OBJECT;
  case '[': return JSON_ARRAY;
  case '"': return JSON_TEXT;
  case 'n': return JSON_NULL;
  case 't':
  case 'f': return JSON_BOOL;
  default: return JSON_NUMBER;
  }
}

// Returns what follows an opening bracket or a comma: the place of a name or value, or NULL.
static const char*
inside(Json value)
{
  const char* at = json_skip_space(value.at + 1, value.end);
  return *at == '}' || *at == ']' ? NULL : at;
}

// Returns the place of the name or value after a value, or NULL.
static const char*
after(Json value)
{
  const char* at = json_skip_space(skip_value(value.at, value.end), value.end);
  return at < value.end && *at == ',' ? json_skip_space(at + 1, value.end) : NULL;
}

Json
json_member(Json object, const char* name)
{
  const size_t length = strlen(name);
  const char* at = json_kind(object) == JSON_OBJECT ? inside(object) : NULL;
  while (at) {
    const char* end = skip_text(at);
    const bool is_found = (size_t)(end - at) == length + 2 && memcmp(at + 1, name, length) == 0;
    at = json_skip_space(json_skip_space(end, object.end) + 1, object.end);
    const Json value = {at, object.end};
    if (is_found) {
      return value;
    }
    at = after(value);
  }
  return (Json){NULL, NULL};
}

Json
json_first(Json array)
{
  return (Json){json_kind(array) == JSON_ARRAY ? inside(array) : NULL, array.end};
}

Json
json_next(Json element)
{
  return (Json){element.at ? after(element) : NULL, element.end};
}

size_t
json_count(Json array)
{
  size_t n = 0;
  for (Json element = json_first(array); element.at; element = json_next(element)) {
    ++n;
  }
  return n;
}

// Returns x * 10^exponent.
static double
scale(double x, int exponent)
{
  // The powers that a double holds exactly.
  static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  enum { MAX_POWER = 22 };
  for (; exponent > MAX_POWER; exponent -= MAX_POWER) {
    x *= powers[MAX_POWER];
  }
  for (; exponent < -MAX_POWER; exponent += MAX_POWER) {
    x /= powers[MAX_POWER];
  }
  return exponent < 0 ? x / powers[-exponent] : x * powers[exponent];
}

// Reads digits, with a point among them or not, into *digits, of which it keeps 19. Returns where
// they end, and adds to *exponent what the digits must be scaled by.
static const char*
read_digits(const char* at, const char* end, uint64_t* digits, int* exponent)
{
  const uint64_t max_digits = UINT64_C(1000000000000000000);
  bool is_fraction = false;
  for (; at < end && (json_is_digit(*at) || *at == '.'); ++at) {
    if (*at == '.') {
      is_fraction = true;
    } else if (*digits < max_digits) {
      *digits = 10 * *digits + (uint64_t)(*at - '0');
      *exponent -= is_fraction;
    } else {
      *exponent += !is_fraction;
    }
  }
  return at;
}

// Reads a number, checked by json_check_number.
static double
read_number(const char* at, const char* end)
{
  enum { LARGEST_EXPONENT = 9999 };
  const bool is_negative = *at == '-';
  uint64_t digits = 0;
  int exponent = 0;
  at = read_digits(at + is_negative, end, &digits, &exponent);
  if (at < end && (*at == 'e' || *at == 'E')) {
    ++at;
    const int sign = *at == '-' ? -1 : 1;
    int given = 0;
    for (at += *at == '-' || *at == '+'; at < end && json_is_digit(*at); ++at) {
      given = given < LARGEST_EXPONENT ? 10 * given + (*at - '0') : given;
    }
    exponent += sign * given;
  }
  const double magnitude = digits ? scale((double)digits, exponent) : 0.0;
  return is_negative ? -magnitude : magnitude;
}

double
json_number(Json value)
{
  return json_kind(value) == JSON_NUMBER ? read_number(value.at, value.end) : (double)NAN;
}

double
json_number_or_text(Json value)
{
  size_t size = 0;
  const char* text = json_raw_text(value, &size);
  const char* error = NULL;
  if (text && size && json_check_number(text, text + size, &error) == text + size) {
    return read_number(text, text + size);
  }
  return json_number(value);
}

bool
json_is_true(Json value)
{
  const JsonKind kind = json_kind(value);
  return (kind == JSON_BOOL && *value.at == 't') ||
         (kind == JSON_NUMBER && json_number(value) != 0.0);
}

const char*
json_raw_text(Json value, size_t* size)
{
  if (json_kind(value) != JSON_TEXT) {
    return NULL;
  }
  *size = (size_t)(skip_text(value.at) - value.at) - 2;
  return value.at + 1;
}

bool
json_is(Json value, const char* text)
{
  size_t size = 0;
  const char* raw = json_raw_text(value, &size);
  return raw && size == strlen(text) && memcmp(raw, text, size) == 0;
}

// Writes a character as UTF-8 to bytes [4] and returns its length.
static size_t
encode_utf8(uint32_t code, char* bytes)
{
  const size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  static const uint8_t firsts[] = {0, 0, 0xC0, 0xE0, 0xF0};
  for (size_t i = length - 1; i > 0; --i) {
    bytes[i] = (char)(0x80U | (code & 0x3FU));
    code >>= 6U;
  }
  bytes[0] = (char)(firsts[length] | code);
  return length;
}

// Decodes the escape at *at, and moves *at to its end. A half of a surrogate pair becomes U+FFFD.
static uint32_t
decode_escape(const char** at, const char* end)
{
  const char letter = (*at)[1];
  *at += 2;
  if (letter != 'u') {
    return strchr("bfnrt", letter) ? ' ' : (uint32_t)letter;
  }
  const uint32_t code = (uint32_t)json_hex4(*at, end);
  *at += 4;
  if (code < 0xD800 || code > 0xDFFF) {
    return code;
  }
  const int32_t low =
      end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u' ? json_hex4(*at + 2, end) : 0;
  if (code > 0xDBFF || low < 0xDC00 || low > 0xDFFF) {
    return 0xFFFD;
  }
  *at += 6;
  return 0x10000U + ((code - 0xD800U) << 10U) + ((uint32_t)low - 0xDC00U);
}

bool
json_text(Json value, char* text, size_t size)
{
  size_t raw_size = 0;
  const char* at = json_raw_text(value, &raw_size);
  const char* end = at ? at + raw_size : NULL;
  size_t written = 0;
  while (at && at < end) {
    char bytes[4];
    size_t length = json_utf8_length(at, end);
    if (*at == '\\') {
      const uint32_t code = decode_escape(&at, end);
      length = encode_utf8(code < ' ' || code == 0x7F ? ' ' : code, bytes);
    } else {
      memcpy(bytes, at, length);
      if (*at == 0x7F) {
        bytes[0] = ' ';
      }
      at += length;
    }
    if (written + length >= size) {
      break;
    }
    memcpy(text + written, bytes, length);
    written += length;
  }
  text[written] = '\0';
  return at != NULL;
}
