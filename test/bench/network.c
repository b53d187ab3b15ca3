// SPDX-License-Identifier: MIT
// Times the bare network.
#include "bench/bench.h"
#include "common/memory.h"
#include "lv2/float_env.h"
#include "model/model.h"
#include "model/packed_model.h"

#include <math.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 128 };

static const unsigned sizes[] = {8, 12, 16, 20, 24, 32, 40, 48, 64, 80};
static Model* loaded;

// Returns the time in nanoseconds per sample.
static double
time_network(const PackedModel* model, uint32_t n_streams)
{
  static float in[BENCH_FRAMES];
  alignas(ALIGNMENT) static float theta[CELL_MAX_THETA + ALIGNED_FLOATS];
  alignas(ALIGNMENT) float states[CELL_MAX_STREAMS * CELL_MAX_STATE] = {0.0f};
  const float knobs[MAX_KNOBS] = {0.0f};
  float out[BLOCK];
  bench_fill_ordinary(in);
  packed_model_theta(model, knobs, theta);
  const Cell cell = packed_model_cell(model, theta);
  const FloatEnv mode = float_env_enter();
  const double start = now_ns();
  for (int t = 0; t < BENCH_FRAMES; t += BLOCK) {
    cell_process(&cell, n_streams, states, in + t, out, BLOCK);
  }
  const double ns = (now_ns() - start) / BENCH_FRAMES;
  float_env_restore(mode);
  return ns;
}

static double
time_model(const Model* model, const char* kernel, uint32_t n_streams)
{
  PackedModel* packed = packed_model_new(model, kernel_find(kernel));
  if (!packed) {
    abort();
  }
  const double ns = time_network(packed, n_streams);
  packed_model_free(packed);
  return ns;
}

// Returns a model without knobs. Its random parameters are within 1 / sqrt(n_neurons), as at the
// start of training.
static Model
random_model(CellKind cell, unsigned n_neurons, float* theta)
{
  static uint32_t random = 1;
  const size_t n_theta = theta_size(cell, n_neurons);
  for (size_t i = 0; i < n_theta; ++i) {
    random = random * 1664525U + 1013904223U;
    theta[i] = ((float)random / 2147483648.0f - 1.0f) / sqrtf((float)n_neurons);
  }
  return (Model){.cell = cell,
                 .sample_rate_hz = RATE_HZ,
                 .hidden_size = n_neurons,
                 .n_theta = n_theta,
                 .theta0 = theta,
                 .weight_deltas = theta,
                 .out_weight = theta};
}

static void
time_cell(CellKind cell, unsigned n_neurons)
{
  static const char* const names[N_CELL_KINDS] = {"network", "lstm"};
  static float theta[CELL_MAX_THETA];
  const Model model = random_model(cell, n_neurons, theta);
  for (uint32_t n_streams = 1; n_streams <= 2; ++n_streams) {
    for (const char* const* kernel = bench_kernels; *kernel; ++kernel) {
      printf("%s %u %s %u %.2f\n", names[cell], n_neurons, *kernel, n_streams,
             time_model(&model, *kernel, n_streams));
    }
  }
}

void
bench_network(void)
{
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
    time_cell(CELL_GRU, sizes[i]);
    time_cell(CELL_LSTM, sizes[i]);
  }
}

bool
bench_load(const char* path)
{
  if (model_load(path, &loaded, NULL) != MODEL_OK) {
    fprintf(stderr, "bench: %s cannot be loaded as a model\n", path);
    return false;
  }
  printf("units %u\n", loaded->hidden_size);
  return true;
}

double
bench_bare(const char* kernel)
{
  return time_model(loaded, kernel, 1);
}
