// SPDX-License-Identifier: MIT
// Reads captures in RTNeural's Keras style, which AIDA-X writes.
#ifndef OD3_KERAS_CAPTURE_H
#define OD3_KERAS_CAPTURE_H

#include "model/json_reader.h"

// Reads the capture and the model's rate from the file's outermost object. The reader keeps the
// first failure. Not for the audio thread.
void
keras_capture_read(JsonReader* reader, Json root);

#endif
