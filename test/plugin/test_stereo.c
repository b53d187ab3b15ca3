// SPDX-License-Identifier: MIT
// The stereo pedal has the ports of the mono one, and each of its sides sounds as that one, to the
// bit.
#include "support/host.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_SIDES = 2, MAX_BLOCK = 512, N_BLOCKS = 200, LENGTH = N_BLOCKS * MAX_BLOCK };

static const LilvPlugin* stereo;
static float in[N_SIDES][LENGTH];

static int
open_plugins(void** state)
{
  host_open(state);
  LilvNode* uri = lilv_new_uri(host.world, OD3_STEREO_URI);
  stereo = lilv_plugins_get_by_uri(lilv_world_get_all_plugins(host.world), uri);
  lilv_node_free(uri);
  uint32_t random = 1;
  for (int side = 0; side < N_SIDES; ++side) {
    for (int t = 0; t < LENGTH; ++t) {
      random = random * 1664525U + 1013904223U;
      in[side][t] = 0.3f * sinf(0.01f * (float)(t * (side + 1))) + (float)(random >> 8U) * 6e-9f;
    }
  }
  return stereo ? 0 : -1;
}

static const LilvPort*
stereo_port(uint32_t index)
{
  return lilv_plugin_get_port_by_index(stereo, index);
}

static void
it_has_two_sides_and_the_controls_of_the_mono_pedal(void** state)
{
  (void)state;
  static const char* const symbols[] = {"in_left", "in_right", "out_left", "out_right"};
  float ranges[3][N_PORTS];
  float stereo_ranges[3][N_STEREO_PORTS];
  assert_int_equal(lilv_plugin_get_num_ports(stereo), N_STEREO_PORTS);
  lilv_plugin_get_port_ranges_float(host.plugin, ranges[0], ranges[1], ranges[2]);
  lilv_plugin_get_port_ranges_float(stereo, stereo_ranges[0], stereo_ranges[1], stereo_ranges[2]);
  for (uint32_t i = 0; i < N_STEREO_PORTS; ++i) {
    const LilvNode* symbol = lilv_port_get_symbol(stereo, stereo_port(i));
    if (i < 2 * N_SIDES) {
      assert_string_equal(lilv_node_as_string(symbol), symbols[i]);
      continue;
    }
    const uint32_t mono = i - STEREO_SHIFT;
    const LilvPort* port = lilv_plugin_get_port_by_index(host.plugin, mono);
    assert_true(lilv_node_equals(symbol, lilv_port_get_symbol(host.plugin, port)));
    for (int j = 0; j < 3; ++j) {
      assert_float_equal(stereo_ranges[j][i], ranges[j][mono], 0);
    }
  }
}

// Every control moves, at a block that its number and a seed choose.
static void
move_controls(float* controls, int block, int seed)
{
  static const float factors[] = {1.0f, 2.0f, 4.0f};
  switch ((block * 7 + seed) % 23) {
  case 0: controls[PORT_GAIN] = (float)(block % 11); break;
  case 1: controls[PORT_TONE] = (float)(block % 10); break;
  case 2: controls[PORT_LEVEL] = (float)(block % 12) - 9.0f; break;
  case 3: controls[PORT_INPUT] = (float)(block % 12) - 3.0f; break;
  case 4: controls[PORT_BLEND] = (float)(block % 3) * 50.0f; break;
  case 5: controls[PORT_ENABLED] = (float)(block % 2); break;
  case 6: controls[PORT_MATCH] = (float)(block % 2); break;
  case 7: controls[PORT_OVERSAMPLING] = factors[(block + seed) % 3]; break;
  case 8: controls[PORT_PHASE] = (float)(block % 2); break;
  default: break;
  }
}

static uint32_t
block_length(int block)
{
  return 1U + (uint32_t)(block * 37 % MAX_BLOCK);
}

// Plays one side through the mono pedal, and returns how many frames there were.
static uint32_t
play_mono(double rate_hz, int seed, const float* sound, float* out, float* latency)
{
  Instance* instance = host_start(rate_hz, 5.0f, 5.0f, 0.0f, 1.0f);
  uint32_t done = 0;
  for (int block = 0; block < N_BLOCKS; ++block) {
    move_controls(instance->controls, block, seed);
    host_run(instance, sound + done, out + done, block_length(block), MAX_BLOCK);
    latency[block] = instance->controls[PORT_LATENCY];
    done += block_length(block);
  }
  host_free(instance);
  return done;
}

