// SPDX-License-Identifier: MIT
// The places of a window's widgets and the face under them, in the SVG files' units. No X.
#ifndef OD3_UI_LAYOUT_H
#define OD3_UI_LAYOUT_H

#include "lv2/control_range.h"
#include "words.h"

#include <stdbool.h>

typedef enum {
  WIDGET_KNOB,
  WIDGET_SELECTOR,
  WIDGET_SWITCH,
  WIDGET_LIGHT,
  WIDGET_METER,
  WIDGET_INPUT_LEVEL, // says whether the input is too quiet, good or too hot
  // Neural Pedal's.
  WIDGET_ARROW, // pulls a trigger
  WIDGET_MODEL, // shows the model's name, and opens the list
  WIDGET_FACTS, // shows what the model is, or an error
  WIDGET_ROW,   // paints nothing: the ground of knobs that come and go
  WIDGET_LIST   // covers other widgets while it is open
} WidgetKind;

typedef struct {
  double x, y, width, height;
} Box;

typedef struct {
  WidgetKind kind;
  unsigned port;        // NO_PORT: none
  int model_knob;       // which of the model's knobs it turns, from 1; 0: none
  bool is_hidden;       // the model has no such knob
  bool is_small;        // its text
  bool is_dark;         // what it lies on
  bool is_named;        // its name is written; others' names are painted on the face
  Box box;              // all that it paints, its name and focus ring included
  Box target;           // where it takes the mouse; empty for what takes none
  double label;         // the y of the middle of its name and, for a knob, its value
  float step;           // of an arrow key or a wheel's click; of a WIDGET_ARROW its direction
  Box trough;           // of a meter
  double limit_db;      // above it a meter is red
  const char* names[2]; // of a meter, in English and Portuguese
} Widget;

typedef enum { FACE_OD3, FACE_PLAYER } Face;

enum { MAX_WIDGETS = 32, MAX_PORTS = 32, NO_PORT = MAX_PORTS };

// A plugin's window. Everything in it lives as long as the program.
typedef struct {
  const char* plugin_uri;
  const char* ui_uri;
  unsigned port_shift; // the plugin's control ports are so many further than this layout's
  const char* title;
  Face face;
  double width, height;
  const Widget* widgets; // in the order of Tab
  int n_widgets;
  const ControlRange* ranges; // of each port
  const PortText* texts;
  unsigned n_ports;
} Layout;

// The face of ../modgui/face.svg, and below it the strip of strip.svg.
extern const Layout layout_od3;
extern const Layout layout_stereo;
#define STRIP_TOP 412.0

// The face of ../modgui/player_face.svg.
extern const Layout layout_player;
#define LIST_HEAD 24.0 // the height of the folder's name in a WIDGET_LIST
#define LIST_ROW 22.0

// Returns the layout of a plugin's window with a UI's URI, or NULL if there is none. Any thread.
const Layout*
layout_find(const char* plugin_uri, const char* ui_uri);

// Moves the widgets of a model's knobs to where they lie if there are so many, and hides the
// others. Any thread.
void
layout_place_knobs(Widget* widgets, int n, unsigned n_knobs);

// Returns the row of an open list that a point lies in, from 0 for the first shown; below 0 for
// none. Any thread.
int
layout_list_row(const Widget* list, double x, double y);

// Returns whether two boxes overlap. Any thread.
bool
layout_is_overlapping(Box a, Box b);

// Returns the widget of n that takes the mouse at a point, or -1. Any thread.
int
layout_widget_at(const Widget* widgets, int n, double x, double y);

// Returns whether Tab stops at a widget. Any thread.
bool
layout_is_focusable(const Widget* widget);

// Returns the part of a selector of n_points that a point lies in. Any thread.
unsigned
layout_point_at(const Widget* selector, unsigned n_points, double x);

// Returns the box of one part of a selector. Any thread.
Box
layout_point_box(const Widget* selector, unsigned n_points, unsigned point);

#endif
