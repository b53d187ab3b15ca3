// SPDX-License-Identifier: MIT
#include "model/loudness_table.h"

#include "model/known_loudness.h"

#include <math.h>
#include <stddef.h>

static const float db_to_ln = 0.11512925464970229f; // ln(10) / 20

// A position between two points of an axis.
typedef struct {
  unsigned stride; // from one point of this axis to the next
  unsigned below;  // the point at or below the position
  float part;      // of the way to the next point, 0 to 1
} Place;

unsigned
loudness_table_n_points(unsigned n_knobs, unsigned n_positions)
{
  unsigned n = LOUDNESS_N_INPUTS;
  for (unsigned i = 0; i < n_knobs; ++i) {
    n *= n_positions;
  }
  return n;
}

bool
loudness_table_find(uint32_t checksum, LoudnessTable* table)
{
  for (size_t i = 0; i < sizeof known_loudness / sizeof *known_loudness; ++i) {
    if (known_loudness[i].checksum == checksum) {
      *table = known_loudness[i].table;
      return true;
    }
  }
  return false;
}

// Finds a position, -1 to +1, on an axis of at least 2 points.
static Place
place_of(float position, unsigned n_points, unsigned stride) NONBLOCKING
{
  const float at = 0.5f * (position + 1.0f) * (float)(n_points - 1U);
  const unsigned below = at < (float)(n_points - 2U) ? (unsigned)at : n_points - 2U;
  return (Place){stride, below, at - (float)below};
}

// Returns the number at places [n_places], interpolated linearly along each axis.
static float
interpolate(const float* numbers, const Place* places, unsigned n_places) NONBLOCKING
{
  float sum = 0.0f;
  for (unsigned corner = 0; corner < 1U << n_places; ++corner) {
    float weight = 1.0f;
    unsigned point = 0;
    for (unsigned i = 0; i < n_places; ++i) {
      const unsigned is_above = corner >> i & 1U;
      weight *= is_above ? places[i].part : 1.0f - places[i].part;
      point += (places[i].below + is_above) * places[i].stride;
    }
    sum += weight * numbers[point];
  }
  return sum;
}

float
loudness_table_gain_db(const LoudnessTable* table, const float* knobs, float input_db,
                       float level_db, float blend) NONBLOCKING
{
  if (!table->n_positions) {
    return 0.0f;
  }
  Place places[MAX_KNOBS + 1] = {place_of(input_db / LOUDNESS_MAX_INPUT_DB, LOUDNESS_N_INPUTS, 1)};
  unsigned stride = LOUDNESS_N_INPUTS;
  for (unsigned i = 0; i < table->n_knobs; ++i) {
    places[i + 1] = place_of(knobs[i], table->n_positions, stride);
    stride *= table->n_positions;
  }
  const unsigned n_places = table->n_knobs + 1U;
  const float louder_db = interpolate(table->louder_db, places, n_places) + level_db;
  const float correlation = interpolate(table->correlation, places, n_places);
  const float wet = blend * expf(db_to_ln * louder_db);
  const float dry = 1.0f - blend;
  const float energy = wet * wet + 2.0f * correlation * wet * dry + dry * dry;
  const float gain_db = 10.0f * log10f(energy);
  return gain_db > MATCH_MIN_DB ? fminf(gain_db, MATCH_MAX_DB) : MATCH_MIN_DB;
}
