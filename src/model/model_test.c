// SPDX-License-Identifier: MIT
#include "model/model_test.h"

#include "common/memory.h"
#include "model/packed_model.h"
#include "rnn/kernel.h"

#include <math.h>
#include <stdalign.h>
#include <stdlib.h>

// Rounding in other programs reaches this difference; in a silent test it must not count.
static const double least_difference = 1e-5;

static TestResult
compare(const ModelTest* test, const float* out)
{
  double loudest = 0.0;
  double largest = -1.0;
  TestResult result = {.verdict = TEST_AGREES};
  for (size_t i = 0; i < test->n_samples; ++i) {
    const double error = fabs((double)out[i] - (double)test->out[i]);
    loudest = fmax(loudest, fabs((double)test->out[i]));
    if (!(error <= largest)) {
      largest = error;
      result.worst = i;
      result.found = (double)out[i];
      result.expected = (double)test->out[i];
    }
  }
  if (!(largest <= least_difference + 0.1 * loudest)) {
    result.verdict = TEST_FAILS;
  } else if (!(largest <= least_difference + 0.001 * loudest)) {
    result.verdict = TEST_DIFFERS;
  }
  return result;
}

TestResult
model_test(const Model* model)
{
  const ModelTest* test = &model->test;
  if (test->n_samples == 0) {
    return (TestResult){.verdict = TEST_AGREES};
  }
  PackedModel* packed = packed_model_new(model, &kernel_plain);
  float* theta = packed ? aligned_zeros(packed->n_theta * sizeof *theta) : NULL;
  float* out = malloc(test->n_samples * sizeof *out);
  TestResult result = {.verdict = TEST_NO_MEMORY};
  if (theta && out) {
    alignas(ALIGNMENT) float state[CELL_MAX_STATE] = {0.0f};
    packed_model_theta(packed, test->knobs, theta);
    const Cell cell = packed_model_cell(packed, theta);
    cell_process(&cell, 1, state, test->in, out, (uint32_t)test->n_samples);
    result = compare(test, out);
  }
  free(out);
  free(theta);
  packed_model_free(packed);
  return result;
}
