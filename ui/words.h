// SPDX-License-Identifier: MIT
// Values of controls in a player's words, and what a player types as a value. No X, no locale.
#ifndef OD3_UI_WORDS_H
#define OD3_UI_WORDS_H

#include "lv2/control_range.h"

#include <stddef.h>

typedef enum { ENGLISH, PORTUGUESE, N_LANGUAGES } Language;

typedef enum {
  UNIT_NONE,
  UNIT_POSITION,
  UNIT_DECIBELS,
  UNIT_PERCENT,
  UNIT_TIMES,
  UNIT_SWITCH // off or on
} Unit;

// The name, unit and scale points of a port, from the plugin's Turtle.
typedef struct {
  const char* names[N_LANGUAGES];
  const float* points; // of an enumeration or a switch, ascending
  Unit unit;
  unsigned n_points;
} PortText;

enum { WORDS_SIZE = 24 };

// Returns the language of the environment (LC_ALL, else LC_MESSAGES, else LANG). Any thread while
// no other changes the environment.
Language
words_language(void);

// Writes a control's value: a knob position of 0 to 10 as a clock's hour, from 7 to 5 o'clock;
// others as a number with its unit. Any thread.
void
words_of_value(char words[WORDS_SIZE], Unit unit, float value, Language language);

// Writes a text in capitals into `size` bytes: ASCII, and the Portuguese letters with accents.
// Longer texts are cut. Any thread.
void
words_capitals(char* words, size_t size, const char* text);

// Reads a typed value: a number with a point or a comma, or for a knob position also an hour like
// 1:30. Returns whether it is one; *value is then within the range. Any thread.
bool
words_read_value(const char* typed, Unit unit, ControlRange range, float* value);

#endif
