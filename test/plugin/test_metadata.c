// SPDX-License-Identifier: MIT
// Checks the bundle's Turtle as hosts read it through lilv, where the validators check nothing.
#include "engine/peak_meter.h"
#include "support/host.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LV2 "http://lv2plug.in/ns/lv2core#"
#define PG "http://lv2plug.in/ns/ext/port-groups#"
#define PPROPS "http://lv2plug.in/ns/ext/port-props#"
#define UNITS "http://lv2plug.in/ns/extensions/units#"
#define DOAP "http://usefulinc.com/ns/doap#"
#define FOAF "http://xmlns.com/foaf/0.1/"
#define MOD "http://moddevices.com/ns/mod#"
#define RDFS "http://www.w3.org/2000/01/rdf-schema#"

// Returns the plugin's first value of a property as text, "" when there is none. The text is valid
// until the next call.
static const char*
value(const char* predicate)
{
  static char text[4096];
  LilvNode* node = lilv_new_uri(host.world, predicate);
  LilvNodes* nodes = lilv_plugin_get_value(host.plugin, node);
  const LilvNode* first = nodes ? lilv_nodes_get_first(nodes) : NULL;
  snprintf(text, sizeof text, "%s", first ? lilv_node_as_string(first) : "");
  lilv_nodes_free(nodes);
  lilv_node_free(node);
  return text;
}

// Returns how many values a property of a subject has, in all languages.
static unsigned
n_values(const LilvNode* subject, const char* predicate)
{
  LilvNode* all_languages = lilv_new_bool(host.world, false);
  LilvNode* one_language = lilv_new_bool(host.world, true);
  LilvNode* node = lilv_new_uri(host.world, predicate);
  lilv_world_set_option(host.world, LILV_OPTION_FILTER_LANG, all_languages);
  LilvNodes* nodes = lilv_world_find_nodes(host.world, subject, node, NULL);
  lilv_world_set_option(host.world, LILV_OPTION_FILTER_LANG, one_language);
  const unsigned n = lilv_nodes_size(nodes);
  lilv_nodes_free(nodes);
  lilv_node_free(node);
  lilv_node_free(one_language);
  lilv_node_free(all_languages);
  return n;
}

static const LilvPort*
port_at(uint32_t index)
{
  return lilv_plugin_get_port_by_index(host.plugin, index);
}

static bool
port_has(uint32_t index, const char* property)
{
  LilvNode* node = lilv_new_uri(host.world, property);
  const bool has = lilv_port_has_property(host.plugin, port_at(index), node);
  lilv_node_free(node);
  return has;
}

static bool
port_is(uint32_t index, const char* class)
{
  LilvNode* node = lilv_new_uri(host.world, class);
  const bool is = lilv_port_is_a(host.plugin, port_at(index), node);
  lilv_node_free(node);
  return is;
}

// Returns the port's first value of a property, or NULL. The caller frees it.
static LilvNode*
port_value(uint32_t index, const char* predicate)
{
  LilvNode* node = lilv_new_uri(host.world, predicate);
  LilvNode* first = lilv_port_get(host.plugin, port_at(index), node);
  lilv_node_free(node);
  return first;
}

static bool
port_tells(uint32_t index, const char* predicate)
{
  LilvNode* got = port_value(index, predicate);
  const bool tells = got && strlen(lilv_node_as_string(got)) > 0;
  lilv_node_free(got);
  return tells;
}

static void
the_plugin_says_who_it_is(void** state)
{
  (void)state;
  assert_true(lilv_plugin_verify(host.plugin));
  assert_string_equal(value(DOAP "name"), "OD3");
  assert_string_equal(value(DOAP "license"), "http://opensource.org/licenses/MIT");
  assert_true(strlen(value(DOAP "maintainer")) > 0);
  assert_true(strlen(value(DOAP "shortdesc")) > 0);
  assert_true(strlen(value(RDFS "comment")) > 0);
  assert_in_range(strlen(value(LV2 "shortName")), 1, 15);
  assert_in_range(strlen(value(MOD "brand")), 1, 11);
  assert_in_range(strlen(value(MOD "label")), 1, 16);
  LilvNode* project = lilv_plugin_get_project(host.plugin);
  assert_non_null(project);
  lilv_node_free(project);
  LilvNode* author = lilv_plugin_get_author_name(host.plugin);
  assert_non_null(author);
  lilv_node_free(author);
}

static void
its_version_is_a_release(void** state)
{
  (void)state;
  const int minor = atoi(value(LV2 "minorVersion"));
  const int micro = atoi(value(LV2 "microVersion"));
  assert_true(minor > 0 && minor % 2 == 0);
  assert_true(micro > 0 && micro % 2 == 0);
}

static void
it_requires_nothing_and_can_run_in_real_time(void** state)
{
  (void)state;
  LilvNodes* required = lilv_plugin_get_required_features(host.plugin);
  assert_int_equal(lilv_nodes_size(required), 0);
  lilv_nodes_free(required);
  LilvNode* hard = lilv_new_uri(host.world, LV2 "hardRTCapable");
  assert_true(lilv_plugin_has_feature(host.plugin, hard));
  lilv_node_free(hard);
}

