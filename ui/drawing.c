// SPDX-License-Identifier: MIT
#include "drawing.h"

#include <stddef.h>

// Sets a gradient as the source, adds its stops, and returns what follows them.
static const double*
set_gradient(cairo_t* cairo, cairo_pattern_t* gradient, const double* stops)
{
  const int n_stops = (int)*stops++;
  for (int i = 0; i < n_stops; ++i, stops += 5) {
    cairo_pattern_add_color_stop_rgba(gradient, stops[0], stops[1], stops[2], stops[3], stops[4]);
  }
  cairo_set_source(cairo, gradient);
  cairo_pattern_destroy(gradient);
  return stops;
}

// Plays one operation of the path and returns the next, or NULL if it is none.
static const double*
add_to_path(cairo_t* cairo, const double* v)
{
  switch ((int)v[0]) {
  case DRAWING_NEW_PATH: cairo_new_path(cairo); return v + 1;
  case DRAWING_MOVE: cairo_move_to(cairo, v[1], v[2]); return v + 3;
  case DRAWING_LINE: cairo_line_to(cairo, v[1], v[2]); return v + 3;
  case DRAWING_CURVE: cairo_curve_to(cairo, v[1], v[2], v[3], v[4], v[5], v[6]); return v + 7;
  case DRAWING_CLOSE: cairo_close_path(cairo); return v + 1;
  default: return NULL;
  }
}

// Plays one operation that is none of the path's, and returns the next.
static const double*
paint(cairo_t* cairo, const double* v)
{
  switch ((int)v[0]) {
  case DRAWING_COLOUR: cairo_set_source_rgba(cairo, v[1], v[2], v[3], v[4]); return v + 5;
  case DRAWING_LINEAR:
    return set_gradient(cairo, cairo_pattern_create_linear(v[1], v[2], v[3], v[4]), v + 5);
  case DRAWING_RADIAL:
    return set_gradient(cairo, cairo_pattern_create_radial(v[1], v[2], 0.0, v[1], v[2], v[3]),
                        v + 4);
  case DRAWING_PEN:
    cairo_set_line_width(cairo, v[1]);
    cairo_set_line_cap(cairo, (cairo_line_cap_t)v[2]);
    cairo_set_line_join(cairo, (cairo_line_join_t)v[3]);
    return v + 4;
  case DRAWING_FILL: cairo_fill_preserve(cairo); return v + 1;
  case DRAWING_STROKE: cairo_stroke_preserve(cairo); return v + 1;
  case DRAWING_GROUP: cairo_push_group(cairo); return v + 1;
  default: // DRAWING_FADE
    cairo_pop_group_to_source(cairo);
    cairo_paint_with_alpha(cairo, v[1]);
    return v + 2;
  }
}

void
drawing_add_path(cairo_t* cairo, const double* path)
{
  while (path && (int)*path != DRAWING_END) {
    path = add_to_path(cairo, path);
  }
}

void
drawing_play(cairo_t* cairo, const double* drawing)
{
  cairo_set_miter_limit(cairo, 4.0); // SVG's
  while ((int)*drawing != DRAWING_END) {
    const double* next = add_to_path(cairo, drawing);
    drawing = next ? next : paint(cairo, drawing);
  }
  cairo_new_path(cairo);
}
