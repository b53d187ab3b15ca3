// SPDX-License-Identifier: MIT
// Prints src/model/known_loudness.h: how loud model files play.
//
// usage: loudness MODEL.gru...
#include "engine/loudness.h"
#include "model/model.h"

#include <stdio.h>
#include <string.h>

enum { N_POSITIONS = 5 }; // of each knob

static void
print_numbers(const char* name, const float* numbers, unsigned n)
{
  printf("      .%s = {", name);
  for (unsigned i = 0; i < n; ++i) {
    printf("%s%.2ff,", i % 10U ? " " : "\n          ", (double)numbers[i]);
  }
  printf("\n      },\n");
}

// Prints a file's table. Returns false where it can't, and says why.
static bool
print_table(const char* path)
{
  Model* model = NULL;
  ModelError error = {.status = MODEL_OK};
  char reason[MODEL_ERROR_TEXT_SIZE] = "out of memory";
  LoudnessTable table = {0};
  if (model_load(path, &model, &error) != MODEL_OK) {
    model_error_text(&error, reason);
  }
  PackedModel* packed = model ? packed_model_new(model, kernel_find(NULL)) : NULL;
  const bool is_known = packed && loudness_measure(packed, N_POSITIONS, &table);
  if (is_known) {
    const char* slash = strrchr(path, '/');
    const unsigned n = loudness_table_n_points(table.n_knobs, table.n_positions);
    printf("    {0x%08lxU, // %s\n     {%uU, %uU,\n", (unsigned long)model->checksum,
           slash ? slash + 1 : path, table.n_knobs, table.n_positions);
    print_numbers("louder_db", table.louder_db, n);
    print_numbers("correlation", table.correlation, n);
    printf("     }},\n");
  } else {
    fprintf(stderr, "loudness: %s: %s\n", path, reason);
  }
  packed_model_free(packed);
  model_free(model);
  return is_known;
}

int
main(int argc, char** argv)
{
  if (argc < 2) {
    fprintf(stderr, "usage: loudness MODEL.gru...\n");
    return 2;
  }
  puts("// SPDX-License-Identifier: MIT\n"
       "// How loud the bundled models play; ./waf loudness writes this file.\n"
       "#ifndef OD3_KNOWN_LOUDNESS_H\n"
       "#define OD3_KNOWN_LOUDNESS_H\n\n"
       "#include \"model/loudness_table.h\"\n\n"
       "// clang-format off\n"
       "static const struct {\n"
       "  uint32_t checksum; // of the .gru file, as it states it\n"
       "  LoudnessTable table;\n"
       "} known_loudness[] = {");
  bool are_known = true;
  for (int i = 1; i < argc; ++i) {
    are_known &= print_table(argv[i]);
  }
  puts("};\n// clang-format on\n\n#endif");
  return are_known ? 0 : 1;
}
