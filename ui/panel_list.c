// SPDX-License-Identifier: MIT
#include "panel_list.h"

#include <stddef.h>
#include <string.h>

enum { WHEEL_ROWS = 3, PAGE_ROWS = LIST_SHOWN_ROWS - 1 };

// Returns the layout's list, or a widget that is none.
static const Widget*
find_list(const Panel* panel)
{
  static const Widget none = {.kind = WIDGET_ROW};
  for (int i = 0; i < panel->layout->n_widgets; ++i) {
    if (panel->widgets[i].kind == WIDGET_LIST) {
      return &panel->widgets[i];
    }
  }
  return &none;
}

static void
mark_all_dirty(Panel* panel)
{
  panel->dirty = (unsigned)ALL_WIDGETS;
}

void
panel_list_open(Panel* panel)
{
  if (panel->host.load && find_list(panel)->kind == WIDGET_LIST) {
    const char* path = panel->facts.path;
    const bool is_own = strcmp(path, panel->host.own_model) == 0;
    model_list_open(&panel->list, is_own ? "" : path, panel->host.ask);
    mark_all_dirty(panel);
  }
}

void
panel_list_close(Panel* panel)
{
  if (panel->list.is_open) {
    model_list_close(&panel->list);
    mark_all_dirty(panel);
  }
}

bool
panel_list_covers(const Panel* panel, const Widget* widget)
{
  return panel->list.is_open && widget->kind != WIDGET_LIST &&
         layout_is_overlapping(find_list(panel)->box, widget->box);
}

// Does what the selected row stands for. All but folders close the list.
static void
choose(Panel* panel)
{
  const RowKind kind = panel->list.rows[panel->list.selected].kind;
  char path[PATH_SIZE];
  switch (kind) {
  case ROW_PARENT:
  case ROW_FOLDER:
    model_list_enter(&panel->list);
    mark_all_dirty(panel);
    return;
  case ROW_DIALOG: panel->host.ask(panel->host.context); break;
  case ROW_OWN: panel->host.load(panel->host.context, panel->host.own_model); break;
  case ROW_MODEL:
    if (model_list_path(&panel->list, path)) {
      panel->host.load(panel->host.context, path);
    }
    break;
  }
  panel_list_close(panel);
}

void
panel_list_press(Panel* panel, double x, double y)
{
  const Widget* widget = find_list(panel);
  ModelList* list = &panel->list;
  const int row = layout_list_row(widget, x, y);
  if (row >= 0 && row < LIST_SHOWN_ROWS && list->top + row < list->n_rows) {
    list->selected = list->top + row;
    choose(panel);
  } else if (!layout_is_overlapping(widget->box, (Box){x, y, 0.0, 0.0})) {
    panel_list_close(panel);
  }
}

void
panel_list_wheel(Panel* panel, int n_clicks)
{
  model_list_scroll(&panel->list, -WHEEL_ROWS * n_clicks);
  mark_all_dirty(panel);
}

bool
panel_list_key(Panel* panel, PanelKey key)
{
  ModelList* list = &panel->list;
  mark_all_dirty(panel);
  switch (key) {
  case KEY_UP: model_list_move(list, -1); return true;
  case KEY_DOWN: model_list_move(list, 1); return true;
  case KEY_PAGE_UP: model_list_move(list, -PAGE_ROWS); return true;
  case KEY_PAGE_DOWN: model_list_move(list, PAGE_ROWS); return true;
  case KEY_HOME: model_list_move(list, -list->n_rows); return true;
  case KEY_END: model_list_move(list, list->n_rows); return true;
  case KEY_ENTER: choose(panel); return true;
  case KEY_ESCAPE: panel_list_close(panel); return true;
  case KEY_TAB:
  case KEY_BACK_TAB:
  case KEY_BACKSPACE:
  case KEY_DELETE:
  case KEY_CHARACTER: return false;
  }
  return false;
}
