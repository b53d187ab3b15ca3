// SPDX-License-Identifier: MIT
// Prints what the oversampler makes of impulses, for phases.py.
//
// usage: responses
//
// For each phase and factor, two lines: "PHASE FACTOR there-and-back LATENCY SAMPLE..." has the
// response to an impulse at the host's rate, up and down again; "PHASE FACTOR down LATENCY
// SAMPLE..." has that of the way down at the higher rate, which the responses to an impulse at each
// of its samples make up.
#include "engine/oversampler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_FRAMES = 256, BLOCK = 64, MAX_FACTOR = 4 };

static const char* const names[N_PHASES] = {"linear", "minimum"};

static Oversampler*
new_oversampler(unsigned n_stages, Phase phase)
{
  Oversampler* oversampler = oversampler_new(n_stages, phase);
  if (!oversampler) {
    abort();
  }
  return oversampler;
}

static void
print_line(unsigned n_stages, Phase phase, const char* way, uint32_t latency, const float* samples,
           uint32_t n)
{
  printf("%s %u %s %u", names[phase], 1U << n_stages, way, latency);
  for (uint32_t i = 0; i < n; ++i) {
    printf(" %.9g", (double)samples[i]);
  }
  printf("\n");
}

static void
print_there_and_back(unsigned n_stages, Phase phase)
{
  Oversampler* oversampler = new_oversampler(n_stages, phase);
  float in[N_FRAMES] = {1.0f};
  float out[N_FRAMES];
  float high[BLOCK * MAX_FACTOR];
  for (uint32_t done = 0; done < N_FRAMES; done += BLOCK) {
    oversampler_up(oversampler, in + done, high, BLOCK);
    oversampler_down(oversampler, high, out + done, BLOCK);
  }
  print_line(n_stages, phase, "there-and-back", oversampler_latency_frames(oversampler), out,
             N_FRAMES);
  oversampler_free(oversampler);
}

static void
print_down(unsigned n_stages, Phase phase)
{
  const uint32_t factor = 1U << n_stages;
  Oversampler* oversampler = new_oversampler(n_stages, phase);
  float response[N_FRAMES * MAX_FACTOR] = {0.0f};
  for (uint32_t at = 0; at < factor; ++at) {
    oversampler_reset(oversampler);
    for (uint32_t done = 0; done < N_FRAMES; done += BLOCK) {
      float high[BLOCK * MAX_FACTOR] = {0.0f};
      float out[BLOCK];
      high[at] = done ? 0.0f : 1.0f;
      oversampler_down(oversampler, high, out, BLOCK);
      for (uint32_t i = done ? 0 : 1; i < BLOCK; ++i) {
        response[(done + i) * factor - at] = out[i];
      }
      response[0] = at == 0 && done == 0 ? out[0] : response[0];
    }
  }
  print_line(n_stages, phase, "down", oversampler_latency_frames(oversampler), response,
             N_FRAMES * factor);
  oversampler_free(oversampler);
}

int
main(void)
{
  for (unsigned n_stages = 1; 1 << n_stages <= MAX_FACTOR; ++n_stages) {
    for (unsigned phase = 0; phase < N_PHASES; ++phase) {
      print_there_and_back(n_stages, (Phase)phase);
      print_down(n_stages, (Phase)phase);
    }
  }
  return 0;
}
