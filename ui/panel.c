// SPDX-License-Identifier: MIT
#include "panel.h"

#include "panel_list.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FULL_TURN 200.0f // units of length that a drag needs for a knob's range
#define FINE 0.1f
#define PAGE_STEPS 4.0f
enum { SHOWN_MS = 1500, DOUBLE_CLICK_MS = 400, PULLED_MS = 100 };

static void
mark_dirty(Panel* panel, int widget)
{
  if (widget >= 0) {
    panel->dirty |= 1U << (unsigned)widget;
  }
}

static void
mark_port_dirty(Panel* panel, unsigned port)
{
  for (int i = 0; i < panel->layout->n_widgets; ++i) {
    if (panel->widgets[i].port == port) {
      mark_dirty(panel, i);
    }
  }
}

static void
show_value(Panel* panel, int widget, uint64_t now_ms)
{
  if (panel->widgets[widget].kind != WIDGET_KNOB) {
    return;
  }
  mark_dirty(panel, panel->turned);
  mark_dirty(panel, widget);
  panel->turned = widget;
  panel->shown_until_ms = now_ms + SHOWN_MS;
}

static float
limit(const Panel* panel, unsigned port, float value)
{
  const ControlRange range = panel->layout->ranges[port];
  return value < range.min ? range.min : value > range.max ? range.max : value;
}

// Sets a control from the window, and tells the host if its value changes.
static void
set(Panel* panel, int widget, float value, uint64_t now_ms)
{
  const unsigned port = panel->widgets[widget].port;
  value = limit(panel, port, value);
  show_value(panel, widget, now_ms);
  if (value != panel->values[port]) {
    panel->values[port] = value;
    mark_port_dirty(panel, port);
    panel->host.set(panel->host.context, port, value);
  }
}

// Sets a control by something other than a drag: the host sees one touch around it.
static void
set_once(Panel* panel, int widget, float value, uint64_t now_ms)
{
  panel->host.touch(panel->host.context, panel->widgets[widget].port, true);
  set(panel, widget, value, now_ms);
  panel->host.touch(panel->host.context, panel->widgets[widget].port, false);
}

static void
set_focus(Panel* panel, int widget, bool is_seen)
{
  if (widget != panel->focus || is_seen != panel->is_focus_seen) {
    mark_dirty(panel, panel->focus);
    mark_dirty(panel, widget);
  }
  if (widget != panel->focus) {
    panel->entry[0] = '\0';
  }
  panel->focus = widget;
  panel->is_focus_seen = is_seen;
}

void
panel_init(Panel* panel, const Layout* layout, PanelHost host)
{
  *panel = (Panel){.layout = layout,
                   .dirty = (unsigned)ALL_WIDGETS,
                   .focus = -1,
                   .held = -1,
                   .turned = -1,
                   .pressed = -1,
                   .pulled = -1,
                   .host = host};
  memcpy(panel->widgets, layout->widgets, (size_t)layout->n_widgets * sizeof *layout->widgets);
  model_facts_init(&panel->facts);
  for (unsigned port = 0; port < layout->n_ports; ++port) {
    panel->values[port] = layout->ranges[port].initial;
  }
  for (int i = 0; i < layout->n_widgets; ++i) {
    if (layout->widgets[i].kind == WIDGET_METER) {
      panel->values[layout->widgets[i].port] = METER_MIN_DB;
    }
  }
}

static bool
is_shown(const Panel* panel, unsigned port)
{
  for (int i = 0; i < panel->layout->n_widgets; ++i) {
    if (panel->widgets[i].port == port) {
      return true;
    }
  }
  return false;
}

static bool
is_trigger(const Panel* panel, unsigned port)
{
  for (int i = 0; i < panel->layout->n_widgets; ++i) {
    if (panel->widgets[i].kind == WIDGET_ARROW && panel->widgets[i].port == port) {
      return true;
    }
  }
  return false;
}

// Pulls an arrow's trigger, unless one is pulled: hosts may lose a value that they get too soon
// after another.
static void
pull(Panel* panel, int widget, uint64_t now_ms)
{
  if (panel->pulled < 0) {
    set_once(panel, widget, 1.0f, now_ms);
    panel->pulled = widget;
    panel->pulled_until_ms = now_ms + PULLED_MS;
  }
}

static void
return_trigger(Panel* panel)
{
  if (panel->pulled >= 0) {
    set(panel, panel->pulled, 0.0f, 0);
    panel->pulled = -1;
  }
}

