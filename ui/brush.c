// SPDX-License-Identifier: MIT
#include "brush.h"

#include "text.h"

#include <math.h>

#define PI 3.14159265358979

void
brush_colour(cairo_t* cairo, Colour colour)
{
  static const unsigned char colours[][3] = {
      [INK] = {0x1b, 0x1a, 0x17},   [CREAM] = {0xff, 0xf7, 0xd6}, [YELLOW] = {0xf7, 0xcb, 0x1a},
      [STRIP] = {0x2c, 0x2a, 0x26}, [BLUE] = {0x0b, 0x3d, 0x91},  [GREEN] = {0x5f, 0xc8, 0x5f},
      [RED] = {0xff, 0x3b, 0x26},   [ROSE] = {0xff, 0xb0, 0x9c},  [BLACK] = {0x00, 0x00, 0x00},
      [WHITE] = {0xff, 0xff, 0xff},
  };
  const unsigned char* rgb = colours[colour];
  cairo_set_source_rgb(cairo, rgb[0] / 255.0, rgb[1] / 255.0, rgb[2] / 255.0);
}

void
brush_rectangle(cairo_t* cairo, Box box, double radius)
{
  const double right = box.x + box.width - radius;
  const double bottom = box.y + box.height - radius;
  cairo_new_path(cairo);
  cairo_arc(cairo, right, box.y + radius, radius, -0.5 * PI, 0.0);
  cairo_arc(cairo, right, bottom, radius, 0.0, 0.5 * PI);
  cairo_arc(cairo, box.x + radius, bottom, radius, 0.5 * PI, PI);
  cairo_arc(cairo, box.x + radius, box.y + radius, radius, PI, 1.5 * PI);
  cairo_close_path(cairo);
}

void
brush_fill(cairo_t* cairo, Colour colour, Box box, double radius)
{
  brush_colour(cairo, colour);
  brush_rectangle(cairo, box, radius);
  cairo_fill(cairo);
}

Box
brush_grown(Box box, double by)
{
  return (Box){box.x - by, box.y - by, box.width + 2.0 * by, box.height + 2.0 * by};
}

void
brush_input_level(cairo_t* cairo, Colour colour, Box box, InputLevel level)
{
  const double size = 0.5 * box.width - 1.0;
  const double x = box.x + 0.5 * box.width;
  const double y = box.y + 0.5 * box.height;
  const double tip = level == INPUT_LEVEL_TOO_HOT ? -size : size;
  brush_colour(cairo, colour);
  cairo_new_path(cairo);
  if (level == INPUT_LEVEL_UNKNOWN) {
    cairo_set_line_width(cairo, 1.0);
    cairo_arc(cairo, x, y, size - 1.0, 0.0, 2.0 * PI);
    cairo_stroke(cairo);
    return;
  }
  if (level == INPUT_LEVEL_GOOD) {
    cairo_arc(cairo, x, y, size, 0.0, 2.0 * PI);
  } else {
    cairo_move_to(cairo, x - size, y - 0.8 * tip);
    cairo_line_to(cairo, x + size, y - 0.8 * tip);
    cairo_line_to(cairo, x, y + tip);
  }
  cairo_fill(cairo);
}

void
brush_focus(cairo_t* cairo, const Widget* widget, double radius, double distance)
{
  brush_colour(cairo, widget->is_dark ? CREAM : BLUE);
  cairo_set_line_width(cairo, 3.0);
  brush_rectangle(cairo, brush_grown(widget->target, distance), radius + distance);
  cairo_stroke(cairo);
}

void
brush_points(cairo_t* cairo, const Panel* panel, const Widget* widget, Language language,
             Colour chosen, Colour other, double radius)
{
  const PortText* text = &panel->layout->texts[widget->port];
  const unsigned chosen_point = panel_point(panel, widget->port);
  for (unsigned point = 0; point < text->n_points; ++point) {
    const Box box = layout_point_box(widget, text->n_points, point);
    char words[WORDS_SIZE];
    if (point == chosen_point) {
      brush_fill(cairo, chosen, box, radius);
    }
    words_of_value(words, text->unit, text->points[point], language);
    brush_colour(cairo, point == chosen_point ? other : chosen);
    text_draw(cairo, words, box.x + 0.5 * box.width, box.y + 0.5 * box.height,
              fmin(TEXT, 0.5 * box.height), box.width);
  }
}
