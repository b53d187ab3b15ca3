// SPDX-License-Identifier: MIT
// Reads models from JSON, told apart by what they hold: the Keras style that RTNeural and AIDA-X
// read, the style of Automated-GuitarAmpModelling (Proteus, NeuralPi, TS-M1N3), and the plugin's
// own file wrapped in JSON. weights/FORMAT.md says what each must hold.
#ifndef OD3_JSON_MODEL_H
#define OD3_JSON_MODEL_H

#include "model/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Returns whether the bytes begin as JSON does. Any thread.
bool
json_model_is(const uint8_t* data, size_t size);

// Reads a file into a model of zeros, which may be filled in part where the status of the result is
// not MODEL_OK. Not for the audio thread.
ModelError
json_model_read(const uint8_t* data, size_t size, Model* model);

#endif
