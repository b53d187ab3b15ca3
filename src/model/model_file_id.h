// SPDX-License-Identifier: MIT
// Tells whether two paths lead to the same unchanged file.
#ifndef OD3_MODEL_FILE_ID_H
#define OD3_MODEL_FILE_ID_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  uint64_t device, inode, size;
  int64_t modified_s, modified_ns;
  int64_t changed_s, changed_ns;
} ModelFileId;

// Finds the file at a path. Returns false where there is none. A file's content must be read after
// its identity, so that a change in between is not taken for the old content. Not for the audio
// thread.
bool
model_file_id(const char* path, ModelFileId* id);

// Any thread.
bool
model_file_ids_are_equal(const ModelFileId* a, const ModelFileId* b);

#endif
