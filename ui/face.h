// SPDX-License-Identifier: MIT
// Draws the panel, in the layout's units: the caller scales.
#ifndef OD3_UI_FACE_H
#define OD3_UI_FACE_H

#include "panel.h"

#include <cairo/cairo.h>

// Draws what never changes, over all of a layout. The thread that owns `cairo`.
void
face_draw_background(cairo_t* cairo, const Layout* layout);

// Draws widget i over the background. The thread that owns `cairo`.
void
face_draw_widget(cairo_t* cairo, const Panel* panel, int i, Language language);

#endif
