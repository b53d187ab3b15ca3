// SPDX-License-Identifier: MIT
#include "contrast_face.h"

#include "brush.h"
#include "display.h"
#include "lv2/controls.h"
#include "text.h"

#include <math.h>

#define PI 3.14159265358979
#define LINE 2.0
#define RING 4.0
#define TITLE 30.0    // the height of the pedal's name
#define TITLE_Y 236.0 // in the middle of the light

void
contrast_face_draw_background(cairo_t* cairo, const Layout* layout, Language language)
{
  brush_colour(cairo, BLACK);
  cairo_paint(cairo);
  if (layout->face == FACE_OD3) {
    char name[FACTS_NAME_SIZE];
    brush_colour(cairo, WHITE);
    words_capitals(name, sizeof name, layout->title);
    text_draw(cairo, name, 90.0, TITLE_Y, TITLE, 120.0);
    // The names that the face has painted elsewhere than above a control.
    words_capitals(name, sizeof name, layout->texts[PORT_OVERSAMPLING].names[language]);
    text_draw(cairo, name, 72.0, 289.0, SMALL_TEXT, 104.0);
  }
}

static void
outline(cairo_t* cairo, Box box, double radius)
{
  brush_colour(cairo, WHITE);
  cairo_set_line_width(cairo, LINE);
  brush_rectangle(cairo, brush_grown(box, -0.5 * LINE), radius);
  cairo_stroke(cairo);
}

static void
draw_caption(cairo_t* cairo, const Panel* panel, int i, Language language)
{
  const Widget* widget = &panel->widgets[i];
  char words[FACTS_NAME_SIZE];
  const bool is_value = panel_caption(panel, i, language, words);
  brush_colour(cairo, is_value ? YELLOW : WHITE);
  text_draw(cairo, words, widget->box.x + 0.5 * widget->box.width, widget->label,
            widget->is_small ? SMALL_TEXT : TEXT, widget->box.width - 4.0);
}

static void
draw_knob(cairo_t* cairo, const Panel* panel, int i, Language language)
{
  const Widget* widget = &panel->widgets[i];
  const Box box = widget->target;
  const double radius = 0.5 * box.width;
  const double angle = PI * (300.0 * panel_position(panel, widget->port) - 150.0) / 180.0;
  const double x = box.x + radius;
  const double y = box.y + radius;
  outline(cairo, box, radius - 0.5 * LINE);
  cairo_set_line_width(cairo, RING);
  cairo_move_to(cairo, x + 0.3 * radius * sin(angle), y - 0.3 * radius * cos(angle));
  cairo_line_to(cairo, x + radius * sin(angle), y - radius * cos(angle));
  cairo_stroke(cairo);
  draw_caption(cairo, panel, i, language);
}

static void
draw_selector(cairo_t* cairo, const Panel* panel, int i, Language language)
{
  const Widget* widget = &panel->widgets[i];
  outline(cairo, widget->target, 4.0);
  brush_points(cairo, panel, widget, language, WHITE, BLACK, 2.0);
  if (widget->is_named) {
    draw_caption(cairo, panel, i, language);
  }
}

// The light is a word, since a dark one would not be seen.
static void
draw_light(cairo_t* cairo, const Panel* panel, const Widget* widget, Language language)
{
  const bool is_on = panel->values[widget->port] > 0.0f;
  const Box box = brush_grown(widget->box, -12.0);
  char words[WORDS_SIZE];
  words_of_value(words, UNIT_SWITCH, panel->values[widget->port], language);
  if (is_on) {
    brush_fill(cairo, WHITE, box, 0.5 * box.width);
  } else {
    outline(cairo, box, 0.5 * (box.width - LINE));
  }
  brush_colour(cairo, is_on ? BLACK : WHITE);
  text_draw(cairo, words, box.x + 0.5 * box.width, box.y + 0.5 * box.height, TEXT, box.width - 6.0);
}

static void
draw_meter(cairo_t* cairo, const Panel* panel, const Widget* widget, Language language)
{
  const double limit = panel_meter_limit(widget);
  const double reading = (double)panel_meter_steps(panel, widget->port) / METER_STEPS;
  const Box bar = brush_grown(widget->trough, -2.0);
  outline(cairo, widget->trough, 1.0);
  cairo_rectangle(cairo, bar.x, bar.y, bar.width * fmin(reading, limit), bar.height);
  cairo_fill(cairo);
  if (reading > limit) {
    brush_colour(cairo, YELLOW);
    cairo_rectangle(cairo, bar.x + bar.width * limit + 1.0, bar.y - 1.0,
                    bar.width * (reading - limit), bar.height + 2.0);
    cairo_fill(cairo);
  }
  brush_colour(cairo, WHITE);
  text_draw(cairo, widget->names[language], widget->box.x + 14.0,
            widget->box.y + 0.5 * widget->box.height, SMALL_TEXT, 26.0);
}

static void
draw_arrow(cairo_t* cairo, const Widget* widget, bool is_forward)
{
  const double x = widget->target.x + 0.5 * widget->target.width;
  const double y = widget->target.y + 0.5 * widget->target.height;
  const double tip = is_forward ? 5.0 : -5.0;
  outline(cairo, widget->target, 4.0);
  cairo_set_line_width(cairo, RING);
  cairo_move_to(cairo, x - tip, y - 11.0);
  cairo_line_to(cairo, x + tip, y);
  cairo_line_to(cairo, x - tip, y + 11.0);
  cairo_stroke(cairo);
}

static void
draw_focus(cairo_t* cairo, const Widget* widget)
{
  const bool is_round = widget->kind == WIDGET_KNOB || widget->kind == WIDGET_SWITCH;
  const double distance = 0.5 * RING;
  brush_colour(cairo, YELLOW);
  cairo_set_line_width(cairo, RING);
  brush_rectangle(cairo, brush_grown(widget->target, distance),
                  is_round ? 0.5 * widget->target.width + distance : 6.0);
  cairo_stroke(cairo);
}

void
contrast_face_draw_widget(cairo_t* cairo, const Panel* panel, int i, Language language)
{
  const Widget* widget = &panel->widgets[i];
  const bool is_held = panel->held == i;
  switch (widget->kind) {
  case WIDGET_KNOB: draw_knob(cairo, panel, i, language); break;
  case WIDGET_SELECTOR: draw_selector(cairo, panel, i, language); break;
  case WIDGET_SWITCH:
    outline(cairo, widget->target, 0.5 * (widget->target.width - LINE));
    brush_fill(cairo, WHITE, brush_grown(widget->target, is_held ? -10.0 : -6.0),
               0.5 * widget->target.width - (is_held ? 10.0 : 6.0));
    break;
  case WIDGET_LIGHT: draw_light(cairo, panel, widget, language); break;
  case WIDGET_METER: draw_meter(cairo, panel, widget, language); break;
  case WIDGET_INPUT_LEVEL:
    brush_input_level(cairo, WHITE, widget->box, panel_input_level(panel, widget->port));
    break;
  case WIDGET_ARROW: draw_arrow(cairo, widget, widget->step > 0.0f); break;
  case WIDGET_MODEL:
    outline(cairo, widget->target, 4.0);
    display_draw_model(cairo, panel, i);
    break;
  case WIDGET_FACTS: display_draw_facts(cairo, panel, widget, language); break;
  case WIDGET_LIST: display_draw_list(cairo, panel, widget, language); break;
  case WIDGET_ROW: break;
  }
  if (panel->focus == i && panel->is_focus_seen) {
    draw_focus(cairo, widget);
  }
}