void
panel_port_event(Panel* panel, unsigned port, float value, uint64_t now_ms)
{
  if (!is_shown(panel, port) || !isfinite(value) ||
      (panel->held >= 0 && panel->widgets[panel->held].port == port)) {
    return;
  }
  if (!control_range_is_input(panel->layout->ranges[port])) {
    const int before = panel_meter_steps(panel, port);
    panel->values[port] = value;
    if (panel_meter_steps(panel, port) != before) {
      mark_port_dirty(panel, port);
    }
  } else if (limit(panel, port, value) != panel->values[port] && !is_trigger(panel, port)) {
    panel->values[port] = limit(panel, port, value);
    mark_port_dirty(panel, port);
    if (panel->turned >= 0 && panel->widgets[panel->turned].port == port) {
      panel->shown_until_ms = now_ms + SHOWN_MS;
    }
  }
}

static void
choose_point(Panel* panel, int widget, unsigned point, uint64_t now_ms)
{
  set_once(panel, widget, panel->layout->texts[panel->widgets[widget].port].points[point], now_ms);
}

static void
toggle(Panel* panel, int widget, uint64_t now_ms)
{
  set_once(panel, widget, panel->values[panel->widgets[widget].port] > 0.0f ? 0.0f : 1.0f, now_ms);
}

static void
hold(Panel* panel, int widget, uint64_t now_ms)
{
  const unsigned port = panel->widgets[widget].port;
  const bool is_double = panel->pressed == widget && now_ms - panel->pressed_ms < DOUBLE_CLICK_MS;
  panel->held = widget;
  if (panel->widgets[widget].kind != WIDGET_KNOB) {
    return;
  }
  panel->host.touch(panel->host.context, port, true);
  if (is_double) {
    set(panel, widget, panel->layout->ranges[port].initial, now_ms);
    panel->pressed = -1;
  } else {
    panel->pressed = widget;
    panel->pressed_ms = now_ms;
  }
  panel->drag_value = panel->values[port];
  show_value(panel, widget, now_ms);
}

// Does what a press on a widget does at once.
static void
click(Panel* panel, int widget, double x, uint64_t now_ms)
{
  const Widget* what = &panel->widgets[widget];
  switch (what->kind) {
  case WIDGET_SELECTOR:
    choose_point(panel, widget, layout_point_at(what, panel->layout->texts[what->port].n_points, x),
                 now_ms);
    break;
  case WIDGET_SWITCH: toggle(panel, widget, now_ms); break;
  case WIDGET_ARROW: pull(panel, widget, now_ms); break;
  case WIDGET_MODEL: panel_list_open(panel); break;
  case WIDGET_KNOB:
  case WIDGET_LIGHT:
  case WIDGET_METER:
  case WIDGET_INPUT_LEVEL:
  case WIDGET_FACTS:
  case WIDGET_ROW:
  case WIDGET_LIST: break;
  }
}

void
panel_press(Panel* panel, double x, double y, uint64_t now_ms)
{
  panel_release(panel);
  if (panel->list.is_open) {
    panel_list_press(panel, x, y);
    return;
  }
  const int widget = layout_widget_at(panel->widgets, panel->layout->n_widgets, x, y);
  panel->entry[0] = '\0';
  set_focus(panel, widget, false);
  panel->mouse_x = x;
  panel->mouse_y = y;
  if (widget < 0) {
    return;
  }
  hold(panel, widget, now_ms);
  click(panel, widget, x, now_ms);
  mark_dirty(panel, widget);
}

void
panel_drag(Panel* panel, double x, double y, bool is_fine, uint64_t now_ms)
{
  if (panel->held >= 0 && panel->widgets[panel->held].kind == WIDGET_KNOB) {
    const unsigned port = panel->widgets[panel->held].port;
    const float moved = (float)((x - panel->mouse_x) - (y - panel->mouse_y));
    const float range = panel->layout->ranges[port].max - panel->layout->ranges[port].min;
    panel->drag_value =
        limit(panel, port, panel->drag_value + moved / FULL_TURN * range * (is_fine ? FINE : 1.0f));
    set(panel, panel->held, panel->drag_value, now_ms);
  }
  panel->mouse_x = x;
  panel->mouse_y = y;
}

void
panel_release(Panel* panel)
{
  if (panel->held < 0) {
    return;
  }
  if (panel->widgets[panel->held].kind == WIDGET_KNOB) {
    panel->host.touch(panel->host.context, panel->widgets[panel->held].port, false);
  }
  mark_dirty(panel, panel->held);
  panel->held = -1;
}

void
panel_close(Panel* panel)
{
  panel_release(panel);
  return_trigger(panel);
  panel_list_close(panel);
}

