// SPDX-License-Identifier: MIT
#include "xsettings.h"

#include <stdio.h>
#include <string.h>

enum { TYPE_INTEGER, TYPE_TEXT, TYPE_COLOUR };

typedef struct {
  const uint8_t* bytes;
  size_t n, at;
  bool is_big_endian;
  bool is_whole; // no read went past the end
} Reader;

// Returns the next bytes, with what pads them to 4, or NULL past the end.
static const uint8_t*
take(Reader* reader, size_t n)
{
  const size_t n_padded = (n + 3) & ~(size_t)3;
  reader->is_whole &= n_padded >= n && n_padded <= reader->n - reader->at;
  if (!reader->is_whole) {
    return NULL;
  }
  reader->at += n_padded;
  return reader->bytes + reader->at - n_padded;
}

static uint32_t
number(const Reader* reader, const uint8_t* bytes, unsigned n)
{
  uint32_t value = 0;
  for (unsigned i = 0; bytes && i < n; ++i) {
    value = value << 8 | bytes[reader->is_big_endian ? i : n - 1 - i];
  }
  return value;
}

static uint32_t
take_number(Reader* reader)
{
  return number(reader, take(reader, 4), 4);
}

bool
xsettings_text(const uint8_t* settings, size_t n_bytes, const char* name, char* text, size_t size)
{
  Reader reader = {settings, n_bytes, 0, false, true};
  const uint8_t* order = take(&reader, 4);
  reader.is_big_endian = order && *order == 1;
  take_number(&reader); // how often they have changed
  const uint32_t n_settings = take_number(&reader);
  for (uint32_t i = 0; i < n_settings && reader.is_whole; ++i) {
    const uint8_t* head = take(&reader, 4);
    const unsigned type = head ? head[0] : TYPE_INTEGER;
    const size_t n_name = number(&reader, head ? head + 2 : NULL, 2);
    const char* found = (const char*)take(&reader, n_name);
    take_number(&reader);
    const size_t n_value = type == TYPE_INTEGER  ? 4
                           : type == TYPE_COLOUR ? 8
                                                 : take_number(&reader);
    const char* value = (const char*)take(&reader, n_value);
    if (reader.is_whole && type == TYPE_TEXT && n_name == strlen(name) &&
        memcmp(found, name, n_name) == 0) {
      snprintf(text, size, "%.*s", (int)(n_value < size ? n_value : size), value);
      return true;
    }
  }
  return false;
}
