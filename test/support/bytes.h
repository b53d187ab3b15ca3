// SPDX-License-Identifier: MIT
// Reads and writes numbers in the bytes of a model file (weights/FORMAT.md).
#ifndef OD3_TEST_BYTES_H
#define OD3_TEST_BYTES_H

#include <stdint.h>
#include <string.h>

// Offsets of the header fields; each field is a u32.
enum {
  VERSION_AT = 8,
  SIZE_AT = 12,
  CHECKSUM_AT = 16,
  RATE_AT = 20, // the checksum covers the bytes from here on
  HIDDEN_AT = 24,
  KNOBS_AT = 28,
  LAYERS_AT = 32,
  FEATURES_AT = 36,
  N_CONDITIONED_AT = 40,
  TEXT_SIZE_AT = 44,
  RESERVED_AT = 48, // in version 1
  KNOB_AT = 52,     // likewise
  CELL_AT = 48,     // in version 2
  N_TEST_AT = 52,
  NAME_AT = 56, // bytes
  HEADER_2_SIZE = 120,
};

static inline uint32_t
get_u32(const uint8_t* at)
{
  return (uint32_t)at[0] | (uint32_t)at[1] << 8U | (uint32_t)at[2] << 16U | (uint32_t)at[3] << 24U;
}

static inline void
put_u32(uint8_t* at, uint32_t value)
{
  for (unsigned i = 0; i < 4; ++i) {
    at[i] = (uint8_t)(value >> (8U * i));
  }
}

static inline float
get_f32(const uint8_t* at)
{
  const uint32_t bits = get_u32(at);
  float value = 0.0f;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline void
put_f32(uint8_t* at, float value)
{
  uint32_t bits = 0;
  memcpy(&bits, &value, sizeof bits);
  put_u32(at, bits);
}

#endif
