// SPDX-License-Identifier: MIT
// The player with its worker in a thread of its own, while the host's main thread saves and
// restores. Under sanitizers, this finds races and calls that block.
#define _GNU_SOURCE // MAP_ANONYMOUS
#include "support/player_host.h"
#include "support/signals.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <cmocka.h>

enum {
  BLOCK = 64,
  N_PLAYERS = 2,
  N_MODELS = 3,
  N_LOADS = 40,
  LOAD_EVERY = 16,
  SETTLED = 100, // blocks: two changes take 61
  STACK_SIZE = 1 << 20
};

static const MissingFeatures none_missing = {false, false};
static char models[N_MODELS][PATH_SIZE]; // two that play, and one that is missing

// One instance with its three threads.
typedef struct {
  PlayerHost* player;
  atomic_bool is_done;
  bool is_finite;
} Session;

static int
open_all(void** state)
{
  host_open(state);
  const char* top = getenv("OD3_TOP");
  static const char* const names[N_MODELS] = {"od3.gru", "od3-eco.gru", "missing.gru"};
  for (int i = 0; i < N_MODELS; ++i) {
    snprintf(models[i], PATH_SIZE, "%s/weights/%s", top ? top : ".", names[i]);
  }
  notes(in);
  return 0;
}

static void
wait_a_little(void)
{
  const struct timespec pause = {0, 200000};
  nanosleep(&pause, NULL);
}

static void*
worker_thread(void* data)
{
  Session* session = data;
  while (!atomic_load(&session->is_done)) {
    player_host_work(session->player);
    wait_a_little();
  }
  return NULL;
}

static void*
audio_thread(void* data)
{
  Session* session = data;
  static _Thread_local float sound[BLOCK];
  session->is_finite = true;
  for (int i = 0; i < N_LOADS * LOAD_EVERY; ++i) {
    if (i % LOAD_EVERY == 0) {
      player_host_load(session->player, models[i / LOAD_EVERY % N_MODELS]);
    }
    session->player->controls[PLAYER_KNOB1] = (float)(i % 11);
    session->player->controls[PLAYER_NEXT] = (float)(i % 64 == 63);
    player_host_run(session->player, in + (size_t)(i % 100) * BLOCK, sound, BLOCK, BLOCK);
    for (int t = 0; t < BLOCK; ++t) {
      session->is_finite = session->is_finite && isfinite(sound[t]);
    }
    wait_a_little();
  }
  atomic_store(&session->is_done, true);
  return NULL;
}

// The host's main thread, with the feature threadSafeRestore.
static void*
main_thread(void* data)
{
  Session* session = data;
  while (!atomic_load(&session->is_done)) {
    SavedState saved;
    player_host_save(session->player, &saved);
    player_host_restore(session->player, &saved);
    wait_a_little();
  }
  return NULL;
}

// Asks for a model while no other thread runs, and plays until it sounds, whatever was under way.
// The host is then told of its path, and saves it.
static void
expect_loaded(PlayerHost* player, const char* path)
{
  static float sound[BLOCK];
  SavedState saved;
  player_host_load(player, path);
  for (int i = 0; i < SETTLED; ++i) {
    player_host_run(player, in, sound, BLOCK, BLOCK);
    player_host_work(player);
  }
  assert_string_equal(player->told[TOLD_MODEL], path);
  assert_true(player_host_save(player, &saved));
  assert_string_equal(saved.value, path);
}

static void
loads_saves_and_restores_from_three_threads_agree_in_the_end(void** state)
{
  (void)state;
  static void* (*const roles[])(void*) = {worker_thread, audio_thread, main_thread};
  enum { N_ROLES = sizeof roles / sizeof *roles };
  static Session sessions[N_PLAYERS];
  pthread_t threads[N_PLAYERS][N_ROLES];
  for (int i = 0; i < N_PLAYERS; ++i) {
    sessions[i].player = player_host_start(RATE_HZ, none_missing);
    for (int j = 0; j < N_ROLES; ++j) {
      assert_int_equal(pthread_create(&threads[i][j], NULL, roles[j], &sessions[i]), 0);
    }
  }
  for (int i = 0; i < N_PLAYERS; ++i) {
    for (int j = 0; j < N_ROLES; ++j) {
      pthread_join(threads[i][j], NULL);
    }
    assert_true(sessions[i].is_finite);
    expect_loaded(sessions[i].player, models[i]);
    player_host_free(sessions[i].player);
  }
}

static void
a_request_replaces_a_step_that_has_not_been_made(void** state)
{
  (void)state;
  float sound[BLOCK];
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  expect_loaded(player, models[0]);
  player->controls[PLAYER_NEXT] = 1.0f;
  player_host_run(player, in, sound, BLOCK, BLOCK);
  expect_loaded(player, models[1]);
  player_host_free(player);
}

// Without optimisation, and under sanitizers, functions need more stack than the plugin's do.
#ifndef __OPTIMIZE__
#define HAS_LARGE_FRAMES
#endif
#if defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(realtime_sanitizer)
#undef HAS_LARGE_FRAMES
#define HAS_LARGE_FRAMES
#endif
#endif

#ifndef HAS_LARGE_FRAMES
static void*
work_once(void* data)
{
  player_host_work(data);
  return NULL;
}
#endif

// Some hosts give their worker a small stack.
static void
the_worker_needs_little_stack(void** state)
{
  (void)state;
#ifdef HAS_LARGE_FRAMES
  skip();
#else
  float sound[BLOCK];
  uint8_t* stack =
      mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(stack != MAP_FAILED);
  PlayerHost* player = player_host_start(RATE_HZ, none_missing);
  size_t largest = 0;
  for (int i = 0; i < N_MODELS; ++i) {
    memset(stack, 0xA5, STACK_SIZE);
    player_host_load(player, models[i]);
    player->controls[PLAYER_NEXT] = (float)(i % 2);
    player_host_run(player, in, sound, BLOCK, BLOCK);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    assert_int_equal(pthread_attr_setstack(&attributes, stack, STACK_SIZE), 0);
    assert_int_equal(pthread_create(&thread, &attributes, work_once, player), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    size_t unused = 0;
    while (stack[unused] == 0xA5) {
      ++unused;
    }
    largest = STACK_SIZE - unused > largest ? STACK_SIZE - unused : largest;
  }
  print_message("# the worker used %zu bytes of its stack\n", largest);
  assert_true(largest < 60000);
  player_host_free(player);
  munmap(stack, STACK_SIZE);
#endif
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(loads_saves_and_restores_from_three_threads_agree_in_the_end),
      cmocka_unit_test(a_request_replaces_a_step_that_has_not_been_made),
      cmocka_unit_test(the_worker_needs_little_stack),
  };
  return cmocka_run_group_tests_name("player threads", tests, open_all, host_close);
}
