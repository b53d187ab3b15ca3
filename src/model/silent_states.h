// SPDX-License-Identifier: MIT
// The states in which a model rests in silence, by knob positions. Instances that start at a
// position where another one has started take the state from here and need not run the network
// until it is steady.
#ifndef OD3_SILENT_STATES_H
#define OD3_SILENT_STATES_H

#include "common/realtime.h"
#include "model/mlp.h"
#include "rnn/cell.h"

#include <stdbool.h>

enum { SILENT_STATES_MAX = 16 }; // knob positions; instances that start at others do the work

typedef struct {
  float knobs[MAX_KNOBS];
  float state[CELL_MAX_STATE];
  float offset; // the network's output in this state
} SilentState;

typedef struct SilentStates SilentStates;

// Returns an empty collection, which the caller frees with free(), or NULL when memory is short.
// Not for the audio thread.
SilentStates*
silent_states_new(void);

// Returns the state at exactly these knobs [MAX_KNOBS], valid as long as the collection, or NULL.
// Any number of threads.
const SilentState*
silent_states_find(const SilentStates* states, const float* knobs) NONBLOCKING;

// Adds a state unless the collection is full. Any number of threads; of those that add a state at
// the same moment, each may add one.
void
silent_states_add(SilentStates* states, const SilentState* state) NONBLOCKING;

#endif
