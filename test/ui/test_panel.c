// SPDX-License-Identifier: MIT
// The window's mouse, keyboard and words, without X. Built with sanitizers.
#include "layout.h"
#include "lv2/controls.h"
#include "lv2/player_ports.h"
#include "panel.h"
#include "words.h"
#include "xsettings.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static Panel panel;
static float written[N_PORTS]; // what the host got last
static int n_written;
static int n_held; // controls that the host believes touched
static int n_touches;

static void
set_value(void* context, unsigned port, float value)
{
  assert_ptr_equal(context, written);
  written[port] = value;
  ++n_written;
}

static void
touch_control(void* context, unsigned port, bool is_held)
{
  (void)context;
  assert_true(control_is_input(port));
  n_held += is_held ? 1 : -1;
  ++n_touches;
}

static int
open_panel(void** state)
{
  (void)state;
  n_written = n_held = n_touches = 0;
  for (unsigned port = 0; port < N_PORTS; ++port) {
    written[port] = NAN;
  }
  panel_init(&panel, &layout_od3,
             (PanelHost){.context = written, .set = set_value, .touch = touch_control});
  return 0;
}

static int
widget_of(unsigned port)
{
  for (int i = 0; i < layout_od3.n_widgets; ++i) {
    if (layout_od3.widgets[i].port == port) {
      return i;
    }
  }
  fail_msg("no widget shows port %u", port);
  return -1;
}

static void
press_on(unsigned port, uint64_t now_ms)
{
  const Box box = layout_od3.widgets[widget_of(port)].target;
  panel_press(&panel, box.x + 0.5 * box.width, box.y + 0.5 * box.height, now_ms);
}

static void
drag_by(double x, double y, bool is_fine)
{
  panel_drag(&panel, panel.mouse_x + x, panel.mouse_y + y, is_fine, 0);
}

static bool
key(PanelKey which)
{
  return panel_key(&panel, (Keystroke){.key = which}, 0);
}

static bool
type(const char* text)
{
  bool is_used = true;
  for (; *text; ++text) {
    is_used &= panel_key(&panel, (Keystroke){.key = KEY_CHARACTER, .character = *text}, 0);
  }
  return is_used;
}

static void
a_drag_turns_a_knob_both_ways_and_shift_makes_it_fine(void** state)
{
  (void)state;
  press_on(PORT_GAIN, 0);
  assert_int_equal(n_written, 0); // a press alone changes nothing
  assert_int_equal(n_held, 1);
  drag_by(0.0, -40.0, false);
  assert_float_equal(written[PORT_GAIN], 7.0f, 1e-5f);
  drag_by(20.0, 0.0, false);
  assert_float_equal(written[PORT_GAIN], 8.0f, 1e-5f);
  drag_by(-20.0, 0.0, true);
  assert_float_equal(written[PORT_GAIN], 7.9f, 1e-5f);
  drag_by(0.0, -1000.0, false);
  assert_float_equal(written[PORT_GAIN], 10.0f, 0.0f);
  drag_by(0.0, 20.0, false); // turns back at once from the end
  assert_float_equal(written[PORT_GAIN], 9.0f, 1e-5f);
  panel_release(&panel);
  assert_int_equal(n_held, 0);
  assert_int_equal(n_touches, 2);
  drag_by(0.0, -40.0, false);
  assert_float_equal(written[PORT_GAIN], 9.0f, 1e-5f);
}

static void
a_double_click_sets_the_default(void** state)
{
  (void)state;
  panel_port_event(&panel, PORT_LEVEL, -12.0f, 0);
  press_on(PORT_LEVEL, 1000);
  panel_release(&panel);
  press_on(PORT_LEVEL, 1500); // too late
  panel_release(&panel);
  assert_int_equal(n_written, 0);
  press_on(PORT_LEVEL, 1800);
  panel_release(&panel);
  assert_float_equal(written[PORT_LEVEL], 0.0f, 0.0f);
  assert_int_equal(n_held, 0);
}

