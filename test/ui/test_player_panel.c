// SPDX-License-Identifier: MIT
// Neural Pedal's window without X: its messages, its model's knobs and its arrows. Built with
// sanitizers.
#include "model_messages.h"
#include "ui/player_panel.h"

#include <lv2/atom/forge.h>
#include <lv2/patch/patch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

int
main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(the_model_decides_how_many_knobs_there_are),
      TEST(knobs_have_the_models_names),
      TEST(a_knob_that_goes_away_is_let_go),
      TEST(an_arrow_pulls_its_trigger_and_returns_it),
      TEST(enter_presses_arrows_and_other_keys_are_left_to_the_host),
      TEST(facts_are_read_from_messages_and_damaged_ones_refused),
      TEST(a_warning_is_shown_where_there_is_no_error),
      TEST(the_display_says_kind_rate_and_cost),
      TEST(every_control_but_phase_has_a_widget_inside_the_layout),
  };
  return cmocka_run_group_tests_name("player panel", tests, NULL, NULL);
}
