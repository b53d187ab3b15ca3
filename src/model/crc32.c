// SPDX-License-Identifier: MIT
#include "model/crc32.h"

enum { N_TABLES = 4, N_BYTES = 256 };

// table[k][b] is the remainder of byte b followed by k zero bytes. Each call computes the tables
// anew, which takes as long as a few thousand bytes of data.
typedef struct {
  uint32_t table[N_TABLES][N_BYTES];
} Remainders;

static void
fill_tables(Remainders* remainders)
{
  for (uint32_t byte = 0; byte < N_BYTES; ++byte) {
    uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) {
      rest = (rest >> 1U) ^ (rest & 1U ? 0xEDB88320U : 0U);
    }
    remainders->table[0][byte] = rest;
  }
  for (int k = 1; k < N_TABLES; ++k) {
    for (uint32_t byte = 0; byte < N_BYTES; ++byte) {
      const uint32_t rest = remainders->table[k - 1][byte];
      remainders->table[k][byte] = (rest >> 8U) ^ remainders->table[0][rest & 255U];
    }
  }
}

uint32_t
crc32(const uint8_t* data, size_t size)
{
  Remainders remainders;
  fill_tables(&remainders);
  uint32_t(*const table)[N_BYTES] = remainders.table;
  uint32_t crc = 0xFFFFFFFFU;
  size_t i = 0;
  for (; i + 4 <= size; i += 4) {
    crc = table[3][(crc ^ data[i]) & 255U] ^ table[2][((crc >> 8U) ^ data[i + 1]) & 255U] ^
          table[1][((crc >> 16U) ^ data[i + 2]) & 255U] ^ table[0][(crc >> 24U) ^ data[i + 3]];
  }
  for (; i < size; ++i) {
    crc = (crc >> 8U) ^ table[0][(crc ^ data[i]) & 255U];
  }
  return ~crc;
}
