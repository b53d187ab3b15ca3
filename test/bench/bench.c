// SPDX-License-Identifier: MIT
// Times one round of the bare network and of the whole plugin, for bench.py.
//
// usage: bench BUNDLE_DIR
#include "bench/bench.h"

#include <math.h>
#include <stdio.h>

static const char* const all_kernels[] = {"plain", "sse2", "avx2", "avx512", "neon"};
static const char* found_kernels[sizeof all_kernels / sizeof all_kernels[0] + 1];
const char* const* const bench_kernels = found_kernels;

static void
find_kernels(void)
{
  size_t n_found = 0;
  for (size_t i = 0; i < sizeof all_kernels / sizeof all_kernels[0]; ++i) {
    if (kernel_find(all_kernels[i])) {
      found_kernels[n_found++] = all_kernels[i];
    }
  }
}

void
bench_fill_ordinary(float* in)
{
  enum { PLUCK_FRAMES = 8192 };
  for (int t = 0; t < BENCH_FRAMES; ++t) {
    const float age = (float)(t % PLUCK_FRAMES) / PLUCK_FRAMES;
    const float phase = 0.0144f * (float)(t % PLUCK_FRAMES); // 110 Hz
    in[t] = 0.5f * expf(-4.0f * age) * (0.7f * sinf(phase) + 0.3f * sinf(3.01f * phase));
  }
}

int
main(int argc, char** argv)
{
  if (argc != 2) {
    fprintf(stderr, "usage: bench BUNDLE_DIR\n");
    return 2;
  }
  find_kernels();
  printf("fastest %s\n", kernel_find(NULL)->name);
  char path[4096];
  snprintf(path, sizeof path, "%s/od3.gru", argv[1]);
  if (!bench_load(path)) {
    return 1;
  }
  bench_network();
  return bench_plugin(argv[1]) ? 0 : 1;
}
