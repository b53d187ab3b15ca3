// SPDX-License-Identifier: MIT
// The plugin in every rounding mode of a host: the sound stays the same, and the host gets its mode
// back.
#include "lv2/controls.h"
#include "rnn/kernel.h"
#include "support/bundle.h"

#include <fenv.h>
#include <math.h>

enum { N_FRAMES = 4800 };

// Plays a decaying tone in a rounding mode.
static void
play(int rounding, float* out)
{
  const LV2_Descriptor* descriptor = lv2_descriptor(0);
  LV2_Handle instance = instantiate();
  assert_non_null(instance);
  float in[N_FRAMES];
  for (int i = 0; i < N_FRAMES; ++i) {
    in[i] = 0.3f * expf(-0.001f * (float)i) * sinf(0.03f * (float)i);
  }
  descriptor->connect_port(instance, PORT_IN, in);
  descriptor->connect_port(instance, PORT_OUT, out);
  assert_int_equal(fesetround(rounding), 0);
  descriptor->activate(instance);
  assert_int_equal(fegetround(), rounding);
  descriptor->run(instance, N_FRAMES);
  assert_int_equal(fegetround(), rounding);
  assert_int_equal(fesetround(FE_TONEAREST), 0);
  descriptor->cleanup(instance);
}

static void
no_rounding_mode_changes_the_sound(void** state)
{
  (void)state;
  static const char* const kernels[] = {"plain", "sse2", "avx2", "avx512", "neon"};
  static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  static float expected[N_FRAMES];
  static float out[N_FRAMES];
  write_shipped_model("od3.gru");
  for (size_t k = 0; k < sizeof kernels / sizeof *kernels; ++k) {
    if (!kernel_find(kernels[k])) {
      print_message("# this processor or build has no kernel %s\n", kernels[k]);
      continue;
    }
    assert_int_equal(setenv("OD3_KERNEL", kernels[k], 1), 0);
    play(FE_TONEAREST, expected);
    for (size_t m = 0; m < sizeof modes / sizeof *modes; ++m) {
      play(modes[m], out);
      assert_memory_equal(out, expected, sizeof out);
    }
  }
  assert_int_equal(unsetenv("OD3_KERNEL"), 0);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_rounding_mode_changes_the_sound),
  };
  return cmocka_run_group_tests_name("floating-point environment", tests, make_folder,
                                     remove_folder);
}
