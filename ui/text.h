// SPDX-License-Identifier: MIT
// Text in the pedal's own lettering, which needs no font of the system.
#ifndef OD3_UI_TEXT_H
#define OD3_UI_TEXT_H

#include <cairo/cairo.h>
#include <stddef.h>

// Returns the width of a UTF-8 text whose capitals are `height` high. Any thread.
double
text_width(const char* text, double height);

// Returns the bytes of the longest part of a UTF-8 text's beginning that is no wider than
// max_width. Any thread.
size_t
text_fitting(const char* text, double height, double max_width);

// Strokes a UTF-8 text with the present source, its capitals centred at (x, y). Where it would be
// wider than max_width, it is smaller. A character without a glyph is a box. The thread that owns
// `cairo`.
void
text_draw(cairo_t* cairo, const char* text, double x, double y, double height, double max_width);

// Strokes a UTF-8 text, of at most 255 bytes, in lines around (x, y): at each line break of it, and
// where a line is wider than max_width. What exceeds max_lines is cut. The thread that owns
// `cairo`.
void
text_draw_lines(cairo_t* cairo, const char* text, double x, double y, double height,
                double max_width, int max_lines);

// Strokes a line of UTF-8 text from x to the right, its capitals centred at y. What exceeds
// max_width is cut. The thread that owns `cairo`.
void
text_draw_left(cairo_t* cairo, const char* text, double x, double y, double height,
               double max_width);

#endif
