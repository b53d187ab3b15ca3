// SPDX-License-Identifier: MIT
#include "model/base64.h"

// Returns the six bits of a character, or 64 where it has none.
static uint32_t
bits_of(char c)
{
  if (c >= 'A' && c <= 'Z') {
    return (uint32_t)(c - 'A');
  }
  if (c >= 'a' && c <= 'z') {
    return (uint32_t)(c - 'a') + 26U;
  }
  if (c >= '0' && c <= '9') {
    return (uint32_t)(c - '0') + 52U;
  }
  return c == '+' ? 62U : c == '/' ? 63U : 64U;
}

size_t
base64_decode(const char* text, size_t size, uint8_t* bytes)
{
  if (size % 4U) {
    return SIZE_MAX;
  }
  const size_t n_padding = size == 0 || text[size - 1] != '=' ? 0 : text[size - 2] != '=' ? 1 : 2;
  size_t n = 0;
  for (size_t i = 0; i < size; i += 4) {
    uint32_t group = 0;
    for (size_t k = i; k < i + 4; ++k) {
      const uint32_t bits = k < size - n_padding ? bits_of(text[k]) : 0;
      if (bits > 63U) {
        return SIZE_MAX;
      }
      group = group << 6U | bits;
    }
    for (unsigned k = 0; k < 3; ++k) {
      bytes[n++] = (uint8_t)(group >> (16U - 8U * k));
    }
  }
  return n - n_padding;
}
