// SPDX-License-Identifier: MIT
// Each limit of a .gru file on both of its sides. All numbers are those of weights/FORMAT.md, as
// literals. A file beyond a limit is right in all else. Built with sanitizers.
#include "model/crc32.h"
#include "model/model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// The dimensions of a file, all of whose weights are 0. Every layer but the last is one wide.
typedef struct {
  uint32_t version;
  uint32_t rate_hz;
  uint32_t hidden;
  uint32_t n_knobs;
  uint32_t n_layers;
  uint32_t n_features;
  uint32_t n_conditioned;
  uint32_t text_size;
  uint32_t cell; // 0 GRU, 1 LSTM
  uint32_t n_test;
} Dimensions;

static const Dimensions small_1 = {.version = 1, .rate_hz = 48000, .hidden = 4};
static const Dimensions small_2 = {.version = 2, .rate_hz = 48000, .hidden = 4};

enum { BUFFER_SIZE = 5 << 20 };
static uint8_t buffer[BUFFER_SIZE];
static size_t size;

static void
add_u32(uint32_t value)
{
  for (unsigned i = 0; i < 4; ++i) {
    buffer[size++] = (uint8_t)(value >> (8U * i));
  }
}

static void
add_f32(float value)
{
  uint32_t bits = 0;
  memcpy(&bits, &value, sizeof bits);
  add_u32(bits);
}

static void
add_zeros(size_t n_bytes)
{
  memset(buffer + size, 0, n_bytes);
  size += n_bytes;
}

static void
add_header(const Dimensions* d)
{
  const uint32_t fields[] = {d->version,
                             0,
                             0,
                             d->rate_hz,
                             d->hidden,
                             d->n_knobs,
                             d->n_layers,
                             d->n_features,
                             d->n_conditioned,
                             d->text_size,
                             d->cell};
  memcpy(buffer, "\x89OD3\r\n\x1A\n", 8);
  size = 8;
  for (size_t i = 0; i < sizeof fields / sizeof *fields; ++i) {
    add_u32(fields[i]);
  }
  if (d->version > 1) {
    add_u32(d->n_test);
    add_zeros(64);
  }
}

static size_t
n_parameters(const Dimensions* d)
{
  const size_t h = d->hidden;
  return d->cell == 1 ? 4 * h * h + 8 * h : 3 * h * h + 7 * h;
}

// Writes the size and the checksum that fit the file.
static void
seal(void)
{
  const size_t end = size;
  size = 12;
  add_u32((uint32_t)end);
  add_u32(crc32(buffer + 20, end - 20));
  size = end;
}

static void
make(const Dimensions* d)
{
  add_header(d);
  for (uint32_t i = 0; i < d->n_knobs; ++i) {
    add_u32('k');
    add_zeros(12);
    add_f32(0.0f);
    add_f32(1.0f);
  }
  uint32_t n_in = d->n_knobs;
  for (uint32_t i = 0; i < d->n_layers; ++i) {
    const uint32_t n_out = i + 1 < d->n_layers ? 1 : d->n_features;
    add_u32(n_out);
    add_zeros(4U * (1U + (size_t)n_out * (n_in + 1U)));
    n_in = n_out;
  }
  add_zeros(4U * (n_parameters(d) + (size_t)d->n_features * d->n_conditioned + d->hidden + 1U));
  if (d->version > 1) {
    add_zeros(4U * (1U + (d->n_test ? (size_t)d->n_knobs : 0U) + 2U * (size_t)d->n_test));
  }
  memset(buffer + size, 't', d->text_size);
  size += d->text_size;
  seal();
}

// Parses a copy, which ends where its memory ends.
static ModelStatus
status(void)
{
  uint8_t* copy = malloc(size);
  assert_non_null(copy);
  memcpy(copy, buffer, size);
  Model* model = NULL;
  const ModelStatus result = model_parse(copy, size, &model, NULL);
  free(copy);
  model_free(model);
  return result;
}

