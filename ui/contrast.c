// SPDX-License-Identifier: MIT
#include "contrast.h"

#include "xsettings.h"

#include <X11/Xatom.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { THEME_SIZE = 64, MAX_WORDS = 1 << 16 };

// Writes the name of the desktop's theme. Returns whether it has one.
static bool
desktop_theme(Display* display, char theme[THEME_SIZE])
{
  char name[32];
  snprintf(name, sizeof name, "_XSETTINGS_S%d", DefaultScreen(display));
  const Window owner = XGetSelectionOwner(display, XInternAtom(display, name, False));
  const Atom settings = XInternAtom(display, "_XSETTINGS_SETTINGS", False);
  Atom type = None;
  int format = 0;
  unsigned long n_bytes = 0;
  unsigned long n_left = 0;
  unsigned char* bytes = NULL;
  if (owner == None || XGetWindowProperty(display, owner, settings, 0, MAX_WORDS, False, settings,
                                          &type, &format, &n_bytes, &n_left, &bytes) != Success) {
    return false;
  }
  const bool has_theme =
      bytes && format == 8 && xsettings_text(bytes, n_bytes, "Net/ThemeName", theme, THEME_SIZE);
  XFree(bytes);
  return has_theme;
}

bool
contrast_is_high(Display* display)
{
  char theme[THEME_SIZE] = "";
  const char* wanted = getenv("GTK_THEME");
  if (wanted && *wanted) {
    snprintf(theme, sizeof theme, "%s", wanted);
  } else if (!desktop_theme(display, theme)) {
    return false;
  }
  return strncasecmp(theme, "HighContrast", 12) == 0 || strncasecmp(theme, "ContrastHigh", 12) == 0;
}
