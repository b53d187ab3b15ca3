// SPDX-License-Identifier: MIT
#include "packing.h"

#include "activation.h"
#include "memory.h"

enum { R, Z, N, N_GATES, BIAS_PARTS = 4, HEAD_PARTS = 7 };

typedef struct {
  size_t index;
  unsigned gate;
} Place;

// The vectors before the matrix: as in the file, but padded.
static Place
head_place(const Packing* packing, size_t i)
{
  const size_t part = i / packing->hidden_size;
  const size_t unit = i % packing->hidden_size;
  const size_t gate = part < BIAS_PARTS ? part : part - BIAS_PARTS;
  return (Place){part * packing->shape.n_columns + unit, gate < N ? (unsigned)gate : N};
}

static Place
matrix_place(const Packing* packing, size_t i)
{
  static const unsigned turns[N_GATES] = {[R] = 0, [N] = 1, [Z] = 2};
  const GruShape shape = packing->shape;
  const size_t n = packing->hidden_size;
  const size_t unit_read = i / (N_GATES * n);
  const unsigned gate = (unsigned)(i / n % N_GATES);
  const size_t unit = i % n;
  const size_t block = unit / shape.n_block;
  const size_t pass = block * N_GATES + turns[gate];
  const size_t turn = shape.n_turned - 1U;
  const size_t row = (unit_read & ~turn) | ((unit_read - unit) & turn);
  const size_t begin = HEAD_PARTS * (size_t)shape.n_columns + pass * shape.n_rows * shape.n_block;
  return (Place){begin + row * shape.n_block + unit % shape.n_block, gate};
}

// Where parameter i of the file goes.
static Place
place(const Packing* packing, size_t i)
{
  const size_t n_head = HEAD_PARTS * (size_t)packing->hidden_size;
  return i < n_head ? head_place(packing, i) : matrix_place(packing, i - n_head);
}

size_t
packing_extent(const Packing* packing, size_t n)
{
  size_t extent = 0;
  for (size_t i = 0; i < n; ++i) {
    const size_t index = place(packing, i).index;
    extent = index < extent ? extent : index + 1U;
  }
  return extent;
}

void
packing_apply(const Packing* packing, const float* theta, size_t n, size_t step, float* packed)
{
  static const float scales[N_GATES] = {-LOG2_E, -LOG2_E, -2.0f * LOG2_E};
  const float unit = packing->shape.unit;
  for (size_t i = 0; i < n; ++i) {
    const Place to = place(packing, i);
    const size_t at = to.index / ALIGNED_FLOATS * step + to.index % ALIGNED_FLOATS;
    packed[at] = unit > 0.0f ? unit * scales[to.gate] * theta[i] : theta[i];
  }
}
