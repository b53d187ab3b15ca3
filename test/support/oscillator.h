// SPDX-License-Identifier: MIT
// A model that sounds by itself: two units of a GRU turn in a circle, like a sine.
#ifndef OD3_TEST_OSCILLATOR_H
#define OD3_TEST_OSCILLATOR_H

#include "model/crc32.h"
#include "support/bytes.h"

#include <stdint.h>
#include <string.h>

enum { OSCILLATOR_SIZE = 52 + 4 * (76 + 4 + 1) };

// Writes a model file of 4 units. With a bias of 0, the model is silent until it is played.
static inline void
oscillator_make(uint8_t* file, uint32_t sample_rate_hz, float bias)
{
  enum { UNITS = 4, BIASES = 52, MATRIX = BIASES + 4 * 7 * UNITS, OUTPUT = BIASES + 4 * 76 };
  const float turn[2][2] = {{1.19f, 0.12f}, {-0.12f, 1.19f}}; // by 6 degrees, and growing
  memset(file, 0, OSCILLATOR_SIZE);
  memcpy(file, "\x89OD3\r\n\x1a\n", 8);
  put_u32(file + VERSION_AT, 1);
  put_u32(file + SIZE_AT, OSCILLATOR_SIZE);
  put_u32(file + RATE_AT, sample_rate_hz);
  put_u32(file + HIDDEN_AT, UNITS);
  for (int i = 0; i < UNITS; ++i) {
    put_f32(file + BIASES + 4 * i, 20.0f);            // r is 1
    put_f32(file + BIASES + 4 * (UNITS + i), -20.0f); // and z is 0: h is the candidate
  }
  put_f32(file + BIASES + 4 * (2 * UNITS), bias);
  put_f32(file + BIASES + 4 * (6 * UNITS), 1.0f); // the input moves unit 0
  for (int from = 0; from < 2; ++from) {
    for (int to = 0; to < 2; ++to) {
      put_f32(file + MATRIX + 4 * (from * 3 * UNITS + 2 * UNITS + to), turn[from][to]);
    }
  }
  put_f32(file + OUTPUT, 0.5f);
  put_u32(file + CHECKSUM_AT, crc32(file + RATE_AT, OSCILLATOR_SIZE - RATE_AT));
}

#endif
