// SPDX-License-Identifier: MIT
#ifndef OD3_BASE64_H
#define OD3_BASE64_H

#include <stddef.h>
#include <stdint.h>

// Decodes base64 (RFC 4648, with padding) of `size` characters into `bytes`, which has room for
// size / 4 * 3. Returns the number of bytes, or SIZE_MAX for anything else than base64. Any thread.
size_t
base64_decode(const char* text, size_t size, uint8_t* bytes);

#endif
