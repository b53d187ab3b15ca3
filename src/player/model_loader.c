// SPDX-License-Identifier: MIT
#include "player/model_loader.h"

#include "player/model_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SKIPPED = 1000 }; // files of a folder that a step may skip because they can't be played

_Static_assert(sizeof(PedalControls) % sizeof(unsigned) == 0, "controls are copied word by word");

bool
model_loader_init(ModelLoader* loader, const Kernel* kernel, double sample_rate_hz,
                  const char* own_path)
{
  *loader = (ModelLoader){.kernel = kernel, .sample_rate_hz = sample_rate_hz};
  const size_t size = strlen(own_path) + 1;
  loader->own_path = malloc(size);
  if (loader->own_path) {
    memcpy(loader->own_path, own_path, size);
  }
  return loader->own_path;
}

static void
free_discarded(ModelLoader* loader)
{
  LoadedModel* loaded = atomic_exchange(&loader->discarded, NULL);
  while (loaded) {
    LoadedModel* next = loaded->next;
    loaded_model_free(loaded);
    loaded = next;
  }
}

void
model_loader_destroy(ModelLoader* loader)
{
  free_discarded(loader);
  loaded_model_free(atomic_exchange(&loader->arrived, NULL));
  free(loader->own_path);
}

void
model_loader_set_controls(ModelLoader* loader, const PedalControls* controls) NONBLOCKING
{
  for (size_t i = 0; i < sizeof *controls / sizeof(unsigned); ++i) {
    unsigned word = 0;
    memcpy(&word, (const char*)controls + i * sizeof word, sizeof word);
    atomic_store_explicit(&loader->controls[i], word, memory_order_relaxed);
  }
}

// Each control is the newest or the one before: a model that is primed with both moves on to the
// newest.
static PedalControls
read_controls(ModelLoader* loader)
{
  PedalControls controls = {.enabled = false};
  for (size_t i = 0; i < sizeof controls / sizeof(unsigned); ++i) {
    const unsigned word = atomic_load_explicit(&loader->controls[i], memory_order_relaxed);
    memcpy((char*)&controls + i * sizeof word, &word, sizeof word);
  }
  return controls;
}

bool
model_loader_request(ModelLoader* loader, const char* path) NONBLOCKING
{
  unsigned generation = 0;
  if (path_box_try_write(&loader->wanted, NULL, path, &generation, NULL) != PATH_WRITTEN) {
    return false;
  }
  atomic_store(&loader->steps, 0);
  return true;
}

void
model_loader_step(ModelLoader* loader, int step) NONBLOCKING
{
  atomic_fetch_add(&loader->steps, step);
}

LoadedModel*
model_loader_take(ModelLoader* loader) NONBLOCKING
{
  LoadedModel* loaded = atomic_exchange(&loader->arrived, NULL);
  if (loaded && !loaded->error[0] && loaded->generation != path_box_generation(&loader->wanted)) {
    model_loader_discard(loader, loaded); // a newer request is under way
    return NULL;
  }
  return loaded;
}

bool
model_loader_revert(ModelLoader* loader, const LoadedModel* failed,
                    const char* sounding_path) NONBLOCKING
{
  unsigned generation = 0;
  if (failed->keeps_request) {
    return true;
  }
  return path_box_try_write(&loader->wanted, &failed->generation, sounding_path, &generation,
                            &loader->n_handled) != PATH_BUSY;
}

void
model_loader_discard(ModelLoader* loader, LoadedModel* loaded) NONBLOCKING
{
  if (loaded) {
    LoadedModel* first = atomic_load(&loader->discarded);
    do {
      loaded->next = first;
    } while (!atomic_compare_exchange_weak(&loader->discarded, &first, loaded));
  }
}

bool
model_loader_has_work(const ModelLoader* loader) NONBLOCKING
{
  return atomic_load(&loader->discarded) || atomic_load(&loader->steps) ||
         atomic_load(&loader->n_handled) != path_box_generation(&loader->wanted);
}

