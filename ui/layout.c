// SPDX-License-Identifier: MIT
#include "layout.h"

#include "lv2/controls.h"
#include "lv2/player_ports.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "port_texts_od3.h"
#include "port_texts_player.h"

#define LEARNED_PEAK_DB 3.0 // the loudest that the pedal's model learned
#define FULL_SCALE_DB 0.0

// A knob and all that it paints: from the ring of its focus down to the name whose middle is
// `label_`. More designators follow.
#define KNOB(port_, x_, y_, radius, half_width, label_, step_)                                     \
  .kind = WIDGET_KNOB, .port = (port_), .label = (label_), .step = (step_),                        \
  .box = {(x_) - (half_width), (y_) - (radius)-10.0, 2.0 * (half_width),                           \
          (label_) + 14.0 - (y_) + (radius) + 10.0},                                               \
  .target = {(x_) - (radius), (y_) - (radius), 2.0 * (radius), 2.0 * (radius)}
// A meter whose trough is at (x_, y_), with its name on the left.
#define METER(port_, x_, y_, width_, limit_db_, english, portuguese)                               \
  .kind = WIDGET_METER, .port = (port_), .names = {(english), (portuguese)}, .is_small = true,     \
  .limit_db = (limit_db_), .box = {(x_)-30.0, (y_)-1.0, (width_) + 30.0, 12.0},                    \
  .trough = {(x_), (y_), (width_), 10.0}

// A light for an InputLevel, whose middle is at (x_, y_).
#define INPUT_LEVEL(port_, x_, y_)                                                                 \
  .kind = WIDGET_INPUT_LEVEL, .port = (port_), .box = {(x_)-6.0, (y_)-6.0, 12.0, 12.0}

static const Widget od3_widgets[] = {
    {KNOB(PORT_LEVEL, 44.0, 58.0, 30.0, 38.0, 116.5, 0.5f)},
    {KNOB(PORT_TONE, 120.0, 58.0, 30.0, 38.0, 116.5, 0.25f)},
    {KNOB(PORT_GAIN, 196.0, 58.0, 30.0, 38.0, 116.5, 0.25f)},
    {.kind = WIDGET_SELECTOR,
     .port = PORT_OVERSAMPLING,
     .box = {129.0, 269.0, 98.0, 40.0},
     .target = {134.0, 274.0, 88.0, 30.0}},
    {.kind = WIDGET_SWITCH,
     .port = PORT_ENABLED,
     .box = {84.0, 321.0, 72.0, 72.0},
     .target = {92.0, 329.0, 56.0, 56.0}},
    {KNOB(PORT_BLEND, 44.0, STRIP_TOP + 32.0, 18.0, 30.0, STRIP_TOP + 66.0, 2.5f), .is_small = true,
     .is_dark = true, .is_named = true},
    {KNOB(PORT_INPUT, 196.0, STRIP_TOP + 32.0, 18.0, 30.0, STRIP_TOP + 66.0, 0.5f),
     .is_small = true, .is_dark = true, .is_named = true},
    {.kind = WIDGET_SELECTOR,
     .port = PORT_MATCH,
     .is_small = true,
     .is_dark = true,
     .is_named = true,
     .label = STRIP_TOP + 46.0,
     .box = {78.0, STRIP_TOP + 40.0, 84.0, 40.0},
     .target = {84.0, STRIP_TOP + 54.0, 72.0, 20.0}},
    {.kind = WIDGET_LIGHT, .port = PORT_ENABLED, .box = {175.0, 206.0, 60.0, 60.0}},
    {METER(PORT_INPUT_PEAK, 116.0, STRIP_TOP + 8.0, 50.0, LEARNED_PEAK_DB, "IN", "ENT"),
     .is_dark = true},
    {METER(PORT_OUTPUT_PEAK, 116.0, STRIP_TOP + 24.0, 50.0, FULL_SCALE_DB, "OUT", "SAÍ"),
     .is_dark = true},
    {INPUT_LEVEL(PORT_INPUT_LEVEL, 80.0, STRIP_TOP + 13.0), .is_dark = true},
};

