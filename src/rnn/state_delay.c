// SPDX-License-Identifier: MIT
#include "rnn/state_delay.h"

#include "common/memory.h"

#include <math.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TAPS = 3 };

// Ages count the samples of all channels.
struct StateDelay {
  uint32_t n_channels;
  uint32_t n_state;   // floats in a state
  uint32_t n_columns; // of them, those of h
  uint32_t first_tap; // age of the newest state that is read
  uint32_t n_taps;    // 1 (no interpolation) to MAX_TAPS, n_channels apart
  float weights[MAX_TAPS];
  uint32_t n_states;
  uint32_t next;                     // index of the next state, which replaces the oldest
  alignas(ALIGNMENT) float states[]; // [n_states][n_state], a ring
};

// Chooses the interpolator of one channel for a delay of at least 1.
static void
choose_taps(StateDelay* state_delay, double delay)
{
  const double nearest = floor(delay + 0.5);
  const double fraction = delay - nearest; // -0.5 to 0.5
  if (fraction == 0.0) {
    state_delay->first_tap = (uint32_t)nearest;
    state_delay->n_taps = 1;
    state_delay->weights[0] = 1.0f;
  } else if (nearest < 2.0) {
    state_delay->first_tap = 1;
    state_delay->n_taps = 2;
    state_delay->weights[0] = (float)(1.0 - fraction);
    state_delay->weights[1] = (float)fraction;
  } else {
    state_delay->first_tap = (uint32_t)nearest - 1U;
    state_delay->n_taps = 3;
    state_delay->weights[0] = (float)(fraction * (fraction - 1.0) / 2.0);
    state_delay->weights[1] = (float)(1.0 - fraction * fraction);
    state_delay->weights[2] = (float)(fraction * (fraction + 1.0) / 2.0);
  }
}

StateDelay*
state_delay_new(const CellShape* shape, double delay, uint32_t n_channels)
{
  StateDelay taps = {
      .n_channels = n_channels, .n_state = cell_n_state(shape), .n_columns = shape->n_columns};
  choose_taps(&taps, fmax(delay, 1.0));
  taps.n_states = n_channels * (taps.first_tap + taps.n_taps - 1U);
  taps.first_tap *= n_channels;
  const size_t n_floats = (size_t)taps.n_states * taps.n_state;
  StateDelay* state_delay = aligned_zeros(sizeof *state_delay + n_floats * sizeof(float));
  if (state_delay) {
    *state_delay = taps;
  }
  return state_delay;
}

void
state_delay_free(StateDelay* state_delay)
{
  free(state_delay);
}

static size_t
state_size(const StateDelay* state_delay) NONBLOCKING
{
  return state_delay->n_state * sizeof(float);
}

// Returns the state of `age` samples before the next one, 1 to n_states.
static float*
state_at(StateDelay* state_delay, uint32_t age) NONBLOCKING
{
  const uint32_t next = state_delay->next;
  const uint32_t index = next >= age ? next - age : next + state_delay->n_states - age;
  return state_delay->states + (size_t)index * state_delay->n_state;
}

// The next sample is always one of channel 0.
void
state_delay_reset_to(StateDelay* state_delay, uint32_t channel, const float* state) NONBLOCKING
{
  const uint32_t n_channels = state_delay->n_channels;
  for (uint32_t age = n_channels - channel; age <= state_delay->n_states; age += n_channels) {
    memcpy(state_at(state_delay, age), state, state_size(state_delay));
  }
}

const float*
state_delay_newest(const StateDelay* state_delay, uint32_t channel) NONBLOCKING
{
  const uint32_t next = state_delay->next ? state_delay->next : state_delay->n_states;
  const uint32_t newest = next - state_delay->n_channels + channel;
  return state_delay->states + (size_t)newest * state_delay->n_state;
}

// Returns the largest number of streams, 1, 2 or 4, that is at most n (at least 1).
static uint32_t
streams_within(uint32_t n) NONBLOCKING
{
  return n >= 4 ? 4 : n >= 2 ? 2 : 1;
}

// Runs a whole-numbered delay: the states in the ring are independent streams that take turns.
static void
run_integer_delay(StateDelay* state_delay, const Cell* cell, const float* in, float* out,
                  uint32_t n_frames) NONBLOCKING
{
  const uint32_t n_states = state_delay->n_states;
  for (uint32_t done = 0; done < n_frames;) {
    const uint32_t left = n_frames - done;
    const uint32_t contiguous = n_states - state_delay->next;
    const uint32_t n_streams = streams_within(left < contiguous ? left : contiguous);
    const uint32_t n = n_streams == n_states ? left & ~(n_streams - 1U) : n_streams;
    cell_process(cell, n_streams, state_at(state_delay, n_states), in + done, out + done, n);
    if (n_streams < n_states) {
      state_delay->next = n < contiguous ? state_delay->next + n : 0;
    }
    done += n;
  }
}

// Computes the floats `first` to `end` - 1 of an interpolated state, limited to +-limit.
static void
interpolate_part(const StateDelay* state_delay, const float* const taps[MAX_TAPS], uint32_t first,
                 uint32_t end, float limit, float* state) NONBLOCKING
{
  const float* weights = state_delay->weights;
  for (uint32_t i = first; i < end; ++i) {
    const float sum = weights[0] * taps[0][i] + weights[1] * taps[1][i] + weights[2] * taps[2][i];
    const float not_below = sum > -limit ? sum : -limit;
    state[i] = not_below < limit ? not_below : limit;
  }
}

// Computes the state that the cell reads `later` samples after the next one.
static void
interpolate(StateDelay* state_delay, uint32_t later, float* state) NONBLOCKING
{
  const float* taps[MAX_TAPS];
  for (uint32_t k = 0; k < MAX_TAPS; ++k) {
    const uint32_t tap = k < state_delay->n_taps ? k : 0; // the weights of the others are 0
    taps[k] = state_at(state_delay, state_delay->first_tap + tap * state_delay->n_channels - later);
  }
  const uint32_t n_columns = state_delay->n_columns;
  interpolate_part(state_delay, taps, 0, n_columns, 1.0f, state);
  interpolate_part(state_delay, taps, n_columns, state_delay->n_state, CELL_MAX_C, state);
}

static void
run_fractional_delay(StateDelay* state_delay, const Cell* cell, const float* in, float* out,
                     uint32_t n_frames) NONBLOCKING
{
  alignas(ALIGNMENT) float states[CELL_MAX_STREAMS * CELL_MAX_STATE];
  for (uint32_t done = 0; done < n_frames;) {
    const uint32_t left = n_frames - done;
    // The next first_tap states depend on older ones only, so they can run side by side.
    const uint32_t n =
        streams_within(left < state_delay->first_tap ? left : state_delay->first_tap);
    for (uint32_t i = 0; i < n; ++i) {
      interpolate(state_delay, i, states + (size_t)i * state_delay->n_state);
    }
    cell_process(cell, n, states, in + done, out + done, n);
    for (uint32_t i = 0; i < n; ++i) {
      memcpy(state_at(state_delay, state_delay->n_states),
             states + (size_t)i * state_delay->n_state, state_size(state_delay));
      state_delay->next =
          state_delay->next + 1U < state_delay->n_states ? state_delay->next + 1U : 0;
    }
    done += n;
  }
}

void
state_delay_run(StateDelay* state_delay, const Cell* cell, const float* in, float* out,
                uint32_t n_frames) NONBLOCKING
{
  if (state_delay->n_taps == 1) {
    run_integer_delay(state_delay, cell, in, out, n_frames);
  } else {
    run_fractional_delay(state_delay, cell, in, out, n_frames);
  }
}