void
panel_tell(Panel* panel, const ModelFacts* facts)
{
  if (facts->n_knobs != panel->facts.n_knobs) {
    layout_place_knobs(panel->widgets, panel->layout->n_widgets, facts->n_knobs);
    panel_release(panel);
    panel->focus = panel->turned = panel->pressed = -1;
    panel->entry[0] = '\0';
  }
  panel->facts = *facts;
  panel->dirty = (unsigned)ALL_WIDGETS;
}

bool
panel_is_drawn(const Panel* panel, int widget)
{
  return !panel->widgets[widget].is_hidden && !panel_list_covers(panel, &panel->widgets[widget]);
}

// Moves a knob by steps, or a selector by as many points as steps have a sign.
static void
step(Panel* panel, int widget, float n_steps, uint64_t now_ms)
{
  const unsigned port = panel->widgets[widget].port;
  if (panel->widgets[widget].kind == WIDGET_KNOB) {
    set_once(panel, widget, panel->values[port] + n_steps * panel->widgets[widget].step, now_ms);
  } else if (panel->widgets[widget].kind == WIDGET_SELECTOR) {
    const unsigned point = panel_point(panel, port);
    if (n_steps > 0.0f && point + 1 < panel->layout->texts[port].n_points) {
      choose_point(panel, widget, point + 1, now_ms);
    } else if (n_steps < 0.0f && point > 0) {
      choose_point(panel, widget, point - 1, now_ms);
    }
  } else {
    set_once(panel, widget, n_steps > 0.0f ? 1.0f : 0.0f, now_ms);
  }
}

void
panel_wheel(Panel* panel, double x, double y, int n_clicks, bool is_fine, uint64_t now_ms)
{
  const int widget = layout_widget_at(panel->widgets, panel->layout->n_widgets, x, y);
  if (panel->list.is_open) {
    panel_list_wheel(panel, n_clicks);
  } else if (widget >= 0 && panel->held < 0 && panel->widgets[widget].kind == WIDGET_KNOB) {
    step(panel, widget, (float)n_clicks * (is_fine ? FINE : 1.0f), now_ms);
  }
}

static void
move_focus(Panel* panel, int direction)
{
  const int n = panel->layout->n_widgets;
  int widget = panel->focus;
  do {
    widget = (widget + direction + n + (widget < 0 && direction < 0)) % n;
  } while (!layout_is_focusable(&panel->widgets[widget]));
  set_focus(panel, widget, true);
}

// Takes a character of a typed value. Returns whether it can be one.
static bool
type(Panel* panel, char character, uint64_t now_ms)
{
  const size_t n_typed = strlen(panel->entry);
  if (panel->widgets[panel->focus].kind != WIDGET_KNOB || !character ||
      !strchr("0123456789.,:+-", character)) {
    return false;
  }
  if (n_typed < MAX_TYPED) {
    panel->entry[n_typed] = character;
    panel->entry[n_typed + 1] = '\0';
  }
  show_value(panel, panel->focus, now_ms);
  return true;
}

// Takes a key while a value is being typed. Returns whether it is one that edits.
static bool
edit(Panel* panel, PanelKey key, uint64_t now_ms)
{
  const unsigned port = panel->widgets[panel->focus].port;
  float value = 0.0f;
  if (key == KEY_BACKSPACE) {
    panel->entry[strlen(panel->entry) - 1] = '\0';
  } else if (key == KEY_ENTER || key == KEY_TAB || key == KEY_BACK_TAB) {
    if (words_read_value(panel->entry, panel->layout->texts[port].unit, panel->layout->ranges[port],
                         &value)) {
      set_once(panel, panel->focus, value, now_ms);
    }
    panel->entry[0] = '\0';
  } else if (key == KEY_ESCAPE) {
    panel->entry[0] = '\0';
  } else {
    return false;
  }
  mark_dirty(panel, panel->focus);
  return key != KEY_TAB && key != KEY_BACK_TAB;
}

// Returns whether a key turns a widget, and does it.
static bool
turn(Panel* panel, int widget, Keystroke stroke, uint64_t now_ms)
{
  if (panel->widgets[widget].kind == WIDGET_ARROW || panel->widgets[widget].kind == WIDGET_MODEL) {
    if (stroke.key == KEY_ENTER) {
      click(panel, widget, 0.0, now_ms);
    }
    return stroke.key == KEY_ENTER;
  }
  const ControlRange range = panel->layout->ranges[panel->widgets[widget].port];
  const float fine = stroke.is_fine ? FINE : 1.0f;
  switch (stroke.key) {
  case KEY_UP: step(panel, widget, fine, now_ms); return true;
  case KEY_DOWN: step(panel, widget, -fine, now_ms); return true;
  case KEY_PAGE_UP: step(panel, widget, PAGE_STEPS, now_ms); return true;
  case KEY_PAGE_DOWN: step(panel, widget, -PAGE_STEPS, now_ms); return true;
  case KEY_HOME: set_once(panel, widget, range.min, now_ms); return true;
  case KEY_END: set_once(panel, widget, range.max, now_ms); return true;
  case KEY_DELETE: set_once(panel, widget, range.initial, now_ms); return true;
  case KEY_ENTER:
    if (panel->widgets[widget].kind == WIDGET_SWITCH) {
      toggle(panel, widget, now_ms);
      return true;
    }
    return false;
  case KEY_CHARACTER: return type(panel, stroke.character, now_ms);
  case KEY_TAB:
  case KEY_BACK_TAB:
  case KEY_ESCAPE:
  case KEY_BACKSPACE: return false;
  }
  return false;
}

