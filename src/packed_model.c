// SPDX-License-Identifier: MIT
#include "packed_model.h"

#include "memory.h"
#include "packing.h"

#include <stdlib.h>
#include <string.h>

// So many floats, each array rounded up to where the next one is aligned.
static size_t
n_floats(const Conditioning* conditioning, unsigned n_columns)
{
  size_t n = conditioning->n_theta + conditioning->n_features * conditioning->n_moved;
  n += aligned_floats(n_columns);
  for (unsigned i = 0; i < conditioning->n_layers; ++i) {
    const MlpLayer* layer = &conditioning->layers[i];
    n += aligned_floats((size_t)layer->n_out * layer->n_in) + aligned_floats(layer->n_out);
  }
  return n;
}

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
pack_conditioning(const Packing* packing, const Conditioning* from, Conditioning* to,
                  float** values)
{
  float* theta0 = take(values, to->n_theta);
  packing_apply(packing, from->theta0, from->n_theta, ALIGNED_FLOATS, theta0);
  to->theta0 = theta0;
  const size_t n_features = from->n_features;
  float* moved = take(values, n_features * to->n_moved);
  for (size_t i = 0; i < n_features; ++i) {
    packing_apply(packing, from->moved + i * from->n_moved, from->n_moved,
                  n_features * ALIGNED_FLOATS, moved + i * ALIGNED_FLOATS);
  }
  to->moved = moved;
  for (unsigned i = 0; i < from->n_layers; ++i) {
    const MlpLayer* layer = &from->layers[i];
    to->layers[i].weight = copy(values, layer->weight, (size_t)layer->n_out * layer->n_in);
    to->layers[i].bias = copy(values, layer->bias, layer->n_out);
  }
}

PackedModel*
packed_model_new(const Model* model, const Kernel* kernel)
{
  const Packing packing = packing_of(model->hidden_size, kernel);
  Conditioning conditioning = model->conditioning;
  conditioning.n_theta = aligned_floats(gru_n_packed(packing.shape));
  conditioning.n_moved = aligned_floats(packing_extent(&packing, model->conditioning.n_moved));
  const size_t n_values = n_floats(&conditioning, packing.shape.n_columns);
  PackedModel* packed = calloc(1, sizeof *packed);
  float* values = aligned_zeros(n_values * sizeof *values);
  if (!packed || !values) {
    free(packed);
    free(values);
    return NULL;
  }
  *packed = (PackedModel){.kernel = kernel,
                          .shape = packing.shape,
                          .sample_rate_hz = model->sample_rate_hz,
                          .conditioning = conditioning,
                          .out_bias = model->out_bias,
                          .n_values = n_values,
                          .values = values};
  pack_conditioning(&packing, &model->conditioning, &packed->conditioning, &values);
  packed->out_weight = copy(&values, model->out_weight, model->hidden_size);
  return packed;
}

static bool
have_equal_layers(const Conditioning* a, const Conditioning* b)
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
  const Conditioning* c = &a->conditioning;
  const Conditioning* d = &b->conditioning;
  return a->kernel == b->kernel && a->shape.process == b->shape.process &&
         a->shape.n_rows == b->shape.n_rows && a->sample_rate_hz == b->sample_rate_hz &&
         a->out_bias == b->out_bias && c->n_knobs == d->n_knobs && c->n_features == d->n_features &&
         c->n_theta == d->n_theta && c->n_moved == d->n_moved && have_equal_layers(c, d) &&
         a->n_values == b->n_values &&
         memcmp(a->values, b->values, a->n_values * sizeof *a->values) == 0;
}

void
packed_model_free(PackedModel* model)
{
  if (model) {
    free(model->values);
    free(model);
  }
}

void
packed_model_fill(const PackedModel* model, const float* knobs, float* theta) NONBLOCKING
{
  memcpy(theta, model->conditioning.theta0, model->conditioning.n_theta * sizeof *theta);
  packed_model_move(model, knobs, theta);
}

void
packed_model_move(const PackedModel* model, const float* knobs, float* theta) NONBLOCKING
{
  const Conditioning* conditioning = &model->conditioning;
  float features[MLP_MAX_WIDTH];
  conditioning_features(conditioning, knobs, features);
  model->kernel->fold(conditioning->theta0, conditioning->moved, features, conditioning->n_features,
                      conditioning->n_moved, theta);
}
