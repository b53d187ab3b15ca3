// SPDX-License-Identifier: MIT
#include "engine/pedal_rest.h"

#include <math.h>
#include <stdio.h>

enum { BLOCK = 64, WATCHED_FRAMES = 512, BURST_FRAMES = 256 };

// -66 dBFS: a trained model's drift is less, and what is louder is heard in a pause.
static const float loudest_rest = 0.0005f;

static const PedalControls middle = {.blend = 1.0f, .enabled = true};

float
pedal_rest_peak(Pedal* pedal, uint32_t n_frames) NONBLOCKING
{
  const float silence[BLOCK] = {0.0f};
  float lowest = INFINITY;
  float highest = -INFINITY;
  for (uint32_t done = 0; done < n_frames; done += BLOCK) {
    float out[PEDAL_MAX_CHANNELS][BLOCK];
    pedal_run_channels(pedal, &middle, (const float* const[]){silence, silence},
                       (float* const[]){out[0], out[1]}, BLOCK);
    for (int i = 0; i < BLOCK && done + WATCHED_FRAMES >= n_frames; ++i) {
      lowest = fminf(lowest, out[0][i]);
      highest = fmaxf(highest, out[0][i]);
    }
  }
  return 0.5f * (highest - lowest);
}

float
pedal_rest_peak_after_burst(Pedal* pedal, uint32_t n_frames) NONBLOCKING
{
  uint32_t random = 1;
  float burst[BURST_FRAMES];
  pedal_prime(pedal, &middle);
  for (int i = 0; i < BURST_FRAMES; ++i) {
    random = random * 1664525U + 1013904223U;
    burst[i] = (float)random / 4294967296.0f - 0.5f;
  }
  pedal_run_channels(pedal, &middle, (const float* const[]){burst, burst},
                     (float* const[]){burst, burst}, BURST_FRAMES);
  return pedal_rest_peak(pedal, n_frames);
}

void
pedal_rest_text(float peak, char text[PEDAL_REST_TEXT_SIZE])
{
  text[0] = '\0';
  if (peak >= loudest_rest) {
    snprintf(text, PEDAL_REST_TEXT_SIZE,
             "the model does not come to rest: in silence it sounds by itself, at %.0f dBFS",
             20.0 * log10((double)peak));
  }
}
