// SPDX-License-Identifier: MIT
#include "model_list.h"

#include "player/model_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// Appends a row; the name is copied. Returns false when memory is short.
static bool
add_row(ModelList* list, RowKind kind, const char* name)
{
  ModelRow* rows = realloc(list->rows, ((size_t)list->n_rows + 1) * sizeof *rows);
  if (!rows) {
    return false;
  }
  list->rows = rows;
  char* copy = name ? strdup(name) : NULL;
  if (name && !copy) {
    return false;
  }
  list->rows[list->n_rows++] = (ModelRow){kind, copy};
  return true;
}

static bool
is_folder(int folder, const char* name)
{
  struct stat status;
  return fstatat(folder, name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

// Adds the folder's folders and models, in any order.
static bool
add_entries(ModelList* list)
{
  DIR* folder = opendir(list->folder);
  bool has_memory = true;
  const struct dirent* entry = NULL;
  while (folder && has_memory && list->n_rows < LIST_MAX_ROWS && (entry = readdir(folder))) {
    if (entry->d_name[0] == '.') {
      continue;
    }
    if (is_folder(dirfd(folder), entry->d_name)) {
      has_memory = add_row(list, ROW_FOLDER, entry->d_name);
    } else if (model_folder_is_model(entry->d_name)) {
      has_memory = add_row(list, ROW_MODEL, entry->d_name);
    }
  }
  if (folder) {
    closedir(folder);
  }
  return has_memory;
}

static int
compare(const void* a, const void* b)
{
  const ModelRow* one = a;
  const ModelRow* other = b;
  return one->kind != other->kind ? (int)one->kind - (int)other->kind
         : one->name              ? strcmp(one->name, other->name)
                                  : 0;
}

static void
free_rows(ModelList* list)
{
  for (int i = 0; i < list->n_rows; ++i) {
    free(list->rows[i].name);
  }
  free(list->rows);
  list->rows = NULL;
  list->n_rows = list->selected = list->top = 0;
}

// Selects the row of a name, or else the first one that has a name.
static void
select_name(ModelList* list, const char* name)
{
  int wanted = -1;
  for (int i = list->n_rows; i-- > 0;) {
    const char* found = list->rows[i].name;
    if (found && (wanted < 0 || strcmp(list->rows[wanted].name, name) != 0)) {
      wanted = i;
    }
  }
  model_list_move(list, wanted);
}

// Reads the folder, and selects the row of a name, or else the first folder or model.
static bool
read_folder(ModelList* list, bool has_dialog, const char* selected)
{
  free_rows(list);
  list->is_open =
      (!has_dialog || add_row(list, ROW_DIALOG, NULL)) && add_row(list, ROW_OWN, NULL) &&
      (strcmp(list->folder, "/") == 0 || add_row(list, ROW_PARENT, NULL)) && add_entries(list);
  if (!list->is_open) {
    free_rows(list);
    return false;
  }
  qsort(list->rows, (size_t)list->n_rows, sizeof *list->rows, compare);
  select_name(list, selected);
  return true;
}

// Sets the folder to the one in which a path lies. Returns false where that is none.
static bool
set_folder(ModelList* list, const char* path)
{
  const char* slash = strrchr(path, '/');
  if (*path != '/' || slash - path + 1 >= PATH_SIZE) {
    return false;
  }
  snprintf(list->folder, sizeof list->folder, "%.*s", (int)(slash - path + 1), path);
  return true;
}

bool
model_list_open(ModelList* list, const char* path, bool has_dialog)
{
  const bool has_path = set_folder(list, path);
  if (!has_path && !list->folder[0]) {
    const char* home = getenv("HOME");
    const int n = snprintf(list->folder, sizeof list->folder, "%s/", home ? home : "");
    if (list->folder[0] != '/' || n >= PATH_SIZE) {
      snprintf(list->folder, sizeof list->folder, "/");
    }
  }
  return read_folder(list, has_dialog, has_path ? strrchr(path, '/') + 1 : "");
}

bool
model_list_enter(ModelList* list)
{
  const ModelRow row = list->rows[list->selected];
  const bool has_dialog = list->rows[0].kind == ROW_DIALOG;
  const size_t n = strlen(list->folder);
  char left[NAME_MAX + 1] = "";
  if (row.kind == ROW_PARENT) {
    list->folder[n - 1] = '\0';
    char* slash = strrchr(list->folder, '/');
    snprintf(left, sizeof left, "%s", slash + 1);
    slash[1] = '\0';
  } else if (n + strlen(row.name) + 1 < PATH_SIZE) {
    snprintf(list->folder + n, sizeof list->folder - n, "%s/", row.name);
  }
  return read_folder(list, has_dialog, left);
}

void
model_list_close(ModelList* list)
{
  free_rows(list);
  list->is_open = false;
}

void
model_list_move(ModelList* list, int n_rows)
{
  const int wanted = list->selected + n_rows;
  const int last = list->n_rows - 1;
  list->selected = wanted < 0 ? 0 : wanted > last ? last : wanted;
  if (list->selected < list->top) {
    list->top = list->selected;
  } else if (list->selected >= list->top + LIST_SHOWN_ROWS) {
    list->top = list->selected - LIST_SHOWN_ROWS + 1;
  }
}

void
model_list_scroll(ModelList* list, int n_rows)
{
  const int last = list->n_rows > LIST_SHOWN_ROWS ? list->n_rows - LIST_SHOWN_ROWS : 0;
  const int wanted = list->top + n_rows;
  list->top = wanted < 0 ? 0 : wanted > last ? last : wanted;
}

bool
model_list_path(const ModelList* list, char path[PATH_SIZE])
{
  const int n = snprintf(path, PATH_SIZE, "%s%s", list->folder, list->rows[list->selected].name);
  return n < PATH_SIZE;
}
