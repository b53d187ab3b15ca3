// SPDX-License-Identifier: MIT
// Reads the plugin's own model file, which weights/FORMAT.md describes.
#ifndef OD3_GRU_FILE_H
#define OD3_GRU_FILE_H

#include "model/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Returns whether the bytes begin as such a file does. Any thread.
bool
gru_file_is(const uint8_t* data, size_t size);

// Reads a file for which gru_file_is() holds into a model of zeros, which may be filled in part
// where the status of the result is not MODEL_OK. Not for the audio thread.
ModelError
gru_file_read(const uint8_t* data, size_t size, Model* model);

#endif
