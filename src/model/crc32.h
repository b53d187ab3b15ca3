// SPDX-License-Identifier: MIT
#ifndef OD3_CRC32_H
#define OD3_CRC32_H

#include <stddef.h>
#include <stdint.h>

// Returns the CRC-32 of zlib, PNG and Ethernet (reflected polynomial 0xEDB88320). Any thread.
uint32_t
crc32(const uint8_t* data, size_t size);

#endif
