// SPDX-License-Identifier: MIT
// The desktop asks windows for high contrast and a scale by X11; this reads both, and notices when
// they change.
#ifndef OD3_UI_DESKTOP_H
#define OD3_UI_DESKTOP_H

#include <X11/Xlib.h>

#include <stdbool.h>

typedef struct {
  Display* display;
  Atom selection, settings, manager; // of the XSETTINGS protocol
  Window owner;                      // the desktop's settings manager, or None
} Desktop;

// Watches the desktop: events of the root window and of the settings manager then come from the
// display. X errors are the caller's to ignore. All functions: the host's UI thread.
void
desktop_watch(Desktop* desktop, Display* display);

// Takes an event of the desktop; sets *has_changed if it says that contrast or scale may have
// changed. Returns false for any other event.
bool
desktop_take(Desktop* desktop, const XEvent* event, bool* has_changed);

// Returns whether the theme's name begins with "HighContrast" or "ContrastHigh", whatever its case.
// It is the one of the environment variable GTK_THEME, else the desktop's Net/ThemeName.
bool
desktop_has_contrast(const Desktop* desktop);

// Returns the scale that the desktop's Xft.dpi asks for; 1 if it asks for none.
float
desktop_scale(const Desktop* desktop);

#endif
