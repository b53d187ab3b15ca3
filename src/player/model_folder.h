// SPDX-License-Identifier: MIT
// The model files beside a model file, in the order of their names.
#ifndef OD3_MODEL_FOLDER_H
#define OD3_MODEL_FOLDER_H

#include "player/path_box.h"

#include <stdbool.h>

// Returns whether a file's name is that of a model: it ends in .gru, .json or .aidax, in any case,
// and does not begin with a dot. Any thread.
bool
model_folder_is_model(const char* name);

// Finds the model file that is `step` files after (below 0: before) the one at `path`, in the same
// folder; after the last comes the first. Names are compared byte by byte. Where the folder lacks
// `path`, counting begins between its neighbours. `path` may be `found`. Returns false where the
// folder can't be read or has no other model file. Not for the audio thread.
bool
model_folder_step(const char* path, int step, char found[PATH_SIZE]);

#endif
