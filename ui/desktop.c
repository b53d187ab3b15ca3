// SPDX-License-Identifier: MIT
#include "desktop.h"

#include "xsettings.h"

#include <X11/Xatom.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_DPI 96.0f

enum { THEME_SIZE = 64, MAX_WORDS = 1 << 16 };

// Finds the settings manager and watches it, before anyone reads what it says.
static void
watch_manager(Desktop* desktop)
{
  desktop->owner = XGetSelectionOwner(desktop->display, desktop->selection);
  if (desktop->owner != None) {
    XSelectInput(desktop->display, desktop->owner, PropertyChangeMask);
  }
}

void
desktop_watch(Desktop* desktop, Display* display)
{
  char selection[32];
  snprintf(selection, sizeof selection, "_XSETTINGS_S%d", DefaultScreen(display));
  *desktop = (Desktop){.display = display,
                       .selection = XInternAtom(display, selection, False),
                       .settings = XInternAtom(display, "_XSETTINGS_SETTINGS", False),
                       .manager = XInternAtom(display, "MANAGER", False)};
  // A new manager sends its message to those who have asked for the root's structure.
  XSelectInput(display, DefaultRootWindow(display), PropertyChangeMask | StructureNotifyMask);
  watch_manager(desktop);
}

bool
desktop_take(Desktop* desktop, const XEvent* event, bool* has_changed)
{
  const bool is_root = event->xany.window == DefaultRootWindow(desktop->display);
  if (!is_root && event->xany.window != desktop->owner) {
    return false;
  }
  if (event->type == PropertyNotify) {
    *has_changed |= event->xproperty.atom == (is_root ? XA_RESOURCE_MANAGER : desktop->settings);
  } else if (is_root && event->type == ClientMessage &&
             event->xclient.message_type == desktop->manager &&
             (Atom)event->xclient.data.l[1] == desktop->selection) {
    watch_manager(desktop);
    *has_changed = true;
  }
  return true;
}

// Returns a property of bytes, which ends in a 0 that is not counted, or NULL. XFree frees it.
static unsigned char*
read_property(Display* display, Window window, Atom property, Atom type, unsigned long* n_bytes)
{
  Atom found = None;
  int format = 0;
  unsigned long n_left = 0;
  unsigned char* bytes = NULL;
  if (XGetWindowProperty(display, window, property, 0, MAX_WORDS, False, type, &found, &format,
                         n_bytes, &n_left, &bytes) == Success &&
      format == 8) {
    return bytes;
  }
  if (bytes) {
    XFree(bytes);
  }
  return NULL;
}

// Writes the name of the desktop's theme. Returns whether it has one.
static bool
read_theme(const Desktop* desktop, char theme[THEME_SIZE])
{
  unsigned long n_bytes = 0;
  unsigned char* bytes = desktop->owner == None
                             ? NULL
                             : read_property(desktop->display, desktop->owner, desktop->settings,
                                             desktop->settings, &n_bytes);
  if (!bytes) {
    return false;
  }
  const bool has_theme = xsettings_text(bytes, n_bytes, "Net/ThemeName", theme, THEME_SIZE);
  XFree(bytes);
  return has_theme;
}

bool
desktop_has_contrast(const Desktop* desktop)
{
  char theme[THEME_SIZE] = "";
  const char* wanted = getenv("GTK_THEME");
  if (wanted && *wanted) {
    snprintf(theme, sizeof theme, "%s", wanted);
  } else if (!read_theme(desktop, theme)) {
    return false;
  }
  return strncasecmp(theme, "HighContrast", 12) == 0 || strncasecmp(theme, "ContrastHigh", 12) == 0;
}

// Xlib keeps the resources of the display's opening, so the property is read. Wayland's X server
// may have none.
float
desktop_scale(const Desktop* desktop)
{
  unsigned long n_bytes = 0;
  unsigned char* resources = read_property(desktop->display, DefaultRootWindow(desktop->display),
                                           XA_RESOURCE_MANAGER, XA_STRING, &n_bytes);
  const char* entry = resources ? strstr((const char*)resources, "Xft.dpi:") : NULL;
  const float dpi = entry ? strtof(entry + strlen("Xft.dpi:"), NULL) : 0.0f;
  if (resources) {
    XFree(resources);
  }
  return dpi > 0.0f ? dpi / DEFAULT_DPI : 1.0f;
}
