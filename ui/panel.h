// SPDX-License-Identifier: MIT
// The panel interprets mouse, keyboard and the host's values. It knows neither X nor drawing.
#ifndef OD3_UI_PANEL_H
#define OD3_UI_PANEL_H

#include "engine/input_level.h"
#include "layout.h"
#include "model_facts.h"
#include "model_list.h"
#include "words.h"

#include <stdbool.h>
#include <stdint.h>

// The functions by which the panel tells the host. They are called from within the panel's
// functions.
typedef struct {
  void* context;
  void (*set)(void* context, unsigned port, float value);
  void (*touch)(void* context, unsigned port, bool is_held); // a control is being turned
  void (*load)(void* context, const char* path);             // a model is chosen; NULL: none can be
  void (*ask)(void* context); // opens the host's dialog for a model; NULL: it has none
  const char* own_model;      // the path of the plugin's own model
} PanelHost;

typedef enum {
  KEY_TAB,
  KEY_BACK_TAB,
  KEY_UP, // and right
  KEY_DOWN,
  KEY_PAGE_UP,
  KEY_PAGE_DOWN,
  KEY_HOME,
  KEY_END,
  KEY_ENTER,
  KEY_ESCAPE,
  KEY_BACKSPACE,
  KEY_DELETE,
  KEY_CHARACTER
} PanelKey;

typedef struct {
  PanelKey key;
  char character; // of KEY_CHARACTER, ASCII
  bool is_fine;   // Shift is held
} Keystroke;

enum { MAX_TYPED = 8, ALL_WIDGETS = -1 };

typedef struct {
  const Layout* layout;
  Widget widgets[MAX_WIDGETS]; // the layout's, some of them moved
  float values[MAX_PORTS];
  int focus;                 // the widget with the keyboard, or -1
  bool is_focus_seen;        // the keyboard was used last, so the focus is shown
  int held;                  // the widget that the mouse holds, or -1
  int turned;                // the knob that shows its value, or -1
  char entry[MAX_TYPED + 1]; // what is being typed for the focus; empty: nothing
  unsigned dirty;            // a bit for each widget that must be drawn anew
  ModelFacts facts;
  ModelList list;
  // Private.
  PanelHost host;
  double mouse_x, mouse_y; // at the last step of a drag
  float drag_value;        // where the drag is, not rounded
  uint64_t shown_until_ms;
  uint64_t pressed_ms;
  int pressed;
  int pulled; // the arrow whose trigger is pulled, or -1
  uint64_t pulled_until_ms;
} Panel;

// Sets all controls to their defaults. The host is copied; its context must outlive the panel. All
// functions are for the host's UI thread; times are those of one monotonic clock.
void
panel_init(Panel* panel, const Layout* layout, PanelHost host);

// Takes a value from the host. Values that are not finite, ports that no widget shows, and the echo
// of a control that the mouse holds are ignored.
void
panel_port_event(Panel* panel, unsigned port, float value, uint64_t now_ms);

// The main button went down at a point. A second press within 400 ms sets a knob to its default.
void
panel_press(Panel* panel, double x, double y, uint64_t now_ms);

// The mouse moved with the main button held. Up and right turn a knob up: 200 units of length for
// its whole range, ten times as many when fine.
void
panel_drag(Panel* panel, double x, double y, bool is_fine, uint64_t now_ms);

// The main button went up.
void
panel_release(Panel* panel);

// Ends touches and triggers and frees the list: the window is about to close.
void
panel_close(Panel* panel);

// Takes what the plugin tells of its model.
void
panel_tell(Panel* panel, const ModelFacts* facts);

// Returns whether a widget is to be drawn: an open list covers some, and a model lacks some knobs.
bool
panel_is_drawn(const Panel* panel, int widget);

// The wheel turned at a point by clicks, positive for up.
void
panel_wheel(Panel* panel, double x, double y, int n_clicks, bool is_fine, uint64_t now_ms);

// A key was pressed. Returns whether the panel has a use for it; the host gets the others.
bool
panel_key(Panel* panel, Keystroke stroke, uint64_t now_ms);

// Time passes: values shown for 1.5 s disappear, and triggers return after 0.1 s.
void
panel_tick(Panel* panel, uint64_t now_ms);

// Shows or hides the focus, as the window gets or loses the keyboard.
void
panel_lose_keyboard(Panel* panel);

// Returns which scale point is nearest to an enumeration's value.
unsigned
panel_point(const Panel* panel, unsigned port);

// Returns the value of a light for an InputLevel.
InputLevel
panel_input_level(const Panel* panel, unsigned port);

// Returns a meter's reading in steps of half a decibel, 0 to METER_STEPS.
int
panel_meter_steps(const Panel* panel, unsigned port);
enum { METER_STEPS = 144 };
#define METER_MIN_DB (-60.0f)

// Returns where a control is in its range, from 0 to 1.
double
panel_position(const Panel* panel, unsigned port);

// Returns the part of a meter, from 0 to 1, above which it is red.
double
panel_meter_limit(const Widget* meter);

// Writes what stands at a control: its value or what is typed, or else its name in capitals, the
// model's for its knobs. Returns whether it is no name.
bool
panel_caption(const Panel* panel, int widget, Language language, char words[FACTS_NAME_SIZE]);

// Returns whether a knob shows its value or what is typed in place of its name, and writes it.
bool
panel_label(const Panel* panel, int widget, Language language, char words[WORDS_SIZE]);

#endif