static void
expect(Dimensions dimensions, ModelStatus expected)
{
  make(&dimensions);
  assert_int_equal(status(), expected);
}

// Sets the dimension at an offset in Dimensions, and asserts the status.
static void
expect_with(Dimensions dimensions, size_t field, uint32_t value, ModelStatus expected)
{
  memcpy((char*)&dimensions + field, &value, sizeof value);
  expect(dimensions, expected);
}

// Asserts that a dimension plays at `low` and `high` and is refused beyond, below 0 aside.
static void
expect_range(Dimensions dimensions, size_t field, uint32_t low, uint32_t high)
{
  expect_with(dimensions, field, low, MODEL_OK);
  expect_with(dimensions, field, high, MODEL_OK);
  expect_with(dimensions, field, high + 1U, MODEL_BAD_DIMENSION);
  if (low > 0) {
    expect_with(dimensions, field, low - 1U, MODEL_BAD_DIMENSION);
  }
}

static void
dimensions_play_up_to_their_limits(void** state)
{
  (void)state;
  expect_range(small_1, offsetof(Dimensions, rate_hz), 8000, 768000);
  expect_range(small_1, offsetof(Dimensions, hidden), 4, 64);
  expect_range(small_2, offsetof(Dimensions, hidden), 4, 80);
  expect_range(small_2, offsetof(Dimensions, cell), 0, 1);
  expect_range(small_2, offsetof(Dimensions, n_test), 0, 4096);
  expect_range(small_2, offsetof(Dimensions, text_size), 0, 65536);
  Dimensions with_knobs = small_2;
  for (with_knobs.n_knobs = 0; with_knobs.n_knobs <= 5; ++with_knobs.n_knobs) {
    with_knobs.n_features = with_knobs.n_knobs; // without layers, the knobs are the features
    expect(with_knobs, with_knobs.n_knobs <= 4 ? MODEL_OK : MODEL_BAD_DIMENSION);
  }
  Dimensions with_layers = small_2;
  with_layers.n_knobs = 4;
  with_layers.n_features = 1;
  expect_range(with_layers, offsetof(Dimensions, n_layers), 1, 8);
  with_layers.n_layers = 2;
  expect_range(with_layers, offsetof(Dimensions, n_features), 1, 64);
}

// N is 76 for a GRU of 4 units and 96 for an LSTM.
static void
as_many_parameters_as_there_are_may_be_conditioned(void** state)
{
  (void)state;
  Dimensions d = small_2;
  d.n_knobs = 1;
  d.n_features = 1;
  expect_range(d, offsetof(Dimensions, n_conditioned), 0, 76);
  d.cell = 1;
  expect_range(d, offsetof(Dimensions, n_conditioned), 0, 96);
}

static void
versions_1_and_2_are_read(void** state)
{
  (void)state;
  for (uint32_t version = 0; version <= 4; ++version) {
    Dimensions d = small_2;
    d.version = version;
    expect(d, version == 1 || version == 2 ? MODEL_OK : MODEL_WRONG_VERSION);
  }
}

// The widths of inner layers have limits of their own.
static void
inner_layers_are_1_to_64_wide(void** state)
{
  (void)state;
  static const uint32_t widths[] = {0, 1, 64, 65};
  for (size_t i = 0; i < 4; ++i) {
    const Dimensions d = {
        .version = 2, .rate_hz = 48000, .hidden = 4, .n_layers = 2, .n_features = 1};
    add_header(&d);
    add_u32(widths[i]);
    add_zeros(4U * (1U + (size_t)widths[i])); // slope and biases; there are no inputs
    add_u32(1);
    add_zeros(4U * (1U + widths[i] + 1U));
    add_zeros(4U * (76U + 4U + 1U + 1U));
    seal();
    assert_int_equal(status(), i == 1 || i == 2 ? MODEL_OK : MODEL_BAD_DIMENSION);
  }
}

