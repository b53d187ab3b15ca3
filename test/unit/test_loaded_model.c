// SPDX-License-Identifier: MIT
// Models that the player loads from a folder: their gains, names and order. Built with sanitizers.
#include "player/loaded_model.h"
#include "player/model_folder.h"
#include "support/bundle.h"
#include "support/oscillator.h"

// The bundle's own model, whose path is empty, is what others are made as loud as.
static void
every_model_but_the_own_one_gets_a_gain(void** state)
{
  (void)state;
  write_shipped_model("od3-eco.gru");
  for (int i = 0; i < 2; ++i) {
    LoadedModel* loaded =
        loaded_model_new(i ? model_path : "", model_path, kernel_find("plain"), 48000.0);
    assert_non_null(loaded);
    assert_string_equal(loaded->error, "");
    assert_int_equal(loaded->normalize_db != 0.0f, i);
    loaded_model_free(loaded);
  }
}

// Plays a file whose name is told where its model has none.
static void
expect_name(const char* file_name, const char* expected)
{
  char path[sizeof folder + 128];
  snprintf(path, sizeof path, "%s/%s", folder, file_name);
  assert_int_equal(rename(model_path, path), 0);
  LoadedModel* loaded = loaded_model_new(path, path, kernel_find("plain"), 48000.0);
  assert_non_null(loaded);
  assert_string_equal(loaded->error, "");
  assert_string_equal(loaded->name, expected);
  loaded_model_free(loaded);
  assert_int_equal(rename(path, model_path), 0);
}

static void
long_names_are_cut_between_characters(void** state)
{
  (void)state;
  uint8_t file[OSCILLATOR_SIZE];
  oscillator_make(file, 8000, 0.0f);
  write_model(file, sizeof file);
#define TEN "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
  expect_name(TEN TEN TEN TEN ".gru", TEN TEN TEN "\u00e4");         // 62 bytes of 63
  expect_name("a" TEN TEN TEN TEN ".gru", "a" TEN TEN TEN "\u00e4"); // 63
#define THIRTY "abcdefghijabcdefghijabcdefghij"
  expect_name(THIRTY THIRTY "klm.gru", THIRTY THIRTY "klm");
  expect_name(THIRTY THIRTY "klmn.gru", THIRTY THIRTY "klm");
}

// The sanitizer finds names that are not freed.
static void
the_models_of_a_folder_follow_each_other_in_a_circle(void** state)
{
  (void)state;
  static const char* const names[] = {"od3.gru", "p.json", "q.aidax", "q.txt"};
  char paths[4][sizeof folder + 16];
  char found[PATH_SIZE];
  write_shipped_model("od3-eco.gru");
  for (size_t i = 0; i < 4; ++i) {
    snprintf(paths[i], sizeof paths[i], "%s/%s", folder, names[i]);
    FILE* file = fopen(paths[i], "ab");
    assert_non_null(file);
    fclose(file);
  }
  for (size_t i = 0; i < 3; ++i) {
    assert_true(model_folder_step(paths[i], 1, found));
    assert_string_equal(found, paths[(i + 1) % 3]);
    assert_true(model_folder_step(paths[i], -1, found));
    assert_string_equal(found, paths[(i + 2) % 3]);
  }
  for (size_t i = 1; i < 4; ++i) {
    assert_int_equal(remove(paths[i]), 0);
  }
  assert_false(model_folder_step(paths[0], 1, found));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_model_but_the_own_one_gets_a_gain),
      cmocka_unit_test(long_names_are_cut_between_characters),
      cmocka_unit_test(the_models_of_a_folder_follow_each_other_in_a_circle),
  };
  return cmocka_run_group_tests_name("loaded models", tests, make_folder, remove_folder);
}