static void
the_wheel_turns_what_is_under_the_mouse(void** state)
{
  (void)state;
  const Box box = layout_od3.widgets[widget_of(PORT_TONE)].target;
  panel_wheel(&panel, box.x + 30.0, box.y + 30.0, 1, false, 0);
  assert_float_equal(written[PORT_TONE], 5.25f, 1e-5f);
  panel_wheel(&panel, box.x + 30.0, box.y + 30.0, -1, true, 0);
  assert_float_equal(written[PORT_TONE], 5.225f, 1e-5f);
  panel_wheel(&panel, 5.0, 200.0, 1, false, 0); // beside all widgets
  assert_int_equal(n_written, 2);
  assert_int_equal(n_held, 0);
}

static void
clicks_switch_the_pedal_and_choose_oversampling(void** state)
{
  (void)state;
  press_on(PORT_ENABLED, 0);
  panel_release(&panel);
  assert_float_equal(written[PORT_ENABLED], 0.0f, 0.0f);
  press_on(PORT_ENABLED, 100); // a double click is two clicks
  panel_release(&panel);
  assert_float_equal(written[PORT_ENABLED], 1.0f, 0.0f);
  const Widget* selector = &layout_od3.widgets[widget_of(PORT_OVERSAMPLING)];
  for (unsigned point = 0; point < 3; ++point) {
    const Box box = layout_point_box(selector, 3, point);
    panel_press(&panel, box.x + 5.0, box.y + 5.0, 0);
    panel_release(&panel);
    assert_float_equal(written[PORT_OVERSAMPLING], (float)(1U << point), 0.0f);
  }
  assert_int_equal(n_held, 0);
}

static void
keys_turn_the_focus_and_others_are_left_to_the_host(void** state)
{
  (void)state;
  assert_false(key(KEY_UP)); // nothing has the focus
  assert_true(key(KEY_TAB));
  assert_int_equal(panel.focus, widget_of(PORT_LEVEL));
  assert_true(key(KEY_UP));
  assert_float_equal(written[PORT_LEVEL], 0.5f, 1e-5f);
  assert_true(key(KEY_PAGE_DOWN));
  assert_float_equal(written[PORT_LEVEL], -1.5f, 1e-5f);
  assert_true(key(KEY_HOME));
  assert_float_equal(written[PORT_LEVEL], -30.0f, 0.0f);
  assert_true(key(KEY_END));
  assert_float_equal(written[PORT_LEVEL], 12.0f, 0.0f);
  const int n_before = n_written;
  assert_true(key(KEY_END)); // nothing new for the host
  assert_int_equal(n_written, n_before);
  assert_true(key(KEY_DELETE));
  assert_float_equal(written[PORT_LEVEL], 0.0f, 0.0f);
  assert_false(key(KEY_ENTER));
  assert_false(type(" "));
  assert_false(type("a"));
  assert_true(key(KEY_ESCAPE));
  assert_false(key(KEY_ESCAPE));
}

static void
tab_reaches_every_control(void** state)
{
  (void)state;
  unsigned reached = 0;
  unsigned n_focusable = 0;
  for (int i = 0; i < layout_od3.n_widgets; ++i) {
    n_focusable += layout_is_focusable(&layout_od3.widgets[i]);
  }
  for (unsigned i = 0; i < n_focusable; ++i) {
    assert_true(key(KEY_TAB));
    assert_true(layout_is_focusable(&layout_od3.widgets[panel.focus]));
    reached |= 1U << (unsigned)panel.focus;
  }
  for (int i = 0; i < layout_od3.n_widgets; ++i) {
    assert_int_equal(reached >> (unsigned)i & 1U, layout_is_focusable(&layout_od3.widgets[i]));
  }
  const int last = panel.focus;
  assert_true(key(KEY_TAB)); // round again
  assert_true(key(KEY_BACK_TAB));
  assert_int_equal(panel.focus, last);
  panel.focus = widget_of(PORT_ENABLED);
  assert_true(key(KEY_ENTER));
  assert_float_equal(written[PORT_ENABLED], 0.0f, 0.0f);
  panel.focus = widget_of(PORT_OVERSAMPLING);
  assert_true(key(KEY_UP));
  assert_float_equal(written[PORT_OVERSAMPLING], 4.0f, 0.0f);
  assert_true(key(KEY_HOME));
  assert_float_equal(written[PORT_OVERSAMPLING], 1.0f, 0.0f);
}

