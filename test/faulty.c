// SPDX-License-Identifier: MIT
// The plugin with a fault, which OD3_FAULT names: what the checks of test/safe_*.py must find, and
// so what shows that they look.
#include "pedal.h"
#include "realtime.h"

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
faulty_run(Pedal* pedal, const PedalControls* controls, const float* in, float* out,
           uint32_t n_frames) NONBLOCKING
{
  pedal_run(pedal, controls, in, out, n_frames);
  block();
}

static void
faulty_free(Pedal* pedal)
{
  misuse_memory(100);
  pedal_free(pedal);
}

#define pedal_run faulty_run
#define pedal_free faulty_free
#include "od3.c"

#undef atomic_flag_test_and_set_explicit
#define atomic_flag_test_and_set_explicit(flag, order)                                             \
  (!has_fault("race") && atomic_flag_test_and_set(flag))
#include "shared_model.c"
