// SPDX-License-Identifier: MIT
// Measures a model's loudness by ITU-R BS.1770. The player makes all models equally loud by it, and
// the level-matched bypass needs it.
#ifndef OD3_LOUDNESS_H
#define OD3_LOUDNESS_H

#include "model/loudness_table.h"
#include "model/packed_model.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
  double b[3], a[2]; // coefficients, a0 being 1
  double z[2];       // state
} Biquad;

// Measures a mono signal's loudness over all of its samples, without a gate.
typedef struct {
  Biquad shelf;     // the head's effect
  Biquad high_pass; // the ear's
  double energy;
  size_t n_samples;
} LoudnessMeter;

// Begins a measurement. Any thread.
void
loudness_meter_init(LoudnessMeter* meter, double sample_rate_hz);

// Takes n samples. Any thread.
void
loudness_meter_add(LoudnessMeter* meter, const float* samples, size_t n);

// Returns the loudness in LUFS; of silence, a value below -1000. Any thread.
double
loudness_meter_lufs(const LoudnessMeter* meter);

// Plays two seconds of plucked notes through a model, with its knobs in the middle, and sets
// *gain_db to the gain that makes it as loud as the bundle's own model, within +-NORMALIZE_MAX_DB.
// Returns false when memory is short. Not for the audio thread; takes up to a second.
bool
loudness_normalize_db(const PackedModel* model, float* gain_db);

#define NORMALIZE_MAX_DB 30.0f

// Measures how loud a model plays at n_positions of each knob, on short plucked notes; there are at
// most LOUDNESS_MAX_POINTS points. Returns false when memory is short. Not for the audio thread;
// each point takes the network as long as 0.12 s of sound.
bool
loudness_measure(const PackedModel* model, unsigned n_positions, LoudnessTable* table);

// Gives a model of packed_model_new its table where that is not known, before others may use the
// model: at 2 to 4 positions of each knob, the fewer the more knobs. Returns false when memory is
// short. Not for the audio thread; takes the network as long as 10 s of sound at most.
bool
loudness_complete(PackedModel* model);

#endif
