// SPDX-License-Identifier: MIT
// Loads a model for a test program, for the kernel that OD3_KERNEL names or else the fastest one.
#ifndef OD3_LOAD_H
#define OD3_LOAD_H

#include "model/model.h"
#include "model/packed_model.h"
#include "rnn/kernel.h"

#include <stdio.h>
#include <stdlib.h>

// Returns the packed model, which the caller frees. Prints a line on standard error and returns
// NULL when it cannot be loaded.
static inline PackedModel*
load(const char* path)
{
  const char* name = getenv("OD3_KERNEL");
  const Kernel* kernel = kernel_find(name);
  Model* model = NULL;
  ModelError error = {.status = MODEL_OK};
  if (!kernel) {
    fprintf(stderr, "there is no kernel %s here\n", name);
  }
  if (model_load(path, &model, &error) != MODEL_OK) {
    char reason[MODEL_ERROR_TEXT_SIZE];
    model_error_text(&error, reason);
    fprintf(stderr, "%s: %s\n", path, reason);
  }
  PackedModel* packed = kernel && model ? packed_model_new(model, kernel) : NULL;
  model_free(model);
  return packed;
}

#endif
