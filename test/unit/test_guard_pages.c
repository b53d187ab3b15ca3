// SPDX-License-Identifier: MIT
// Kernels read and write their buffers alone: before and after each lies memory of NaN, which must
// stay as it is, and then a page that can't be touched. This also watches the assembly, of which
// sanitizers know nothing.
#include "common/memory.h"
#include "model/packed_model.h"
#include "rnn/kernel.h"
#include "support/made_up_model.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_FRAMES = 12, FLOAT_SIZE = sizeof(float) };

// Memory between two pages that can't be touched.
typedef struct {
  unsigned char* begin;
  size_t size;
  unsigned char* used; // the buffer in it
  size_t used_size;
} Fenced;

static Fenced in, out, states, theta, target, out_weight, theta0, weight_deltas, features;

static bool is_at_end; // buffers lie at the end of their memory, else at its beginning

static void
fence(Fenced* fenced, size_t size)
{
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const int zeros = open("/dev/zero", O_RDWR);
  assert_true(zeros >= 0);
  fenced->size = (size + page - 1U) / page * page;
  unsigned char* memory =
      mmap(NULL, fenced->size + 2U * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, zeros, 0);
  assert_true(memory != MAP_FAILED);
  close(zeros);
  fenced->begin = memory + page;
  assert_int_equal(mprotect(memory, page, PROT_NONE), 0);
  assert_int_equal(mprotect(fenced->begin + fenced->size, page, PROT_NONE), 0);
}

static int
fence_all(void** state)
{
  (void)state;
  const size_t most = FLOAT_SIZE * (size_t)CELL_MAX_THETA;
  fence(&in, 4096);
  fence(&out, 4096);
  fence(&states, FLOAT_SIZE * CELL_MAX_STREAMS * CELL_MAX_STATE);
  fence(&theta, most);
  fence(&target, most);
  fence(&out_weight, FLOAT_SIZE * CELL_MAX_HIDDEN);
  fence(&theta0, most);
  fence(&weight_deltas, MADE_UP_KNOBS * most);
  fence(&features, 4096);
  return 0;
}

// Places n floats, or NaN where `values` is NULL, as near to the fence as the alignment of 64 bytes
// allows, and then `offset` floats away from it.
static float*
place(Fenced* fenced, const float* values, size_t n, size_t offset)
{
  const size_t size = FLOAT_SIZE * n;
  const size_t last = (fenced->size - size) / ALIGNMENT * ALIGNMENT;
  memset(fenced->begin, 0xFF, fenced->size); // NaN
  fenced->used = fenced->begin + (is_at_end ? last : 0U);
  fenced->used += FLOAT_SIZE * offset;
  fenced->used_size = size;
  if (values) {
    memcpy(fenced->used, values, size);
  }
  return (float*)(void*)fenced->used;
}

// Places n floats at the fence itself, whatever their alignment.
static float*
place_unaligned(Fenced* fenced, const float* values, size_t n)
{
  const size_t slack = (fenced->size - FLOAT_SIZE * n) % ALIGNMENT / FLOAT_SIZE;
  return place(fenced, values, n, is_at_end ? slack : 0);
}

// Asserts that nothing around a buffer was written.
static void
assert_untouched(const Fenced* fenced)
{
  static unsigned char nan[MADE_UP_KNOBS * FLOAT_SIZE * CELL_MAX_THETA + (1 << 16)];
  memset(nan, 0xFF, fenced->size);
  const size_t n_before = (size_t)(fenced->used - fenced->begin);
  const size_t n_behind = fenced->size - n_before - fenced->used_size;
  assert_memory_equal(fenced->begin, nan, n_before);
  assert_memory_equal(fenced->used + fenced->used_size, nan, n_behind);
}

