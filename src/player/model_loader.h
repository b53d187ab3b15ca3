// SPDX-License-Identifier: MIT
// Loads models while the audio thread plays: it takes requests from the audio thread and from the
// host's main thread, does the work in any other thread, and hands the results to the audio thread.
#ifndef OD3_MODEL_LOADER_H
#define OD3_MODEL_LOADER_H

#include "common/realtime.h"
#include "engine/pedal.h"
#include "player/loaded_model.h"
#include "player/path_box.h"
#include "rnn/kernel.h"

#include <stdatomic.h>
#include <stdbool.h>

typedef struct {
  const Kernel* kernel;
  double sample_rate_hz;
  char* own_path;                  // the bundle's own model, which the empty path stands for
  PathBox wanted;                  // the path of the newest request
  atomic_uint n_handled;           // the generation up to which requests were loaded
  atomic_int steps;                // asked for and not yet made: forwards, or below 0 backwards
  _Atomic(LoadedModel*) arrived;   // the newest result that the audio thread has not taken
  _Atomic(LoadedModel*) discarded; // a list of what the audio thread no longer needs
  atomic_uint controls[sizeof(PedalControls) / sizeof(unsigned)]; // for priming
} ModelLoader;

// Initialises a loader; own_path is copied. Returns false when memory is short. Not for the audio
// thread.
bool
model_loader_init(ModelLoader* loader, const Kernel* kernel, double sample_rate_hz,
                  const char* own_path);

// Frees what the loader owns. Call it once no other thread uses the loader.
void
model_loader_destroy(ModelLoader* loader);

// Tells which controls the next model is primed with. Audio thread.
void
model_loader_set_controls(ModelLoader* loader, const PedalControls* controls) NONBLOCKING;

// Asks for the model at a path, of fewer than PATH_SIZE bytes; empty for the bundle's own. It
// replaces earlier requests and steps. Returns false where another thread makes a request at this
// moment: try again. model_loader_work is due then. Audio thread.
bool
model_loader_request(ModelLoader* loader, const char* path) NONBLOCKING;

// Asks for the model `step` files further in the folder of the present one. model_loader_work is
// due then. Audio thread.
void
model_loader_step(ModelLoader* loader, int step) NONBLOCKING;

// Returns the newest result, which the caller now owns, or NULL. It holds a primed model or an
// error. Audio thread.
LoadedModel*
model_loader_take(ModelLoader* loader) NONBLOCKING;

// Takes back the request of a result that failed: the path is that of the model which sounds again,
// unless there is a newer request. Returns false as model_loader_request does. Audio thread.
bool
model_loader_revert(ModelLoader* loader, const LoadedModel* failed,
                    const char* sounding_path) NONBLOCKING;

// Takes ownership of a result that is no longer needed; NULL is allowed. The next
// model_loader_work frees it. Audio thread.
void
model_loader_discard(ModelLoader* loader, LoadedModel* loaded) NONBLOCKING;

// Returns whether model_loader_work has something to do. Any thread.
bool
model_loader_has_work(const ModelLoader* loader) NONBLOCKING;

// Does all that is due: frees, loads the newest request and makes the steps. Not for the audio
// thread; several threads may call it at once.
void
model_loader_work(ModelLoader* loader);

// Loads a model at once, as the newest request. Its path stays that of the newest request where it
// fails, so that a session keeps the path of a file that is missing for now. Not for the audio
// thread, which may run meanwhile.
void
model_loader_load(ModelLoader* loader, const char* path);

// Returns the path of the newest request in `path`; empty for the bundle's own model. Not for the
// audio thread.
void
model_loader_path(const ModelLoader* loader, char path[PATH_SIZE]);

#endif
