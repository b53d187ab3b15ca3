// SPDX-License-Identifier: MIT
// Functions that the parts of the benchmark share. Each part prints lines "NAME... VALUE", which
// bench.py reads. A value is in nanoseconds of the thread's CPU time per sample, unless its line
// says otherwise, or in bytes.
#ifndef OD3_BENCH_H
#define OD3_BENCH_H

#include "rnn/kernel.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum { RATE_HZ = 48000, BENCH_FRAMES = 24576, BENCH_MAX_BLOCK = 2048 };

// Returns the CPU time of this thread in nanoseconds; the time of other programs does not count.
static inline double
now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

// Names of the kernels that this processor supports. NULL ends the list.
extern const char* const* const bench_kernels;

// Fills `in` [BENCH_FRAMES] with decaying plucks that peak at 0.5.
void
bench_fill_ordinary(float* in);

// Times the bare network with random parameters by size, kernel and number of streams.
void
bench_network(void);

// Loads the model that bench_bare() times. It stays loaded until the program ends. Returns false
// when it cannot be loaded.
bool
bench_load(const char* path);

// Returns the time of the loaded bare network in nanoseconds per sample.
double
bench_bare(const char* kernel);

// Times the whole plugin in the folder `bundle` through LV2, and the bare network beside it.
// Returns false when the plugin cannot be loaded.
bool
bench_plugin(const char* bundle);

#endif
