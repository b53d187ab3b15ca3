// SPDX-License-Identifier: MIT
#include "words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUS "\xe2\x88\x92"
#define FIRST_HOUR 7.0f // where a knob at 0 points; each step of 1 is an hour

Language
words_language(void)
{
  const char* const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    const char* value = getenv(names[i]);
    if (value && *value) {
      return strncmp(value, "pt", 2) == 0 ? PORTUGUESE : ENGLISH;
    }
  }
  return ENGLISH;
}

static void
write_hour(char words[WORDS_SIZE], float value, Language language)
{
  const int n_quarters = (int)lrintf(4.0f * (value + FIRST_HOUR));
  const int hour = (n_quarters / 4 + 11) % 12 + 1;
  const int minutes = 15 * (n_quarters % 4);
  if (minutes) {
    snprintf(words, WORDS_SIZE, "%d:%d", hour, minutes);
  } else {
    snprintf(words, WORDS_SIZE, language == PORTUGUESE ? "%d h" : "%d O'CLOCK", hour);
  }
}

static void
write_decibels(char words[WORDS_SIZE], float value, Language language)
{
  const int tenths = (int)lrintf(10.0f * value);
  snprintf(words, WORDS_SIZE, "%s%d%s%d dB",
           tenths > 0   ? "+"
           : tenths < 0 ? MINUS
                        : "",
           abs(tenths) / 10, language == PORTUGUESE ? "," : ".", abs(tenths) % 10);
}

void
words_of_value(char words[WORDS_SIZE], Unit unit, float value, Language language)
{
  switch (unit) {
  case UNIT_POSITION: write_hour(words, value, language); break;
  case UNIT_DECIBELS: write_decibels(words, value, language); break;
  case UNIT_PERCENT: snprintf(words, WORDS_SIZE, "%d %%", (int)lrintf(value)); break;
  case UNIT_TIMES: snprintf(words, WORDS_SIZE, "%dx", (int)lrintf(value)); break;
  case UNIT_SWITCH:
    snprintf(words, WORDS_SIZE, "%s",
             language == PORTUGUESE ? (value > 0.0f ? "SIM" : "NÃO")
                                    : (value > 0.0f ? "ON" : "OFF"));
    break;
  case UNIT_NONE: snprintf(words, WORDS_SIZE, "%d", (int)lrintf(value)); break;
  }
}

void
words_capitals(char* words, size_t size, const char* text)
{
  size_t i = 0;
  for (; text[i] && i + 1 < size; ++i) {
    const unsigned char byte = (unsigned char)text[i];
    const bool is_accented = i > 0 && (unsigned char)text[i - 1] == 0xc3 && byte >= 0xa0;
    const bool is_small = (byte >= 'a' && byte <= 'z') || is_accented;
    words[i] = (char)(is_small ? byte - 0x20 : byte);
  }
  words[i] = '\0';
}

// Reads digits from *text on, moves it past them, and returns their number; *n_digits tells how
// many.
static float
read_digits(const char** text, int* n_digits)
{
  float value = 0.0f;
  for (*n_digits = 0; **text >= '0' && **text <= '9'; ++*text, ++*n_digits) {
    value = 10.0f * value + (float)(**text - '0');
  }
  return value;
}

// Returns where on 0 to 10 an hour points that was typed as hours and minutes.
static float
position_of_hour(float hour, float minutes)
{
  const float since_first = hour + minutes / 60.0f - FIRST_HOUR;
  return since_first < -1.0f ? since_first + 12.0f : since_first;
}

bool
words_read_value(const char* typed, Unit unit, ControlRange range, float* value)
{
  const bool is_negative = *typed == '-';
  typed += is_negative || *typed == '+';
  int n_digits = 0;
  int n_more = 0;
  float number = read_digits(&typed, &n_digits);
  if (*typed == '.' || *typed == ',') {
    ++typed;
    const float digits = read_digits(&typed, &n_more);
    number += digits * powf(10.0f, (float)-n_more);
  } else if (*typed == ':' && unit == UNIT_POSITION) {
    ++typed;
    number = position_of_hour(number, read_digits(&typed, &n_more));
  }
  if (*typed || n_digits + n_more == 0) {
    return false;
  }
  number = is_negative ? -number : number;
  *value = number < range.min ? range.min : number > range.max ? range.max : number;
  return true;
}
