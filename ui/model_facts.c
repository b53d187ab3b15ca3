// SPDX-License-Identifier: MIT
#include "model_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
model_facts_init(ModelFacts* facts)
{
  *facts = (ModelFacts){.n_knobs = FACTS_KNOBS};
}

// Returns the length of a knob's name: what stands before the last ": " of its line.
static size_t
name_length(const char* line, size_t n)
{
  for (size_t i = n; i-- > 1;) {
    if (line[i - 1] == ':' && line[i] == ' ') {
      return i - 1;
    }
  }
  return n;
}

void
model_facts_set_knobs(ModelFacts* facts, const char* lines)
{
  facts->n_knobs = 0;
  while (*lines && facts->n_knobs < FACTS_KNOBS) {
    const size_t n = strcspn(lines, "\n");
    snprintf(facts->knobs[facts->n_knobs], FACTS_NAME_SIZE, "%.*s", (int)name_length(lines, n),
             lines);
    ++facts->n_knobs;
    lines += n + (lines[n] == '\n');
  }
}

// Appends to lines of n bytes; returns their number then.
static size_t
append(char lines[FACTS_LINES_SIZE], size_t n, const char* between, const char* text)
{
  const int more = snprintf(lines + n, FACTS_LINES_SIZE - n, "%s%s", n ? between : "", text);
  n += (size_t)more;
  return n < FACTS_LINES_SIZE ? n : FACTS_LINES_SIZE - 1;
}

const char*
model_facts_complaint(const ModelFacts* facts)
{
  return facts->error[0] ? facts->error : facts->warning;
}

void
model_facts_lines(const ModelFacts* facts, Language language, char lines[FACTS_LINES_SIZE])
{
  char text[FACTS_NAME_SIZE];
  lines[0] = '\0';
  words_capitals(text, sizeof text, facts->kind);
  size_t n = append(lines, 0, "", text);
  if (facts->rate_hz > 0) {
    snprintf(text, sizeof text, "%.4g kHz", 1e-3 * facts->rate_hz);
    n = append(lines, n, ", ", text);
  }
  const char* digits = strpbrk(facts->cost, "0123456789");
  if (digits) {
    snprintf(text, sizeof text, "CPU: %.*s x %s", (int)strspn(digits, "0123456789.e+-"), digits,
             language == PORTUGUESE ? "O MODELO PRÓPRIO" : "THE OWN MODEL'S");
    n = append(lines, n, "\n", text);
  }
  if (facts->level[0]) {
    words_capitals(text, sizeof text, facts->level);
    append(lines, n, "\n", text);
  }
}
