// SPDX-License-Identifier: MIT
// An X11 window's picture of the panel, as large as it fits, in the middle. All is drawn in memory
// and copied to the window: it looks the same on each X server, and cairo's X11 part, which loses
// memory with each picture that it sends (in 1.16), is not needed.
#ifndef OD3_UI_CANVAS_H
#define OD3_UI_CANVAS_H

#include "panel.h"

#include <X11/Xlib.h>
#include <cairo/cairo.h>

typedef struct {
  const Layout* layout;
  Language language;
  bool has_contrast; // the drawing is in high contrast
  Display* display;
  Window window;
  Visual* visual;
  GC context;
  cairo_surface_t* picture;    // what the window shows
  XImage* image;               // the picture's pixels for Xlib
  cairo_surface_t* background; // what never changes of it
  int width, height;           // in pixels
  double scale;                // pixels for one unit of the layout
  int left, top;               // the layout's origin in pixels
} Canvas;

enum { CANVAS_DEPTH = 24 };

// Opens a canvas on a window that outlives it, with a TrueColor visual of CANVAS_DEPTH. The layout,
// the language, the contrast and the display are set. Its widgets must then be drawn. All
// functions: the host's UI thread.
void
canvas_open(Canvas* canvas, Window window, Visual* visual, int width, int height);

// Frees a canvas.
void
canvas_close(Canvas* canvas);

// Takes the window's new size. Its widgets must then be drawn.
void
canvas_resize(Canvas* canvas, int width, int height);

// Draws the widgets whose bits are set, and copies them to the window.
void
canvas_draw_widgets(const Canvas* canvas, const Panel* panel, unsigned bits);

// Copies a rectangle of pixels to the window.
void
canvas_copy(const Canvas* canvas, XRectangle pixels);

// Writes the point of the layout that a pixel shows.
void
canvas_point(const Canvas* canvas, int pixel_x, int pixel_y, double* x, double* y);

#endif