// The mono and the stereo pedal's; the plugin's URI, shift and title follow.
#define PEDAL_LAYOUT                                                                               \
  .ui_uri = OD3_PLUGIN_URI "#ui", .face = FACE_OD3, .width = 240.0, .height = 496.0,               \
  .widgets = od3_widgets, .n_widgets = sizeof od3_widgets / sizeof *od3_widgets,                   \
  .ranges = control_ranges, .texts = port_texts_od3, .n_ports = N_PORTS

const Layout layout_od3 = {PEDAL_LAYOUT, .plugin_uri = OD3_PLUGIN_URI, .title = "OD3"};
const Layout layout_stereo = {PEDAL_LAYOUT, .plugin_uri = OD3_STEREO_URI,
                              .port_shift = STEREO_SHIFT, .title = "OD3 Stereo"};

// The places of the knobs of a model that has four.
#define KNOB_Y 172.0
#define KNOB_WIDTH 82.0 // with its name
#define KNOBS_LEFT 8.0
#define KNOBS_WIDTH 344.0
#define MODEL_KNOB(port_, number)                                                                  \
  {                                                                                                \
    KNOB(port_, 51.2 + 85.2 * ((number)-1.0), KNOB_Y, 30.0, 0.5 * KNOB_WIDTH, 226.0, 0.25f),       \
        .model_knob = (number), .is_named = true                                                   \
  }
#define SMALL_KNOB(port_, x_, step_)                                                               \
  {                                                                                                \
    KNOB(port_, x_, 288.0, 18.0, 31.0, 321.0, step_), .is_small = true, .is_named = true           \
  }
#define SMALL_SELECTOR(port_, label_)                                                              \
  {                                                                                                \
    .kind = WIDGET_SELECTOR, .port = (port_), .is_small = true, .is_named = true,                  \
    .label = (label_), .box = {14.0, (label_)-6.0, 112.0, 42.0}, .target = {                       \
      20.0,                                                                                        \
      (label_) + 8.0,                                                                              \
      100.0,                                                                                       \
      22.0                                                                                         \
    }                                                                                              \
  }

static const Widget player_widgets[] = {
    {.kind = WIDGET_LIST, .port = NO_PORT, .is_dark = true, .box = {16.0, 126.0, 328.0, 306.0}},
    {.kind = WIDGET_ROW, .port = NO_PORT, .box = {8.0, 128.0, 344.0, 116.0}},
    {.kind = WIDGET_ARROW,
     .port = PLAYER_PREVIOUS,
     .step = -1.0f,
     .is_dark = true,
     .box = {18.0, 21.0, 42.0, 51.0},
     .target = {21.0, 24.0, 36.0, 46.0}},
    {.kind = WIDGET_MODEL,
     .port = NO_PORT,
     .is_dark = true,
     .box = {60.0, 21.0, 240.0, 51.0},
     .target = {63.0, 24.0, 234.0, 46.0}},
    {.kind = WIDGET_ARROW,
     .port = PLAYER_NEXT,
     .step = 1.0f,
     .is_dark = true,
     .box = {300.0, 21.0, 42.0, 51.0},
     .target = {303.0, 24.0, 36.0, 46.0}},
    {.kind = WIDGET_FACTS, .port = NO_PORT, .is_dark = true, .box = {22.0, 72.0, 316.0, 48.0}},
    MODEL_KNOB(PLAYER_KNOB1, 1),
    MODEL_KNOB(PLAYER_KNOB2, 2),
    MODEL_KNOB(PLAYER_KNOB3, 3),
    MODEL_KNOB(PLAYER_KNOB4, 4),
    SMALL_KNOB(PLAYER_INPUT, 48.0, 0.5f),
    SMALL_KNOB(PLAYER_BLEND, 112.0, 2.5f),
    SMALL_KNOB(PLAYER_LEVEL, 176.0, 0.5f),
    {.kind = WIDGET_SELECTOR,
     .port = PLAYER_OVERSAMPLING,
     .is_small = true,
     .is_named = true,
     .label = 342.0,
     .box = {216.0, 298.0, 132.0, 54.0},
     .target = {222.0, 304.0, 120.0, 30.0}},
    SMALL_SELECTOR(PLAYER_NORMALIZE, 347.0),
    SMALL_SELECTOR(PLAYER_MATCH, 388.0),
    {.kind = WIDGET_SWITCH,
     .port = PLAYER_ENABLED,
     .box = {144.0, 354.0, 72.0, 72.0},
     .target = {152.0, 362.0, 56.0, 56.0}},
    {.kind = WIDGET_LIGHT, .port = PLAYER_ENABLED, .box = {286.0, 360.0, 60.0, 60.0}},
    {METER(PLAYER_INPUT_PEAK, 252.0, 262.0, 90.0, FULL_SCALE_DB, "IN", "ENT")},
    {METER(PLAYER_OUTPUT_PEAK, 252.0, 280.0, 90.0, FULL_SCALE_DB, "OUT", "SAÍ")},
    {INPUT_LEVEL(PLAYER_INPUT_LEVEL, 215.0, 267.0)},
};

