// SPDX-License-Identifier: MIT
// The LV2 entry points keep their promises at their limits. Built with sanitizers.
#include "lv2/controls.h"
#include "model/model_file_id.h"
#include "model/shared_model.h"
#include "rnn/kernel.h"
#include "support/bundle.h"

#include <dirent.h>
#include <math.h>

enum { N_FRAMES = 4800 };

static const LV2_Descriptor* descriptor;
static float in[N_FRAMES];
static float out[N_FRAMES];

static LV2_Handle
instantiate_at_rate(double rate_hz)
{
  const LV2_Feature* const no_features[] = {NULL};
  return descriptor->instantiate(descriptor, rate_hz, folder, no_features);
}

static LV2_Handle
connected(void)
{
  LV2_Handle instance = instantiate();
  assert_non_null(instance);
  descriptor->connect_port(instance, PORT_IN, in);
  descriptor->connect_port(instance, PORT_OUT, out);
  return instance;
}

static void
rates_from_1_hz_to_10_mhz_are_accepted_and_no_others(void** state)
{
  (void)state;
  static const double accepted[] = {1.0, 44100.0, 1e7};
  static const double refused[] = {0.999, 10000001.0, 0.0, -48000.0, (double)NAN, (double)INFINITY};
  for (size_t i = 0; i < sizeof accepted / sizeof *accepted; ++i) {
    LV2_Handle instance = instantiate_at_rate(accepted[i]);
    assert_non_null(instance);
    descriptor->cleanup(instance);
  }
  for (size_t i = 0; i < sizeof refused / sizeof *refused; ++i) {
    assert_null(instantiate_at_rate(refused[i]));
  }
}

static void
every_positive_value_of_enabled_is_on(void** state)
{
  (void)state;
  static const struct {
    float enabled;
    bool is_on;
  } cases[] = {{0.0f, false}, {-1.0f, false}, {0.001f, true},
               {0.3f, true},  {1.0f, true},   {2.0f, true}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    LV2_Handle instance = connected();
    float enabled = cases[i].enabled;
    float oversampling = 1.0f; // with which the bypassed input is not delayed
    descriptor->connect_port(instance, PORT_ENABLED, &enabled);
    descriptor->connect_port(instance, PORT_OVERSAMPLING, &oversampling);
    descriptor->activate(instance);
    descriptor->run(instance, N_FRAMES);
    assert_int_equal(memcmp(out, in, sizeof in) != 0, cases[i].is_on);
    descriptor->cleanup(instance);
  }
}

static void
a_port_beyond_the_last_is_ignored(void** state)
{
  (void)state;
  float expected[N_FRAMES];
  float values[3] = {7.0f, 7.0f, 7.0f};
  LV2_Handle instance = connected();
  descriptor->activate(instance);
  descriptor->run(instance, N_FRAMES);
  memcpy(expected, out, sizeof out);
  descriptor->connect_port(instance, N_PORTS, &values[0]);
  descriptor->connect_port(instance, N_PORTS + 1, &values[1]);
  descriptor->connect_port(instance, UINT32_MAX, &values[2]);
  descriptor->activate(instance);
  descriptor->run(instance, N_FRAMES);
  assert_memory_equal(out, expected, sizeof out);
  for (int i = 0; i < 3; ++i) {
    assert_true(values[i] == 7.0f);
  }
  descriptor->cleanup(instance);
}

// Controls that the host sets after activate() and before the first frame are as if set before.
static void
late_controls_sound_from_the_first_frame(void** state)
{
  (void)state;
  // plugin/test_rates.c has the knobs
  static const unsigned ports[] = {PORT_LEVEL, PORT_INPUT, PORT_BLEND, PORT_ENABLED,
                                   PORT_OVERSAMPLING};
  static const float values[] = {-30.0f, 24.0f, 20.0f, 0.0f, 4.0f};
  for (size_t i = 0; i < sizeof ports / sizeof *ports; ++i) {
    float expected[N_FRAMES];
    float value = values[i];
    LV2_Handle early = connected();
    descriptor->connect_port(early, ports[i], &value);
    descriptor->activate(early);
    descriptor->run(early, N_FRAMES);
    memcpy(expected, out, sizeof out);
    descriptor->cleanup(early);

    float late_value = control_ranges[ports[i]].initial;
    LV2_Handle late = connected();
    descriptor->connect_port(late, ports[i], &late_value);
    descriptor->activate(late);
    descriptor->run(late, 0);
    late_value = values[i];
    descriptor->run(late, 0);
    descriptor->run(late, N_FRAMES);
    for (int t = 0; t < N_FRAMES; ++t) {
      if (!(fabsf(out[t] - expected[t]) < 1e-4f)) {
        fail_msg("port %u: frame %d is %g instead of %g", ports[i], t, (double)out[t],
                 (double)expected[t]);
      }
    }
    descriptor->cleanup(late);
  }
}

