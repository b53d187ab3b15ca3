// SPDX-License-Identifier: MIT
// The player's ports in the bundle's Turtle are those of the C code.
#include "engine/peak_meter.h"
#include "lv2/player_ports.h"
#include "support/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define LV2 "http://lv2plug.in/ns/lv2core#"
#define ATOM "http://lv2plug.in/ns/ext/atom#"

static const LilvPlugin* player;

static int
open_player(void** state)
{
  host_open(state);
  LilvNode* uri = lilv_new_uri(host.world, PLAYER_URI);
  player = lilv_plugins_get_by_uri(lilv_world_get_all_plugins(host.world), uri);
  lilv_node_free(uri);
  return player ? 0 : -1;
}

static bool
port_is(uint32_t index, const char* class)
{
  LilvNode* node = lilv_new_uri(host.world, class);
  const bool is = lilv_port_is_a(player, lilv_plugin_get_port_by_index(player, index), node);
  lilv_node_free(node);
  return is;
}

static void
its_ports_are_the_agreed_ones(void** state)
{
  (void)state;
  static const char* const symbols[N_PLAYER_PORTS] = {
      "in",          "out",      "knob1",        "knob2",   "knob3",   "knob4",
      "input",       "level",    "oversampling", "enabled", "latency", "normalize",
      "next",        "previous", "control",      "notify",  "blend",   "input_peak",
      "output_peak", "match",    "input_level",  "phase"};
  assert_true(lilv_plugin_verify(player));
  assert_int_equal(lilv_plugin_get_num_ports(player), N_PLAYER_PORTS);
  for (uint32_t i = 0; i < N_PLAYER_PORTS; ++i) {
    const LilvPort* port = lilv_plugin_get_port_by_index(player, i);
    assert_string_equal(lilv_node_as_string(lilv_port_get_symbol(player, port)), symbols[i]);
    const bool is_input =
        i == PLAYER_IN || i == PLAYER_CONTROL || control_range_is_input(player_ranges[i]);
    assert_true(port_is(i, is_input ? LV2 "InputPort" : LV2 "OutputPort"));
    assert_int_equal(port_is(i, LV2 "AudioPort"), i <= PLAYER_OUT);
    assert_int_equal(port_is(i, ATOM "AtomPort"), i == PLAYER_CONTROL || i == PLAYER_NOTIFY);
  }
}

static void
its_controls_have_the_ranges_and_defaults_of_the_c_code(void** state)
{
  (void)state;
  float min[N_PLAYER_PORTS];
  float max[N_PLAYER_PORTS];
  float initial[N_PLAYER_PORTS];
  lilv_plugin_get_port_ranges_float(player, min, max, initial);
  for (uint32_t i = 0; i < N_PLAYER_PORTS; ++i) {
    const ControlRange range = player_ranges[i];
    if (control_range_is_input(range)) {
      assert_float_equal(min[i], range.min, 0);
      assert_float_equal(max[i], range.max, 0);
      assert_float_equal(initial[i], range.initial, 0);
    }
  }
  for (uint32_t i = PLAYER_INPUT_PEAK; i <= PLAYER_OUTPUT_PEAK; ++i) {
    assert_float_equal(min[i], PEAK_METER_MIN_DB, 0);
    assert_float_equal(max[i], PEAK_METER_MAX_DB, 0);
  }
}

static void
it_requires_no_feature(void** state)
{
  (void)state;
  LilvNodes* required = lilv_plugin_get_required_features(player);
  assert_int_equal(lilv_nodes_size(required), 0);
  lilv_nodes_free(required);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(its_ports_are_the_agreed_ones),
      cmocka_unit_test(its_controls_have_the_ranges_and_defaults_of_the_c_code),
      cmocka_unit_test(it_requires_no_feature),
  };
  return cmocka_run_group_tests(tests, open_player, host_close);
}
