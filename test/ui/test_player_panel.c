// SPDX-License-Identifier: MIT
// Neural Pedal's window without X: its messages, its model's knobs, its arrows and its list. Built
// with sanitizers.
#include "layout.h"
#include "lv2/player_ports.h"
#include "model_facts.h"
#include "model_messages.h"
#include "panel.h"
#include "support/scratch.h"

#include <lv2/atom/forge.h>
#include <lv2/patch/patch.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

static int
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

static void
press_on(int widget, uint64_t now_ms)
{
  const Box box = panel.widgets[widget].target;
  panel_press(&panel, box.x + 0.5 * box.width, box.y + 0.5 * box.height, now_ms);
  panel_release(&panel);
}

static bool
key(PanelKey which)
{
  return panel_key(&panel, (Keystroke){.key = which}, 0);
}

static void
tell_knobs(const char* lines)
{
  ModelFacts facts = panel.facts;
  model_facts_set_knobs(&facts, lines);
  panel_tell(&panel, &facts);
}

static void
the_model_decides_how_many_knobs_there_are(void** state)
{
  (void)state;
  for (unsigned n = 0; n <= FACTS_KNOBS; ++n) {
    static const char* const lines[] = {"", "a: 0 to 1", "a: 0 to 1\nb: 0 to 1",
                                        "a: 0 to 1\nb: 0 to 1\nc: 0 to 1",
                                        "a: 0 to 1\nb: 0 to 1\nc: 0 to 1\nd: 0 to 1"};
    tell_knobs(lines[n]);
    double right = 0.0;
    for (unsigned i = 0; i < FACTS_KNOBS; ++i) {
      const int knob = widget_of(WIDGET_KNOB, PLAYER_KNOB1 + i);
      const Box box = panel.widgets[knob].box;
      assert_int_equal(panel_is_drawn(&panel, knob), i < n);
      assert_int_equal(layout_is_focusable(&panel.widgets[knob]), i < n);
      if (i < n) {
        const Box target = panel.widgets[knob].target;
        assert_true(box.x >= right && box.x + box.width <= layout_player.width);
        assert_true(fabs(target.x + 0.5 * target.width - box.x - 0.5 * box.width) < 1e-6);
        right = box.x + box.width;
        press_on(knob, 1000 * (i + 1));
        assert_int_equal(panel.focus, knob);
      }
    }
  }
}

static void
knobs_have_the_models_names(void** state)
{
  (void)state;
  tell_knobs("Drive: 0 to 1\nA: B: -1 to 1\nno range");
  assert_int_equal(panel.facts.n_knobs, 3);
  assert_string_equal(panel.facts.knobs[0], "Drive");
  assert_string_equal(panel.facts.knobs[1], "A: B");
  assert_string_equal(panel.facts.knobs[2], "no range");
  tell_knobs("1: 0 to 1\n2: 0 to 1\n3: 0 to 1\n4: 0 to 1\n5: 0 to 1");
  assert_int_equal(panel.facts.n_knobs, FACTS_KNOBS);
}

static void
a_knob_that_goes_away_is_let_go(void** state)
{
  (void)state;
  const Box box = panel.widgets[widget_of(WIDGET_KNOB, PLAYER_KNOB4)].target;
  panel_press(&panel, box.x + 1.0, box.y + 1.0, 0);
  assert_int_equal(n_held, 1);
  tell_knobs("Drive: 0 to 1");
  assert_int_equal(n_held, 0);
  assert_int_equal(panel.focus, -1);
  panel_drag(&panel, 0.0, 0.0, false, 0);
  assert_int_equal(n_written, 0);
}

