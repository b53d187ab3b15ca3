// SPDX-License-Identifier: MIT
// Times run() call by call, in blocks of 64 frames, for run_times.py.
//
// usage: run_times BUNDLE_DIR worst|kernels|phases NUMBER
//
// worst makes NUMBER of calls in each state of the pedal, at 2x, and prints lines "STATE NS...":
// the quantiles 0.5, 0.99, 0.9999 and 1 of the calls. kernels plays NUMBER of rounds with each
// kernel and prints lines "KERNEL OVERSAMPLING NS...", in a frame: the quickest round and the
// quantiles 0.25, 0.5 and 0.75. phases does the same with each phase and the fastest kernel, and
// prints lines "PHASE OVERSAMPLING NS...".
//
// The process stays on one processor, in the scheduling class SCHED_FIFO where that is allowed; the
// first line, "SCHED_FIFO" or "SCHED_OTHER", says which. Times are those of the wall clock.
#define _GNU_SOURCE // cpu_set_t
#include "bench/instance.h"
#include "rnn/kernel.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  BLOCK = 64,
  N_IN = 8192,
  N_BLOCKS = N_IN / BLOCK,
  STEADY_CALLS = 2000, // until the silent copy has stopped
  CHANGE_CALLS = 60,   // between changes of oversampling, each of which takes 30
  BYPASS_CALLS = 30,   // between switches, each of which takes 15
  ROUND_CALLS = 64,    // of one kernel, before it is the next one's turn
  TURN_CALLS = 500,    // of one case, likewise
  MAX_PLAYERS = 24,
};

static float in[N_IN];
static uint32_t random_state = 1;

static double
now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

// Returns a number from 0 to 1.
static float
random_part(void)
{
  random_state = random_state * 1664525U + 1013904223U;
  return (float)(random_state >> 8U) / 16777216.0f;
}

static void
hold(Instance* instance, uint32_t call)
{
  (void)instance;
  (void)call;
}

static void
automate(Instance* instance, uint32_t call)
{
  (void)call;
  static const unsigned ports[] = {PORT_GAIN, PORT_TONE, PORT_LEVEL, PORT_INPUT, PORT_BLEND};
  for (size_t i = 0; i < sizeof ports / sizeof *ports; ++i) {
    const ControlRange range = control_ranges[ports[i]];
    instance->controls[ports[i]] = range.min + (range.max - range.min) * random_part();
  }
}

// Changes between 1x and 2x.
static void
change_oversampling(Instance* instance, uint32_t call)
{
  instance->controls[PORT_OVERSAMPLING] = call / CHANGE_CALLS % 2 ? 1.0f : 2.0f;
}

static void
switch_bypass(Instance* instance, uint32_t call)
{
  instance->controls[PORT_ENABLED] = call / BYPASS_CALLS % 2 ? 1.0f : 0.0f;
}

static void
activate(Instance* instance, uint32_t call)
{
  (void)call;
  instance->controls[PORT_GAIN] = instance->controls[PORT_TONE] = 5.0f;
  instance_plugin->activate(instance->handle);
}

// Activates with the knobs elsewhere than at the first run.
static void
activate_early(Instance* instance, uint32_t call)
{
  activate(instance, call);
  instance->controls[PORT_GAIN] = 10.0f * random_part();
  instance->controls[PORT_TONE] = 10.0f * random_part();
}

static const struct {
  const char* name;
  void (*prepare)(Instance* instance, uint32_t call); // before each call
} cases[] = {
    {"held-knobs", hold},      {"automation", automate}, {"oversampling", change_oversampling},
    {"bypass", switch_bypass}, {"first-run", activate},  {"first-run-late-knobs", activate_early},
};

enum { N_CASES = sizeof cases / sizeof *cases };

// Returns an instance whose silent copy has stopped.
static Instance*
start(const char* kernel, float oversampling, Phase phase)
{
  Instance* instance = instance_begin(kernel);
  instance->controls[PORT_OVERSAMPLING] = oversampling;
  instance->controls[PORT_PHASE] = (float)phase;
  for (uint32_t i = 0; i < STEADY_CALLS; ++i) {
    instance_run(instance, in + (size_t)(i % N_BLOCKS) * BLOCK, BLOCK);
  }
  return instance;
}

static int
compare(const void* a, const void* b)
{
  const float x = *(const float*)a;
  const float y = *(const float*)b;
  return (x > y) - (x < y);
}

// Prints quantiles of the times [n], which it sorts.
static void
print_quantiles(float* times, uint32_t n, const double* quantiles, size_t n_quantiles)
{
  qsort(times, n, sizeof *times, compare);
  for (size_t i = 0; i < n_quantiles; ++i) {
    printf(" %.1f", (double)times[(uint32_t)ceil(quantiles[i] * (double)(n - 1))]);
  }
  printf("\n");
}

