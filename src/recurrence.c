// SPDX-License-Identifier: MIT
#include "recurrence.h"

#include "memory.h"

#include <math.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TAPS = 3 };

struct Recurrence {
  uint32_t n_columns; // of a state
  uint32_t first_tap; // the newest state that is read lies so many samples ago
  uint32_t n_taps;    // 1 (none to interpolate) to MAX_TAPS
  float weights[MAX_TAPS];
  uint32_t n_states;
  uint32_t next;                     // where the next state goes, in place of the oldest
  alignas(ALIGNMENT) float states[]; // [n_states][n_columns], a ring
};

// The taps for a delay of at least 1.
static void
choose_taps(Recurrence* recurrence, double delay)
{
  const double nearest = floor(delay + 0.5);
  const double past = delay - nearest; // -0.5 to 0.5 beyond the nearest tap
  if (past == 0.0) {
    recurrence->first_tap = (uint32_t)nearest;
    recurrence->n_taps = 1;
    recurrence->weights[0] = 1.0f;
  } else if (nearest < 2.0) {
    recurrence->first_tap = 1;
    recurrence->n_taps = 2;
    recurrence->weights[0] = (float)(1.0 - past);
    recurrence->weights[1] = (float)past;
  } else {
    recurrence->first_tap = (uint32_t)nearest - 1U;
    recurrence->n_taps = 3;
    recurrence->weights[0] = (float)(past * (past - 1.0) / 2.0);
    recurrence->weights[1] = (float)(1.0 - past * past);
    recurrence->weights[2] = (float)(past * (past + 1.0) / 2.0);
  }
}

Recurrence*
recurrence_new(unsigned n_columns, double delay)
{
  Recurrence taps = {.n_columns = n_columns};
  choose_taps(&taps, fmax(delay, 1.0));
  taps.n_states = taps.first_tap + taps.n_taps - 1U;
  const size_t n_floats = (size_t)taps.n_states * n_columns;
  Recurrence* recurrence = aligned_zeros(sizeof *recurrence + n_floats * sizeof(float));
  if (recurrence) {
    *recurrence = taps;
  }
  return recurrence;
}

void
recurrence_free(Recurrence* recurrence)
{
  free(recurrence);
}

static size_t
state_size(const Recurrence* recurrence) NONBLOCKING
{
  return recurrence->n_columns * sizeof(float);
}

// Where the state lies that is `ago` samples older than the next one, 1 to n_states.
static float*
state_at(Recurrence* recurrence, uint32_t ago) NONBLOCKING
{
  const uint32_t next = recurrence->next;
  const uint32_t index = next >= ago ? next - ago : next + recurrence->n_states - ago;
  return recurrence->states + (size_t)index * recurrence->n_columns;
}

void
recurrence_rest(Recurrence* recurrence, const float* state) NONBLOCKING
{
  for (uint32_t ago = 1; ago <= recurrence->n_states; ++ago) {
    memcpy(state_at(recurrence, ago), state, state_size(recurrence));
  }
}

const float*
recurrence_state(const Recurrence* recurrence) NONBLOCKING
{
  const uint32_t newest = (recurrence->next ? recurrence->next : recurrence->n_states) - 1U;
  return recurrence->states + (size_t)newest * recurrence->n_columns;
}

// As many as the GRU plays side by side, at most n.
static uint32_t
lanes_within(uint32_t n) NONBLOCKING
{
  return n >= 4 ? 4 : n >= 2 ? 2 : 1;
}

// A whole delay: the states in the ring are recurrences of their own, which take turns.
static void
run_whole(Recurrence* recurrence, const Gru* gru, const float* in, float* out,
          uint32_t n_frames) NONBLOCKING
{
  const uint32_t n_states = recurrence->n_states;
  for (uint32_t done = 0; done < n_frames;) {
    const uint32_t left = n_frames - done;
    const uint32_t in_row = n_states - recurrence->next;
    const uint32_t n_lanes = lanes_within(left < in_row ? left : in_row);
    const uint32_t n = n_lanes == n_states ? left & ~(n_lanes - 1U) : n_lanes;
    gru_process(gru, n_lanes, state_at(recurrence, n_states), in + done, out + done, n);
    if (n_lanes < n_states) {
      recurrence->next = n < in_row ? recurrence->next + n : 0;
    }
    done += n;
  }
}

// What the GRU reads `later` samples after the next one.
static void
interpolate(Recurrence* recurrence, uint32_t later, float* state) NONBLOCKING
{
  const float* taps[MAX_TAPS];
  for (uint32_t k = 0; k < MAX_TAPS; ++k) {
    const uint32_t tap = k < recurrence->n_taps ? k : 0; // the others weigh 0
    taps[k] = state_at(recurrence, recurrence->first_tap + tap - later);
  }
  const float* weights = recurrence->weights;
  for (uint32_t i = 0; i < recurrence->n_columns; ++i) {
    const float sum = weights[0] * taps[0][i] + weights[1] * taps[1][i] + weights[2] * taps[2][i];
    const float above = sum > -1.0f ? sum : -1.0f;
    state[i] = above < 1.0f ? above : 1.0f;
  }
}

static void
run_interpolated(Recurrence* recurrence, const Gru* gru, const float* in, float* out,
                 uint32_t n_frames) NONBLOCKING
{
  alignas(ALIGNMENT) float states[GRU_MAX_LANES * GRU_MAX_HIDDEN];
  for (uint32_t done = 0; done < n_frames;) {
    const uint32_t left = n_frames - done;
    // Until the first tap comes to the first of them, new states don't depend on each other.
    const uint32_t n = lanes_within(left < recurrence->first_tap ? left : recurrence->first_tap);
    for (uint32_t i = 0; i < n; ++i) {
      interpolate(recurrence, i, states + (size_t)i * recurrence->n_columns);
    }
    gru_process(gru, n, states, in + done, out + done, n);
    for (uint32_t i = 0; i < n; ++i) {
      memcpy(state_at(recurrence, recurrence->n_states), states + (size_t)i * recurrence->n_columns,
             state_size(recurrence));
      recurrence->next = recurrence->next + 1U < recurrence->n_states ? recurrence->next + 1U : 0;
    }
    done += n;
  }
}

void
recurrence_run(Recurrence* recurrence, const Gru* gru, const float* in, float* out,
               uint32_t n_frames) NONBLOCKING
{
  if (recurrence->n_taps == 1) {
    run_whole(recurrence, gru, in, out, n_frames);
  } else {
    run_interpolated(recurrence, gru, in, out, n_frames);
  }
}