static void
an_arrow_pulls_its_trigger_and_returns_it(void** state)
{
  (void)state;
  press_on(widget_of(WIDGET_ARROW, PLAYER_NEXT), 1000);
  assert_float_equal(written[PLAYER_NEXT], 1.0f, 0.0f);
  panel_tick(&panel, 1099);
  press_on(widget_of(WIDGET_ARROW, PLAYER_NEXT), 1099); // too soon
  assert_int_equal(n_written, 1);
  panel_tick(&panel, 1100);
  assert_float_equal(written[PLAYER_NEXT], 0.0f, 0.0f);
  assert_int_equal(n_written, 2);
  panel_port_event(&panel, PLAYER_PREVIOUS, 1.0f, 1200); // a footswitch of the host's
  press_on(widget_of(WIDGET_ARROW, PLAYER_PREVIOUS), 1200);
  assert_float_equal(written[PLAYER_PREVIOUS], 1.0f, 0.0f);
  panel_close(&panel);
  assert_float_equal(written[PLAYER_PREVIOUS], 0.0f, 0.0f);
  assert_int_equal(n_written, 4);
}

static void
enter_presses_arrows_and_other_keys_are_left_to_the_host(void** state)
{
  (void)state;
  panel.focus = widget_of(WIDGET_ARROW, PLAYER_NEXT);
  assert_false(key(KEY_UP));
  assert_false(key(KEY_HOME));
  assert_false(key(KEY_CHARACTER));
  assert_int_equal(n_written, 0);
  assert_true(key(KEY_ENTER));
  assert_float_equal(written[PLAYER_NEXT], 1.0f, 0.0f);
}

static void
make_file(const char* name)
{
  char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE* file = fopen(path, "w");
  assert_non_null(file);
  fclose(file);
}

static int
make_models(void** state)
{
  (void)state;
  char path[256];
  assert_true(scratch_make());
  for (const char* const* name = (const char* const[]){"Amps", "Bass", NULL}; *name; ++name) {
    snprintf(path, sizeof path, "%s/%s", folder, *name);
    assert_int_equal(mkdir(path, 0700), 0);
  }
  make_file("b.json");
  make_file("a.GRU");
  make_file("notes.txt");
  make_file(".hidden.gru");
  make_file("Amps/lead.aidax");
  return 0;
}

static int
remove_models(void** state)
{
  (void)state;
  return scratch_remove() ? 0 : -1;
}

static void
tell_path(const char* name)
{
  ModelFacts facts = panel.facts;
  snprintf(facts.path, sizeof facts.path, "%s/%s", folder, name);
  panel_tell(&panel, &facts);
}

static void
open_list(void)
{
  press_on(widget_of(WIDGET_MODEL, NO_PORT), 0);
  assert_true(panel.list.is_open);
}

static void
assert_loaded(const char* name)
{
  char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_string_equal(loaded, path);
  assert_false(panel.list.is_open);
}

static void
assert_rows(const char* const* names, int n)
{
  assert_int_equal(panel.list.n_rows, n);
  for (int i = 0; i < n; ++i) {
    if (names[i]) {
      assert_string_equal(panel.list.rows[i].name, names[i]);
    } else {
      assert_null(panel.list.rows[i].name);
    }
  }
}

static void
the_list_holds_the_folders_models_and_keys_choose_one(void** state)
{
  (void)state;
  static const char* const rows[] = {NULL, NULL, NULL, "Amps", "Bass", "a.GRU", "b.json"};
  static const char* const amps[] = {NULL, NULL, NULL, "lead.aidax"};
  tell_path("b.json");
  open_list();
  assert_rows(rows, 7);
  assert_int_equal(panel.list.selected, 6);
  assert_true(key(KEY_UP));
  assert_true(key(KEY_ENTER));
  assert_loaded("a.GRU");
  open_list();
  panel.list.selected = 3;
  assert_true(key(KEY_ENTER)); // into the folder
  assert_rows(amps, 4);
  assert_int_equal(panel.list.rows[2].kind, ROW_PARENT);
  panel.list.selected = 2;
  assert_true(key(KEY_ENTER)); // and out of it
  assert_int_equal(panel.list.selected, 3);
  panel.list.selected = 4;
  assert_true(key(KEY_ENTER)); // into another one, which is empty
  panel.list.selected = 2;
  assert_true(key(KEY_ENTER));
  assert_int_equal(panel.list.selected, 4);
  assert_true(key(KEY_UP));
  assert_true(key(KEY_ENTER));
  assert_true(key(KEY_END));
  assert_true(key(KEY_ENTER));
  assert_loaded("Amps/lead.aidax");
}

