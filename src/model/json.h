// SPDX-License-Identifier: MIT
// Reads JSON (RFC 8259) where it lies, without a copy and without memory of its own. A text is
// checked once as a whole; the other functions rely on that. Numbers do not depend on the locale.
#ifndef OD3_JSON_H
#define OD3_JSON_H

#include <stdbool.h>
#include <stddef.h>

enum { JSON_MAX_DEPTH = 16 }; // of arrays and objects in each other

typedef enum {
  JSON_NONE,
  JSON_NULL,
  JSON_BOOL,
  JSON_NUMBER,
  JSON_TEXT,
  JSON_ARRAY,
  JSON_OBJECT
} JsonKind;

// A value in a checked text, or none where `at` is NULL. Functions take none for a value without
// members, elements, number or text.
typedef struct {
  const char* at;
  const char* end; // of the whole text
} Json;

// Checks that `text` [size] is one JSON value, in UTF-8, at most JSON_MAX_DEPTH deep, after a byte
// order mark or not. On success it sets *value; otherwise it returns false and sets *error_at to
// the offset of the first wrong byte. Any thread.
bool
json_check(const char* text, size_t size, Json* value, size_t* error_at);

// Returns what a value is. Any thread.
JsonKind
json_kind(Json value);

// Returns the first member of this name of an object, or none. Names with escapes are not found.
// Any thread.
Json
json_member(Json object, const char* name);

// Returns the first element of an array, or none. Any thread.
Json
json_first(Json array);

// Returns the element after this one, or none. Any thread.
Json
json_next(Json element);

// Returns the number of elements of an array; 0 for other values. Any thread.
size_t
json_count(Json array);

// Returns a number, within one rounding of a double, or NaN for other values. Numbers beyond the
// range of double are infinite. Any thread.
double
json_number(Json value);

// Returns the number that a text or a number holds, such as 48000 for "48000", or NaN. Any thread.
double
json_number_or_text(Json value);

// Returns whether a value is true, or a number that is not 0. Any thread.
bool
json_is_true(Json value);

// Returns whether a value is this text; `text` has no escapes. Any thread.
bool
json_is(Json value, const char* text);

// Copies a text, as zero-terminated UTF-8, to `text` [size], which gets as many whole characters as
// it has room for. Control characters become spaces. Returns false, and an empty text, for other
// values. Any thread.
bool
json_text(Json value, char* text, size_t size);

// Returns the bytes of a text as they lie in the file, with escapes, and sets *size; NULL for other
// values. Any thread.
const char*
json_raw_text(Json value, size_t* size);

#endif
