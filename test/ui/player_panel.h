// SPDX-License-Identifier: MIT
// Neural Pedal's panel with a host that notes what it is told, for tests.
#ifndef OD3_TEST_PLAYER_PANEL_H
#define OD3_TEST_PLAYER_PANEL_H

#include "layout.h"
#include "lv2/player_ports.h"
#include "model_facts.h"
#include "panel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define OWN_MODEL "/bundle/od3.gru"

static Panel panel;
static float written[N_PLAYER_PORTS];
static int n_written;
static int n_held;
static int n_asked;
static char loaded[PATH_SIZE];

static void
set_value(void* context, unsigned port, float value)
{
  (void)context;
  written[port] = value;
  ++n_written;
}

static void
touch_control(void* context, unsigned port, bool is_held)
{
  (void)context;
  assert_true(control_range_is_input(player_ranges[port]));
  n_held += is_held ? 1 : -1;
}

static void
load(void* context, const char* path)
{
  (void)context;
  snprintf(loaded, sizeof loaded, "%s", path);
}

static void
ask(void* context)
{
  (void)context;
  ++n_asked;
}

static int
open_panel(void** state)
{
  (void)state;
  n_written = n_held = n_asked = 0;
  loaded[0] = '\0';
  panel_init(&panel, &layout_player,
             (PanelHost){NULL, set_value, touch_control, load, ask, OWN_MODEL});
  return 0;
}

static int
close_panel(void** state)
{
  (void)state;
  panel_close(&panel);
  assert_int_equal(n_held, 0);
  return 0;
}

static inline int
widget_of(WidgetKind kind, unsigned port)
{
  for (int i = 0; i < layout_player.n_widgets; ++i) {
    if (panel.widgets[i].kind == kind && (panel.widgets[i].port == port || port == NO_PORT)) {
      return i;
    }
  }
  fail_msg("no widget of kind %d shows port %u", (int)kind, port);
  return -1;
}

static inline void
press_on(int widget, uint64_t now_ms)
{
  const Box box = panel.widgets[widget].target;
  panel_press(&panel, box.x + 0.5 * box.width, box.y + 0.5 * box.height, now_ms);
  panel_release(&panel);
}

static inline bool
key(PanelKey which)
{
  return panel_key(&panel, (Keystroke){.key = which}, 0);
}

static inline void
tell_knobs(const char* lines)
{
  ModelFacts facts = panel.facts;
  model_facts_set_knobs(&facts, lines);
  panel_tell(&panel, &facts);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_panel, close_panel)

#endif
