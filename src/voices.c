// SPDX-License-Identifier: MIT
#include "voices.h"

#include "delay_line.h"
#include "line.h"
#include "oversampler.h"
#include "smoother.h"
#include "tame.h"
#include "voice.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static const unsigned multiples[N_OVERSAMPLINGS] = {1, 2, 4};

struct Voices {
  Voice* by_stages[OVERSAMPLER_MAX_STAGES + 1]; // NULL where no choice needs one
  Voice* chosen[N_OVERSAMPLINGS];               // of these; at high rates all the same
  Voice* heard;
  Voice* coming;   // NULL when no change is under way
  DelayLine input; // as it came
  uint32_t change_ticks;
  uint32_t warm_ticks_left;
  Smoother arrival; // 0 to 1
  Line arrival_line;
};

Voices*
voices_new(const PackedModel* model, double sample_rate_hz, uint32_t change_ticks)
{
  Voices* voices = calloc(1, sizeof *voices);
  if (!voices) {
    return NULL;
  }
  voices->change_ticks = change_ticks;
  for (unsigned i = 0; i < N_OVERSAMPLINGS; ++i) {
    const unsigned n_stages = voice_n_stages(model, sample_rate_hz, multiples[i]);
    Voice** voice = &voices->by_stages[n_stages];
    if (!*voice) {
      *voice = voice_new(model, sample_rate_hz, n_stages);
    }
    if (!*voice) {
      voices_free(voices);
      return NULL;
    }
    voices->chosen[i] = *voice;
  }
  voices->heard = voices->chosen[OVERSAMPLING_1X];
  return voices;
}

void
voices_free(Voices* voices)
{
  if (voices) {
    for (unsigned i = 0; i <= OVERSAMPLER_MAX_STAGES; ++i) {
      voice_free(voices->by_stages[i]);
    }
    free(voices);
  }
}

void
voices_rest(Voices* voices, Oversampling oversampling, const float* state) NONBLOCKING
{
  voices->heard = voices->chosen[oversampling];
  voices->coming = NULL;
  voices->input = (DelayLine){0};
  voice_rest(voices->heard, state);
}

uint32_t
voices_latency_frames(const Voices* voices) NONBLOCKING
{
  return voice_latency_frames(voices->coming ? voices->coming : voices->heard);
}

void
voices_begin_tick(Voices* voices, Oversampling oversampling) NONBLOCKING
{
  if (voices->coming && voices->arrival_line.to == 1.0f) {
    voices->heard = voices->coming;
    voices->coming = NULL;
  }
  if (!voices->coming && voices->chosen[oversampling] != voices->heard) {
    voices->coming = voices->chosen[oversampling];
    voice_rest(voices->coming, voice_state(voices->heard));
    voices->warm_ticks_left = voices->change_ticks;
    smoother_reset(&voices->arrival, 0.0f);
    smoother_aim(&voices->arrival, 1.0f, voices->change_ticks);
    voices->arrival_line = (Line){0.0f, 0.0f};
  }
  if (voices->coming && voices->warm_ticks_left) {
    --voices->warm_ticks_left;
  } else if (voices->coming) {
    smoother_tick(&voices->arrival);
    voices->arrival_line = (Line){voices->arrival_line.to, voices->arrival.value};
  }
}

// A mixture of two samples, or the first where that is not finite.
static float
mix(float from, float to, float part) NONBLOCKING
{
  const float mixture = from + part * (to - from);
  return isfinite(mixture) ? mixture : from;
}

static void
tame_all(const float* in, float* out, uint32_t n_frames) NONBLOCKING
{
  for (uint32_t i = 0; i < n_frames; ++i) {
    out[i] = tame(in[i]);
  }
}

void
voices_run(Voices* voices, const Network* network, uint32_t tick_position, const float* in,
           float* wet, float* dry, uint32_t n_frames) NONBLOCKING
{
  delay_line_push(&voices->input, in, n_frames);
  delay_line_read(&voices->input, voice_latency_frames(voices->heard), dry, n_frames);
  tame_all(in, wet, n_frames);
  voice_run(voices->heard, network, tick_position, wet, n_frames);
  if (voices->coming) {
    const float step = 1.0f / (float)TICK_FRAMES;
    const bool has_begun = voices->arrival_line.to > 0.0f;
    float coming_wet[TICK_FRAMES];
    float coming_dry[TICK_FRAMES];
    delay_line_read(&voices->input, voice_latency_frames(voices->coming), coming_dry, n_frames);
    tame_all(in, coming_wet, n_frames);
    voice_run(voices->coming, network, tick_position, coming_wet, n_frames);
    for (uint32_t i = 0; has_begun && i < n_frames; ++i) {
      const float arrival = line_at(voices->arrival_line, step * (float)(tick_position + i + 1U));
      wet[i] = mix(wet[i], coming_wet[i], arrival);
      dry[i] = mix(dry[i], coming_dry[i], arrival);
    }
  }
}
