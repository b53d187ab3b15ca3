// SPDX-License-Identifier: MIT
// The list of models in Neural Pedal's window, without X. Built with sanitizers.
#include "support/scratch.h"
#include "ui/player_panel.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void
make_file(const char* name)
{
  char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE* file = fopen(path, "w");
  assert_non_null(file);
  fclose(file);
}

static int
make_models(void** state)
{
  (void)state;
  char path[256];
  assert_true(scratch_make());
  for (const char* const* name = (const char* const[]){"Amps", "Bass", NULL}; *name; ++name) {
    snprintf(path, sizeof path, "%s/%s", folder, *name);
    assert_int_equal(mkdir(path, 0700), 0);
  }
  make_file("b.json");
  make_file("a.GRU");
  make_file("notes.txt");
  make_file(".hidden.gru");
  make_file("Amps/lead.aidax");
  return 0;
}

static int
remove_models(void** state)
{
  (void)state;
  return scratch_remove() ? 0 : -1;
}

static void
tell_path(const char* name)
{
  ModelFacts facts = panel.facts;
  snprintf(facts.path, sizeof facts.path, "%s/%s", folder, name);
  panel_tell(&panel, &facts);
}

static void
open_list(void)
{
  press_on(widget_of(WIDGET_MODEL, NO_PORT), 0);
  assert_true(panel.list.is_open);
}

static void
assert_loaded(const char* name)
{
  char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_string_equal(loaded, path);
  assert_false(panel.list.is_open);
}

static void
assert_rows(const char* const* names, int n)
{
  assert_int_equal(panel.list.n_rows, n);
  for (int i = 0; i < n; ++i) {
    if (names[i]) {
      assert_string_equal(panel.list.rows[i].name, names[i]);
    } else {
      assert_null(panel.list.rows[i].name);
    }
  }
}

static void
the_list_holds_the_folders_models_and_keys_choose_one(void** state)
{
  (void)state;
  static const char* const rows[] = {NULL, NULL, NULL, "Amps", "Bass", "a.GRU", "b.json"};
  static const char* const amps[] = {NULL, NULL, NULL, "lead.aidax"};
  tell_path("b.json");
  open_list();
  assert_rows(rows, 7);
  assert_int_equal(panel.list.selected, 6);
  assert_true(key(KEY_UP));
  assert_true(key(KEY_ENTER));
  assert_loaded("a.GRU");
  open_list();
  panel.list.selected = 3;
  assert_true(key(KEY_ENTER)); // into the folder
  assert_rows(amps, 4);
  assert_int_equal(panel.list.rows[2].kind, ROW_PARENT);
  panel.list.selected = 2;
  assert_true(key(KEY_ENTER)); // and out of it
  assert_int_equal(panel.list.selected, 3);
  panel.list.selected = 4;
  assert_true(key(KEY_ENTER)); // into another one, which is empty
  panel.list.selected = 2;
  assert_true(key(KEY_ENTER));
  assert_int_equal(panel.list.selected, 4);
  assert_true(key(KEY_UP));
  assert_true(key(KEY_ENTER));
  assert_true(key(KEY_END));
  assert_true(key(KEY_ENTER));
  assert_loaded("Amps/lead.aidax");
}

static void
the_list_offers_the_own_model_and_the_hosts_dialog(void** state)
{
  (void)state;
  tell_path("b.json");
  open_list();
  assert_true(key(KEY_HOME));
  assert_int_equal(panel.list.rows[0].kind, ROW_DIALOG);
  assert_true(key(KEY_ENTER));
  assert_int_equal(n_asked, 1);
  open_list();
  assert_true(key(KEY_HOME));
  assert_true(key(KEY_DOWN));
  assert_true(key(KEY_ENTER));
  assert_string_equal(loaded, OWN_MODEL);
  panel.host.ask = NULL;
  open_list();
  assert_int_equal(panel.list.rows[0].kind, ROW_OWN);
  assert_true(key(KEY_ESCAPE));
  assert_false(panel.list.is_open);
  panel.host.load = NULL; // a host without messages
  press_on(widget_of(WIDGET_MODEL, NO_PORT), 0);
  assert_false(panel.list.is_open);
}

static void
the_list_of_the_own_model_begins_at_home(void** state)
{
  (void)state;
  ModelFacts facts = panel.facts;
  snprintf(facts.path, sizeof facts.path, OWN_MODEL);
  panel_tell(&panel, &facts);
  setenv("HOME", folder, 1);
  open_list();
  assert_memory_equal(panel.list.folder, folder, strlen(folder));
  panel_close(&panel);
  memset(panel.list.folder, 0, sizeof panel.list.folder);
  unsetenv("HOME");
  open_list();
  assert_string_equal(panel.list.folder, "/");
  assert_int_not_equal(panel.list.rows[2].kind, ROW_PARENT);
}

static void
a_press_chooses_a_row_or_closes_the_list(void** state)
{
  (void)state;
  const Box list = panel.widgets[widget_of(WIDGET_LIST, NO_PORT)].box;
  tell_path("b.json");
  open_list();
  const int knob = widget_of(WIDGET_KNOB, PLAYER_KNOB1);
  assert_false(panel_is_drawn(&panel, knob)); // the list covers it
  assert_true(panel_is_drawn(&panel, widget_of(WIDGET_MODEL, NO_PORT)));
  panel_press(&panel, list.x + 50.0, list.y + 5.0, 0); // on the folder's name
  assert_true(panel.list.is_open);
  panel_press(&panel, list.x + 50.0, list.y + list.height - 5.0, 0); // on no row
  assert_true(panel.list.is_open);
  panel_press(&panel, list.x + 50.0, list.y + LIST_HEAD + 5.5 * LIST_ROW, 0);
  assert_loaded("a.GRU");
  assert_true(panel_is_drawn(&panel, knob));
  open_list();
  panel_press(&panel, 200.0, 5.0, 0);
  assert_false(panel.list.is_open);
  assert_int_equal(n_written, 0);
}

static void
a_long_list_scrolls(void** state)
{
  (void)state;
  for (int i = 0; i < 40; ++i) {
    char name[32];
    snprintf(name, sizeof name, "Amps/%02d.json", i);
    make_file(name);
  }
  tell_path("Amps/39.json");
  open_list();
  const ModelList* list = &panel.list;
  assert_int_equal(list->selected, 42); // after the three fixed rows
  assert_int_equal(list->top, 42 - LIST_SHOWN_ROWS + 1);
  panel_wheel(&panel, 0.0, 0.0, 100, false, 0);
  assert_int_equal(list->top, 0);
  panel_wheel(&panel, 0.0, 0.0, -1, false, 0);
  assert_int_equal(list->top, 3);
  panel_wheel(&panel, 0.0, 0.0, -100, false, 0);
  assert_int_equal(list->top, list->n_rows - LIST_SHOWN_ROWS);
  assert_true(key(KEY_PAGE_UP));
  assert_int_equal(list->selected, 42 - LIST_SHOWN_ROWS + 1);
  assert_true(key(KEY_HOME));
  assert_int_equal(list->top, 0);
  assert_true(key(KEY_PAGE_DOWN));
  assert_int_equal(list->selected, LIST_SHOWN_ROWS - 1);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(the_list_holds_the_folders_models_and_keys_choose_one),
      TEST(the_list_offers_the_own_model_and_the_hosts_dialog),
      TEST(the_list_of_the_own_model_begins_at_home),
      TEST(a_press_chooses_a_row_or_closes_the_list),
      TEST(a_long_list_scrolls),
  };
  return cmocka_run_group_tests_name("player list", tests, make_models, remove_models);
}