const Layout layout_player = {
    .plugin_uri = PLAYER_URI,
    .ui_uri = PLAYER_URI "#ui",
    .title = "Neural Pedal",
    .face = FACE_PLAYER,
    .width = 360.0,
    .height = 440.0,
    .widgets = player_widgets,
    .n_widgets = sizeof player_widgets / sizeof *player_widgets,
    .ranges = player_ranges,
    .texts = port_texts_player,
    .n_ports = N_PLAYER_PORTS,
};

const Layout*
layout_find(const char* plugin_uri, const char* ui_uri)
{
  static const Layout* const layouts[] = {&layout_od3, &layout_stereo, &layout_player, NULL};
  const Layout* const* layout = layouts;
  while (*layout && (strcmp(plugin_uri, (*layout)->plugin_uri) != 0 ||
                     strcmp(ui_uri, (*layout)->ui_uri) != 0)) {
    ++layout;
  }
  return *layout;
}

void
layout_place_knobs(Widget* widgets, int n, unsigned n_knobs)
{
  const double gap = (KNOBS_WIDTH - KNOB_WIDTH * n_knobs) / (n_knobs + 1.0);
  for (int i = 0; i < n; ++i) {
    Widget* widget = &widgets[i];
    if (widget->model_knob) {
      widget->is_hidden = widget->model_knob > (int)n_knobs;
      widget->box.x = KNOBS_LEFT + gap + (gap + KNOB_WIDTH) * (widget->model_knob - 1);
      widget->target.x = widget->box.x + 0.5 * (widget->box.width - widget->target.width);
    }
  }
}

bool
layout_is_overlapping(Box a, Box b)
{
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

static bool
is_inside(Box box, double x, double y)
{
  return x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;
}

int
layout_widget_at(const Widget* widgets, int n, double x, double y)
{
  for (int i = 0; i < n; ++i) {
    if (!widgets[i].is_hidden && is_inside(widgets[i].target, x, y)) {
      return i;
    }
  }
  return -1;
}

bool
layout_is_focusable(const Widget* widget)
{
  return !widget->is_hidden && widget->target.width > 0.0;
}

int
layout_list_row(const Widget* list, double x, double y)
{
  return is_inside(list->box, x, y) ? (int)floor((y - list->box.y - LIST_HEAD) / LIST_ROW) : -1;
}

Box
layout_point_box(const Widget* selector, unsigned n_points, unsigned point)
{
  const Box all = selector->target;
  const double width = (all.width - 4.0) / (double)n_points;
  return (Box){all.x + 2.0 + (double)point * width, all.y + 2.0, width, all.height - 4.0};
}

unsigned
layout_point_at(const Widget* selector, unsigned n_points, double x)
{
  unsigned point = 0;
  while (point + 1 < n_points && x >= layout_point_box(selector, n_points, point + 1).x) {
    ++point;
  }
  return point;
}