static void
a_typed_value_is_set_by_enter_or_tab(void** state)
{
  (void)state;
  char words[WORDS_SIZE];
  key(KEY_TAB);
  assert_true(type("-7,25"));
  assert_true(panel_label(&panel, panel.focus, ENGLISH, words));
  assert_string_equal(words, "-7,25_");
  assert_true(key(KEY_BACKSPACE));
  assert_int_equal(n_written, 0);
  assert_true(key(KEY_ENTER));
  assert_float_equal(written[PORT_LEVEL], -7.2f, 1e-5f);
  assert_true(type("99"));
  assert_true(key(KEY_ENTER));
  assert_float_equal(written[PORT_LEVEL], 12.0f, 0.0f);
  assert_true(type("3"));
  assert_true(key(KEY_ESCAPE));
  assert_true(type("1:30"));
  assert_true(key(KEY_ENTER)); // no hour for Level
  assert_float_equal(written[PORT_LEVEL], 12.0f, 0.0f);
  assert_true(type("4"));
  assert_true(key(KEY_TAB));
  assert_float_equal(written[PORT_LEVEL], 4.0f, 0.0f);
  assert_int_equal(panel.focus, widget_of(PORT_TONE));
  assert_true(type("123456789012345678901234567890"));
  assert_int_equal(strlen(panel.entry), MAX_TYPED);
  assert_true(key(KEY_ENTER));
  assert_float_equal(written[PORT_TONE], 10.0f, 0.0f);
}

static void
values_of_the_host_are_followed_and_not_sent_back(void** state)
{
  (void)state;
  panel.dirty = 0;
  panel_port_event(&panel, PORT_TONE, 2.0f, 0);
  assert_int_equal(panel.dirty, 1U << (unsigned)widget_of(PORT_TONE));
  assert_float_equal(panel.values[PORT_TONE], 2.0f, 0.0f);
  panel.dirty = 0;
  panel_port_event(&panel, PORT_TONE, 2.0f, 0); // nothing new
  panel_port_event(&panel, PORT_TONE, NAN, 0);
  panel_port_event(&panel, PORT_LATENCY, 40.0f, 0); // no widget
  panel_port_event(&panel, PORT_INPUT_PEAK, -60.1f, 0);
  assert_int_equal(panel.dirty, 0);
  panel_port_event(&panel, PORT_ENABLED, 0.0f, 0);
  assert_int_not_equal(panel.dirty & (1U << (unsigned)widget_of(PORT_ENABLED)), 0);
  panel_port_event(&panel, PORT_GAIN, INFINITY, 0);
  assert_float_equal(panel.values[PORT_GAIN], 5.0f, 0.0f);
  panel_port_event(&panel, PORT_GAIN, 1e30f, 0);
  assert_float_equal(panel.values[PORT_GAIN], 10.0f, 0.0f);
  press_on(PORT_GAIN, 0);
  drag_by(0.0, 100.0, false);
  panel_port_event(&panel, PORT_GAIN, 10.0f, 0); // an echo while it is held
  assert_float_equal(panel.values[PORT_GAIN], 5.0f, 1e-5f);
  panel_release(&panel);
  assert_int_equal(n_written, 1); // what the host says is not told to it again
  panel_port_event(&panel, PORT_INPUT_PEAK, 0.0f, 0);
  assert_int_equal(panel_meter_steps(&panel, PORT_INPUT_PEAK), 120);
  panel_port_event(&panel, PORT_INPUT_PEAK, 1e9f, 0);
  assert_int_equal(panel_meter_steps(&panel, PORT_INPUT_PEAK), METER_STEPS);
  for (int level = 3; level >= 0; --level) {
    panel.dirty = 0;
    panel_port_event(&panel, PORT_INPUT_LEVEL, (float)level, 0);
    assert_int_equal(panel.dirty, 1U << (unsigned)widget_of(PORT_INPUT_LEVEL));
    assert_int_equal(panel_input_level(&panel, PORT_INPUT_LEVEL), level);
  }
}

