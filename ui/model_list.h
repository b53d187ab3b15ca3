// SPDX-License-Identifier: MIT
// The list from which a player chooses a model: a folder's models and folders. No X.
#ifndef OD3_UI_MODEL_LIST_H
#define OD3_UI_MODEL_LIST_H

#include "player/path_box.h"

#include <stdbool.h>

typedef enum {
  ROW_DIALOG, // opens the host's file dialog
  ROW_OWN,    // the model that comes with the plugin
  ROW_PARENT, // the folder above
  ROW_FOLDER,
  ROW_MODEL
} RowKind;

typedef struct {
  RowKind kind;
  char* name; // of a folder or a file, else NULL
} ModelRow;

enum { LIST_SHOWN_ROWS = 12, LIST_MAX_ROWS = 10000 };

typedef struct {
  bool is_open;
  char folder[PATH_SIZE]; // absolute, with a slash at its end; kept while closed
  ModelRow* rows;         // folders first, then models; each by name, byte by byte
  int n_rows;
  int selected; // always a row
  int top;      // the first row that is shown
} ModelList;

// Opens the list at the folder of a file, with that file selected; with an empty path where it was
// last, or at the user's home. Returns false when memory is short. Reads the folder: all functions
// are for the UI thread.
bool
model_list_open(ModelList* list, const char* path, bool has_dialog);

// Opens the selected folder, or the one above for ROW_PARENT. Returns false when memory is short.
bool
model_list_enter(ModelList* list);

// Closes the list and frees its rows.
void
model_list_close(ModelList* list);

// Selects another row, so many below (or above), and scrolls to it.
void
model_list_move(ModelList* list, int n_rows);

// Scrolls by rows, as far as there are rows.
void
model_list_scroll(ModelList* list, int n_rows);

// Writes the path of the selected model. Returns false where it has 4096 bytes or more.
bool
model_list_path(const ModelList* list, char path[PATH_SIZE]);

#endif
