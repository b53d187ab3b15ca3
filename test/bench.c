// SPDX-License-Identifier: MIT
// Times one round of the network and of the whole pedal, for bench.py.
//
// usage: bench MODEL.gru     prints lines "name nanoseconds-per-sample"
#include "denormals.h"
#include "load.h"
#include "memory.h"
#include "pedal.h"

#include <malloc.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N = 48000, RATE_HZ = 48000 };

static float in[N];
static float out[N];

static double
now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); // other programs' time does not count
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

// Nanoseconds a sample.
static double
play_network(const PackedModel* model)
{
  alignas(ALIGNMENT) static float theta[GRU_MAX_HIDDEN * (3 * GRU_MAX_HIDDEN + 7)];
  const float knobs[MAX_KNOBS] = {0.0f};
  alignas(ALIGNMENT) float state[GRU_MAX_HIDDEN] = {0.0f};
  packed_model_fill(model, knobs, theta);
  const Gru gru = packed_model_gru(model, theta);
  const double start = now_ns();
  for (int t = 0; t + 128 <= N; t += 128) {
    gru_process(&gru, 1, state, in + t, out + t, 128);
  }
  return (now_ns() - start) / N;
}

static void
time_pedal(const PackedModel* model, const char* name, Oversampling oversampling, int block,
           float knob_step, float amplitude)
{
  for (int t = 0; t < N; ++t) {
    in[t] = amplitude * ((float)rand() / (float)RAND_MAX - 0.5f);
  }
  PedalControls controls = {.oversampling = oversampling, .enabled = true};
  Pedal* pedal = pedal_new(model, RATE_HZ);
  pedal_settle(pedal, &controls);
  const double start = now_ns();
  for (int t = 0; t + block <= N; t += block) {
    controls.knobs[0] += knob_step * (float)block / N;
    pedal_run(pedal, &controls, in + t, out + t, (uint32_t)block);
  }
  printf("%s %.1f\n", name, (now_ns() - start) / (N - N % block));
  pedal_free(pedal);
}

// Bytes of one more model and of one more pedal, as malloc counts them.
static void
weigh(const char* path)
{
  const size_t before = mallinfo2().uordblks;
  PackedModel* model = load(path);
  if (model) {
    const size_t with_model = mallinfo2().uordblks;
    Pedal* pedal = pedal_new(model, RATE_HZ);
    fprintf(stderr, "memory: model %zu bytes, instance beside it %zu bytes\n", with_model - before,
            mallinfo2().uordblks - with_model);
    pedal_free(pedal);
  }
  packed_model_free(model);
}

int
main(int argc, char** argv)
{
  PackedModel* model = argc == 2 ? load(argv[1]) : NULL;
  if (!model) {
    fprintf(stderr, "usage: bench MODEL.gru\n");
    return 2;
  }
  weigh(argv[1]);
  denormals_flush();
  play_network(model); // brings the processor to speed
  printf("network %.1f\n", play_network(model));
  time_pedal(model, "pedal,1x,block-64", OVERSAMPLING_1X, 64, 0.0f, 0.5f);
  time_pedal(model, "pedal,2x,block-64", OVERSAMPLING_2X, 64, 0.0f, 0.5f);
  time_pedal(model, "pedal,4x,block-64", OVERSAMPLING_4X, 64, 0.0f, 0.5f);
  time_pedal(model, "pedal,2x,block-16", OVERSAMPLING_2X, 16, 0.0f, 0.5f);
  time_pedal(model, "pedal,2x,block-1024", OVERSAMPLING_2X, 1024, 0.0f, 0.5f);
  time_pedal(model, "pedal,2x,block-64,silence", OVERSAMPLING_2X, 64, 0.0f, 0.0f);
  time_pedal(model, "pedal,2x,block-64,knob-moving", OVERSAMPLING_2X, 64, 1.0f, 0.5f);
  time_pedal(model, "pedal,1x,block-64,knob-moving", OVERSAMPLING_1X, 64, 1.0f, 0.5f);
  time_pedal(model, "pedal,1x,block-16", OVERSAMPLING_1X, 16, 0.0f, 0.5f);
  packed_model_free(model);
  return 0;
}