static void
a_value_is_shown_while_turned_and_for_a_while(void** state)
{
  (void)state;
  char words[WORDS_SIZE];
  const int gain = widget_of(PORT_GAIN);
  assert_false(panel_label(&panel, gain, ENGLISH, words));
  press_on(PORT_GAIN, 10000);
  panel_drag(&panel, panel.mouse_x, panel.mouse_y - 30.0, false, 10000);
  assert_true(panel_label(&panel, gain, ENGLISH, words));
  assert_string_equal(words, "1:30");
  panel_tick(&panel, 99999); // it stays while it is held
  assert_true(panel_label(&panel, gain, ENGLISH, words));
  panel_release(&panel);
  panel_tick(&panel, 11499);
  assert_true(panel_label(&panel, gain, ENGLISH, words));
  panel_tick(&panel, 11500);
  assert_false(panel_label(&panel, gain, ENGLISH, words));
}

static void
assert_words(unsigned port, float value, Language language, const char* wanted)
{
  char words[WORDS_SIZE];
  words_of_value(words, layout_od3.texts[port].unit, value, language);
  assert_string_equal(words, wanted);
}

static void
values_are_in_a_players_words(void** state)
{
  (void)state;
  assert_words(PORT_GAIN, 0.0f, ENGLISH, "7 O'CLOCK");
  assert_words(PORT_GAIN, 5.0f, PORTUGUESE, "12 h");
  assert_words(PORT_GAIN, 5.25f, ENGLISH, "12:15");
  assert_words(PORT_TONE, 10.0f, ENGLISH, "5 O'CLOCK");
  assert_words(PORT_LEVEL, -12.34f, ENGLISH,
               "\xe2\x88\x92"
               "12.3 dB");
  assert_words(PORT_LEVEL, 6.0f, PORTUGUESE, "+6,0 dB");
  assert_words(PORT_LEVEL, -0.01f, ENGLISH, "0.0 dB");
  assert_words(PORT_BLEND, 99.6f, ENGLISH, "100 %");
  assert_words(PORT_OVERSAMPLING, 4.0f, ENGLISH, "4x");
  assert_words(PORT_MATCH, 0.0f, ENGLISH, "OFF");
  assert_words(PORT_MATCH, 1.0f, ENGLISH, "ON");
  assert_words(PORT_MATCH, 1.0f, PORTUGUESE, "SIM");
  char words[WORDS_SIZE];
  words_capitals(words, sizeof words, "Saída");
  assert_string_equal(words, "SAÍDA");
}

static void
assert_reads(const char* typed, unsigned port, float wanted)
{
  float value = NAN;
  assert_true(
      words_read_value(typed, layout_od3.texts[port].unit, layout_od3.ranges[port], &value));
  assert_float_equal(value, wanted, 1e-5f);
}

static void
numbers_and_hours_are_read_and_others_refused(void** state)
{
  (void)state;
  assert_reads("1:30", PORT_GAIN, 6.5f);
  assert_reads("12:00", PORT_GAIN, 5.0f);
  assert_reads("7:00", PORT_GAIN, 0.0f);
  assert_reads("5:00", PORT_GAIN, 10.0f);
  assert_reads("6:30", PORT_GAIN, 0.0f); // below the lowest
  assert_reads("5:30", PORT_GAIN, 10.0f);
  assert_reads("+3.5", PORT_LEVEL, 3.5f);
  assert_reads(".5", PORT_TONE, 0.5f);
  float value = NAN;
  for (const char* const* typed = (const char* const[]){"", "-", ".", "1..2", "1:2:3", "x", NULL};
       *typed; ++typed) {
    assert_false(words_read_value(*typed, UNIT_POSITION, control_ranges[PORT_GAIN], &value));
  }
}

static void
the_language_is_that_of_the_environment(void** state)
{
  (void)state;
  unsetenv("LC_ALL");
  unsetenv("LC_MESSAGES");
  setenv("LANG", "pt_BR.UTF-8", 1);
  assert_int_equal(words_language(), PORTUGUESE);
  setenv("LC_MESSAGES", "en_US.UTF-8", 1);
  assert_int_equal(words_language(), ENGLISH);
  setenv("LC_ALL", "pt", 1);
  assert_int_equal(words_language(), PORTUGUESE);
}

// Two settings, in big-endian numbers: a number, and a text.
static const uint8_t settings[] = {
    1, 0, 0, 0, 0,   0,   0,   7,   0,   0, 0, 2,             // order, serial, how many
    0, 0, 0, 3, 'a', '/', 'b', 0,   0,   0, 0, 0, 0, 0, 0, 9, // a number
    1, 0, 0, 5, 'T', 'h', 'e', 'm', 'e', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 'H', 'i', '!', 0};

