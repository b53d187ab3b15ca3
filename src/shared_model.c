// SPDX-License-Identifier: MIT
#include "shared_model.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

typedef struct Entry {
  struct Entry* next;
  PackedModel* model;
  size_t n_users;
} Entry;

static atomic_flag is_locked = ATOMIC_FLAG_INIT;
static Entry* entries; // only while is_locked is held

// For moments. The C library's mutexes are in libc itself only since glibc 2.34.
static void
lock(void)
{
  while (atomic_flag_test_and_set_explicit(&is_locked, memory_order_acquire)) {
    sched_yield();
  }
}

static void
unlock(void)
{
  atomic_flag_clear_explicit(&is_locked, memory_order_release);
}

// Where the pointer to the entry of an equal model is; at the end, a pointer to NULL.
static Entry**
find(const PackedModel* model)
{
  Entry** at = &entries;
  while (*at && !packed_model_equals((*at)->model, model)) {
    at = &(*at)->next;
  }
  return at;
}

const PackedModel*
shared_model_take(PackedModel* model)
{
  Entry* fresh = malloc(sizeof *fresh);
  if (!fresh) {
    packed_model_free(model);
    return NULL;
  }
  *fresh = (Entry){NULL, model, 0};
  lock();
  Entry** at = find(model);
  Entry* spare = *at ? fresh : NULL;
  Entry* entry = *at ? *at : fresh;
  *at = entry;
  ++entry->n_users;
  unlock();
  if (spare) {
    packed_model_free(model);
    free(spare);
  }
  // cppcheck-suppress memleak // `fresh` is in the list, or it is spare
  return entry->model;
}

void
shared_model_release(const PackedModel* model)
{
  if (!model) {
    return;
  }
  lock();
  Entry** at = find(model);
  Entry* entry = *at;
  const bool is_last = entry && --entry->n_users == 0;
  if (is_last) {
    *at = entry->next;
  }
  unlock();
  if (is_last) {
    packed_model_free(entry->model);
    free(entry);
  }
}
