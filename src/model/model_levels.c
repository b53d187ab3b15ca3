// SPDX-License-Identifier: MIT
#include "model/model_levels.h"

#include <string.h>

static bool
is_digit(char character)
{
  return character >= '0' && character <= '9';
}

// Reads a number, in any locale, that ends a line. Returns false where there is another text.
static bool
read_number(const char* text, float* number)
{
  const float sign = *text == '-' ? -1.0f : 1.0f;
  text += *text == '-' || *text == '+';
  if (!is_digit(*text)) {
    return false;
  }
  float value = 0.0f;
  for (; is_digit(*text) && value <= MODEL_MAX_LEVEL_DB; ++text) {
    value = 10.0f * value + (float)(*text - '0');
  }
  if (*text == '.') {
    float unit = 1.0f;
    while (is_digit(*++text)) {
      unit *= 0.1f;
      value += unit * (float)(*text - '0');
    }
  }
  *number = sign * value;
  return (*text == '\n' || *text == '\0') && value <= MODEL_MAX_LEVEL_DB;
}

// Returns what follows "key: " at the beginning of a line, or NULL.
static const char*
find_value(const char* text, const char* key)
{
  const size_t length = strlen(key);
  for (const char* line = text; line && *line;) {
    if (strncmp(line, key, length) == 0 && line[length] == ':' && line[length + 1] == ' ') {
      return line + length + 2;
    }
    line = strchr(line, '\n');
    line += line ? 1 : 0;
  }
  return NULL;
}

static bool
read_level(const char* text, const char* key, float* level)
{
  const char* value = find_value(text, key);
  return value && read_number(value, level);
}

ModelLevels
model_levels_read(const char* text)
{
  ModelLevels levels = {0};
  levels.has_trained_peak = read_level(text, "trained_peak_dbfs", &levels.trained_peak_dbfs);
  levels.has_input_level = read_level(text, "input_level_dbu", &levels.input_level_dbu);
  return levels;
}
