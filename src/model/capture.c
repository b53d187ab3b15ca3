// SPDX-License-Identifier: MIT
#include "model/capture.h"

#include <stdio.h>
#include <stdlib.h>

static size_t
n_columns(const Capture* capture)
{
  return (size_t)theta_n_gates(capture->cell) * capture->hidden_size;
}

static double*
take(double** values, size_t n)
{
  double* taken = *values;
  *values += n;
  return taken;
}

bool
capture_allocate(Capture* capture)
{
  const size_t n_rows = 1U + capture->n_knobs + capture->hidden_size + 2U;
  const size_t n = n_rows * n_columns(capture) + capture->hidden_size + 2U * capture->n_test;
  double* values = calloc(n, sizeof *values);
  capture->values = values;
  if (!values) {
    return false;
  }
  capture->in_weight = take(&values, (1U + capture->n_knobs) * n_columns(capture));
  capture->hidden_weight = take(&values, capture->hidden_size * n_columns(capture));
  capture->in_bias = take(&values, n_columns(capture));
  capture->hidden_bias = take(&values, n_columns(capture));
  capture->out_weight = take(&values, capture->hidden_size);
  capture->test_in = take(&values, capture->n_test);
  capture->test_out = take(&values, capture->n_test);
  return true;
}

void
capture_free(Capture* capture)
{
  free(capture->values);
  capture->values = NULL;
}

static void
exchange(double* a, double* b, size_t n)
{
  for (size_t i = 0; i < n; ++i) {
    const double kept = a[i];
    a[i] = b[i];
    b[i] = kept;
  }
}

void
capture_exchange_gates(Capture* capture)
{
  const size_t n = capture->hidden_size;
  const size_t n_rows = 1U + capture->n_knobs + n + 2U; // of all arrays with columns
  for (size_t row = 0; row < n_rows; ++row) {
    double* columns = capture->in_weight + row * n_columns(capture);
    exchange(columns, columns + n, n);
  }
}

void
capture_exchange_biases(Capture* capture)
{
  exchange(capture->in_bias, capture->hidden_bias, n_columns(capture));
}

// Returns the number of biases that knobs move: they act as the sound does, on the input's side.
static size_t
n_conditioned(const Capture* capture)
{
  return capture->n_knobs ? n_columns(capture) : 0;
}

// Returns the weight of knob k for one column. Half of it, times the knob from -1 to +1, and the
// other half make up the weight times the knob from 0 to 1.
static double
half_knob_weight(const Capture* capture, size_t k, size_t column)
{
  return 0.5 * capture->in_weight[(1U + k) * n_columns(capture) + column];
}

// Returns the bias of a column on the input's side with all knobs in the middle.
static double
middle_bias(const Capture* capture, size_t column)
{
  double bias = capture->in_bias[column];
  for (size_t k = 0; k < capture->n_knobs; ++k) {
    bias += half_knob_weight(capture, k, column);
  }
  return bias;
}

static float*
write_biases(const Capture* capture, float* to)
{
  const size_t n = n_columns(capture);
  const size_t n_summed = capture->cell == CELL_GRU ? n / GRU_N_GATES * THETA_BIAS_N_INPUT : n;
  for (size_t i = 0; i < n; ++i) {
    *to++ = (float)(middle_bias(capture, i) + (i < n_summed ? capture->hidden_bias[i] : 0.0));
  }
  for (size_t i = n_summed; i < n; ++i) {
    *to++ = (float)capture->hidden_bias[i];
  }
  return to;
}

static float*
write_theta0(const Capture* capture, float* to)
{
  const size_t n = n_columns(capture);
  to = write_biases(capture, to);
  for (size_t i = 0; i < n; ++i) {
    *to++ = (float)(capture->in_gain * capture->in_weight[i]);
  }
  for (size_t i = 0; i < capture->hidden_size * n; ++i) {
    *to++ = (float)capture->hidden_weight[i];
  }
  return to;
}

static void
write_test(const Capture* capture, float* to, ModelTest* test)
{
  *test = (ModelTest){.n_samples = capture->n_test, .in = to, .out = to + capture->n_test};
  for (size_t i = 0; i < capture->n_test; ++i) {
    to[i] = (float)(capture->test_in[i] / capture->in_gain);
    to[capture->n_test + i] = (float)(capture->test_out[i] * capture->out_gain);
  }
  for (size_t k = 0; k < capture->n_knobs; ++k) {
    test->knobs[k] = -1.0f;
  }
}

bool
capture_to_model(const Capture* capture, Model* model)
{
  const size_t n_theta = theta_size(capture->cell, capture->hidden_size);
  const size_t n_deltas = capture->n_knobs * n_conditioned(capture);
  const size_t n_floats = n_theta + n_deltas + capture->hidden_size + 2U * capture->n_test;
  if (!model->values) {
    model->values = calloc(n_floats, sizeof *model->values);
  }
  if (!model->values) {
    return false;
  }
  model->cell = capture->cell;
  model->hidden_size = capture->hidden_size;
  model->mlp = (Mlp){.n_knobs = capture->n_knobs, .n_features = capture->n_knobs};
  model->n_theta = n_theta;
  model->n_conditioned = n_conditioned(capture);
  model->theta0 = model->values;
  float* to = write_theta0(capture, model->values);
  model->weight_deltas = to;
  for (size_t i = 0; i < n_deltas; ++i) {
    *to++ = (float)half_knob_weight(capture, i / n_columns(capture), i % n_columns(capture));
  }
  model->out_weight = to;
  for (size_t i = 0; i < capture->hidden_size; ++i) {
    *to++ = (float)(capture->out_gain * capture->out_weight[i]);
  }
  model->out_bias = (float)(capture->out_gain * capture->out_bias);
  model->direct = (float)(capture->in_gain * capture->out_gain * capture->direct);
  write_test(capture, to, &model->test);
  return true;
}