static volatile float least = 1.2e-38f; // nearly the least normal number
static CellProcess* process;
static bool has_flushed;

static void
process_and_watch(const Cell* cell, uint32_t n_streams, float* states, const float* input,
                  float* output, uint32_t n_frames) NONBLOCKING
{
  has_flushed = least * 0.5f == 0.0f;
  process(cell, n_streams, states, input, output, n_frames);
}

static void
the_network_runs_with_denormals_flushed_and_the_host_without(void** state)
{
  (void)state;
#if (defined(__SSE__) && !defined(__i386__)) || defined(__aarch64__) || defined(__ARM_FP)
  LV2_Handle first = connected();
  ModelFileId id;
  assert_true(model_file_id(model_path, &id));
  const PackedModel* found = shared_model_find(&id, kernel_find(getenv("OD3_KERNEL")));
  PackedModel* model = (PackedModel*)(uintptr_t)found; // the test may change what it shares
  assert_non_null(model);
  process = model->shape.process;
  model->shape.process = process_and_watch;
  LV2_Handle watched = connected();
  float gain = 1.0f;
  descriptor->connect_port(watched, PORT_GAIN, &gain);
  has_flushed = false;
  descriptor->activate(watched);
  assert_true(has_flushed);
  assert_true(least * 0.5f != 0.0f);
  has_flushed = false;
  descriptor->run(watched, 1);
  assert_true(has_flushed);
  assert_true(least * 0.5f != 0.0f);
  model->shape.process = process;
  descriptor->cleanup(watched);
  descriptor->cleanup(first);
  shared_model_release(model);
#else
  print_message("# this processor has no mode that flushes\n");
#endif
}

static int
count_descriptors(void)
{
  DIR* open = opendir("/proc/self/fd");
  assert_non_null(open);
  int n = 0;
  while (readdir(open)) {
    ++n;
  }
  closedir(open);
  return n;
}

static void
no_instance_good_or_bad_leaves_a_file_open(void** state)
{
  (void)state;
  const int before = count_descriptors();
  descriptor->cleanup(connected());
  write_model("no model", 8);
  assert_null(instantiate());
  unlink(model_path);
  assert_null(instantiate());
  assert_null(instantiate_at_rate(0.0));
  assert_int_equal(count_descriptors(), before);
}

static void
a_file_that_is_replaced_gives_new_instances_its_model(void** state)
{
  (void)state;
  float expected[N_FRAMES];
  LV2_Handle old = connected();
  descriptor->activate(old);
  descriptor->run(old, N_FRAMES);
  memcpy(expected, out, sizeof out);
  unlink(model_path);
  write_shipped_model("od3.gru");
  LV2_Handle fresh = connected();
  descriptor->activate(fresh);
  descriptor->run(fresh, N_FRAMES);
  assert_memory_not_equal(out, expected, sizeof out);
  descriptor->activate(old);
  descriptor->run(old, N_FRAMES);
  assert_memory_equal(out, expected, sizeof out);
  descriptor->cleanup(old);
  descriptor->cleanup(fresh);
}

static int
write_eco_model(void** state)
{
  (void)state;
  write_shipped_model("od3-eco.gru");
  return 0;
}

static int
make_bundle(void** state)
{
  descriptor = lv2_descriptor(0);
  for (int t = 0; t < N_FRAMES; ++t) {
    in[t] = 0.3f * sinf(0.03f * (float)t);
  }
  return make_folder(state);
}

#define WITH_MODEL(test) cmocka_unit_test_setup(test, write_eco_model)

int
main(void)
{
  const struct CMUnitTest tests[] = {
      WITH_MODEL(rates_from_1_hz_to_10_mhz_are_accepted_and_no_others),
      WITH_MODEL(every_positive_value_of_enabled_is_on),
      WITH_MODEL(a_port_beyond_the_last_is_ignored),
      WITH_MODEL(late_controls_sound_from_the_first_frame),
      WITH_MODEL(the_network_runs_with_denormals_flushed_and_the_host_without),
      WITH_MODEL(no_instance_good_or_bad_leaves_a_file_open),
      WITH_MODEL(a_file_that_is_replaced_gives_new_instances_its_model),
  };
  return cmocka_run_group_tests_name("LV2 calls", tests, make_bundle, remove_folder);
}
