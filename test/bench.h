// SPDX-License-Identifier: MIT
// What the benchmark's parts share. Each part prints lines "WHAT... VALUE", for bench.py: values
// are nanoseconds of the thread's CPU time, a sample unless said otherwise, or bytes.
#ifndef OD3_BENCH_H
#define OD3_BENCH_H

#include "kernel.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum { RATE_HZ = 48000, BENCH_FRAMES = 24576, BENCH_MAX_BLOCK = 2048 };

// The thread's own time: other programs' does not count.
static inline double
now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

// The kernels that this processor has, ended by NULL.
extern const char* const* const bench_kernels;

// Fills in [BENCH_FRAMES] with a guitar-like sound: plucks that decay, peaks of 0.5.
void
bench_fill_ordinary(float* in);

// The bare network, of made-up parameters: by size, kernel and lanes.
void
bench_network(void);

// Loads the model that bench_bare times; false if it can't. It stays until the program ends.
bool
bench_load(const char* path);

// Nanoseconds a sample of that model's bare network.
double
bench_bare(const char* kernel);

// The whole plugin, beside the bare network, from a bundle's folder, through LV2. False if it can't
// be loaded.
bool
bench_plugin(const char* bundle);

#endif
