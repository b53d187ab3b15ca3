// SPDX-License-Identifier: MIT
#include "voice.h"

#include "oversampler.h"
#include "recurrence.h"

#include <stdlib.h>
#include <string.h>

// As slow as this part of a rate counts as that rate: 44.1 kHz is 0.92 of 48 kHz.
static const double grace = 0.9;

struct Voice {
  unsigned n_stages;
  Oversampler* oversampler;
  Recurrence* recurrence;
};

unsigned
voice_n_stages(const PackedModel* model, double sample_rate_hz, unsigned multiple) NONBLOCKING
{
  const double least_hz = grace * (double)multiple * (double)model->sample_rate_hz;
  unsigned n_stages = 0;
  while (n_stages < OVERSAMPLER_MAX_STAGES &&
         sample_rate_hz * (double)(1U << n_stages) < least_hz) {
    ++n_stages;
  }
  return n_stages;
}

Voice*
voice_new(const PackedModel* model, double sample_rate_hz, unsigned n_stages)
{
  Voice* voice = calloc(1, sizeof *voice);
  if (!voice) {
    return NULL;
  }
  const double rate_hz = sample_rate_hz * (double)(1U << n_stages);
  voice->n_stages = n_stages;
  voice->oversampler = oversampler_new(n_stages);
  voice->recurrence = recurrence_new(model->shape.n_columns, rate_hz / model->sample_rate_hz);
  if (!voice->oversampler || !voice->recurrence) {
    voice_free(voice);
    return NULL;
  }
  return voice;
}

void
voice_free(Voice* voice)
{
  if (voice) {
    oversampler_free(voice->oversampler);
    recurrence_free(voice->recurrence);
    free(voice);
  }
}

uint32_t
voice_latency_frames(const Voice* voice) NONBLOCKING
{
  return oversampler_latency_frames(voice->oversampler);
}

void
voice_rest(Voice* voice, const float* state) NONBLOCKING
{
  oversampler_reset(voice->oversampler);
  recurrence_rest(voice->recurrence, state);
}

const float*
voice_state(const Voice* voice) NONBLOCKING
{
  return recurrence_state(voice->recurrence);
}

void
voice_run(Voice* voice, const Network* network, uint32_t tick_position, float* sound,
          uint32_t n_frames) NONBLOCKING
{
  float above[OVERSAMPLER_MAX_FRAMES]; // the host's rate
  const Line idle_line = network->idle_line;
  const uint32_t factor = 1U << voice->n_stages;
  const uint32_t most = OVERSAMPLER_MAX_FRAMES / factor;
  const float step = 1.0f / (float)(TICK_FRAMES * factor);
  for (uint32_t done = 0; done < n_frames;) {
    const uint32_t n = n_frames - done < most ? n_frames - done : most;
    const int begin = (int)(factor * (tick_position + done));
    float* part = sound + done;
    if (factor > 1) {
      part = above;
      oversampler_up(voice->oversampler, sound + done, part, n);
    }
    recurrence_run(voice->recurrence, &network->gru, part, part, factor * n);
    for (int i = 0; i < (int)(factor * n); ++i) {
      part[i] -= line_at(idle_line, step * (float)(begin + i + 1));
    }
    if (factor > 1) {
      oversampler_down(voice->oversampler, part, sound + done, n);
    }
    done += n;
  }
}
