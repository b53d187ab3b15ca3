// SPDX-License-Identifier: MIT
// The models in use, through which instances of the plugin share one copy. Nobody waits for a lock,
// so a process may fork at any moment.
#ifndef OD3_SHARED_MODEL_H
#define OD3_SHARED_MODEL_H

#include "model/model_file_id.h"
#include "model/packed_model.h"
#include "rnn/kernel.h"

enum { SHARED_MODELS_MAX = 64 }; // models beyond these are not shared

// Returns the model that was made of this file for this kernel and is in use, or NULL. The caller
// hands it back with shared_model_release. Not for the audio thread; any number of other threads.
const PackedModel*
shared_model_find(const ModelFileId* file, const Kernel* kernel);

// Takes ownership of a model from packed_model_new and returns it, or an equal one that is in use.
// `file` is what it was made of; NULL where that is not known. The caller hands the result back
// with shared_model_release. Of threads that share equal models at the same moment, each may get
// one of its own. Threads as shared_model_find.
const PackedModel*
shared_model_share(PackedModel* model, const ModelFileId* file);

// Hands a model back; the last user's call frees it. NULL is allowed. Threads as shared_model_find.
void
shared_model_release(const PackedModel* model);

#endif