// Plays in blocks whose buffers are those of a host: each output is in the memory of the other
// side's input.
static void
play_stereo(double rate_hz, int seed, float out[N_SIDES][LENGTH], float* latency)
{
  float controls[N_PORTS];
  float buffers[N_SIDES][MAX_BLOCK];
  LilvInstance* instance = lilv_plugin_instantiate(stereo, rate_hz, NULL);
  assert_non_null(instance);
  lilv_plugin_get_port_ranges_float(host.plugin, NULL, NULL, controls);
  for (uint32_t port = PORT_GAIN; port < N_PORTS; ++port) {
    lilv_instance_connect_port(instance, port + STEREO_SHIFT, &controls[port]);
  }
  for (uint32_t side = 0; side < N_SIDES; ++side) {
    lilv_instance_connect_port(instance, side, buffers[side]);
    lilv_instance_connect_port(instance, N_SIDES + side, buffers[1 - side]);
  }
  lilv_instance_activate(instance);
  uint32_t done = 0;
  for (int block = 0; block < N_BLOCKS; ++block) {
    const uint32_t n = block_length(block);
    move_controls(controls, block, seed);
    for (int side = 0; side < N_SIDES; ++side) {
      memcpy(buffers[side], in[side] + done, n * sizeof(float));
    }
    lilv_instance_run(instance, n);
    for (int side = 0; side < N_SIDES; ++side) {
      memcpy(out[side] + done, buffers[1 - side], n * sizeof(float));
    }
    latency[block] = controls[PORT_LATENCY];
    done += n;
  }
  lilv_instance_free(instance);
}

static void
each_side_sounds_as_the_mono_pedal(void** state)
{
  (void)state;
  static const double rates_hz[] = {44100.0, 48000.0, 96000.0, 22050.0, 192000.0};
  static float both[N_SIDES][LENGTH];
  static float out[LENGTH];
  float latency[N_BLOCKS];
  float mono_latency[N_BLOCKS];
  for (int i = 0; i < (int)(sizeof rates_hz / sizeof *rates_hz); ++i) {
    play_stereo(rates_hz[i], i, both, latency);
    for (int side = 0; side < N_SIDES; ++side) {
      const uint32_t n = play_mono(rates_hz[i], i, in[side], out, mono_latency);
      assert_true(n > LENGTH / 4);
      assert_memory_equal(both[side], out, n * sizeof *out);
      assert_memory_equal(latency, mono_latency, sizeof latency);
    }
  }
}

static void
its_meters_show_the_louder_side(void** state)
{
  (void)state;
  static const float amplitudes[N_SIDES] = {0.25f, 0.5f};
  float controls[N_PORTS];
  lilv_plugin_get_port_ranges_float(host.plugin, NULL, NULL, controls);
  controls[PORT_ENABLED] = 0.0f;
  controls[PORT_OVERSAMPLING] = 1.0f;
  for (int louder = 0; louder < N_SIDES; ++louder) {
    float sounds[N_SIDES][MAX_BLOCK];
    LilvInstance* instance = lilv_plugin_instantiate(stereo, 48000.0, NULL);
    for (uint32_t port = PORT_GAIN; port < N_PORTS; ++port) {
      lilv_instance_connect_port(instance, port + STEREO_SHIFT, &controls[port]);
    }
    for (uint32_t side = 0; side < N_SIDES; ++side) {
      for (int t = 0; t < MAX_BLOCK; ++t) {
        sounds[side][t] = amplitudes[(int)side == louder];
      }
      lilv_instance_connect_port(instance, side, sounds[side]);
      lilv_instance_connect_port(instance, N_SIDES + side, sounds[side]);
    }
    lilv_instance_activate(instance);
    lilv_instance_run(instance, MAX_BLOCK);
    assert_float_equal(controls[PORT_INPUT_PEAK], -6.0206f, 0.01f);
    assert_float_equal(controls[PORT_OUTPUT_PEAK], -6.0206f, 0.01f);
    lilv_instance_free(instance);
  }
}

static void
the_presets_are_those_of_the_mono_pedal(void** state)
{
  (void)state;
  LilvNode* preset = lilv_new_uri(host.world, "http://lv2plug.in/ns/ext/presets#Preset");
  LilvNodes* mono_presets = lilv_plugin_get_related(host.plugin, preset);
  LilvNodes* presets = lilv_plugin_get_related(stereo, preset);
  assert_true(lilv_nodes_size(presets) > 0);
  assert_int_equal(lilv_nodes_size(presets), lilv_nodes_size(mono_presets));
  lilv_nodes_free(presets);
  lilv_nodes_free(mono_presets);
  lilv_node_free(preset);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_has_two_sides_and_the_controls_of_the_mono_pedal),
      cmocka_unit_test(each_side_sounds_as_the_mono_pedal),
      cmocka_unit_test(its_meters_show_the_louder_side),
      cmocka_unit_test(the_presets_are_those_of_the_mono_pedal),
  };
  return cmocka_run_group_tests(tests, open_plugins, host_close);
}