static void
its_library_is_in_the_bundle(void** state)
{
  (void)state;
  char* path =
      lilv_file_uri_parse(lilv_node_as_uri(lilv_plugin_get_library_uri(host.plugin)), NULL);
  FILE* file = fopen(path, "rb");
  assert_non_null(file);
  fclose(file);
  lilv_free(path);
}

static void
its_ports_are_the_agreed_ones(void** state)
{
  (void)state;
  static const char* const symbols[N_PORTS] = {[PORT_IN] = "in",
                                               [PORT_OUT] = "out",
                                               [PORT_GAIN] = "gain",
                                               [PORT_TONE] = "tone",
                                               [PORT_LEVEL] = "level",
                                               [PORT_OVERSAMPLING] = "oversampling",
                                               [PORT_ENABLED] = "enabled",
                                               [PORT_LATENCY] = "latency",
                                               [PORT_INPUT] = "input",
                                               [PORT_BLEND] = "blend",
                                               [PORT_INPUT_PEAK] = "input_peak",
                                               [PORT_OUTPUT_PEAK] = "output_peak",
                                               [PORT_MATCH] = "match",
                                               [PORT_INPUT_LEVEL] = "input_level",
                                               [PORT_PHASE] = "phase"};
  assert_int_equal(lilv_plugin_get_num_ports(host.plugin), N_PORTS);
  for (uint32_t i = 0; i < N_PORTS; ++i) {
    const LilvPort* port = port_at(i);
    assert_int_equal(lilv_port_get_index(host.plugin, port), i);
    assert_string_equal(lilv_node_as_string(lilv_port_get_symbol(host.plugin, port)), symbols[i]);
    assert_true(port_is(i, i <= PORT_OUT ? LV2 "AudioPort" : LV2 "ControlPort"));
    const bool is_input = i == PORT_IN || control_is_input(i);
    assert_true(port_is(i, is_input ? LV2 "InputPort" : LV2 "OutputPort"));
  }
}

static void
controls_have_the_ranges_and_defaults_of_the_c_code(void** state)
{
  (void)state;
  float min[N_PORTS];
  float max[N_PORTS];
  float initial[N_PORTS];
  lilv_plugin_get_port_ranges_float(host.plugin, min, max, initial);
  for (uint32_t i = PORT_GAIN; i < N_PORTS; ++i) {
    const ControlRange range = control_ranges[i];
    if (control_is_input(i)) {
      assert_float_equal(min[i], range.min, 0);
      assert_float_equal(max[i], range.max, 0);
      assert_float_equal(initial[i], range.initial, 0);
    }
  }
  for (uint32_t i = PORT_INPUT_PEAK; i <= PORT_OUTPUT_PEAK; ++i) {
    assert_float_equal(min[i], PEAK_METER_MIN_DB, 0);
    assert_float_equal(max[i], PEAK_METER_MAX_DB, 0);
  }
}

static void
every_control_explains_itself(void** state)
{
  (void)state;
  for (uint32_t i = PORT_GAIN; i < N_PORTS; ++i) {
    assert_true(port_tells(i, RDFS "comment"));
    const bool has_words = port_has(i, LV2 "toggled") || i == PORT_INPUT_LEVEL || i == PORT_PHASE;
    assert_true(port_tells(i, UNITS "unit") || has_words);
  }
}

// GStreamer counts every port of a group as an audio channel, control ports too.
static void
no_control_is_in_a_group(void** state)
{
  (void)state;
  for (uint32_t i = PORT_GAIN; i < N_PORTS; ++i) {
    assert_false(port_tells(i, PG "group"));
  }
}

static void
it_has_one_audio_channel_in_and_one_out(void** state)
{
  (void)state;
  static const char* const main_groups[] = {
      [PORT_IN] = PG "mainInput", [PORT_OUT] = PG "mainOutput"};
  for (uint32_t i = 0; i < N_PORTS; ++i) {
    assert_int_equal(port_is(i, LV2 "AudioPort"), i <= PORT_OUT);
  }
  for (uint32_t i = PORT_IN; i <= PORT_OUT; ++i) {
    LilvNode* group = port_value(i, PG "group");
    LilvNode* designation = port_value(i, LV2 "designation");
    assert_non_null(group);
    assert_non_null(designation);
    assert_string_equal(lilv_node_as_uri(group), value(main_groups[i]));
    assert_string_equal(lilv_node_as_uri(designation), PG "center");
    lilv_node_free(designation);
    lilv_node_free(group);
  }
}

// guitarix shows a port with scale points as a selector of them, and GStreamer refuses other
// values.
static void
only_an_enumeration_has_scale_points(void** state)
{
  (void)state;
  for (uint32_t i = 0; i < N_PORTS; ++i) {
    assert_int_equal(port_tells(i, LV2 "scalePoint"), port_has(i, LV2 "enumeration"));
  }
}

