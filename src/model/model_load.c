// SPDX-License-Identifier: MIT
// Reads a model's file; the parser itself needs no operating system.
#include "model/model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

// Reads to the end of the file, at most max_size bytes. Returns false on an error, with errno set.
static bool
read_all(int file, uint8_t* data, size_t max_size, size_t* size)
{
  *size = 0;
  while (*size < max_size) {
    const ssize_t got = read(file, data + *size, max_size - *size);
    if (got == 0) {
      return true;
    }
    if (got > 0) {
      *size += (size_t)got;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

static ModelStatus
fail(ModelStatus status, int system_error, ModelError* error)
{
  if (error) {
    *error = (ModelError){.status = status, .value = system_error};
  }
  return status;
}

ModelStatus
model_load(const char* path, Model** model, ModelError* error)
{
  *model = NULL;
  // Without O_NONBLOCK, open() would wait for a pipe's writer.
  const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) {
    return fail(MODEL_UNREADABLE, errno, error);
  }
  // One byte more than the limit tells a longer file.
  uint8_t* data = malloc(MODEL_MAX_FILE_SIZE + 1);
  ModelStatus status = MODEL_OK;
  size_t size = 0;
  if (!data) {
    status = fail(MODEL_NO_MEMORY, 0, error);
  } else if (!read_all(file, data, MODEL_MAX_FILE_SIZE + 1, &size)) {
    status = fail(MODEL_UNREADABLE, errno, error);
  } else {
    status = model_parse(data, size, model, error);
  }
  free(data);
  close(file);
  return status;
}
