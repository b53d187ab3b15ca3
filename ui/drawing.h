// SPDX-License-Identifier: MIT
// Drawings as lists of numbers, which drawings.py writes from SVG files.
#ifndef OD3_UI_DRAWING_H
#define OD3_UI_DRAWING_H

#include <cairo/cairo.h>

// An operation and the number of values that follow it. Coordinates are the SVG file's; colours are
// red, green, blue and alpha from 0 to 1.
enum {
  DRAWING_END,
  DRAWING_NEW_PATH,
  DRAWING_MOVE,  // x, y
  DRAWING_LINE,  // x, y
  DRAWING_CURVE, // x, y of two handles and the end
  DRAWING_CLOSE,
  DRAWING_COLOUR, // a colour
  DRAWING_LINEAR, // x, y of both ends, number of stops, and each stop's offset and colour
  DRAWING_RADIAL, // x, y, radius, number of stops, and each stop's offset and colour
  DRAWING_PEN,    // width, cap, join
  DRAWING_FILL,   // keeps the path
  DRAWING_STROKE, // keeps the path
  DRAWING_GROUP,  // what follows is painted together by
  DRAWING_FADE    // alpha
};

// Draws a list that ends with DRAWING_END. The caller's transform, clip and group stay; path,
// source and pen change. The thread that owns `cairo`.
void
drawing_play(cairo_t* cairo, const double* drawing);

// Adds the operations of a path, which end with DRAWING_END, to the present path. The thread that
// owns `cairo`.
void
drawing_add_path(cairo_t* cairo, const double* path);

#endif
