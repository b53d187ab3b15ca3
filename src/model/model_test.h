// SPDX-License-Identifier: MIT
// Holds a model against the test in its file.
#ifndef OD3_MODEL_TEST_H
#define OD3_MODEL_TEST_H

#include "model/model.h"

typedef enum {
  TEST_AGREES, // or there is none
  TEST_DIFFERS,
  TEST_FAILS,
  TEST_NO_MEMORY,
} TestVerdict;

typedef struct {
  TestVerdict verdict;
  size_t worst;    // the sample with the largest error
  double found;    // the model's output there
  double expected; // the test's
} TestResult;

// Plays the test and compares. It agrees within a thousandth of the loudest sample of the test, and
// fails beyond a tenth. Not for the audio thread.
TestResult
model_test(const Model* model);

#endif