// The text's size alone decides over a file with 64 features of 1600 units' parameters.
static void
a_file_has_at_most_4_mib(void** state)
{
  (void)state;
  Dimensions d = {.version = 2,
                  .rate_hz = 48000,
                  .hidden = 80,
                  .n_knobs = 1,
                  .n_layers = 1,
                  .n_features = 64,
                  .n_conditioned = 15900,
                  .cell = 1};
  make(&d);
  assert_in_range(size, 4194304 - 65536, 4194304);
  d.text_size = 4194304U - (uint32_t)size;
  make(&d);
  assert_int_equal(size, 4194304);
  assert_int_equal(status(), MODEL_OK);
  d.text_size += 1;
  expect(d, MODEL_WRONG_SIZE);
}

static void
the_header_has_52_bytes_and_in_version_2_120(void** state)
{
  (void)state;
  make(&small_1);
  size = 51;
  seal();
  assert_int_equal(status(), MODEL_WRONG_SIZE);
  size = 52; // the parameters are missing now
  seal();
  ModelError error = {.status = MODEL_OK};
  Model* model = NULL;
  assert_int_equal(model_parse(buffer, size, &model, &error), MODEL_WRONG_SIZE);
  assert_string_equal(error.field, "bias");
  make(&small_2);
  size = 119;
  seal();
  assert_int_equal(model_parse(buffer, size, &model, &error), MODEL_WRONG_SIZE);
  assert_string_equal(error.field, "model name");
  size = 120;
  seal();
  assert_int_equal(model_parse(buffer, size, &model, &error), MODEL_WRONG_SIZE);
  assert_string_equal(error.field, "bias");
}

static void
a_byte_more_or_less_is_refused(void** state)
{
  (void)state;
  make(&small_2);
  const size_t whole = size;
  size = whole - 1;
  seal();
  assert_int_equal(status(), MODEL_WRONG_SIZE);
  size = whole + 1;
  seal();
  assert_int_equal(status(), MODEL_WRONG_SIZE);
}

// Writes a number at an offset of a file with one knob, and returns the parser's status.
static ModelStatus
status_with(const Dimensions* d, size_t at, float value)
{
  make(d);
  const size_t end = size;
  size = at;
  add_f32(value);
  size = end;
  seal();
  return status();
}

static void
numbers_reach_10000(void** state)
{
  (void)state;
  const size_t bodies[] = {120, 120 + 4 * 76, 120 + 4 * (76 + 4), 120 + 4 * (76 + 5)};
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; ++i) {
    assert_int_equal(status_with(&small_2, bodies[i], 10000.0f), MODEL_OK);
    assert_int_equal(status_with(&small_2, bodies[i], -10000.0f), MODEL_OK);
    assert_int_equal(status_with(&small_2, bodies[i], 10000.001f), MODEL_BAD_NUMBER);
    assert_int_equal(status_with(&small_2, bodies[i], -10000.001f), MODEL_BAD_NUMBER);
  }
}

static void
a_knobs_minimum_is_below_its_maximum(void** state)
{
  (void)state;
  Dimensions d = small_1;
  d.n_knobs = 1;
  d.n_features = 1;
  const size_t max_at = 52 + 20;
  assert_int_equal(status_with(&d, max_at, 1e-30f), MODEL_OK);
  assert_int_equal(status_with(&d, max_at, 0.0f), MODEL_BAD_NUMBER);
  assert_int_equal(status_with(&d, max_at, -1e-30f), MODEL_BAD_NUMBER);
  assert_int_equal(status_with(&d, max_at, 10000.0f), MODEL_OK);
  assert_int_equal(status_with(&d, max_at, 10000.001f), MODEL_BAD_NUMBER);
  assert_int_equal(status_with(&d, max_at - 4, -10000.0f), MODEL_OK);
  assert_int_equal(status_with(&d, max_at - 4, -10000.001f), MODEL_BAD_NUMBER);
}