static void
the_list_offers_the_own_model_and_the_hosts_dialog(void** state)
{
  (void)state;
  tell_path("b.json");
  open_list();
  assert_true(key(KEY_HOME));
  assert_int_equal(panel.list.rows[0].kind, ROW_DIALOG);
  assert_true(key(KEY_ENTER));
  assert_int_equal(n_asked, 1);
  open_list();
  assert_true(key(KEY_HOME));
  assert_true(key(KEY_DOWN));
  assert_true(key(KEY_ENTER));
  assert_string_equal(loaded, OWN_MODEL);
  panel.host.ask = NULL;
  open_list();
  assert_int_equal(panel.list.rows[0].kind, ROW_OWN);
  assert_true(key(KEY_ESCAPE));
  assert_false(panel.list.is_open);
  panel.host.load = NULL; // a host without messages
  press_on(widget_of(WIDGET_MODEL, NO_PORT), 0);
  assert_false(panel.list.is_open);
}

static void
the_list_of_the_own_model_begins_at_home(void** state)
{
  (void)state;
  ModelFacts facts = panel.facts;
  snprintf(facts.path, sizeof facts.path, OWN_MODEL);
  panel_tell(&panel, &facts);
  setenv("HOME", folder, 1);
  open_list();
  assert_memory_equal(panel.list.folder, folder, strlen(folder));
  panel_close(&panel);
  memset(panel.list.folder, 0, sizeof panel.list.folder);
  unsetenv("HOME");
  open_list();
  assert_string_equal(panel.list.folder, "/");
  assert_int_not_equal(panel.list.rows[2].kind, ROW_PARENT);
}

static void
a_press_chooses_a_row_or_closes_the_list(void** state)
{
  (void)state;
  const Box list = panel.widgets[widget_of(WIDGET_LIST, NO_PORT)].box;
  tell_path("b.json");
  open_list();
  const int knob = widget_of(WIDGET_KNOB, PLAYER_KNOB1);
  assert_false(panel_is_drawn(&panel, knob)); // the list covers it
  assert_true(panel_is_drawn(&panel, widget_of(WIDGET_MODEL, NO_PORT)));
  panel_press(&panel, list.x + 50.0, list.y + 5.0, 0); // on the folder's name
  assert_true(panel.list.is_open);
  panel_press(&panel, list.x + 50.0, list.y + list.height - 5.0, 0); // on no row
  assert_true(panel.list.is_open);
  panel_press(&panel, list.x + 50.0, list.y + LIST_HEAD + 5.5 * LIST_ROW, 0);
  assert_loaded("a.GRU");
  assert_true(panel_is_drawn(&panel, knob));
  open_list();
  panel_press(&panel, 200.0, 5.0, 0);
  assert_false(panel.list.is_open);
  assert_int_equal(n_written, 0);
}

static void
a_long_list_scrolls(void** state)
{
  (void)state;
  for (int i = 0; i < 40; ++i) {
    char name[32];
    snprintf(name, sizeof name, "Amps/%02d.json", i);
    make_file(name);
  }
  tell_path("Amps/39.json");
  open_list();
  const ModelList* list = &panel.list;
  assert_int_equal(list->selected, 42); // after the three fixed rows
  assert_int_equal(list->top, 42 - LIST_SHOWN_ROWS + 1);
  panel_wheel(&panel, 0.0, 0.0, 100, false, 0);
  assert_int_equal(list->top, 0);
  panel_wheel(&panel, 0.0, 0.0, -1, false, 0);
  assert_int_equal(list->top, 3);
  panel_wheel(&panel, 0.0, 0.0, -100, false, 0);
  assert_int_equal(list->top, list->n_rows - LIST_SHOWN_ROWS);
  assert_true(key(KEY_PAGE_UP));
  assert_int_equal(list->selected, 42 - LIST_SHOWN_ROWS + 1);
  assert_true(key(KEY_HOME));
  assert_int_equal(list->top, 0);
  assert_true(key(KEY_PAGE_DOWN));
  assert_int_equal(list->selected, LIST_SHOWN_ROWS - 1);
}

