// SPDX-License-Identifier: MIT
#include "bench.h"
#include "denormals.h"
#include "memory.h"
#include "model.h"
#include "packed_model.h"

#include <math.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 128, MAX_THETA = GRU_MAX_HIDDEN * (3 * GRU_MAX_HIDDEN + 7) };

static const unsigned sizes[] = {8, 12, 16, 20, 24, 32, 40, 48, 64};
static Model* loaded;

// Nanoseconds a sample.
static double
time_network(const PackedModel* model, uint32_t n_lanes)
{
  static float in[BENCH_FRAMES];
  alignas(ALIGNMENT) static float theta[MAX_THETA + ALIGNED_FLOATS];
  alignas(ALIGNMENT) float states[GRU_MAX_LANES * GRU_MAX_HIDDEN] = {0.0f};
  const float knobs[MAX_KNOBS] = {0.0f};
  float out[BLOCK];
  bench_fill_ordinary(in);
  packed_model_fill(model, knobs, theta);
  const Gru gru = packed_model_gru(model, theta);
  const DenormalMode mode = denormals_flush();
  const double start = now_ns();
  for (int t = 0; t < BENCH_FRAMES; t += BLOCK) {
    gru_process(&gru, n_lanes, states, in + t, out, BLOCK);
  }
  const double ns = (now_ns() - start) / BENCH_FRAMES;
  denormals_restore(mode);
  return ns;
}

static double
time_model(const Model* model, const char* kernel, uint32_t n_lanes)
{
  PackedModel* packed = packed_model_new(model, kernel_find(kernel));
  if (!packed) {
    abort();
  }
  const double ns = time_network(packed, n_lanes);
  packed_model_free(packed);
  return ns;
}

// A model of n_units without knobs; its parameters are within 1 / sqrt(n_units), as training
// begins.
static Model
made_up(unsigned n_units, float* theta)
{
  static uint32_t random = 1;
  const size_t n_theta = gru_n_parameters(n_units);
  for (size_t i = 0; i < n_theta; ++i) {
    random = random * 1664525U + 1013904223U;
    theta[i] = ((float)random / 2147483648.0f - 1.0f) / sqrtf((float)n_units);
  }
  return (Model){.sample_rate_hz = RATE_HZ,
                 .hidden_size = n_units,
                 .conditioning = {.n_theta = n_theta, .theta0 = theta, .moved = theta},
                 .out_weight = theta};
}

void
bench_network(void)
{
  static float theta[MAX_THETA];
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
    const Model model = made_up(sizes[i], theta);
    for (uint32_t n_lanes = 1; n_lanes <= 2; ++n_lanes) {
      for (const char* const* kernel = bench_kernels; *kernel; ++kernel) {
        printf("network %u %s %u %.2f\n", sizes[i], *kernel, n_lanes,
               time_model(&model, *kernel, n_lanes));
      }
    }
  }
}

bool
bench_load(const char* path)
{
  if (model_load(path, &loaded) != MODEL_OK) {
    fprintf(stderr, "bench: there is no model %s\n", path);
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