static void
a_tests_knobs_reach_1(void** state)
{
  (void)state;
  Dimensions d = small_2;
  d.n_knobs = 1;
  d.n_features = 1;
  d.n_test = 1;
  const size_t knob_at = 120 + 24 + 4 * (76 + 4 + 1 + 1);
  assert_int_equal(status_with(&d, knob_at, 1.0f), MODEL_OK);
  assert_int_equal(status_with(&d, knob_at, -1.0f), MODEL_OK);
  assert_int_equal(status_with(&d, knob_at, 1.0000001f), MODEL_BAD_NUMBER);
  assert_int_equal(status_with(&d, knob_at, -1.0000001f), MODEL_BAD_NUMBER);
}

// Writes n letters at an offset, and returns the parser's status.
static ModelStatus
status_with_letters(const Dimensions* d, size_t at, size_t n)
{
  make(d);
  memset(buffer + at, 'x', n);
  seal();
  return status();
}

static void
names_have_room_for_their_last_zero(void** state)
{
  (void)state;
  Dimensions d = small_2;
  d.n_knobs = 1;
  d.n_features = 1;
  assert_int_equal(status_with_letters(&d, 120, 15), MODEL_OK);
  assert_int_equal(status_with_letters(&d, 120, 16), MODEL_BAD_TEXT);
  assert_int_equal(status_with_letters(&d, 56, 63), MODEL_OK);
  assert_int_equal(status_with_letters(&d, 56, 64), MODEL_BAD_TEXT);
  make(&d);
  buffer[120] = 0; // a knob without a name
  seal();
  assert_int_equal(status(), MODEL_BAD_TEXT);
}

// Five layers that each multiply by 10000 put out 1e20; the last one may add `bias`.
static ModelStatus
status_of_layers(float slope, float bias)
{
  const Dimensions d = {
      .version = 1, .rate_hz = 48000, .hidden = 4, .n_knobs = 1, .n_layers = 5, .n_features = 1};
  make(&d);
  const size_t end = size;
  for (size_t i = 0; i < 5; ++i) {
    size = 52 + 24 + 16 * i + 4;
    add_f32(i == 4 ? slope : 0.0f);
    add_f32(i % 2 ? -10000.0f : 10000.0f);
    add_f32(i == 4 ? bias : 0.0f);
  }
  size = end;
  seal();
  return status();
}

static void
layers_put_out_at_most_1e20(void** state)
{
  (void)state;
  assert_int_equal(status_of_layers(0.0f, 0.0f), MODEL_OK);
  assert_int_equal(status_of_layers(1.0f, 0.0f), MODEL_OK);
  assert_int_equal(status_of_layers(-1.0f, 0.0f), MODEL_OK);
  assert_int_equal(status_of_layers(0.0f, 10000.0f), MODEL_BAD_NUMBER);
  assert_int_equal(status_of_layers(0.0f, -10000.0f), MODEL_BAD_NUMBER);
  assert_int_equal(status_of_layers(1.001f, 0.0f), MODEL_BAD_NUMBER);
  assert_int_equal(status_of_layers(-1.001f, 0.0f), MODEL_BAD_NUMBER);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(dimensions_play_up_to_their_limits),
      cmocka_unit_test(as_many_parameters_as_there_are_may_be_conditioned),
      cmocka_unit_test(versions_1_and_2_are_read),
      cmocka_unit_test(inner_layers_are_1_to_64_wide),
      cmocka_unit_test(a_file_has_at_most_4_mib),
      cmocka_unit_test(the_header_has_52_bytes_and_in_version_2_120),
      cmocka_unit_test(a_byte_more_or_less_is_refused),
      cmocka_unit_test(numbers_reach_10000),
      cmocka_unit_test(a_knobs_minimum_is_below_its_maximum),
      cmocka_unit_test(a_tests_knobs_reach_1),
      cmocka_unit_test(names_have_room_for_their_last_zero),
      cmocka_unit_test(layers_put_out_at_most_1e20),
  };
  return cmocka_run_group_tests_name("limits of a .gru file", tests, NULL, NULL);
}