static LV2_URID
map_uri(LV2_URID_Map_Handle handle, const char* uri)
{
  static char uris[64][128];
  (void)handle;
  for (LV2_URID i = 0; i < 64; ++i) {
    if (!uris[i][0]) {
      snprintf(uris[i], sizeof uris[i], "%s", uri);
    }
    if (strcmp(uris[i], uri) == 0) {
      return i + 1;
    }
  }
  return 0;
}

static LV2_URID_Map map = {NULL, map_uri};

// Makes a patch:Set of a parameter with a value of any type; returns its size.
static uint32_t
make_set(uint8_t buffer[1024], const char* name, const char* type, const void* value, uint32_t size)
{
  LV2_Atom_Forge forge;
  LV2_Atom_Forge_Frame frame;
  char uri[128];
  snprintf(uri, sizeof uri, PLAYER_URI "#%s", name);
  lv2_atom_forge_init(&forge, &map);
  lv2_atom_forge_set_buffer(&forge, buffer, 1024);
  lv2_atom_forge_object(&forge, &frame, 0, map_uri(NULL, LV2_PATCH__Set));
  lv2_atom_forge_key(&forge, map_uri(NULL, LV2_PATCH__property));
  lv2_atom_forge_urid(&forge, map_uri(NULL, uri));
  lv2_atom_forge_key(&forge, map_uri(NULL, LV2_PATCH__value));
  lv2_atom_forge_atom(&forge, size, map_uri(NULL, type));
  lv2_atom_forge_write(&forge, value, size);
  lv2_atom_forge_pop(&forge, &frame);
  return lv2_atom_total_size((const LV2_Atom*)(const void*)buffer);
}

static void
facts_are_read_from_messages_and_damaged_ones_refused(void** state)
{
  (void)state;
  _Alignas(LV2_Atom) uint8_t buffer[1024];
  ModelMessages messages;
  ModelFacts facts;
  model_messages_init(&messages, &map, NULL, NULL);
  model_facts_init(&facts);
  uint32_t size = make_set(buffer, "modelName", LV2_ATOM__String, "Fuzz", 5);
  assert_true(model_messages_read(&messages, size, buffer, &facts));
  assert_string_equal(facts.name, "Fuzz");
  for (uint32_t n = 0; n < size; ++n) { // cut
    assert_false(model_messages_read(&messages, n, buffer, &facts));
  }
  const int32_t rate_hz = 44100;
  size = make_set(buffer, "modelRate", LV2_ATOM__Int, &rate_hz, sizeof rate_hz);
  assert_true(model_messages_read(&messages, size, buffer, &facts));
  assert_int_equal(facts.rate_hz, 44100);
  size = make_set(buffer, "modelName", LV2_ATOM__String, "Blues", 5); // without an end
  assert_false(model_messages_read(&messages, size, buffer, &facts));
  size = make_set(buffer, "modelName", LV2_ATOM__Int, &rate_hz, sizeof rate_hz);
  assert_false(model_messages_read(&messages, size, buffer, &facts));
  size = make_set(buffer, "modelRate", LV2_ATOM__String, "48000", 6);
  assert_false(model_messages_read(&messages, size, buffer, &facts));
  size = make_set(buffer, "other", LV2_ATOM__String, "x", 2);
  assert_false(model_messages_read(&messages, size, buffer, &facts));
  assert_string_equal(facts.name, "Fuzz");
  char longer[400];
  memset(longer, 'x', sizeof longer);
  longer[sizeof longer - 1] = '\0';
  size = make_set(buffer, "modelError", LV2_ATOM__String, longer, sizeof longer);
  assert_true(model_messages_read(&messages, size, buffer, &facts));
  assert_int_equal(strlen(facts.error), FACTS_ERROR_SIZE - 1);
}

