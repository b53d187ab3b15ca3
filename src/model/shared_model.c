// SPDX-License-Identifier: MIT
#include "model/shared_model.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

// A slot's n_users is a number of users, or one of these. A fork may leave a slot of the child
// claimed for ever; the child then has one slot less.
enum { FREE = 0 };
#define CLAIMED UINT_MAX // by the one thread that fills or empties the slot

// While a slot has users, what it holds does not change.
typedef struct {
  _Atomic(PackedModel*) model;
  ModelFileId file;
  atomic_uint n_users;
  bool has_file;
} Slot;

static Slot slots[SHARED_MODELS_MAX];

// Replaces the number of users, unless another thread was faster: then *n_users is what it now is.
static bool
// NOLINTNEXTLINE(readability-non-const-parameter) // the exchange writes *n_users
replace(Slot* slot, unsigned* n_users, unsigned replacement)
{
  return atomic_compare_exchange_weak_explicit(&slot->n_users, n_users, replacement,
                                               memory_order_acq_rel, memory_order_relaxed);
}

// Becomes a user of a slot, unless it has none.
static bool
retain(Slot* slot)
{
  unsigned n_users = atomic_load_explicit(&slot->n_users, memory_order_relaxed);
  while (n_users != FREE && n_users != CLAIMED) {
    if (replace(slot, &n_users, n_users + 1U)) {
      return true;
    }
  }
  return false;
}

static PackedModel*
model_in(Slot* slot)
{
  return atomic_load_explicit(&slot->model, memory_order_relaxed);
}

static void
release(Slot* slot)
{
  unsigned n_users = atomic_load_explicit(&slot->n_users, memory_order_relaxed);
  while (!replace(slot, &n_users, n_users == 1U ? CLAIMED : n_users - 1U)) {
  }
  if (n_users == 1U) {
    PackedModel* model = model_in(slot);
    atomic_store_explicit(&slot->model, NULL, memory_order_relaxed);
    atomic_store_explicit(&slot->n_users, FREE, memory_order_release);
    packed_model_free(model);
  }
}

const PackedModel*
shared_model_find(const ModelFileId* file, const Kernel* kernel)
{
  for (Slot* slot = slots; slot < slots + SHARED_MODELS_MAX; ++slot) {
    if (retain(slot)) {
      if (slot->has_file && model_in(slot)->kernel == kernel &&
          model_file_ids_are_equal(&slot->file, file)) {
        return model_in(slot);
      }
      release(slot);
    }
  }
  return NULL;
}

// Returns an equal model that is in use, of which the caller becomes a user, or NULL.
static const PackedModel*
find_equal(const PackedModel* model)
{
  for (Slot* slot = slots; slot < slots + SHARED_MODELS_MAX; ++slot) {
    if (retain(slot)) {
      if (packed_model_equals(model_in(slot), model)) {
        return model_in(slot);
      }
      release(slot);
    }
  }
  return NULL;
}

const PackedModel*
shared_model_share(PackedModel* model, const ModelFileId* file)
{
  const PackedModel* equal = find_equal(model);
  if (equal) {
    packed_model_free(model);
    return equal;
  }
  for (Slot* slot = slots; slot < slots + SHARED_MODELS_MAX; ++slot) {
    unsigned n_users = FREE;
    if (atomic_compare_exchange_strong_explicit(&slot->n_users, &n_users, CLAIMED,
                                                memory_order_acq_rel, memory_order_relaxed)) {
      atomic_store_explicit(&slot->model, model, memory_order_relaxed);
      slot->has_file = file != NULL;
      slot->file = file ? *file : (ModelFileId){0};
      atomic_store_explicit(&slot->n_users, 1U, memory_order_release);
      break;
    }
  }
  return model;
}

void
shared_model_release(const PackedModel* model)
{
  if (!model) {
    return;
  }
  // A slot that holds the caller's model keeps it; others may change, but not to this model.
  for (Slot* slot = slots; slot < slots + SHARED_MODELS_MAX; ++slot) {
    if (model_in(slot) == model) {
      release(slot);
      return;
    }
  }
  // Nobody else has it, and it was not const when its owner gave it away.
  const union {
    // cppcheck-suppress unusedStructMember // it is: `model` is put there
    const PackedModel* shared;
    PackedModel* owned;
  } unshared = {model};
  packed_model_free(unshared.owned);
}
