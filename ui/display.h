// SPDX-License-Identifier: MIT
// Draws Neural Pedal's display: the model's name, its arrows, facts and error, and the list.
#ifndef OD3_UI_DISPLAY_H
#define OD3_UI_DISPLAY_H

#include "panel.h"

#include <cairo/cairo.h>

// Draws an arrow that is pulled, or has the focus. All functions: the thread that owns `cairo`.
void
display_draw_arrow(cairo_t* cairo, const Panel* panel, int i);

// Draws the model's name. A long name is smaller, a longer one is cut.
void
display_draw_model(cairo_t* cairo, const Panel* panel, int i);

// Draws what the model is, or in its place why the last file can't be played or what is doubtful in
// the model.
void
display_draw_facts(cairo_t* cairo, const Panel* panel, const Widget* widget, Language language);

// Draws the list, if it is open.
void
display_draw_list(cairo_t* cairo, const Panel* panel, const Widget* widget, Language language);

#endif
