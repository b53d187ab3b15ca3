// SPDX-License-Identifier: MIT
// Reads captures in the style of Automated-GuitarAmpModelling, which Proteus and NeuralPi have.
#ifndef OD3_TORCH_CAPTURE_H
#define OD3_TORCH_CAPTURE_H

#include "model/json_reader.h"

// Reads the capture and the model's rate from the file's outermost object. The reader keeps the
// first failure. Not for the audio thread.
void
torch_capture_read(JsonReader* reader, Json root);

#endif