// Hands a result to the audio thread, unless a newer one waits there.
static void
deliver(ModelLoader* loader, LoadedModel* loaded)
{
  unsigned generation = loaded->generation; // once handed over, the result may be freed at any time
  LoadedModel* other = atomic_exchange(&loader->arrived, loaded);
  while (other && other->generation > generation) {
    generation = other->generation;
    other = atomic_exchange(&loader->arrived, other); // it goes back
  }
  loaded_model_free(other);
}

static LoadedModel*
load(ModelLoader* loader, const char* path)
{
  const char* file_path = *path ? path : loader->own_path;
  LoadedModel* loaded = loaded_model_new(path, file_path, loader->kernel, loader->sample_rate_hz);
  if (loaded && loaded->pedal) {
    const PedalControls controls = read_controls(loader);
    pedal_prime(loaded->pedal, &controls);
  }
  return loaded;
}

// Returns whether this thread is the one to handle a request: nobody handles it or a newer one.
static bool
claim(ModelLoader* loader, unsigned generation)
{
  unsigned handled = atomic_load(&loader->n_handled);
  do {
    if ((int)(generation - handled) <= 0) {
      return false;
    }
  } while (!atomic_compare_exchange_weak(&loader->n_handled, &handled, generation));
  return true;
}

// Loads the newest request if nobody has.
static void
load_wanted(ModelLoader* loader)
{
  char path[PATH_SIZE];
  const unsigned generation = path_box_read(&loader->wanted, path);
  if (!claim(loader, generation)) {
    return;
  }
  LoadedModel* loaded = load(loader, path);
  if (loaded) {
    loaded->generation = generation;
    deliver(loader, loaded);
  }
}

// Loads the first file that can be played, `steps` files further and then one by one.
static LoadedModel*
load_neighbour(ModelLoader* loader, const char* path, int steps)
{
  char found[PATH_SIZE];
  LoadedModel* loaded = NULL;
  for (int i = 0; i < MAX_SKIPPED && (!loaded || loaded->error[0]); ++i) {
    const int step = i == 0 ? steps : steps > 0 ? 1 : -1;
    if (!model_folder_step(i == 0 ? path : found, step, found) || strcmp(found, path) == 0) {
      break;
    }
    loaded_model_free(loaded);
    loaded = load(loader, found);
  }
  return loaded;
}

static void
make_steps(ModelLoader* loader)
{
  const int steps = atomic_exchange(&loader->steps, 0);
  if (!steps) {
    return;
  }
  char path[PATH_SIZE];
  const unsigned asked_at = path_box_read(&loader->wanted, path);
  LoadedModel* loaded = load_neighbour(loader, *path ? path : loader->own_path, steps);
  if (!loaded) {
    loaded = calloc(1, sizeof *loaded);
    if (loaded) {
      snprintf(loaded->error, sizeof loaded->error, "the folder has no other model file");
    }
  }
  if (loaded && loaded->pedal) {
    if (path_box_write(&loader->wanted, &asked_at, loaded->path, &loaded->generation,
                       &loader->n_handled) == PATH_OUTDATED) {
      loaded_model_free(loaded); // the host asked for a file meanwhile
      return;
    }
  }
  if (loaded) {
    deliver(loader, loaded);
  }
}

void
model_loader_work(ModelLoader* loader)
{
  free_discarded(loader);
  load_wanted(loader);
  make_steps(loader);
}

void
model_loader_load(ModelLoader* loader, const char* path)
{
  free_discarded(loader);
  unsigned generation = 0;
  path_box_write(&loader->wanted, NULL, path, &generation, &loader->n_handled);
  atomic_store(&loader->steps, 0);
  LoadedModel* loaded = load(loader, path);
  if (loaded) {
    loaded->keeps_request = true;
    loaded->generation = generation;
    deliver(loader, loaded);
  }
}

void
model_loader_path(const ModelLoader* loader, char path[PATH_SIZE])
{
  path_box_read(&loader->wanted, path);
}
