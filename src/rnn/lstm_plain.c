// SPDX-License-Identifier: MIT
// The LSTM in plain C: the one to read first, and the one that tests compare the others with.
#include "common/memory.h"
#include "rnn/activation.h"
#include "rnn/kernel.h"
#include "rnn/matrix.h"

// The order of the gates in the packed matrix.
enum { I, G, F, O };

static const unsigned biases[LSTM_N_GATES] = {
    [I] = LSTM_BIAS_I, [G] = LSTM_BIAS_G, [F] = LSTM_BIAS_F, [O] = LSTM_BIAS_O};

// Computes the pre-activations [LSTM_N_GATES][n_columns].
static void
sum_inputs(const Cell* lstm, const float* h, float x, float* sums) NONBLOCKING
{
  const size_t n = lstm->shape.n_columns;
  for (size_t gate = 0; gate < LSTM_N_GATES; ++gate) {
    const float* bias = lstm->theta + biases[gate] * n;
    const float* in_weight = bias + (LSTM_INPUT_I - LSTM_BIAS_I) * n;
    for (size_t i = 0; i < n; ++i) {
      sums[gate * n + i] = bias[i] + in_weight[i] * x;
    }
  }
  add_rows(n, LSTM_N_GATES * n, h, lstm->theta + LSTM_N_PARTS * n, sums);
}

static void
update_state(size_t n, const float* sums, float* h, float* c) NONBLOCKING
{
  for (size_t i = 0; i < n; ++i) {
    const float forgotten = fast_sigmoid(-sums[F * n + i]); // 1 - f, with less rounding
    const float written = fast_sigmoid(sums[I * n + i]) * fast_tanh(sums[G * n + i]);
    const float next = c[i] + (written - forgotten * c[i]);
    const float not_above = next < CELL_MAX_C ? next : CELL_MAX_C;
    c[i] = not_above > -CELL_MAX_C ? not_above : -CELL_MAX_C;
    h[i] = fast_sigmoid(sums[O * n + i]) * fast_tanh(c[i]);
  }
}

static void
process(const Cell* lstm, uint32_t n_streams, float* states, const float* in, float* out,
        uint32_t n_frames) NONBLOCKING
{
  const size_t n = lstm->shape.n_columns;
  float sums[LSTM_N_GATES * CELL_MAX_HIDDEN];
  for (size_t t = 0; t < n_frames; ++t) {
    float* h = states + t % n_streams * 2 * n;
    sum_inputs(lstm, h, in[t], sums);
    update_state(n, sums, h, h + n);
    out[t] = lstm->out_bias + dot(n, lstm->out_weight, h);
  }
}

CellShape
lstm_plain_shape(unsigned hidden_size)
{
  return (CellShape){.kind = CELL_LSTM,
                     .n_rows = hidden_size,
                     .n_columns = hidden_size,
                     .n_block = hidden_size,
                     .n_together = LSTM_N_GATES,
                     .rotation = 1,
                     .process = process};
}
