// SPDX-License-Identifier: MIT
// The panel in an X11 window, on a connection of its own. No X error of it reaches the host.
#ifndef OD3_UI_WINDOW_H
#define OD3_UI_WINDOW_H

#include "panel.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct PanelWindow PanelWindow;

// Opens a window with a layout in a parent of the host, or on the desktop if parent_id is 0. scale
// is pixels for one unit of the layout; 0 takes it from the desktop's Xft.dpi. The window follows
// the desktop's contrast. Returns NULL without an X server or memory. The caller frees it. All
// functions: the host's UI thread.
PanelWindow*
window_open(const Layout* layout, uintptr_t parent_id, float scale, Language language,
            PanelHost host);

// Closes a window, even if the host has destroyed it already; NULL is allowed.
void
window_close(PanelWindow* window);

// Returns the window's X11 id.
uintptr_t
window_id(const PanelWindow* window);

// Writes the window's size in pixels.
void
window_size(const PanelWindow* window, int* width, int* height);

// Resizes the window; the panel keeps its aspect in it.
void
window_resize(PanelWindow* window, int width, int height);

// Returns whether the desktop's scale has changed since the last call, unless the host has set the
// window's. If so, resizes the window by as much and writes its new size.
bool
window_rescale(PanelWindow* window, int* width, int* height);

// Takes a value from the host; it is drawn by the next window_idle.
void
window_port_event(PanelWindow* window, unsigned port, float value);

// Takes what the plugin tells of its model; it is drawn by the next window_idle.
void
window_tell(PanelWindow* window, const ModelFacts* facts);

// Handles events and draws what has changed. Returns false once the user has closed the window.
bool
window_idle(PanelWindow* window);

// Shows or hides the window.
void
window_show(PanelWindow* window, bool is_shown);

#endif