// Plays frames from fenced memory, `offset` floats from the fence, and compares the result with
// that from ordinary memory.
static void
play(const PackedModel* model, const float* ordinary_theta, uint32_t n_streams, uint32_t n_frames,
     size_t offset)
{
  alignas(ALIGNMENT) float expected_states[CELL_MAX_STREAMS * CELL_MAX_STATE] = {0.0f};
  const size_t n_states = (size_t)n_streams * cell_n_state(&model->shape);
  float sound[MAX_FRAMES];
  float expected[MAX_FRAMES];
  for (uint32_t i = 0; i < n_frames; ++i) {
    sound[i] = (float)i / 10.0f - 0.3f;
  }
  float* fenced_states = place(&states, expected_states, n_states, 0);
  const Cell ordinary = packed_model_cell(model, ordinary_theta);
  cell_process(&ordinary, n_streams, expected_states, sound, expected, n_frames);
  Cell cell = ordinary;
  cell.theta = place(&theta, ordinary_theta, cell_n_packed(&model->shape), 0);
  cell.out_weight = place(&out_weight, model->out_weight, model->shape.n_columns, 0);
  const float* from =
      offset ? place(&in, sound, n_frames, offset % 16) : place_unaligned(&in, sound, n_frames);
  float* to =
      offset ? place(&out, NULL, n_frames, 5 * offset % 16) : place_unaligned(&out, NULL, n_frames);
  cell_process(&cell, n_streams, fenced_states, from, to, n_frames);
  assert_memory_equal(to, expected, n_frames * FLOAT_SIZE);
  assert_memory_equal(fenced_states, expected_states, n_states * FLOAT_SIZE);
  assert_memory_equal(from, sound, n_frames * FLOAT_SIZE);
  assert_untouched(&in);
  assert_untouched(&out);
  assert_untouched(&states);
}

static void
play_all(const PackedModel* model, const float* ordinary_theta)
{
  static const uint32_t streams[] = {1, 2, 4};
  for (size_t i = 0; i < 3; ++i) {
    for (uint32_t n = streams[i]; n <= MAX_FRAMES; n += streams[i]) {
      play(model, ordinary_theta, streams[i], n, 0);
    }
  }
  for (size_t offset = 1; offset < 16 && !is_at_end; ++offset) {
    play(model, ordinary_theta, 1, 3, offset);
    play(model, ordinary_theta, 4, 8, offset);
  }
}

// Computes theta in fenced memory, moves it there, and compares it with `expected`.
static void
condition(const PackedModel* model, const float* knobs, const float* expected)
{
  const size_t n = model->n_conditioned;
  const float* from = place(&theta0, model->theta0, n, 0);
  const float* deltas = place(&weight_deltas, model->weight_deltas, MADE_UP_KNOBS * n, 0);
  const float* moved = place_unaligned(&features, knobs, MADE_UP_KNOBS);
  float* to = place(&theta, NULL, n, 0);
  model->kernel->condition(from, deltas, moved, MADE_UP_KNOBS, n, to);
  assert_memory_equal(to, expected, n * FLOAT_SIZE);
  assert_untouched(&theta);
  const float* goal = place(&target, model->theta0, n, 0);
  model->kernel->lerp(goal, 0.25f, n, to);
  for (size_t i = 0; i < n; ++i) {
    const float lerped = expected[i] + 0.25f * (model->theta0[i] - expected[i]);
    assert_true(fabsf(to[i] - lerped) < 1e-5f);
  }
  assert_untouched(&theta);
  assert_untouched(&target);
}

static void
test_model(CellKind kind, unsigned hidden_size, const Kernel* kernel)
{
  const float knobs[MAX_KNOBS] = {0.5f, -0.25f};
  const Model model = made_up_model(kind, hidden_size);
  PackedModel* packed = packed_model_new(&model, kernel);
  assert_non_null(packed);
  float* ordinary_theta = aligned_zeros(packed->n_theta * FLOAT_SIZE);
  assert_non_null(ordinary_theta);
  packed_model_theta(packed, knobs, ordinary_theta);
  for (int end = 0; end < 2; ++end) {
    is_at_end = end;
    play_all(packed, ordinary_theta);
    condition(packed, knobs, ordinary_theta);
  }
  free(ordinary_theta);
  packed_model_free(packed);
}

static void
test_cells(CellKind kind)
{
  static const char* const kernels[] = {"plain", "sse2", "avx2", "avx512", "neon"};
  static const unsigned sizes[] = {4, 5, 8, 12, 15, 16, 20, 24, 31, 32, 33, 40, 64, 80};
  for (size_t i = 0; i < sizeof kernels / sizeof *kernels; ++i) {
    const Kernel* kernel = kernel_find(kernels[i]);
    for (size_t j = 0; kernel && j < sizeof sizes / sizeof *sizes; ++j) {
      test_model(kind, sizes[j], kernel);
    }
  }
}

static void
grus_touch_only_their_buffers(void** state)
{
  (void)state;
  test_cells(CELL_GRU);
}

static void
lstms_touch_only_their_buffers(void** state)
{
  (void)state;
  test_cells(CELL_LSTM);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(grus_touch_only_their_buffers),
      cmocka_unit_test(lstms_touch_only_their_buffers),
  };
  return cmocka_run_group_tests_name("guard pages", tests, fence_all, NULL);
}
