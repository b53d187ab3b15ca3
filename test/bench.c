// SPDX-License-Identifier: MIT
// Times one round of the network and of the whole pedal, for bench.py.
//
// usage: bench MODEL.gru     prints lines "name nanoseconds-per-sample"
#include "denormals.h"
#include "gru.h"
#include "model.h"
#include "pedal.h"

#include <malloc.h>
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
play_network(const Model* model)
{
  static float theta[GRU_MAX_HIDDEN * (3 * GRU_MAX_HIDDEN + 7)];
  const float knobs[MAX_KNOBS] = {0.0f};
  float state[GRU_MAX_HIDDEN] = {0.0f};
  conditioning_init(&model->conditioning, theta);
  conditioning_apply(&model->conditioning, knobs, theta);
  const Gru gru = {model->hidden_size, theta, model->out_weight, model->out_bias};
  const double start = now_ns();
  for (int t = 0; t + 128 <= N; t += 128) {
    gru_process(&gru, 1, state, in + t, out + t, 128);
  }
  return (now_ns() - start) / N;
}

static void
time_pedal(const Model* model, const char* name, Oversampling oversampling, int block,
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
  Model* model = NULL;
  const size_t before = mallinfo2().uordblks;
  if (model_load(path, &model) == MODEL_OK) {
    const size_t with_model = mallinfo2().uordblks;
    Pedal* pedal = pedal_new(model, RATE_HZ);
    fprintf(stderr, "memory: model %zu bytes, instance beside it %zu bytes\n", with_model - before,
            mallinfo2().uordblks - with_model);
    pedal_free(pedal);
  }
  model_free(model);
}

int
main(int argc, char** argv)
{
  Model* model = NULL;
  if (argc != 2 || model_load(argv[1], &model) != MODEL_OK) {
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
  model_free(model);
  return 0;
}
