// SPDX-License-Identifier: MIT
// Reads a model's file. Apart from parsing, so that the parser needs no system.
#include "model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

// Reads to the end of the file, but no more than max_size bytes; false if it can't.
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

ModelStatus
model_load(const char* path, Model** model)
{
  *model = NULL;
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) {
    return MODEL_UNREADABLE;
  }
  // One byte more than any model has tells a longer file apart.
  uint8_t* data = malloc(MODEL_MAX_FILE_SIZE + 1);
  ModelStatus status = MODEL_NO_MEMORY;
  size_t size = 0;
  if (data) {
    status = read_all(file, data, MODEL_MAX_FILE_SIZE + 1, &size) ? model_parse(data, size, model)
                                                                  : MODEL_UNREADABLE;
  }
  free(data);
  close(file);
  return status;
}
