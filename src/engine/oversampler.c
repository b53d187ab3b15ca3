// SPDX-License-Identifier: MIT
#include "engine/oversampler.h"

#include "engine/delay_line.h"
#include "engine/resample2x.h"

#include <stdlib.h>
#include <string.h>

struct Oversampler {
  unsigned n_stages;
  uint32_t latency_frames;
  uint32_t pad; // samples of the highest rate that round the delay up to whole frames
  DelayLine padding;
  Resample2x stages[]; // from the host's rate up
};

static Resample2xKind
stage_kind(unsigned stage) NONBLOCKING
{
  return stage == 0 ? RESAMPLE2X_FIRST_STAGE : RESAMPLE2X_INNER_STAGE;
}

Oversampler*
oversampler_new(unsigned n_stages)
{
  Oversampler* oversampler = calloc(1, sizeof *oversampler + n_stages * sizeof(Resample2x));
  if (!oversampler) {
    return NULL;
  }
  uint32_t delay = 0; // in samples of the highest rate
  for (unsigned i = 0; i < n_stages; ++i) {
    delay += resample2x_delay(stage_kind(i)) << (n_stages - 1U - i);
  }
  const uint32_t factor = 1U << n_stages;
  oversampler->n_stages = n_stages;
  oversampler->latency_frames = (delay + factor - 1U) / factor;
  oversampler->pad = oversampler->latency_frames * factor - delay;
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
    resample2x_init(&oversampler->stages[i], stage_kind(i));
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
