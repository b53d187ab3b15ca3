// SPDX-License-Identifier: MIT
#include "kernel.h"

#include <stdbool.h>
#include <string.h>

// Of those that are built, the fastest first.
static const Kernel* const kernels[] = {
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

// What the compiler may use in all of the plugin, every processor has that runs it.
static bool
is_supported(const Kernel* kernel)
{
#ifdef HAVE_AVX2
  if (kernel == &kernel_avx2) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  }
#endif
  return kernel != NULL;
}

const Kernel*
kernel_find(const char* name)
{
  const size_t n_kernels = sizeof kernels / sizeof kernels[0]; // NOLINT(bugprone-sizeof-expression)
  for (size_t i = 0; i < n_kernels; ++i) {
    if ((!name || strcmp(name, kernels[i]->name) == 0) && is_supported(kernels[i])) {
      return kernels[i];
    }
  }
  return NULL;
}
