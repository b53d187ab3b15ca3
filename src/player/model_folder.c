// SPDX-License-Identifier: MIT
#include "player/model_folder.h"

#include <dirent.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool
model_folder_is_model(const char* name)
{
  static const char* const endings[] = {".gru", ".json", ".aidax"};
  const char* dot = strrchr(name, '.');
  if (!dot || *name == '.') {
    return false;
  }
  for (size_t i = 0; i < sizeof endings / sizeof *endings; ++i) {
    if (strcasecmp(dot, endings[i]) == 0) {
      return true;
    }
  }
  return false;
}

static int
is_model_file(const struct dirent* entry)
{
  return model_folder_is_model(entry->d_name);
}

// Not alphasort, whose order depends on the locale.
static int
by_name(const struct dirent** a, const struct dirent** b)
{
  return strcmp((*a)->d_name, (*b)->d_name);
}

// Returns the index of the wanted file among n sorted ones.
static int
index_after(struct dirent** files, int n, const char* name, int step)
{
  int at = 0;
  while (at < n && strcmp(files[at]->d_name, name) < 0) {
    ++at;
  }
  const bool is_there = at < n && strcmp(files[at]->d_name, name) == 0;
  const int wanted = at + step - (!is_there && step > 0 ? 1 : 0);
  return ((wanted % n) + n) % n;
}

bool
model_folder_step(const char* path, int step, char found[PATH_SIZE])
{
  const char* slash = strrchr(path, '/');
  const char* name = slash ? slash + 1 : path;
  char folder[PATH_SIZE];
  snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path + 1) : 2, slash ? path : "./");
  struct dirent** files = NULL;
  const int n = scandir(folder, &files, is_model_file, by_name);
  bool has_found = false;
  if (n > 0) {
    const char* next = files[index_after(files, n, name, step)]->d_name;
    const bool is_other = strcmp(next, name) != 0; // `name` may lie in `found`
    const int length = snprintf(found, PATH_SIZE, "%s%s", folder, next);
    has_found = is_other && length < PATH_SIZE;
  }
  for (int i = 0; i < n; ++i) {
    free(files[i]);
  }
  free(files);
  return has_found;
}
