// SPDX-License-Identifier: MIT
#include "model/packing.h"

#include "common/memory.h"
#include "rnn/activation.h"
#include "rnn/theta_layout.h"

enum { R, Z, N };
enum { I, F, G, O };

// The roles of a cell's parameters. Gates are numbered as the columns of the hidden matrix.
typedef struct {
  unsigned gates[LSTM_N_PARTS]; // of each vector of the head
  unsigned order[MAX_GATES];    // of each gate among the passes over the packed matrix
  float scales[MAX_GATES];      // of each gate's pre-activations
} Roles;

static const Roles all_roles[N_CELL_KINDS] = {
    [CELL_GRU] =
        {
            .gates = {[THETA_BIAS_R] = R,
                      [THETA_BIAS_Z] = Z,
                      [THETA_BIAS_N_INPUT] = N,
                      [THETA_BIAS_N_HIDDEN] = N,
                      [THETA_INPUT_R] = R,
                      [THETA_INPUT_Z] = Z,
                      [THETA_INPUT_N] = N},
            .order = {[R] = 0, [N] = 1, [Z] = 2},
            .scales = {[R] = -LOG2_E, [Z] = -LOG2_E, [N] = -2.0f * LOG2_E},
        },
    [CELL_LSTM] =
        {
            .gates = {[LSTM_BIAS_I] = I,
                      [LSTM_BIAS_F] = F,
                      [LSTM_BIAS_G] = G,
                      [LSTM_BIAS_O] = O,
                      [LSTM_INPUT_I] = I,
                      [LSTM_INPUT_F] = F,
                      [LSTM_INPUT_G] = G,
                      [LSTM_INPUT_O] = O},
            .order = {[I] = 0, [G] = 1, [F] = 2, [O] = 3},
            .scales = {[I] = -LOG2_E, [F] = -LOG2_E, [G] = -2.0f * LOG2_E, [O] = -LOG2_E},
        },
};

static const Roles*
roles(const Packing* packing)
{
  return &all_roles[packing->shape.kind];
}

typedef struct {
  size_t index;
  unsigned gate;
} Place;

// Returns the place of parameter i of the vectors before the matrix: the file's order, padded.
static Place
head_place(const Packing* packing, size_t i)
{
  const size_t part = i / packing->hidden_size;
  const size_t unit = i % packing->hidden_size;
  return (Place){part * packing->shape.n_columns + unit, roles(packing)->gates[part]};
}

// Returns the place of parameter i of the matrix.
static Place
matrix_place(const Packing* packing, size_t i)
{
  const CellShape shape = packing->shape;
  const size_t n = packing->hidden_size;
  const unsigned n_gates = theta_n_gates(shape.kind);
  const size_t unit_read = i / (n_gates * n);
  const unsigned gate = (unsigned)(i / n % n_gates);
  const size_t unit = i % n;
  const unsigned order = roles(packing)->order[gate];
  const size_t block = unit / shape.n_block;
  const size_t pass = block * (n_gates / shape.n_together) + order / shape.n_together;
  const size_t mask = shape.rotation - 1U;
  const size_t row = (unit_read & ~mask) | ((unit_read - unit) & mask);
  const size_t begin = theta_n_parts(shape.kind) * (size_t)shape.n_columns;
  const size_t run = (pass * shape.n_rows + row) * shape.n_together + order % shape.n_together;
  return (Place){begin + run * shape.n_block + unit % shape.n_block, gate};
}

// Returns the packed place of parameter i of the file.
static Place
place(const Packing* packing, size_t i)
{
  const size_t n_head = theta_n_parts(packing->shape.kind) * (size_t)packing->hidden_size;
  return i < n_head ? head_place(packing, i) : matrix_place(packing, i - n_head);
}

size_t
packing_prefix_length(const Packing* packing, size_t n)
{
  size_t length = 0;
  for (size_t i = 0; i < n; ++i) {
    const size_t index = place(packing, i).index;
    length = index < length ? length : index + 1U;
  }
  return length;
}

void
packing_apply(const Packing* packing, const float* theta, size_t n, size_t n_sets, float* packed)
{
  const float* scales = roles(packing)->scales;
  const float preactivation_scale = packing->shape.preactivation_scale;
  for (size_t i = 0; i < n; ++i) {
    const Place to = place(packing, i);
    const float scale = preactivation_scale > 0.0f ? preactivation_scale * scales[to.gate] : 1.0f;
    float* group = packed + to.index / ALIGNED_FLOATS * n_sets * ALIGNED_FLOATS;
    for (size_t set = 0; set < n_sets; ++set) {
      group[set * ALIGNED_FLOATS + to.index % ALIGNED_FLOATS] = scale * theta[set * n + i];
    }
  }
}
