// SPDX-License-Identifier: MIT
// The built plugin under LV2's threading rules. Calls of one instance come from any thread, one at
// a time; calls of different instances run at once. All instances share a model.
#include "support/signals.h"

#include <dlfcn.h>
#include <lv2/core/lv2.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
  N_PLAYERS = 3,
  N_INSTANCES = 4,
  N_BLOCKS = 40,
  BLOCK = 128,
  LENGTH = N_BLOCKS * BLOCK,
  N_ROUNDS = 12, // instances that each visitor starts and frees
};

// An instance, its controls, and its output.
typedef struct {
  pthread_mutex_t mutex; // held by the thread that runs the instance
  LV2_Handle plugin;
  int n_done; // blocks played
  float controls[N_PORTS];
  float sound[LENGTH];
  float expected[LENGTH];
} Part;

static const LV2_Descriptor* descriptor;
static char bundle[4096];
static Part parts[N_INSTANCES];

static int
load(void** state)
{
  (void)state;
  const char* top = getenv("OD3_TOP");
  snprintf(bundle, sizeof bundle, "%s/od3.lv2", top ? top : ".");
  char path[sizeof bundle + 8];
  snprintf(path, sizeof path, "%s/od3.so", bundle);
  void* library = dlopen(path, RTLD_NOW);
  LV2_Descriptor_Function function = NULL;
  *(void**)&function = library ? dlsym(library, "lv2_descriptor") : NULL;
  descriptor = function ? function(0) : NULL;
  notes(in);
  return descriptor ? 0 : -1;
}

static void
begin(Part* part, int number)
{
  const float controls[N_PORTS] = {0, 0, (float)number, 5, 0, (float)(1 + number % 3), 1, 0};
  const LV2_Feature* const no_features[] = {NULL};
  memcpy(part->controls, controls, sizeof controls);
  part->n_done = 0;
  part->plugin = descriptor->instantiate(descriptor, RATE_HZ, bundle, no_features);
  if (!part->plugin) {
    abort();
  }
  for (uint32_t port = 2; port < N_PORTS; ++port) {
    descriptor->connect_port(part->plugin, port, &part->controls[port]);
  }
  descriptor->activate(part->plugin);
}

// Plays the next block. The controls depend on its number.
static void
play_block(Part* part)
{
  float* const to = part->sound + (size_t)part->n_done * BLOCK;
  part->controls[2] = (float)(part->n_done % 11);
  part->controls[5] = (float)(1 + part->n_done / 8 % 3);
  part->controls[6] = (float)(part->n_done % 16 < 13);
  descriptor->connect_port(part->plugin, 0, in + (size_t)part->n_done * BLOCK);
  descriptor->connect_port(part->plugin, 1, to);
  descriptor->run(part->plugin, BLOCK);
  ++part->n_done;
}

static void
end(Part* part)
{
  descriptor->cleanup(part->plugin);
}

// Plays the parts in turn until all are done, so that each instance runs on several threads.
static void*
player(void* data)
{
  unsigned next = *(unsigned*)data;
  for (int n_left = N_INSTANCES; n_left;) {
    Part* part = &parts[next++ % N_INSTANCES];
    --n_left;
    pthread_mutex_lock(&part->mutex);
    if (part->n_done < N_BLOCKS) {
      play_block(part);
      n_left = N_INSTANCES;
    }
    pthread_mutex_unlock(&part->mutex);
  }
  return NULL;
}

// Starts, plays and frees instances of its own.
static void*
visitor(void* data)
{
  (void)data;
  static _Thread_local Part part;
  for (int round = 0; round < N_ROUNDS; ++round) {
    begin(&part, round);
    play_block(&part);
    end(&part);
  }
  return NULL;
}

// Nobody else has the model, so it is loaded and freed again and again.
static void
several_threads_may_have_the_first_and_the_last_instance(void** state)
{
  (void)state;
  pthread_t threads[3];
  for (int i = 0; i < 3; ++i) {
    assert_int_equal(pthread_create(&threads[i], NULL, visitor, NULL), 0);
  }
  for (int i = 0; i < 3; ++i) {
    pthread_join(threads[i], NULL);
  }
}

static void
instances_on_several_threads_do_not_affect_each_other(void** state)
{
  (void)state;
  static unsigned first[N_PLAYERS] = {0, 1, 2};
  pthread_t threads[N_PLAYERS + 2];
  for (int i = 0; i < N_INSTANCES; ++i) {
    begin(&parts[i], i);
    while (parts[i].n_done < N_BLOCKS) {
      play_block(&parts[i]);
    }
    end(&parts[i]);
    memcpy(parts[i].expected, parts[i].sound, sizeof parts[i].sound);
    memset(parts[i].sound, 0, sizeof parts[i].sound);
  }
  for (int i = 0; i < N_INSTANCES; ++i) {
    pthread_mutex_init(&parts[i].mutex, NULL);
    begin(&parts[i], i);
  }
  for (int i = 0; i < N_PLAYERS + 2; ++i) {
    void* data = i < N_PLAYERS ? &first[i] : NULL;
    assert_int_equal(pthread_create(&threads[i], NULL, data ? player : visitor, data), 0);
  }
  for (int i = 0; i < N_PLAYERS + 2; ++i) {
    pthread_join(threads[i], NULL);
  }
  for (int i = 0; i < N_INSTANCES; ++i) {
    assert_int_equal(parts[i].n_done, N_BLOCKS);
    assert_true(largest_sample(parts[i].sound, 0, LENGTH) > 0.0f);
    assert_memory_equal(parts[i].sound, parts[i].expected, sizeof parts[i].sound);
    end(&parts[i]);
    pthread_mutex_destroy(&parts[i].mutex);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(several_threads_may_have_the_first_and_the_last_instance),
      cmocka_unit_test(instances_on_several_threads_do_not_affect_each_other),
  };
  return cmocka_run_group_tests_name("threads", tests, load, NULL);
}
