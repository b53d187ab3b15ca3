// SPDX-License-Identifier: MIT
#include "display.h"

#include "brush.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

#define NAME_TEXT 13.0
#define FACTS_TEXT 7.0
#define ROW_TEXT 9.0
#define ROW_INDENT 12.0
#define CORNER 6.0

enum { ROW_SIZE = 256, FACTS_MAX_LINES = 4 };

static bool
has_seen_focus(const Panel* panel, int i)
{
  return panel->focus == i && panel->is_focus_seen;
}

void
display_draw_arrow(cairo_t* cairo, const Panel* panel, int i)
{
  const Widget* widget = &panel->widgets[i];
  if (panel->pulled == i) {
    brush_colour(cairo, CREAM);
    cairo_set_line_width(cairo, 1.5);
    brush_rectangle(cairo, brush_grown(widget->target, -3.0), CORNER);
    cairo_stroke(cairo);
  }
  if (has_seen_focus(panel, i)) {
    brush_focus(cairo, widget, CORNER, 0.0);
  }
}

void
display_draw_model(cairo_t* cairo, const Panel* panel, int i)
{
  const Widget* widget = &panel->widgets[i];
  const Box box = brush_grown(widget->target, -4.0);
  char name[FACTS_NAME_SIZE];
  words_capitals(name, sizeof name,
                 panel->facts.name[0] ? panel->facts.name : panel->layout->title);
  const bool is_long = text_width(name, NAME_TEXT) > box.width;
  brush_colour(cairo, CREAM);
  text_draw_lines(cairo, name, box.x + 0.5 * box.width, box.y + 0.5 * box.height,
                  is_long ? ROW_TEXT : NAME_TEXT, box.width, 1);
  if (has_seen_focus(panel, i)) {
    brush_focus(cairo, widget, CORNER, 0.0);
  }
}

void
display_draw_facts(cairo_t* cairo, const Panel* panel, const Widget* widget, Language language)
{
  const char* complaint = model_facts_complaint(&panel->facts);
  char lines[FACTS_ERROR_SIZE];
  if (complaint[0]) {
    words_capitals(lines, sizeof lines, complaint);
  } else {
    model_facts_lines(&panel->facts, language, lines);
  }
  const Box box = widget->box;
  brush_colour(cairo, complaint[0] ? ROSE : CREAM);
  text_draw_lines(cairo, lines, box.x + 0.5 * box.width, box.y + 0.5 * box.height, FACTS_TEXT,
                  box.width - 4.0, FACTS_MAX_LINES);
}

static void
row_words(char words[ROW_SIZE], const ModelRow* row, Language language)
{
  static const char* const fixed[][N_LANGUAGES] = {
      [ROW_DIALOG] = {"OPEN A FILE...", "ABRIR UM ARQUIVO..."},
      [ROW_OWN] = {"THE PEDAL'S OWN MODEL", "O MODELO DO PRÓPRIO PEDAL"},
      [ROW_PARENT] = {"../", "../"},
  };
  if (row->name) {
    char name[ROW_SIZE - 1];
    words_capitals(name, sizeof name, row->name);
    snprintf(words, ROW_SIZE, "%s%s", name, row->kind == ROW_FOLDER ? "/" : "");
  } else {
    snprintf(words, ROW_SIZE, "%s", fixed[row->kind][language]);
  }
}

static void
draw_row(cairo_t* cairo, const ModelRow* row, Box box, bool is_selected, Language language)
{
  char words[ROW_SIZE];
  row_words(words, row, language);
  if (is_selected) {
    brush_fill(cairo, CREAM, box, 3.0);
  }
  brush_colour(cairo, is_selected ? INK : CREAM);
  text_draw_left(cairo, words, box.x + ROW_INDENT, box.y + 0.5 * box.height, ROW_TEXT,
                 box.width - 2.0 * ROW_INDENT);
}

// Draws which part of the rows is shown.
static void
draw_scroll_bar(cairo_t* cairo, const ModelList* list, Box box)
{
  if (list->n_rows > LIST_SHOWN_ROWS) {
    const double unit = (box.height - LIST_HEAD - 8.0) / list->n_rows;
    brush_fill(cairo, CREAM,
               (Box){box.x + box.width - 8.0, box.y + LIST_HEAD + unit * list->top, 3.0,
                     unit * LIST_SHOWN_ROWS},
               1.5);
  }
}

void
display_draw_list(cairo_t* cairo, const Panel* panel, const Widget* widget, Language language)
{
  const ModelList* list = &panel->list;
  const Box box = widget->box;
  if (!list->is_open) {
    return;
  }
  brush_fill(cairo, CREAM, box, CORNER);
  brush_fill(cairo, INK, brush_grown(box, -2.0), CORNER - 2.0);
  // A long path is cut at its beginning.
  char folder[PATH_SIZE];
  words_capitals(folder, sizeof folder, list->folder);
  const char* shown = folder;
  while (text_width(shown, SMALL_TEXT) > box.width - 2.0 * ROW_INDENT && strchr(shown + 1, '/')) {
    shown = strchr(shown + 1, '/');
  }
  brush_colour(cairo, YELLOW);
  text_draw_left(cairo, shown, box.x + ROW_INDENT, box.y + 0.5 * LIST_HEAD, SMALL_TEXT,
                 box.width - 2.0 * ROW_INDENT);
  for (int i = 0; i < LIST_SHOWN_ROWS && list->top + i < list->n_rows; ++i) {
    const int row = list->top + i;
    draw_row(cairo, &list->rows[row],
             (Box){box.x + 4.0, box.y + LIST_HEAD + i * LIST_ROW, box.width - 16.0, LIST_ROW},
             row == list->selected, language);
  }
  draw_scroll_bar(cairo, list, box);
}
