// SPDX-License-Identifier: MIT
// Loads a model for the programs here: for the kernel that OD3_KERNEL names, or the fastest.
#ifndef OD3_LOAD_H
#define OD3_LOAD_H

#include "kernel.h"
#include "model.h"
#include "packed_model.h"

#include <stdio.h>
#include <stdlib.h>

// NULL, and a line on standard error, when it can't be loaded. The caller frees it.
static inline PackedModel*
load(const char* path)
{
  const char* name = getenv("OD3_KERNEL");
  const Kernel* kernel = kernel_find(name);
  Model* model = NULL;
  const ModelStatus status = model_load(path, &model);
  if (!kernel || status != MODEL_OK) {
    fprintf(stderr, "%s is %s; kernel %s\n", path, model_status_text(status),
            kernel ? kernel->name : "missing");
  }
  PackedModel* packed = kernel && model ? packed_model_new(model, kernel) : NULL;
  model_free(model);
  return packed;
}

#endif
