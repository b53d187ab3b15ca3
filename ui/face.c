// SPDX-License-Identifier: MIT
#include "face.h"

#include "brush.h"
#include "display.h"
#include "drawing.h"
#include "text.h"

#include <math.h>

#include "drawings.h"

#define PI 3.14159265358979
#define KNOB_RADIUS 30.0 // in knob.svg
#define HALF_TURN (150.0 * PI / 180.0)

// Plays a drawing whose middle is the origin in the middle of a box, turned and scaled.
static void
play_in(cairo_t* cairo, const double* drawing, Box box, double angle, double scale)
{
  cairo_save(cairo);
  cairo_translate(cairo, box.x + 0.5 * box.width, box.y + 0.5 * box.height);
  cairo_rotate(cairo, angle);
  cairo_scale(cairo, scale, scale);
  drawing_play(cairo, drawing);
  cairo_restore(cairo);
}

void
face_draw_background(cairo_t* cairo, const Layout* layout)
{
  brush_colour(cairo, STRIP);
  cairo_paint(cairo);
  if (layout->face == FACE_PLAYER) {
    drawing_play(cairo, drawing_player_face);
    return;
  }
  cairo_save(cairo);
  cairo_rectangle(cairo, 0.0, 0.0, layout->width, STRIP_TOP); // what SVG shows of it
  cairo_clip(cairo);
  drawing_play(cairo, drawing_face);
  cairo_restore(cairo);
  cairo_save(cairo);
  cairo_translate(cairo, 0.0, STRIP_TOP);
  drawing_play(cairo, drawing_strip);
  cairo_restore(cairo);
}

static double
text_height(const Widget* widget)
{
  return widget->is_small ? SMALL_TEXT : TEXT;
}

// Writes a control's name or value. A value covers the name where the face has painted it.
static void
draw_caption(cairo_t* cairo, const Panel* panel, int i, Language language)
{
  const Widget* widget = &panel->widgets[i];
  char words[FACTS_NAME_SIZE];
  const bool is_value = panel_caption(panel, i, language, words);
  if (is_value && !widget->is_named) {
    brush_fill(cairo, YELLOW, (Box){widget->box.x, widget->label - 12.0, widget->box.width, 24.0},
               4.0);
  }
  if (is_value || widget->is_named) {
    brush_colour(cairo, widget->is_dark ? CREAM : INK);
    text_draw(cairo, words, widget->box.x + 0.5 * widget->box.width, widget->label,
              text_height(widget), widget->box.width - 4.0);
  }
}

static void
draw_knob(cairo_t* cairo, const Panel* panel, int i, Language language)
{
  const Widget* widget = &panel->widgets[i];
  const double radius = 0.5 * widget->target.width;
  if (widget->model_knob) {
    play_in(cairo, drawing_seat, widget->target, 0.0, 1.0);
  }
  play_in(cairo, drawing_knob, widget->target,
          HALF_TURN * (2.0 * panel_position(panel, widget->port) - 1.0), radius / KNOB_RADIUS);
  if (panel->focus == i && panel->is_focus_seen) {
    brush_focus(cairo, widget, radius, 6.0);
  }
  draw_caption(cairo, panel, i, language);
}

static void
draw_selector(cairo_t* cairo, const Panel* panel, int i, Language language)
{
  const Widget* widget = &panel->widgets[i];
  brush_fill(cairo, INK, widget->target, 8.0);
  brush_points(cairo, panel, widget, language, CREAM, INK, 6.0);
  if (widget->is_named) {
    draw_caption(cairo, panel, i, language);
  }
  if (panel->focus == i && panel->is_focus_seen) {
    brush_focus(cairo, widget, 8.0, 3.0);
  }
}

static void
draw_switch(cairo_t* cairo, const Panel* panel, int i)
{
  const Widget* widget = &panel->widgets[i];
  play_in(cairo, drawing_switch, widget->target, 0.0, panel->held == i ? 0.95 : 1.0);
  if (panel->focus == i && panel->is_focus_seen) {
    brush_focus(cairo, widget, 0.5 * widget->target.width, 6.0);
  }
}

// The part of the bar above the limit is red.
static void
draw_meter(cairo_t* cairo, const Panel* panel, const Widget* widget, Language language)
{
  const double limit = panel_meter_limit(widget);
  const double reading = (double)panel_meter_steps(panel, widget->port) / METER_STEPS;
  const Box bar = brush_grown(widget->trough, -2.0);
  brush_colour(cairo, GREEN);
  cairo_rectangle(cairo, bar.x, bar.y, bar.width * fmin(reading, limit), bar.height);
  cairo_fill(cairo);
  if (reading > limit) {
    brush_colour(cairo, RED);
    cairo_rectangle(cairo, bar.x + bar.width * limit, bar.y, bar.width * (reading - limit),
                    bar.height);
    cairo_fill(cairo);
  }
  brush_colour(cairo, widget->is_dark ? CREAM : INK);
  text_draw(cairo, widget->names[language], widget->box.x + 14.0,
            widget->box.y + 0.5 * widget->box.height, SMALL_TEXT, 26.0);
}

static void
draw_input_level(cairo_t* cairo, const Panel* panel, const Widget* widget)
{
  const InputLevel level = panel_input_level(panel, widget->port);
  const Colour colours[] = {
      [INPUT_LEVEL_UNKNOWN] = widget->is_dark ? CREAM : INK,
      [INPUT_LEVEL_TOO_QUIET] = widget->is_dark ? YELLOW : BLUE,
      [INPUT_LEVEL_GOOD] = GREEN,
      [INPUT_LEVEL_TOO_HOT] = RED,
  };
  brush_input_level(cairo, colours[level], widget->box, level);
}

void
face_draw_widget(cairo_t* cairo, const Panel* panel, int i, Language language)
{
  const Widget* widget = &panel->widgets[i];
  switch (widget->kind) {
  case WIDGET_KNOB: draw_knob(cairo, panel, i, language); break;
  case WIDGET_SELECTOR: draw_selector(cairo, panel, i, language); break;
  case WIDGET_SWITCH: draw_switch(cairo, panel, i); break;
  case WIDGET_LIGHT:
    play_in(cairo, panel->values[widget->port] > 0.0f ? drawing_light : drawing_light_off,
            widget->box, 0.0, 1.0);
    break;
  case WIDGET_METER: draw_meter(cairo, panel, widget, language); break;
  case WIDGET_INPUT_LEVEL: draw_input_level(cairo, panel, widget); break;
  case WIDGET_ARROW: display_draw_arrow(cairo, panel, i); break;
  case WIDGET_MODEL: display_draw_model(cairo, panel, i); break;
  case WIDGET_FACTS: display_draw_facts(cairo, panel, widget, language); break;
  case WIDGET_LIST: display_draw_list(cairo, panel, widget, language); break;
  case WIDGET_ROW: break;
  }
}
