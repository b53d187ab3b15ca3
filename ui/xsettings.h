// SPDX-License-Identifier: MIT
// Reads the settings that a desktop shares by the XSETTINGS protocol. No X.
#ifndef OD3_UI_XSETTINGS_H
#define OD3_UI_XSETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Finds a text among settings of n_bytes, which may be damaged, and copies it, cut to `size` bytes.
// Returns whether it is there. Any thread.
bool
xsettings_text(const uint8_t* settings, size_t n_bytes, const char* name, char* text, size_t size);

#endif
