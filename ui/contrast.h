// SPDX-License-Identifier: MIT
// Whether the desktop asks for high contrast.
#ifndef OD3_UI_CONTRAST_H
#define OD3_UI_CONTRAST_H

#include <X11/Xlib.h>

#include <stdbool.h>

// Returns whether the theme's name begins with "HighContrast" or "ContrastHigh", whatever its case.
// It is the one of the environment variable GTK_THEME, else the desktop's Net/ThemeName. Its X
// errors are the caller's to ignore. The host's UI thread.
bool
contrast_is_high(Display* display);

#endif