bool
panel_key(Panel* panel, Keystroke stroke, uint64_t now_ms)
{
  if (panel->list.is_open && panel_list_key(panel, stroke.key)) {
    return true;
  }
  if (panel->entry[0] && edit(panel, stroke.key, now_ms)) {
    return true;
  }
  if (stroke.key == KEY_TAB || stroke.key == KEY_BACK_TAB) {
    move_focus(panel, stroke.key == KEY_TAB ? 1 : -1);
    return true;
  }
  if (panel->focus < 0) {
    return false;
  }
  if (stroke.key == KEY_ESCAPE) {
    set_focus(panel, -1, false);
    return true;
  }
  if (!turn(panel, panel->focus, stroke, now_ms)) {
    return false;
  }
  set_focus(panel, panel->focus, true);
  return true;
}

void
panel_tick(Panel* panel, uint64_t now_ms)
{
  if (now_ms >= panel->pulled_until_ms) {
    return_trigger(panel);
  }
  const bool is_typing = panel->entry[0] != '\0';
  if (panel->turned >= 0 && panel->held < 0 && !is_typing && now_ms >= panel->shown_until_ms) {
    mark_dirty(panel, panel->turned);
    panel->turned = -1;
  }
}

void
panel_lose_keyboard(Panel* panel)
{
  mark_dirty(panel, panel->focus);
  panel->entry[0] = '\0';
  panel->is_focus_seen = false;
}

unsigned
panel_point(const Panel* panel, unsigned port)
{
  const PortText* text = &panel->layout->texts[port];
  unsigned nearest = 0;
  for (unsigned i = 1; i < text->n_points; ++i) {
    if (fabsf(text->points[i] - panel->values[port]) <
        fabsf(text->points[nearest] - panel->values[port])) {
      nearest = i;
    }
  }
  return nearest;
}

InputLevel
panel_input_level(const Panel* panel, unsigned port)
{
  const float level = panel->values[port];
  return level > 2.5f   ? INPUT_LEVEL_TOO_HOT
         : level > 1.5f ? INPUT_LEVEL_GOOD
         : level > 0.5f ? INPUT_LEVEL_TOO_QUIET
                        : INPUT_LEVEL_UNKNOWN;
}

int
panel_meter_steps(const Panel* panel, unsigned port)
{
  const float steps = 2.0f * (panel->values[port] - METER_MIN_DB);
  return steps < 0.0f ? 0 : steps > (float)METER_STEPS ? METER_STEPS : (int)lrintf(steps);
}

bool
panel_label(const Panel* panel, int widget, Language language, char words[WORDS_SIZE])
{
  const unsigned port = panel->widgets[widget].port;
  if (panel->entry[0] && panel->focus == widget) {
    snprintf(words, WORDS_SIZE, "%s_", panel->entry);
    return true;
  }
  if (panel->turned == widget) {
    words_of_value(words, panel->layout->texts[port].unit, panel->values[port], language);
    return true;
  }
  return false;
}

double
panel_position(const Panel* panel, unsigned port)
{
  const ControlRange range = panel->layout->ranges[port];
  return (double)(panel->values[port] - range.min) / (double)(range.max - range.min);
}

double
panel_meter_limit(const Widget* meter)
{
  return 2.0 * (meter->limit_db - (double)METER_MIN_DB) / METER_STEPS;
}

bool
panel_caption(const Panel* panel, int widget, Language language, char words[FACTS_NAME_SIZE])
{
  const Widget* what = &panel->widgets[widget];
  const char* told = what->model_knob ? panel->facts.knobs[what->model_knob - 1] : "";
  const bool is_value = panel_label(panel, widget, language, words);
  if (!is_value) {
    words_capitals(words, FACTS_NAME_SIZE,
                   *told ? told : panel->layout->texts[what->port].names[language]);
  }
  return is_value;
}
