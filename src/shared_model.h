// SPDX-License-Identifier: MIT
// Models that are in use, so that instances of the plugin share one copy.
#ifndef OD3_SHARED_MODEL_H
#define OD3_SHARED_MODEL_H

#include "packed_model.h"

// Takes over a model from packed_model_new, and returns it or an equal one that is in use already;
// the caller gives that back with shared_model_release. NULL, and the model is freed, when there is
// no memory. Any threads but the audio thread, at once too.
const PackedModel*
shared_model_take(PackedModel* model);

// Frees the model after its last user. NULL is allowed. As shared_model_take.
void
shared_model_release(const PackedModel* model);

#endif
