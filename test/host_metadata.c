// SPDX-License-Identifier: MIT
// What the bundle says of itself, read through lilv: what the validators miss.
#include "host.h"

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

// The plugin's value of a property as text, "" when there is none; the caller's until the next
// call.
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

static bool
port_tells(uint32_t index, const char* predicate)
{
  LilvNode* node = lilv_new_uri(host.world, predicate);
  LilvNode* got = lilv_port_get(host.plugin, port_at(index), node);
  const bool tells = got && strlen(lilv_node_as_string(got)) > 0;
  lilv_node_free(got);
  lilv_node_free(node);
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
  static const char* const symbols[N_PORTS] = {"in",    "out",          "gain",    "tone",
                                               "level", "oversampling", "enabled", "latency"};
  static const float ranges[N_PORTS][3] = {
      [PORT_GAIN] = {0, 10, 5},        [PORT_TONE] = {0, 10, 5},   [PORT_LEVEL] = {-30, 12, 0},
      [PORT_OVERSAMPLING] = {1, 4, 2}, [PORT_ENABLED] = {0, 1, 1}, [PORT_LATENCY] = {0, 192000, 0}};
  assert_int_equal(lilv_plugin_get_num_ports(host.plugin), N_PORTS);
  float min[N_PORTS];
  float max[N_PORTS];
  float initial[N_PORTS];
  lilv_plugin_get_port_ranges_float(host.plugin, min, max, initial);
  for (uint32_t i = 0; i < N_PORTS; ++i) {
    const LilvPort* port = port_at(i);
    assert_int_equal(lilv_port_get_index(host.plugin, port), i);
    assert_string_equal(lilv_node_as_string(lilv_port_get_symbol(host.plugin, port)), symbols[i]);
    assert_true(port_is(i, i <= PORT_OUT ? LV2 "AudioPort" : LV2 "ControlPort"));
    assert_true(
        port_is(i, i == PORT_OUT || i == PORT_LATENCY ? LV2 "OutputPort" : LV2 "InputPort"));
    if (i > PORT_OUT) {
      assert_true(min[i] == ranges[i][0] && max[i] == ranges[i][1] && initial[i] == ranges[i][2]);
    }
  }
}

static void
every_control_explains_itself(void** state)
{
  (void)state;
  for (uint32_t i = PORT_GAIN; i < N_PORTS; ++i) {
    assert_true(port_tells(i, RDFS "comment"));
    assert_true(port_tells(i, PG "group"));
    assert_true(port_tells(i, UNITS "unit") || port_has(i, LV2 "toggled"));
  }
  assert_true(port_tells(PORT_IN, PG "group") && port_tells(PORT_OUT, PG "group"));
  assert_true(strlen(value(PG "mainInput")) > 0 && strlen(value(PG "mainOutput")) > 0);
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
hosts_find_bypass_latency_and_the_enumeration(void** state)
{
  (void)state;
  assert_int_equal(designated(LV2 "enabled"), PORT_ENABLED);
  assert_true(port_has(PORT_ENABLED, LV2 "toggled"));
  assert_int_equal(designated(LV2 "latency"), PORT_LATENCY);
  assert_true(lilv_plugin_has_latency(host.plugin));
  assert_int_equal(lilv_plugin_get_latency_port_index(host.plugin), PORT_LATENCY);
  assert_true(port_has(PORT_LATENCY, LV2 "reportsLatency"));
  assert_true(port_has(PORT_OVERSAMPLING, LV2 "enumeration") &&
              port_has(PORT_OVERSAMPLING, LV2 "integer"));
  assert_true(port_has(PORT_OVERSAMPLING, PPROPS "expensive"));
  assert_true(port_has(PORT_OVERSAMPLING, PPROPS "causesArtifacts"));
  assert_true(port_has(PORT_OVERSAMPLING, PPROPS "notAutomatic"));
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
      cmocka_unit_test(every_control_explains_itself),
      cmocka_unit_test(hosts_find_bypass_latency_and_the_enumeration),
  };
  return cmocka_run_group_tests_name("metadata", tests, host_open, host_close);
}