// Carla ignores language tags and shows the last label.
static void
groups_and_scale_points_have_one_label(void** state)
{
  (void)state;
  for (uint32_t i = PORT_IN; i <= PORT_OUT; ++i) {
    LilvNode* group = port_value(i, PG "group");
    assert_int_equal(n_values(group, LV2 "name"), 1);
    lilv_node_free(group);
  }
  LilvNode* scale_point = lilv_new_uri(host.world, LV2 "scalePoint");
  for (uint32_t i = PORT_GAIN; i < N_PORTS; ++i) {
    LilvNodes* points = lilv_port_get_value(host.plugin, port_at(i), scale_point);
    LILV_FOREACH(nodes, j, points)
    {
      assert_int_equal(n_values(lilv_nodes_get(points, j), RDFS "label"), 1);
    }
    lilv_nodes_free(points);
  }
  lilv_node_free(scale_point);
}

// Hosts show a homepage as a link, and the project has no web address.
static void
maintainers_have_no_homepage(void** state)
{
  (void)state;
  LilvNode* project = lilv_plugin_get_project(host.plugin);
  LilvNode* maintainer = lilv_new_uri(host.world, DOAP "maintainer");
  const LilvNode* const subjects[] = {project, lilv_plugin_get_uri(host.plugin)};
  for (size_t i = 0; i < sizeof subjects / sizeof *subjects; ++i) {
    LilvNodes* maintainers = lilv_world_find_nodes(host.world, subjects[i], maintainer, NULL);
    assert_int_equal(lilv_nodes_size(maintainers), 1);
    assert_int_equal(n_values(lilv_nodes_get_first(maintainers), FOAF "name"), 1);
    assert_int_equal(n_values(lilv_nodes_get_first(maintainers), FOAF "homepage"), 0);
    lilv_nodes_free(maintainers);
  }
  lilv_node_free(maintainer);
  lilv_node_free(project);
}

static uint32_t
designated(const char* designation)
{
  LilvNode* node = lilv_new_uri(host.world, designation);
  const LilvPort* port = lilv_plugin_get_port_by_designation(host.plugin, NULL, node);
  const uint32_t index = port ? lilv_port_get_index(host.plugin, port) : UINT32_MAX;
  lilv_node_free(node);
  return index;
}

static void
hosts_find_bypass_latency_and_the_enumerations(void** state)
{
  (void)state;
  assert_int_equal(designated(LV2 "enabled"), PORT_ENABLED);
  assert_true(port_has(PORT_ENABLED, LV2 "toggled"));
  assert_true(port_has(PORT_MATCH, LV2 "toggled"));
  assert_int_equal(designated(LV2 "latency"), PORT_LATENCY);
  assert_true(lilv_plugin_has_latency(host.plugin));
  assert_int_equal(lilv_plugin_get_latency_port_index(host.plugin), PORT_LATENCY);
  assert_true(port_has(PORT_LATENCY, LV2 "reportsLatency"));
  static const uint32_t enumerations[] = {PORT_OVERSAMPLING, PORT_PHASE};
  for (size_t i = 0; i < sizeof enumerations / sizeof *enumerations; ++i) {
    assert_true(port_has(enumerations[i], LV2 "enumeration"));
    assert_true(port_has(enumerations[i], LV2 "integer"));
    assert_true(port_has(enumerations[i], PPROPS "expensive"));
    assert_true(port_has(enumerations[i], PPROPS "causesArtifacts"));
    assert_true(port_has(enumerations[i], PPROPS "notAutomatic"));
  }
  LilvScalePoints* points = lilv_port_get_scale_points(host.plugin, port_at(PORT_OVERSAMPLING));
  assert_int_equal(lilv_scale_points_size(points), 3);
  LILV_FOREACH(scale_points, i, points)
  {
    const LilvScalePoint* point = lilv_scale_points_get(points, i);
    char label[8];
    snprintf(label, sizeof label, "%dx",
             (int)lilv_node_as_float(lilv_scale_point_get_value(point)));
    assert_string_equal(lilv_node_as_string(lilv_scale_point_get_label(point)), label);
  }
  lilv_scale_points_free(points);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_plugin_says_who_it_is),
      cmocka_unit_test(its_version_is_a_release),
      cmocka_unit_test(it_requires_nothing_and_can_run_in_real_time),
      cmocka_unit_test(its_library_is_in_the_bundle),
      cmocka_unit_test(its_ports_are_the_agreed_ones),
      cmocka_unit_test(controls_have_the_ranges_and_defaults_of_the_c_code),
      cmocka_unit_test(every_control_explains_itself),
      cmocka_unit_test(no_control_is_in_a_group),
      cmocka_unit_test(it_has_one_audio_channel_in_and_one_out),
      cmocka_unit_test(only_an_enumeration_has_scale_points),
      cmocka_unit_test(groups_and_scale_points_have_one_label),
      cmocka_unit_test(maintainers_have_no_homepage),
      cmocka_unit_test(hosts_find_bypass_latency_and_the_enumerations),
  };
  return cmocka_run_group_tests_name("metadata", tests, host_open, host_close);
}
