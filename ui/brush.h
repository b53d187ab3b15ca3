// SPDX-License-Identifier: MIT
// Colours and shapes that the drawings of widgets share.
#ifndef OD3_UI_BRUSH_H
#define OD3_UI_BRUSH_H

#include "engine/input_level.h"
#include "layout.h"
#include "panel.h"

#include <cairo/cairo.h>

typedef enum { INK, CREAM, YELLOW, STRIP, BLUE, GREEN, RED, ROSE, BLACK, WHITE } Colour;

#define SMALL_TEXT 8.0
#define TEXT 11.0

// Makes a colour the source. All functions: the thread that owns `cairo`.
void
brush_colour(cairo_t* cairo, Colour colour);

// Makes a box with round corners the path.
void
brush_rectangle(cairo_t* cairo, Box box, double radius);

// Fills a box with round corners with a colour.
void
brush_fill(cairo_t* cairo, Colour colour, Box box, double radius);

// Returns a box that is larger on each side.
Box
brush_grown(Box box, double by);

// Draws the light of a level into a box: a circle for a good one, an arrow's head that points down
// where it is too quiet and up where it is too hot, and a ring where it is not known.
void
brush_input_level(cairo_t* cairo, Colour colour, Box box, InputLevel level);

// Draws the ring of the keyboard's focus around a widget's target, whose corners have a radius.
void
brush_focus(cairo_t* cairo, const Widget* widget, double radius, double distance);

// Draws the scale points of a selector or switch with their words; the chosen one is a field of
// `chosen` with round corners and words in `other`. The thread that owns `cairo`.
void
brush_points(cairo_t* cairo, const Panel* panel, const Widget* widget, Language language,
             Colour chosen, Colour other, double radius);

#endif
