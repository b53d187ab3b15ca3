// SPDX-License-Identifier: MIT
#include "model/json.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static bool
is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static const char*
skip_space(const char* at, const char* end)
{
  while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) {
    ++at;
  }
  return at;
}

static const char*
skip_digits(const char* at, const char* end)
{
  while (at < end && is_digit(*at)) {
    ++at;
  }
  return at;
}

// The check: each function takes the place of a part of the text and returns where the part ends,
// or sets *error to the wrong byte and returns NULL.

static const char*
wrong(const char* at, const char** error)
{
  *error = at;
  return NULL;
}

// Returns the length of a UTF-8 character, or 0 where it is none.
static size_t
utf8_length(const char* at, const char* end)
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

// Returns the value of four hexadecimal digits, or -1 where they are none.
static int32_t
hex4(const char* at, const char* end)
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
    size_t length = utf8_length(at, end);
    if (*at == '\\') {
      const bool is_code = at + 1 < end && at[1] == 'u' && hex4(at + 2, end) >= 0;
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

static const char*
check_number(const char* at, const char* end, const char** error)
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
  if (at < end && (*at == '-' || is_digit(*at))) {
    return check_number(at, end, error);
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
  at = skip_space(at, end);
  if (at == end || *at != '"') {
    return wrong(at, error);
  }
  at = check_text(at, end, error);
  at = at ? skip_space(at, end) : NULL;
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
    at = skip_space(at, end);
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
  at = skip_space(at + 1, end);
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
  const char* at = skip_space(has_mark ? text + 3 : text, end);
  const char* error = NULL;
  Open open = {.depth = 0};
  bool is_over = false;
  *value = (Json){at, end};
  while (at && !is_over) {
    bool is_value = true;
    at = skip_space(at, end);
    if (at < end && (*at == '{' || *at == '[')) {
      at = check_opening(at, end, &open, &is_value, &error);
    } else {
      at = check_scalar(at, end, &error);
    }
    if (at && is_value) {
      at = check_after_value(at, end, &open, &is_over, &error);
    }
  }
  at = at ? skip_space(at, end) : NULL;
  if (at && at < end) {
    error = at;
  }
  *error_at = error ? (size_t)(error - text) : 0;
  return error == NULL;
}

// From here on, the text is checked.

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
  const char* at = skip_space(value.at + 1, value.end);
  return *at == '}' || *at == ']' ? NULL : at;
}

// Returns the place of the name or value after a value, or NULL.
static const char*
after(Json value)
{
  const char* at = skip_space(skip_value(value.at, value.end), value.end);
  return at < value.end && *at == ',' ? skip_space(at + 1, value.end) : NULL;
}

Json
json_member(Json object, const char* name)
{
  const size_t length = strlen(name);
  const char* at = json_kind(object) == JSON_OBJECT ? inside(object) : NULL;
  while (at) {
    const char* end = skip_text(at);
    const bool is_found = (size_t)(end - at) == length + 2 && memcmp(at + 1, name, length) == 0;
    at = skip_space(skip_space(end, object.end) + 1, object.end);
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
  for (; at < end && (is_digit(*at) || *at == '.'); ++at) {
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

// Reads a number, checked by check_number.
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
    for (at += *at == '-' || *at == '+'; at < end && is_digit(*at); ++at) {
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
  if (text && size && check_number(text, text + size, &error) == text + size) {
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
  const uint32_t code = (uint32_t)hex4(*at, end);
  *at += 4;
  if (code < 0xD800 || code > 0xDFFF) {
    return code;
  }
  const int32_t low =
      end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u' ? hex4(*at + 2, end) : 0;
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
    size_t length = utf8_length(at, end);
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