static void
a_warning_is_shown_where_there_is_no_error(void** state)
{
  (void)state;
  _Alignas(LV2_Atom) uint8_t buffer[1024];
  ModelMessages messages;
  ModelFacts facts;
  model_messages_init(&messages, &map, NULL, NULL);
  model_facts_init(&facts);
  assert_string_equal(model_facts_complaint(&facts), "");
  uint32_t size = make_set(buffer, "modelWarning", LV2_ATOM__String, "doubt", 6);
  assert_true(model_messages_read(&messages, size, buffer, &facts));
  assert_string_equal(model_facts_complaint(&facts), "doubt");
  size = make_set(buffer, "modelError", LV2_ATOM__String, "fault", 6);
  assert_true(model_messages_read(&messages, size, buffer, &facts));
  assert_string_equal(model_facts_complaint(&facts), "fault");
  size = make_set(buffer, "modelError", LV2_ATOM__String, "", 1);
  assert_true(model_messages_read(&messages, size, buffer, &facts));
  assert_string_equal(model_facts_complaint(&facts), "doubt");
}

static void
the_display_says_kind_rate_and_cost(void** state)
{
  (void)state;
  ModelFacts facts;
  char lines[FACTS_LINES_SIZE];
  model_facts_init(&facts);
  model_facts_lines(&facts, ENGLISH, lines);
  assert_string_equal(lines, "");
  facts.rate_hz = 44100;
  snprintf(facts.kind, sizeof facts.kind, "LSTM, 40 units");
  snprintf(facts.cost, sizeof facts.cost, "about 2.1 times the bundle's own model");
  model_facts_lines(&facts, ENGLISH, lines);
  assert_string_equal(lines, "LSTM, 40 UNITS, 44.1 kHz\nCPU: 2.1 x THE OWN MODEL'S");
  snprintf(facts.level, sizeof facts.level, "peaks up to +3 dBFS");
  model_facts_lines(&facts, PORTUGUESE, lines);
  assert_string_equal(lines,
                      "LSTM, 40 UNITS, 44.1 kHz\nCPU: 2.1 x O MODELO PRÓPRIO\nPEAKS UP TO +3 DBFS");
}

// Phase is left to the host's own controls: players choose it once, and the faces are full.
static void
every_control_but_phase_has_a_widget_inside_the_layout(void** state)
{
  (void)state;
  for (unsigned port = 0; port < N_PLAYER_PORTS; ++port) {
    bool has_widget = false;
    for (int i = 0; i < layout_player.n_widgets; ++i) {
      has_widget |= panel.widgets[i].port == port && layout_is_focusable(&panel.widgets[i]);
    }
    const bool has_face = control_range_is_input(player_ranges[port]) && port != PLAYER_PHASE;
    assert_int_equal(has_widget, has_face);
  }
  for (int i = 0; i < layout_player.n_widgets; ++i) {
    const Box box = layout_player.widgets[i].box;
    assert_true(box.x >= 0.0 && box.x + box.width <= layout_player.width);
    assert_true(box.y >= 0.0 && box.y + box.height <= layout_player.height);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_panel, close_panel)

int
main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(the_model_decides_how_many_knobs_there_are),
      TEST(knobs_have_the_models_names),
      TEST(a_knob_that_goes_away_is_let_go),
      TEST(an_arrow_pulls_its_trigger_and_returns_it),
      TEST(enter_presses_arrows_and_other_keys_are_left_to_the_host),
      TEST(the_list_holds_the_folders_models_and_keys_choose_one),
      TEST(the_list_offers_the_own_model_and_the_hosts_dialog),
      TEST(the_list_of_the_own_model_begins_at_home),
      TEST(a_press_chooses_a_row_or_closes_the_list),
      TEST(a_long_list_scrolls),
      TEST(facts_are_read_from_messages_and_damaged_ones_refused),
      TEST(a_warning_is_shown_where_there_is_no_error),
      TEST(the_display_says_kind_rate_and_cost),
      TEST(every_control_but_phase_has_a_widget_inside_the_layout),
  };
  return cmocka_run_group_tests(tests, make_models, remove_models);
}
