// SPDX-License-Identifier: MIT
#include "canvas.h"

#include "contrast_face.h"
#include "face.h"

#include <X11/Xutil.h>
#include <math.h>

static void
use_layout_units(const Canvas* canvas, cairo_t* cairo)
{
  cairo_translate(cairo, canvas->left, canvas->top);
  cairo_scale(cairo, canvas->scale, canvas->scale);
}

static bool
is_little_endian(void)
{
  const unsigned one = 1;
  return *(const unsigned char*)&one == 1;
}

static void
fit(Canvas* canvas, int width, int height)
{
  canvas->width = width;
  canvas->height = height;
  canvas->scale = fmin(width / canvas->layout->width, height / canvas->layout->height);
  canvas->left = (int)(0.5 * (width - canvas->scale * canvas->layout->width));
  canvas->top = (int)(0.5 * (height - canvas->scale * canvas->layout->height));
  canvas->picture = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
  canvas->background = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
  cairo_t* cairo = cairo_create(canvas->background);
  use_layout_units(canvas, cairo);
  if (canvas->has_contrast) {
    contrast_face_draw_background(cairo, canvas->layout, canvas->language);
  } else {
    face_draw_background(cairo, canvas->layout);
  }
  cairo_destroy(cairo);
  cairo = cairo_create(canvas->picture);
  cairo_set_source_surface(cairo, canvas->background, 0.0, 0.0);
  cairo_paint(cairo);
  cairo_destroy(cairo);
  canvas->image =
      XCreateImage(canvas->display, canvas->visual, CANVAS_DEPTH, ZPixmap, 0,
                   (char*)cairo_image_surface_get_data(canvas->picture), (unsigned)width,
                   (unsigned)height, 32, cairo_image_surface_get_stride(canvas->picture));
  if (canvas->image) {
    canvas->image->byte_order = is_little_endian() ? LSBFirst : MSBFirst;
  }
}

// Frees what fit has made.
static void
unfit(Canvas* canvas)
{
  if (canvas->image) {
    canvas->image->data = NULL; // the picture's
    XDestroyImage(canvas->image);
  }
  cairo_surface_destroy(canvas->picture);
  cairo_surface_destroy(canvas->background);
}

void
canvas_open(Canvas* canvas, Window window, Visual* visual, int width, int height)
{
  canvas->window = window;
  canvas->visual = visual;
  canvas->context = XCreateGC(canvas->display, window, 0, NULL);
  fit(canvas, width, height);
}

void
canvas_close(Canvas* canvas)
{
  unfit(canvas);
  XFreeGC(canvas->display, canvas->context);
}

void
canvas_resize(Canvas* canvas, int width, int height)
{
  unfit(canvas);
  fit(canvas, width, height);
}

// Returns the whole pixels that a box of the layout touches.
static XRectangle
pixels_of(const Canvas* canvas, Box box)
{
  const double left = floor(canvas->left + canvas->scale * box.x);
  const double top = floor(canvas->top + canvas->scale * box.y);
  const double right = ceil(canvas->left + canvas->scale * (box.x + box.width));
  const double bottom = ceil(canvas->top + canvas->scale * (box.y + box.height));
  return (XRectangle){(short)left, (short)top, (unsigned short)(right - left),
                      (unsigned short)(bottom - top)};
}

void
canvas_copy(const Canvas* canvas, XRectangle pixels)
{
  if (canvas->image && canvas->image->data) {
    cairo_surface_flush(canvas->picture);
    XPutImage(canvas->display, canvas->window, canvas->context, canvas->image, pixels.x, pixels.y,
              pixels.x, pixels.y, pixels.width, pixels.height);
  }
}

static void
draw_widget(const Canvas* canvas, const Panel* panel, int i)
{
  const XRectangle pixels = pixels_of(canvas, panel->widgets[i].box);
  cairo_t* cairo = cairo_create(canvas->picture);
  cairo_rectangle(cairo, pixels.x, pixels.y, pixels.width, pixels.height);
  cairo_clip(cairo);
  cairo_set_source_surface(cairo, canvas->background, 0.0, 0.0);
  cairo_paint(cairo);
  use_layout_units(canvas, cairo);
  if (canvas->has_contrast) {
    contrast_face_draw_widget(cairo, panel, i, canvas->language);
  } else {
    face_draw_widget(cairo, panel, i, canvas->language);
  }
  cairo_destroy(cairo);
  canvas_copy(canvas, pixels);
}

void
canvas_draw_widgets(const Canvas* canvas, const Panel* panel, unsigned bits)
{
  for (int i = 0; i < canvas->layout->n_widgets; ++i) {
    if ((bits & 1U << (unsigned)i) && panel_is_drawn(panel, i)) {
      draw_widget(canvas, panel, i);
    }
  }
}

void
canvas_point(const Canvas* canvas, int pixel_x, int pixel_y, double* x, double* y)
{
  *x = (pixel_x - canvas->left) / canvas->scale;
  *y = (pixel_y - canvas->top) / canvas->scale;
}
