// SPDX-License-Identifier: MIT
#include "rnn/kernel.h"

#include <stdbool.h>
#include <string.h>

// The kernels of this build, the fastest first.
static const Kernel* const kernels[] = {
#ifdef HAVE_AVX512
    &kernel_avx512,
#endif
#ifdef HAVE_AVX2
    &kernel_avx2,
#endif
#ifdef HAVE_SSE2
    &kernel_sse2,
#endif
#ifdef HAVE_NEON
    &kernel_neon,
#endif
#ifdef HAVE_SIMD128
    &kernel_simd128,
#endif
    &kernel_plain,
};

// Only AVX2 and AVX-512 need a run-time check, which includes the operating system's support; the
// other kernels use the build's baseline instructions.
static bool
is_supported(const Kernel* kernel)
{
#ifdef HAVE_AVX512
  if (kernel == &kernel_avx512) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("fma");
  }
#endif
#ifdef HAVE_AVX2
  if (kernel == &kernel_avx2) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  }
#endif
  return kernel != NULL;
}

// Returns whether a supported kernel may be chosen unasked. Processors with AVX-512 but without its
// VBMI2, which are older than Ice Lake and Zen 4, lower their clock for long vectors: whatever else
// runs on the core would pay for it.
static bool
is_preferred(const Kernel* kernel)
{
#ifdef HAVE_AVX512
  if (kernel == &kernel_avx512) {
    return __builtin_cpu_supports("avx512vbmi2");
  }
#endif
  return kernel != NULL;
}

const Kernel*
kernel_find(const char* name)
{
  const size_t n_kernels = sizeof kernels / sizeof kernels[0]; // NOLINT(bugprone-sizeof-expression)
  for (size_t i = 0; i < n_kernels; ++i) {
    const bool is_wanted = name ? strcmp(name, kernels[i]->name) == 0 : is_preferred(kernels[i]);
    if (is_wanted && is_supported(kernels[i])) {
      return kernels[i];
    }
  }
  return NULL;
}
