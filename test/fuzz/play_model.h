// SPDX-License-Identifier: MIT
#ifndef OD3_TEST_PLAY_MODEL_H
#define OD3_TEST_PLAY_MODEL_H

#include <stddef.h>
#include <stdint.h>

// Parses a model file and, if the parser accepts it, plays the model at two positions of its knobs,
// and one in many with a whole pedal. `choice` chooses the kernel. Aborts the program when a
// requirement fails.
void
parse_and_play(const uint8_t* data, size_t size, uint32_t choice);

#endif
