// SPDX-License-Identifier: MIT
#include "engine/oversampler.h"

#include "engine/delay_line.h"
#include "engine/resample2x.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct Oversampler {
  unsigned n_stages;
  Phase phase;
  uint32_t latency_frames;
  uint32_t pad; // samples of the highest rate that round a linear phase's delay up to whole frames
  DelayLine padding;
  Resample2x stages[]; // from the host's rate up
};

static Resample2xKind
stage_kind(unsigned stage) NONBLOCKING
{
  return stage == 0 ? RESAMPLE2X_FIRST_STAGE : RESAMPLE2X_INNER_STAGE;
}

static void
set_latency(Oversampler* oversampler)
{
  const double factor = (double)(1U << oversampler->n_stages);
  double delay = 0.0; // in samples of the highest rate
  for (unsigned i = 0; i < oversampler->n_stages; ++i) {
    delay = 2.0 * delay + resample2x_delay(stage_kind(i), oversampler->phase);
  }
  if (oversampler->phase == PHASE_LINEAR) { // and the delay a whole number
    oversampler->latency_frames = (uint32_t)ceil(delay / factor);
    oversampler->pad = (uint32_t)(oversampler->latency_frames * factor - delay);
  } else {
    oversampler->latency_frames = (uint32_t)floor(delay / factor + 0.5);
  }
}

Oversampler*
oversampler_new(unsigned n_stages, Phase phase)
{
  Oversampler* oversampler = calloc(1, sizeof *oversampler + n_stages * sizeof(Resample2x));
  if (!oversampler) {
    return NULL;
  }
  oversampler->n_stages = n_stages;
  oversampler->phase = phase;
  set_latency(oversampler);
  oversampler_reset(oversampler);
  return oversampler;
}

void
oversampler_free(Oversampler* oversampler)
{
  free(oversampler);
}

void
oversampler_reset(Oversampler* oversampler) NONBLOCKING
{
  oversampler->padding = (DelayLine){0};
  for (unsigned i = 0; i < oversampler->n_stages; ++i) {
    resample2x_init(&oversampler->stages[i], stage_kind(i), oversampler->phase);
  }
}

uint32_t
oversampler_latency_frames(const Oversampler* oversampler) NONBLOCKING
{
  return oversampler->latency_frames;
}

void
oversampler_up(Oversampler* oversampler, const float* in, float* out, uint32_t n_frames) NONBLOCKING
{
  if (oversampler->n_stages == 0 && out != in) {
    memcpy(out, in, n_frames * sizeof *out);
  }
  for (unsigned i = 0; i < oversampler->n_stages; ++i) {
    resample2x_up(&oversampler->stages[i], i ? out : in, out, n_frames << i);
  }
  const uint32_t end = oversampler->pad ? n_frames << oversampler->n_stages : 0;
  for (uint32_t done = 0; done < end; done += DELAY_LINE_SIZE) {
    const uint32_t n = end - done < DELAY_LINE_SIZE ? end - done : DELAY_LINE_SIZE;
    delay_line_push(&oversampler->padding, out + done, n);
    delay_line_read(&oversampler->padding, oversampler->pad, out + done, n);
  }
}

void
oversampler_down(Oversampler* oversampler, float* in, float* out, uint32_t n_frames) NONBLOCKING
{
  if (oversampler->n_stages == 0 && out != in) {
    memcpy(out, in, n_frames * sizeof *out);
  }
  for (unsigned i = oversampler->n_stages; i-- > 0;) {
    resample2x_down(&oversampler->stages[i], in, i ? in : out, n_frames << i);
  }
}
