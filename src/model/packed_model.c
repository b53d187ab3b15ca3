// SPDX-License-Identifier: MIT
#include "model/packed_model.h"

#include "common/memory.h"
#include "model/packing.h"

#include <stdlib.h>
#include <string.h>

// Returns the size of all arrays, each rounded up so that the next one is aligned.
static size_t
count_values(const PackedModel* packed)
{
  size_t n = packed->n_theta + packed->mlp.n_features * packed->n_conditioned;
  n += aligned_floats(packed->shape.n_columns);
  for (unsigned i = 0; i < packed->mlp.n_layers; ++i) {
    const MlpLayer* layer = &packed->mlp.layers[i];
    n += aligned_floats((size_t)layer->n_out * layer->n_in) + aligned_floats(layer->n_out);
  }
  return n;
}

// Takes n floats from the front of the memory at *values.
static float*
take(float** values, size_t n)
{
  float* taken = *values;
  *values += aligned_floats(n);
  return taken;
}

static const float*
copy(float** values, const float* from, size_t n)
{
  float* to = take(values, n);
  memcpy(to, from, n * sizeof *to);
  return to;
}

static void
pack_theta(const Packing* packing, const Model* model, PackedModel* packed, float** values)
{
  float* theta0 = take(values, packed->n_theta);
  packing_apply(packing, model->theta0, model->n_theta, 1, theta0);
  packed->theta0 = theta0;
  const size_t n_features = model->mlp.n_features;
  float* weight_deltas = take(values, n_features * packed->n_conditioned);
  packing_apply(packing, model->weight_deltas, model->n_conditioned, n_features, weight_deltas);
  packed->weight_deltas = weight_deltas;
}

static void
copy_mlp(const Mlp* from, Mlp* to, float** values)
{
  for (unsigned i = 0; i < from->n_layers; ++i) {
    const MlpLayer* layer = &from->layers[i];
    to->layers[i].weight = copy(values, layer->weight, (size_t)layer->n_out * layer->n_in);
    to->layers[i].bias = copy(values, layer->bias, layer->n_out);
  }
}

PackedModel*
packed_model_new(const Model* model, const Kernel* kernel)
{
  const Packing packing = packing_of(model->cell, model->hidden_size, kernel);
  PackedModel* packed = calloc(1, sizeof *packed);
  if (!packed) {
    return NULL;
  }
  *packed = (PackedModel){
      .kernel = kernel,
      .shape = packing.shape,
      .sample_rate_hz = model->sample_rate_hz,
      .mlp = model->mlp,
      .n_theta = aligned_floats(cell_n_packed(&packing.shape)),
      .n_conditioned = aligned_floats(packing_prefix_length(&packing, model->n_conditioned)),
      .out_bias = model->out_bias,
      .direct = model->direct,
      .levels = model->levels,
  };
  packed->n_values = count_values(packed);
  packed->values = aligned_zeros(packed->n_values * sizeof(float));
  packed->silent_states = silent_states_new();
  if (!packed->values || !packed->silent_states) {
    packed_model_free(packed);
    return NULL;
  }
  float* values = packed->values;
  pack_theta(&packing, model, packed, &values);
  copy_mlp(&model->mlp, &packed->mlp, &values);
  loudness_table_find(model->checksum, &packed->loudness);
  packed->out_weight = copy(&values, model->out_weight, model->hidden_size);
  return packed;
}

static bool
have_equal_layers(const Mlp* a, const Mlp* b)
{
  bool are_equal = a->n_layers == b->n_layers;
  for (unsigned i = 0; are_equal && i < a->n_layers; ++i) {
    are_equal = a->layers[i].n_in == b->layers[i].n_in &&
                a->layers[i].n_out == b->layers[i].n_out &&
                a->layers[i].slope == b->layers[i].slope;
  }
  return are_equal;
}

bool
packed_model_equals(const PackedModel* a, const PackedModel* b)
{
  return a->kernel == b->kernel && a->shape.process == b->shape.process &&
         a->shape.n_rows == b->shape.n_rows && a->sample_rate_hz == b->sample_rate_hz &&
         a->out_bias == b->out_bias && a->direct == b->direct &&
         a->levels.has_trained_peak == b->levels.has_trained_peak &&
         a->levels.trained_peak_dbfs == b->levels.trained_peak_dbfs &&
         a->mlp.n_knobs == b->mlp.n_knobs && a->mlp.n_features == b->mlp.n_features &&
         a->n_theta == b->n_theta && a->n_conditioned == b->n_conditioned &&
         have_equal_layers(&a->mlp, &b->mlp) && a->n_values == b->n_values &&
         memcmp(a->values, b->values, a->n_values * sizeof *a->values) == 0;
}

void
packed_model_free(PackedModel* model)
{
  if (model) {
    free(model->silent_states);
    free(model->values);
    free(model);
  }
}

void
packed_model_theta(const PackedModel* model, const float* knobs, float* theta) NONBLOCKING
{
  memcpy(theta, model->theta0, model->n_theta * sizeof *theta);
  packed_model_conditioned_theta(model, knobs, theta);
}

void
packed_model_conditioned_theta(const PackedModel* model, const float* knobs,
                               float* theta) NONBLOCKING
{
  float features[MLP_MAX_WIDTH];
  mlp_run(&model->mlp, knobs, features);
  model->kernel->condition(model->theta0, model->weight_deltas, features, model->mlp.n_features,
                           model->n_conditioned, theta);
}