static void
a_desktops_setting_is_found_and_damaged_ones_are_not(void** state)
{
  (void)state;
  char text[8];
  assert_true(xsettings_text(settings, sizeof settings, "Theme", text, sizeof text));
  assert_string_equal(text, "Hi!");
  assert_true(xsettings_text(settings, sizeof settings, "Theme", text, 3));
  assert_string_equal(text, "Hi");
  assert_false(xsettings_text(settings, sizeof settings, "a/b", text, sizeof text));
  for (size_t n = 0; n < sizeof settings; ++n) { // cut, in a buffer of its size
    uint8_t* cut = malloc(n ? n : 1);
    assert_non_null(cut);
    memcpy(cut, settings, n);
    assert_false(xsettings_text(cut, n, "Theme", text, sizeof text));
    free(cut);
  }
  for (size_t i = 0; i < sizeof settings; ++i) { // with a number that is far too high
    uint8_t wrong[sizeof settings];
    memcpy(wrong, settings, sizeof settings);
    wrong[i] = 0xff;
    xsettings_text(wrong, sizeof wrong, "Theme", text, sizeof text);
  }
}

// Phase is left to the host's own controls: players choose it once, and the faces are full.
static void
every_control_but_phase_has_a_widget_inside_the_layout(void** state)
{
  (void)state;
  for (unsigned port = 0; port < N_PORTS; ++port) {
    if (control_is_input(port) && port != PORT_PHASE) {
      assert_true(
          layout_is_focusable(&layout_od3.widgets[widget_of(port)])); // every control can be set
    }
  }
  for (int i = 0; i < layout_od3.n_widgets; ++i) {
    const Box box = layout_od3.widgets[i].box;
    assert_true(box.x >= 0.0 && box.x + box.width <= layout_od3.width);
    assert_true(box.y >= 0.0 && box.y + box.height <= layout_od3.height);
  }
}

static void
each_plugin_has_a_layout_and_the_pedals_share_a_ui(void** state)
{
  (void)state;
  static const char* const ui = OD3_PLUGIN_URI "#ui";
  assert_ptr_equal(layout_find(OD3_PLUGIN_URI, ui), &layout_od3);
  assert_ptr_equal(layout_find(OD3_STEREO_URI, ui), &layout_stereo);
  assert_ptr_equal(layout_find(PLAYER_URI, PLAYER_URI "#ui"), &layout_player);
  assert_null(layout_find(PLAYER_URI, ui));
  assert_null(layout_find(OD3_STEREO_URI, PLAYER_URI "#ui"));
  assert_null(layout_find(OD3_PLUGIN_URI "-other", ui));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(a_drag_turns_a_knob_both_ways_and_shift_makes_it_fine, open_panel),
      cmocka_unit_test_setup(a_double_click_sets_the_default, open_panel),
      cmocka_unit_test_setup(the_wheel_turns_what_is_under_the_mouse, open_panel),
      cmocka_unit_test_setup(clicks_switch_the_pedal_and_choose_oversampling, open_panel),
      cmocka_unit_test_setup(keys_turn_the_focus_and_others_are_left_to_the_host, open_panel),
      cmocka_unit_test_setup(tab_reaches_every_control, open_panel),
      cmocka_unit_test_setup(a_typed_value_is_set_by_enter_or_tab, open_panel),
      cmocka_unit_test_setup(values_of_the_host_are_followed_and_not_sent_back, open_panel),
      cmocka_unit_test_setup(a_value_is_shown_while_turned_and_for_a_while, open_panel),
      cmocka_unit_test(values_are_in_a_players_words),
      cmocka_unit_test(numbers_and_hours_are_read_and_others_refused),
      cmocka_unit_test(the_language_is_that_of_the_environment),
      cmocka_unit_test(a_desktops_setting_is_found_and_damaged_ones_are_not),
      cmocka_unit_test(every_control_but_phase_has_a_widget_inside_the_layout),
      cmocka_unit_test(each_plugin_has_a_layout_and_the_pedals_share_a_ui),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
