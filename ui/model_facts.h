// SPDX-License-Identifier: MIT
// Neural Pedal's notifications about its model, as the window keeps them. No X.
#ifndef OD3_UI_MODEL_FACTS_H
#define OD3_UI_MODEL_FACTS_H

#include "player/path_box.h"
#include "words.h"

enum { FACTS_KNOBS = 4, FACTS_NAME_SIZE = 64, FACTS_ERROR_SIZE = 256, FACTS_LINES_SIZE = 250 };

typedef struct {
  unsigned n_knobs; // of the model; FACTS_KNOBS until it is known
  char path[PATH_SIZE];
  char name[FACTS_NAME_SIZE];
  char knobs[FACTS_KNOBS][FACTS_NAME_SIZE]; // their names; empty until they are known
  char kind[FACTS_NAME_SIZE];               // "GRU, 32 units"
  char cost[FACTS_NAME_SIZE];               // "about 2 times the bundle's own model"
  char level[FACTS_NAME_SIZE];              // "peaks up to +3 dBFS"; empty where it is unknown
  char error[FACTS_ERROR_SIZE];             // why the last file can't be played; empty if it can
  char warning[FACTS_ERROR_SIZE];           // what is doubtful in the model; empty if nothing is
  int rate_hz;                              // 0: unknown
} ModelFacts;

// Initialises what is known at first. Any thread.
void
model_facts_init(ModelFacts* facts);

// Takes the knobs from lines like "Gain: 0 to 10". Any thread.
void
model_facts_set_knobs(ModelFacts* facts, const char* lines);

// Returns why the last file can't be played, or else what is doubtful in the model; empty if all is
// well. Any thread.
const char*
model_facts_complaint(const ModelFacts* facts);

// Writes what is known in up to three lines, in capitals: the kind with the rate, the cost, and the
// level. Any thread.
void
model_facts_lines(const ModelFacts* facts, Language language, char lines[FACTS_LINES_SIZE]);

#endif
