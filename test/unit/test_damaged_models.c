// SPDX-License-Identifier: MIT
// Damaged model files are refused by the parser. Built with sanitizers.
#include "common/memory.h"
#include "model/packed_model.h"
#include "rnn/kernel.h"
#include "support/small_model.h"

#include <math.h>
#include <stdalign.h>

static void
crc32_has_the_known_check_value(void** state)
{
  (void)state;
  assert_int_equal(crc32((const uint8_t*)"123456789", 9), 0xCBF43926U);
}

// The reference: one bit at a time.
static uint32_t
slow_crc32(const uint8_t* data, size_t size)
{
  uint32_t crc = 0xFFFFFFFFU;
  for (size_t bit = 0; bit < 8 * size; ++bit) {
    crc ^= bit % 8 ? 0U : data[bit / 8];
    crc = (crc >> 1U) ^ (crc & 1U ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

static void
crc32_equals_the_bitwise_reference_at_any_size_and_alignment(void** state)
{
  (void)state;
  uint8_t data[300];
  for (size_t i = 0; i < sizeof data; ++i) {
    data[i] = (uint8_t)(i * i + 7 * i);
  }
  for (size_t begin = 0; begin < 4; ++begin) {
    for (size_t size = 0; size + begin <= sizeof data; ++size) {
      assert_int_equal(crc32(data + begin, size), slow_crc32(data + begin, size));
    }
  }
}

static void
every_truncation_is_refused(void** state)
{
  (void)state;
  uint8_t file[FILE_SIZE];
  for (size_t size = 0; size < FILE_SIZE; ++size) {
    make_file(file);
    expect(file, size, size < 8 ? MODEL_NOT_A_MODEL : MODEL_WRONG_SIZE);
  }
  // A truncated file is refused even when its size field and checksum match the truncation.
  for (size_t size = KNOB_AT; size < FILE_SIZE; ++size) {
    make_file(file);
    put_u32(file + SIZE_AT, (uint32_t)size);
    put_u32(file + CHECKSUM_AT, crc32(file + RATE_AT, size - RATE_AT));
    expect(file, size, MODEL_WRONG_SIZE);
  }
}

static void
every_flipped_bit_is_refused(void** state)
{
  (void)state;
  uint8_t file[FILE_SIZE];
  make_file(file);
  for (size_t bit = 0; bit < 8U * FILE_SIZE; ++bit) {
    file[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    Model* model = NULL;
    assert_int_not_equal(parse(file, FILE_SIZE, &model), MODEL_OK);
    assert_null(model);
    file[bit / 8] ^= (uint8_t)(1U << (bit % 8));
  }
}

// One byte changes and the checksum is corrected. The parser must not crash, and a model that it
// accepts must give finite parameters.
static void
a_changed_byte_with_a_valid_checksum_gives_no_crash_and_finite_parameters(void** state)
{
  (void)state;
  static const uint8_t values[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
  uint8_t file[FILE_SIZE];
  for (size_t at = RATE_AT; at < FILE_SIZE; ++at) {
    for (size_t i = 0; i < sizeof values; ++i) {
      make_file(file);
      file[at] = values[i];
      seal(file);
      Model* model = NULL;
      if (parse(file, FILE_SIZE, &model) == MODEL_OK) {
        alignas(ALIGNMENT) float theta[N_PACKED];
        const float knobs[MAX_KNOBS] = {1.0f, -1.0f, 0.0f, 0.0f};
        PackedModel* packed = packed_model_new(model, &kernel_plain);
        assert_non_null(packed);
        packed_model_theta(packed, knobs, theta);
        for (size_t k = 0; k < N_PACKED; ++k) {
          assert_true(isfinite(theta[k]));
        }
        packed_model_free(packed);
      }
      model_free(model);
    }
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(crc32_has_the_known_check_value),
      cmocka_unit_test(crc32_equals_the_bitwise_reference_at_any_size_and_alignment),
      cmocka_unit_test(every_truncation_is_refused),
      cmocka_unit_test(every_flipped_bit_is_refused),
      cmocka_unit_test(a_changed_byte_with_a_valid_checksum_gives_no_crash_and_finite_parameters),
  };
  return cmocka_run_group_tests_name("damaged models", tests, NULL, NULL);
}
