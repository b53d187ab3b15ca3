// SPDX-License-Identifier: MIT
// The order of packed parameters, by the words of rnn/cell.h.
#include "common/memory.h"
#include "model/packing.h"
#include "rnn/theta_layout.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { R, Z, N };
enum { I, F, G, O };

static const float log2_e = 1.44269504f;

static float theta[CELL_MAX_THETA];
static float packed[CELL_MAX_THETA];

static Packing
pack_counting_numbers(CellKind cell, unsigned hidden_size, const Kernel* kernel)
{
  const Packing packing = packing_of(cell, hidden_size, kernel);
  const size_t n = theta_size(cell, hidden_size);
  for (size_t i = 0; i < n; ++i) {
    theta[i] = (float)(i + 1);
  }
  memset(packed, 0, sizeof packed);
  packing_apply(&packing, theta, n, 1, packed);
  return packing;
}

static void
assert_scaled(const CellShape* shape, unsigned gate, float in_packed, float in_file)
{
  const bool is_tanh = shape->kind == CELL_LSTM ? gate == G : gate == N;
  const float scale = (is_tanh ? -2.0f : -1.0f) * log2_e * shape->preactivation_scale;
  const float expected = shape->preactivation_scale > 0.0f ? scale * in_file : in_file;
  assert_true(fabsf(in_packed - expected) <= 1e-6f * fabsf(expected));
}

static void
check_head(const Packing* packing)
{
  static const unsigned gates[N_CELL_KINDS][LSTM_N_PARTS] = {
      [CELL_GRU] = {R, Z, N, N, R, Z, N}, [CELL_LSTM] = {I, F, G, O, I, F, G, O}};
  const CellShape* shape = &packing->shape;
  for (unsigned part = 0; part < theta_n_parts(shape->kind); ++part) {
    for (unsigned unit = 0; unit < shape->n_columns; ++unit) {
      const float value = packed[part * shape->n_columns + unit];
      if (unit < packing->hidden_size) {
        assert_scaled(shape, gates[shape->kind][part], value,
                      theta[part * packing->hidden_size + unit]);
      } else {
        assert_true(value == 0.0f);
      }
    }
  }
}

// Checks the weight at `at`, of a gate and unit, in a row of the packed matrix.
static void
check_weight(const Packing* packing, unsigned gate, unsigned row, unsigned unit, float at)
{
  const unsigned n_hidden = packing->hidden_size;
  const CellShape* shape = &packing->shape;
  const unsigned n_gates = theta_n_gates(shape->kind);
  const float* matrix = theta + (size_t)theta_n_parts(shape->kind) * n_hidden;
  const unsigned group = row - row % shape->rotation;
  const unsigned unit_read = group + (row + unit % shape->n_block) % shape->rotation;
  if (unit < n_hidden && unit_read < n_hidden) {
    assert_scaled(shape, gate, at, matrix[(unit_read * n_gates + gate) * n_hidden + unit]);
  } else {
    assert_true(at == 0.0f);
  }
}

// Reads the matrix in the order in which a kernel does: block, pass, row, gate of the pass, column
// of the block.
static void
check_matrix(const Packing* packing)
{
  static const unsigned order[N_CELL_KINDS][MAX_GATES] = {
      [CELL_GRU] = {R, N, Z}, [CELL_LSTM] = {I, G, F, O}};
  const CellShape* shape = &packing->shape;
  const float* at = packed + (size_t)theta_n_parts(shape->kind) * shape->n_columns;
  for (unsigned block = 0; block < shape->n_columns; block += shape->n_block) {
    for (unsigned first = 0; first < theta_n_gates(shape->kind); first += shape->n_together) {
      for (unsigned row = 0; row < shape->n_rows; ++row) {
        for (unsigned i = 0; i < shape->n_together * shape->n_block; ++i, ++at) {
          const unsigned gate = order[shape->kind][first + i / shape->n_block];
          check_weight(packing, gate, row, block + i % shape->n_block, *at);
        }
      }
    }
  }
}

static void
check_sizes(const Kernel* kernel)
{
  for (unsigned hidden_size = CELL_MIN_HIDDEN; hidden_size <= CELL_MAX_HIDDEN; ++hidden_size) {
    for (CellKind cell = CELL_GRU; cell < N_CELL_KINDS; ++cell) {
      const Packing packing = pack_counting_numbers(cell, hidden_size, kernel);
      check_head(&packing);
      check_matrix(&packing);
    }
  }
}

static void
every_parameter_lies_where_its_kernel_reads_it(void** state)
{
  (void)state;
  static const char* const names[] = {"plain", "sse2", "avx2", "avx512", "neon"};
  unsigned n_kernels = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    const Kernel* kernel = kernel_find(names[i]);
    if (kernel) {
      check_sizes(kernel);
      ++n_kernels;
    }
  }
  assert_true(n_kernels >= 1);
}

static void
sets_lie_side_by_side_in_groups(void** state)
{
  (void)state;
  enum { N_SETS = 3 };
  const Packing packing = pack_counting_numbers(CELL_GRU, 8, kernel_find("plain"));
  const size_t n = theta_size(CELL_GRU, 8);
  const size_t n_packed = aligned_floats(n);
  static float sets[N_SETS * CELL_MAX_THETA];
  static float side_by_side[N_SETS * CELL_MAX_THETA];
  for (size_t i = 0; i < N_SETS * n; ++i) {
    sets[i] = (float)(1U << i / n) * theta[i % n];
  }
  packing_apply(&packing, sets, n, N_SETS, side_by_side);
  const float* at = side_by_side;
  for (size_t group = 0; group < n_packed; group += ALIGNED_FLOATS) {
    for (unsigned set = 0; set < N_SETS; ++set) {
      for (size_t i = 0; i < ALIGNED_FLOATS; ++i, ++at) {
        assert_true(*at == (float)(1U << set) * packed[group + i]);
      }
    }
  }
}

static void
a_prefix_holds_the_first_parameters_and_no_more(void** state)
{
  (void)state;
  const Packing packing = packing_of(CELL_GRU, 8, kernel_find("plain"));
  assert_int_equal(packing_prefix_length(&packing, 0), 0);
  assert_int_equal(packing_prefix_length(&packing, 1), 1);
  assert_int_equal(packing_prefix_length(&packing, 7 * 8), 7 * 8);
  // The first row of the matrix ends with n's weights, whose pass comes after that of r.
  assert_int_equal(packing_prefix_length(&packing, 7 * 8 + 8), 7 * 8 + 8);
  assert_int_equal(packing_prefix_length(&packing, 7 * 8 + 16), 7 * 8 + 2 * 64 + 8);
  assert_int_equal(packing_prefix_length(&packing, theta_size(CELL_GRU, 8)),
                   theta_size(CELL_GRU, 8));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_parameter_lies_where_its_kernel_reads_it),
      cmocka_unit_test(sets_lie_side_by_side_in_groups),
      cmocka_unit_test(a_prefix_holds_the_first_parameters_and_no_more),
  };
  return cmocka_run_group_tests_name("packing", tests, NULL, NULL);
}
