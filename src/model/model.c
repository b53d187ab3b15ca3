// SPDX-License-Identifier: MIT
#include "model/model.h"

#include "model/gru_file.h"
#include "model/json_model.h"
#include "model/model_test.h"

#include <stdio.h>
#include <stdlib.h>

static ModelError
read(const uint8_t* data, size_t size, Model* model)
{
  if (gru_file_is(data, size)) {
    return gru_file_read(data, size, model);
  }
  if (json_model_is(data, size)) {
    return json_model_read(data, size, model);
  }
  return (ModelError){.status = MODEL_NOT_A_MODEL};
}

// Fails where a model contradicts the test in its file, and warns where it differs a little.
static ModelError
hold_against_test(Model* model)
{
  const TestResult result = model_test(model);
  switch (result.verdict) {
  case TEST_NO_MEMORY: return (ModelError){.status = MODEL_NO_MEMORY};
  case TEST_FAILS:
    return (ModelError){MODEL_FAILED_TEST, NULL,           result.worst, result.found,
                        result.expected,   result.expected};
  case TEST_DIFFERS:
    snprintf(model->warning, sizeof model->warning,
             "the file's own test wants %g at sample %zu, its weights give %g", result.expected,
             result.worst, result.found);
    break;
  case TEST_AGREES: break;
  }
  return (ModelError){.status = MODEL_OK};
}

static ModelError
parse(const uint8_t* data, size_t size, Model** model)
{
  Model* parsed = calloc(1, sizeof *parsed);
  if (!parsed) {
    return (ModelError){.status = MODEL_NO_MEMORY};
  }
  ModelError error = read(data, size, parsed);
  if (error.status == MODEL_OK) {
    error = hold_against_test(parsed);
  }
  if (error.status == MODEL_OK) {
    *model = parsed;
  } else {
    model_free(parsed);
  }
  return error;
}

ModelStatus
model_parse(const uint8_t* data, size_t size, Model** model, ModelError* error)
{
  *model = NULL;
  const ModelError result = parse(data, size, model);
  if (error) {
    *error = result;
  }
  return result.status;
}

void
model_free(Model* model)
{
  if (model) {
    free(model->values);
    free(model->provenance);
    free(model);
  }
}