// Times all cases in turn, so that what disturbs one disturbs all.
static void
time_worst(float* times, uint32_t n_calls)
{
  static const double quantiles[] = {0.5, 0.99, 0.9999, 1.0};
  Instance* instances[N_CASES];
  for (size_t i = 0; i < N_CASES; ++i) {
    instances[i] = start(kernel_find(NULL)->name, 2.0f, PHASE_LINEAR);
  }
  for (uint32_t done = 0; done < n_calls; done += TURN_CALLS) {
    for (size_t i = 0; i < N_CASES; ++i) {
      for (uint32_t call = done; call < done + TURN_CALLS && call < n_calls; ++call) {
        cases[i].prepare(instances[i], call);
        const double begin = now_ns();
        instance_run(instances[i], in + (size_t)(call % N_BLOCKS) * BLOCK, BLOCK);
        times[i * n_calls + call] = (float)(now_ns() - begin);
      }
    }
  }
  for (size_t i = 0; i < N_CASES; ++i) {
    instance_end(instances[i]);
    printf("%s", cases[i].name);
    print_quantiles(times + i * n_calls, n_calls, quantiles, sizeof quantiles / sizeof *quantiles);
  }
}

typedef struct {
  const char* name;
  Instance* instance;
} Player;

// Times n players in turn, so that what disturbs one disturbs all, prints their lines and ends
// them.
static void
time_in_turn(const Player* players, uint32_t n, float* times, uint32_t n_rounds)
{
  static const double quantiles[] = {0.0, 0.25, 0.5, 0.75};
  for (uint32_t round = 0; round < n_rounds; ++round) {
    for (uint32_t i = 0; i < n; ++i) {
      const double start = now_ns();
      for (uint32_t k = 0; k < ROUND_CALLS; ++k) {
        instance_run(players[i].instance, in + (size_t)k * BLOCK, BLOCK);
      }
      times[i * n_rounds + round] = (float)((now_ns() - start) / (ROUND_CALLS * BLOCK));
    }
  }
  for (uint32_t i = 0; i < n; ++i) {
    printf("%s %g", players[i].name, (double)players[i].instance->controls[PORT_OVERSAMPLING]);
    print_quantiles(times + (size_t)i * n_rounds, n_rounds, quantiles,
                    sizeof quantiles / sizeof *quantiles);
    instance_end(players[i].instance);
  }
}

static void
time_kernels(float* times, uint32_t n_rounds)
{
  static const char* const names[] = {"avx2", "avx512", "sse2", "neon"};
  Player players[MAX_PLAYERS];
  uint32_t n = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    for (int factor = 1; kernel_find(names[i]) && factor <= 4; factor *= 2) {
      players[n++] = (Player){names[i], start(names[i], (float)factor, PHASE_LINEAR)};
    }
  }
  time_in_turn(players, n, times, n_rounds);
}

static void
time_phases(float* times, uint32_t n_rounds)
{
  static const char* const names[N_PHASES] = {"linear", "minimum"};
  const char* kernel = kernel_find(NULL)->name;
  Player players[MAX_PLAYERS];
  uint32_t n = 0;
  for (int factor = 2; factor <= 4; factor *= 2) {
    for (unsigned phase = 0; phase < N_PHASES; ++phase) {
      players[n++] = (Player){names[phase], start(kernel, (float)factor, (Phase)phase)};
    }
  }
  time_in_turn(players, n, times, n_rounds);
}

// Keeps the process on the processor that it is on, and asks for the scheduling
// class of audio.
static void
pin(void)
{
  cpu_set_t processors;
  CPU_ZERO(&processors);
  CPU_SET((size_t)sched_getcpu(), &processors);
  sched_setaffinity(0, sizeof processors, &processors);
  const struct sched_param priority = {.sched_priority = 50};
  puts(sched_setscheduler(0, SCHED_FIFO, &priority) == 0 ? "SCHED_FIFO" : "SCHED_OTHER");
}

int
main(int argc, char** argv)
{
  const uint32_t n = argc == 4 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;
  if (n == 0) {
    fprintf(stderr, "usage: run_times BUNDLE_DIR worst|kernels|phases NUMBER\n");
    return 2;
  }
  float* times = calloc((size_t)n * MAX_PLAYERS, sizeof *times);
  if (!times || !instance_load(argv[1])) {
    free(times);
    return 1;
  }
  memset(times, 1,
         (size_t)n * sizeof *times); // so that no page is new while the clock runs
  for (int t = 0; t < N_IN; ++t) {
    in[t] = 0.5f * expf(-4.0f * (float)t / (float)N_IN) * sinf(0.0144f * (float)t);
  }
  pin();
  if (strcmp(argv[2], "kernels") == 0) {
    time_kernels(times, n);
  } else if (strcmp(argv[2], "phases") == 0) {
    time_phases(times, n);
  } else {
    time_worst(times, n);
  }
  free(times);
  return 0;
}
