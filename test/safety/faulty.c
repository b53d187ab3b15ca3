// SPDX-License-Identifier: MIT
// The plugin with a planted fault, which the environment variable OD3_FAULT names. The checks of
// test/safety/ must find each fault.
#include "common/realtime.h"
#include "engine/pedal.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile int sum;

static bool
has_fault(const char* name)
{
  const char* fault = getenv("OD3_FAULT");
  return fault && strcmp(fault, name) == 0;
}

// Calls the function that may block, if OD3_FAULT names it.
static void
block(void)
{
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  if (has_fault("allocate")) {
    void* volatile memory = malloc(100);
    free(memory);
  }
  if (has_fault("lock")) {
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
  }
  if (has_fault("sleep")) {
    nanosleep(&(struct timespec){0, 1}, NULL);
  }
  if (has_fault("print")) {
    printf("%s\n", "# noise");
  }
  if (has_fault("open")) {
    close(open("/dev/null", O_RDONLY));
  }
}

static void
misuse_memory(int n)
{
  float* volatile memory = malloc(sizeof *memory * (size_t)n);
  volatile float* found = memory;
  if (has_fault("uninitialised") && found[n - 1] > 0.0f) {
    putchar('#');
  }
  found[0] = 1.0f;
  if (has_fault("overrun")) {
    found[n] = found[0];
  }
  if (!has_fault("leak")) {
    free(memory);
  }
  if (has_fault("stale")) {
    found[0] = 2.0f;
  }
  if (has_fault("overflow")) {
    const volatile int large = INT32_MAX;
    sum = large + n;
  }
}

static void
faulty_run(Pedal* pedal, const PedalControls* controls, const float* const* in, float* const* out,
           uint32_t n_frames) NONBLOCKING
{
  pedal_run_channels(pedal, controls, in, out, n_frames);
  block();
}

static void
faulty_free(Pedal* pedal)
{
  misuse_memory(100);
  pedal_free(pedal);
}

#define pedal_run_channels faulty_run
#define pedal_free faulty_free
#include "lv2/od3.c"

#define memory_order_acq_rel (has_fault("race") ? memory_order_relaxed : memory_order_acq_rel)
#define memory_order_release (has_fault("race") ? memory_order_relaxed : memory_order_release)
#include "model/shared_model.c"
