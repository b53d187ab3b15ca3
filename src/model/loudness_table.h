// SPDX-License-Identifier: MIT
// A table of a model's loudness over its knobs and Input, for the level-matched bypass.
// The numbers come from a built-in guitar (engine/loudness.h), never from the player's sound, so
// the gain that they give stands still while the controls do. They hold for a guitar as loud as
// that one, -22 LUFS with peaks of -8 dBFS; a softer one is distorted and compressed less.
//
// Level scales the model's sound and Blend adds the input to it, both after the network: neither
// needs positions of its own. The loudness of the mixture follows from that of its two parts and
// from their correlation, which says how much of them adds up or cancels.
#ifndef OD3_LOUDNESS_TABLE_H
#define OD3_LOUDNESS_TABLE_H

#include "common/realtime.h"
#include "model/mlp.h"

#include <stdbool.h>
#include <stdint.h>

enum {
  LOUDNESS_N_INPUTS = 5,     // positions of Input, evenly from -24 to +24 dB
  LOUDNESS_MAX_POINTS = 125, // of a table
};

#define LOUDNESS_MAX_INPUT_DB 24.0f

// The limits of the gain that loudness_table_gain_db returns.
#define MATCH_MIN_DB (-60.0f)
#define MATCH_MAX_DB 30.0f

// Point i belongs to position i % LOUDNESS_N_INPUTS of Input, then i / LOUDNESS_N_INPUTS %
// n_positions of the first knob, and so on.
typedef struct {
  unsigned n_knobs;
  unsigned n_positions; // of each knob, at least 2, evenly from -1 to +1; 0: the table is empty
  float louder_db[LOUDNESS_MAX_POINTS];   // the model's loudness less that of the input
  float correlation[LOUDNESS_MAX_POINTS]; // of the model's sound with the input, -1 to +1
} LoudnessTable;

// Returns the number of points of a table of this size. Any thread.
unsigned
loudness_table_n_points(unsigned n_knobs, unsigned n_positions);

// Fills *table with the numbers of the .gru file that has this checksum and returns true, or
// returns false where they are not known. Any thread.
bool
loudness_table_find(uint32_t checksum, LoudnessTable* table);

// Returns the gain in dB, MATCH_MIN_DB to MATCH_MAX_DB, that makes the input as loud as what the
// pedal makes of it at these controls: knobs [MAX_KNOBS] from -1 to +1, input_db, level_db, and
// blend from 0 to 1. Between the points it interpolates linearly. Of an empty table it returns 0.
// Any thread; the time depends on the number of knobs alone.
float
loudness_table_gain_db(const LoudnessTable* table, const float* knobs, float input_db,
                       float level_db, float blend) NONBLOCKING;

#endif
