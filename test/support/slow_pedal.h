// SPDX-License-Identifier: MIT
// The pedal again, slow and plain: one frame at a time, in double precision, with each filter as
// the sum that defines it, and the recurrent cells as weights/FORMAT.md has them. Only the design
// data are src/'s: the filters' taps. Rates are at most twice the model's.
#ifndef OD3_TEST_SLOW_PEDAL_H
#define OD3_TEST_SLOW_PEDAL_H

#include "engine/pedal.h"
#include "engine/resample2x_taps.h"
#include "model/model.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
  SLOW_STATE = 32,
  SLOW_AGES = 8,
  SLOW_TAPS = 96,
  SLOW_STAGES = 2,
  SLOW_DELAYS = 128,
  SLOW_THETA = 1024
};

// A value that moves in equal steps. At 0 steps left, it has arrived.
typedef struct {
  double value, target;
  unsigned steps_left;
} SlowMove;

typedef struct {
  double taps[SLOW_TAPS];
  unsigned n_taps;
  double past[SLOW_TAPS]; // the newest first
} SlowFilter;

typedef struct {
  double past[SLOW_DELAYS]; // the newest first
} SlowDelay;

typedef struct {
  Phase phase;
  unsigned n_stages;
  unsigned latency;
  unsigned padding;                     // samples of the highest rate
  double delay;                         // of the state, in samples
  double states[SLOW_AGES][SLOW_STATE]; // the newest first
  SlowFilter up[SLOW_STAGES], down[SLOW_STAGES];
  SlowDelay padded;
} SlowEngine;

typedef struct {
  const Model* model;
  double rate_hz;
  double theta[SLOW_THETA], from[SLOW_THETA], to[SLOW_THETA];
  double ramp_knobs[MAX_KNOBS];
  unsigned ramp_frame, ramp_steps; // the ramp is over at frame 512
  SlowMove knobs[MAX_KNOBS], input_db, level_db, wet, crossfade, fade_in;
  double input[2], level[2], mix[2], offset[2], incoming_part[2]; // at a period's begin and end
  double silent[SLOW_STATE];
  int silence_left;
  unsigned pace; // samples of silence in a period, while it keeps the network's pace
  unsigned paced_periods_left;
  SlowEngine engines[N_OVERSAMPLING_PHASES];
  int active, incoming; // -1: none
  unsigned warmup_left;
  SlowDelay dry;
  unsigned frame; // of the control period
} SlowPedal;

static void
slow_set(SlowMove* move, double target, double seconds, double interval_s)
{
  if (target != move->target) {
    move->target = target;
    move->steps_left = (unsigned)fmax(1.0, ceil(seconds / interval_s - 1e-9));
  }
}

// Makes one step, and returns whether there was one to make.
static bool
slow_step(SlowMove* move)
{
  if (move->steps_left == 0) {
    return false;
  }
  move->value += (move->target - move->value) / move->steps_left--;
  return true;
}

static void
slow_jump(SlowMove* move, double value)
{
  *move = (SlowMove){value, value, 0};
}

static double
slow_factor(double gain_db)
{
  return pow(10.0, gain_db / 20.0);
}

static double
slow_push(SlowDelay* delay, double x, unsigned age)
{
  memmove(delay->past + 1, delay->past, sizeof delay->past - sizeof *delay->past);
  delay->past[0] = x;
  return delay->past[age];
}

static double
slow_filter(SlowFilter* filter, double x)
{
  memmove(filter->past + 1, filter->past, sizeof filter->past - sizeof *filter->past);
  filter->past[0] = x;
  double sum = 0.0;
  for (unsigned i = 0; i < filter->n_taps; ++i) {
    sum += filter->taps[i] * filter->past[i];
  }
  return sum;
}

// A symmetric filter of 4 n - 1 taps: `even` is the first half of those of even index; `odd` that
// of the others, with the middle one, which is 1/2 and the only one where `odd` is NULL.
static SlowFilter
slow_taps(unsigned n, const float* even, const float* odd)
{
  SlowFilter filter = {.n_taps = 4 * n - 1};
  for (unsigned i = 0; i < filter.n_taps; ++i) {
    const unsigned mirrored = i < 2 * n ? i : 4 * n - 2 - i;
    if (i % 2 == 0) {
      filter.taps[i] = (double)even[mirrored / 2];
    } else if (odd) {
      filter.taps[i] = (double)odd[mirrored / 2];
    }
  }
  if (!odd) {
    filter.taps[2 * n - 1] = 0.5;
  }
  return filter;
}

static SlowFilter
slow_minimum_phase_taps(unsigned n, const float* taps)
{
  SlowFilter filter = {.n_taps = 4 * n - 1};
  for (unsigned i = 0; i < filter.n_taps; ++i) {
    filter.taps[i] = (double)taps[i];
  }
  return filter;
}

// Returns the delay of a ramp: by how much it comes out too low.
static double
slow_delay(SlowFilter filter)
{
  double sum = 0.0;
  double moment = 0.0;
  for (unsigned i = 0; i < filter.n_taps; ++i) {
    sum += filter.taps[i];
    moment += filter.taps[i] * i;
  }
  return moment / sum;
}

static double
slow_sigmoid(double x)
{
  return 1.0 / (1.0 + exp(-x));
}

// Returns the pre-activation of a gate's unit without the input: its bias and hidden weights.
static double
slow_sum(const SlowPedal* p, unsigned bias, unsigned gate, unsigned unit, const double* h)
{
  const unsigned n = p->model->hidden_size;
  const unsigned n_gates = p->model->cell == CELL_LSTM ? 4 : 3;
  const double* matrix = p->theta + (p->model->cell == CELL_LSTM ? 8 : 7) * n;
  double sum = p->theta[bias * n + unit];
  for (unsigned j = 0; j < n; ++j) {
    sum += matrix[(j * n_gates + gate) * n + unit] * h[j];
  }
  return sum;
}

// Returns the network's output for x, and replaces the state: h, then c of an LSTM.
static double
slow_cell(const SlowPedal* p, double x, double* state)
{
  const unsigned n = p->model->hidden_size;
  double h[SLOW_STATE];
  memcpy(h, state, sizeof h);
  double out = (double)p->model->out_bias + (double)p->model->direct * x;
  for (unsigned i = 0; i < n; ++i) {
    if (p->model->cell == CELL_LSTM) {
      double gates[4];
      for (unsigned g = 0; g < 4; ++g) {
        gates[g] = slow_sum(p, g, g, i, h) + p->theta[(4 + g) * n + i] * x;
      }
      double* c = state + n + i;
      *c = slow_sigmoid(gates[1]) * *c + slow_sigmoid(gates[0]) * tanh(gates[2]);
      state[i] = slow_sigmoid(gates[3]) * tanh(*c);
    } else {
      const double r = slow_sigmoid(slow_sum(p, 0, 0, i, h) + p->theta[4 * n + i] * x);
      const double z = slow_sigmoid(slow_sum(p, 1, 1, i, h) + p->theta[5 * n + i] * x);
      const double hidden = slow_sum(p, 3, 2, i, h);
      const double fresh = tanh(p->theta[2 * n + i] + p->theta[6 * n + i] * x + r * hidden);
      state[i] = fresh + z * (h[i] - fresh);
    }
    out += (double)p->model->out_weight[i] * state[i];
  }
  return out;
}

// Returns the mean output of n samples of silence.
static double
slow_silence(SlowPedal* p, int n)
{
  double sum = 0.0;
  for (int i = 0; i < n; ++i) {
    sum += slow_cell(p, 0.0, p->silent);
  }
  return sum / n;
}

static void
slow_theta(const SlowPedal* p, const double* knobs, double* theta)
{
  const Model* model = p->model;
  for (size_t i = 0; i < model->n_theta; ++i) {
    theta[i] = (double)model->theta0[i];
    for (unsigned k = 0; k < model->mlp.n_knobs && i < model->n_conditioned; ++k) {
      theta[i] += knobs[k] * (double)model->weight_deltas[k * model->n_conditioned + i];
    }
  }
}

static void
slow_set_filters(SlowEngine* engine)
{
  const bool is_linear = engine->phase == PHASE_LINEAR;
  const SlowFilter wide = is_linear ? slow_taps(WIDE_PAIRS, wide_even, NULL)
                                    : slow_minimum_phase_taps(WIDE_PAIRS, wide_minimum);
  for (unsigned i = 0; i < SLOW_STAGES; ++i) {
    engine->up[i] = engine->down[i] = wide;
  }
  engine->up[0] = is_linear ? slow_taps(UP_PAIRS, up_even, NULL)
                            : slow_minimum_phase_taps(UP_PAIRS, up_minimum);
  engine->down[0] = is_linear ? slow_taps(DOWN_PAIRS, down_even, down_odd)
                              : slow_minimum_phase_taps(DOWN_PAIRS, down_minimum);
}

static void
slow_reset_engine(SlowPedal* p, SlowEngine* engine, const double* state)
{
  const SlowEngine sizes = *engine;
  *engine = (SlowEngine){.phase = sizes.phase,
                         .n_stages = sizes.n_stages,
                         .latency = sizes.latency,
                         .padding = sizes.padding,
                         .delay = sizes.delay};
  slow_set_filters(engine);
  for (unsigned i = 0; i < SLOW_AGES; ++i) {
    memcpy(engine->states[i], state, sizeof p->silent);
  }
}

// Sets the latency in frames. Linear phase is padded to it; minimum phase is as late at low
// frequencies, to half a frame.
static void
slow_set_latency(SlowEngine* engine)
{
  double delay = 0.0; // in samples of the highest rate
  slow_set_filters(engine);
  for (unsigned i = 0; i < engine->n_stages; ++i) {
    delay = 2.0 * delay + slow_delay(engine->up[i]) + slow_delay(engine->down[i]);
  }
  const double factor = (double)(1U << engine->n_stages);
  const double whole = round(delay);
  engine->latency =
      (unsigned)(engine->phase == PHASE_LINEAR ? ceil(whole / factor) : round(delay / factor));
  engine->padding =
      engine->phase == PHASE_LINEAR ? (unsigned)(engine->latency * factor - whole) : 0U;
}

// Returns the index of the controls' engine.
static int
slow_choice(const PedalControls* controls)
{
  return (int)controls->oversampling * N_PHASES + (int)controls->phase;
}

static void
slow_init(SlowPedal* p, const Model* model, double rate_hz)
{
  *p = (SlowPedal){.model = model, .rate_hz = rate_hz, .incoming = -1};
  for (int i = 0; i < N_OVERSAMPLING_PHASES; ++i) {
    SlowEngine* engine = &p->engines[i];
    const int factor = 1 << i / N_PHASES;
    double engine_hz = rate_hz;
    for (; engine_hz < 0.9 * factor * model->sample_rate_hz; engine_hz *= 2.0) {
      ++engine->n_stages;
    }
    engine->phase = (Phase)(i % N_PHASES);
    engine->delay = fmax(1.0, engine_hz / model->sample_rate_hz);
    slow_set_latency(engine);
  }
}

static double
slow_wet(const PedalControls* controls)
{
  return controls->enabled ? (double)controls->blend : 0.0;
}

static void
slow_jump_to(SlowPedal* p, const PedalControls* controls)
{
  for (unsigned k = 0; k < MAX_KNOBS; ++k) {
    slow_jump(&p->knobs[k], (double)controls->knobs[k]);
    p->ramp_knobs[k] = (double)controls->knobs[k];
  }
  slow_jump(&p->input_db, (double)controls->input_db);
  slow_jump(&p->level_db, (double)controls->level_db);
  slow_jump(&p->wet, slow_wet(controls));
  slow_jump(&p->fade_in, 1.0);
  p->input[1] = slow_factor((double)controls->input_db);
  p->level[1] = slow_factor((double)controls->level_db);
  p->mix[1] = p->wet.value;
  slow_theta(p, p->ramp_knobs, p->theta);
  p->ramp_steps = 0;
}

static void
slow_start_engine(SlowPedal* p, const PedalControls* controls)
{
  p->active = slow_choice(controls);
  p->incoming = -1;
  p->dry = (SlowDelay){{0.0}};
  slow_reset_engine(p, &p->engines[p->active], p->silent);
}

static void
slow_prime(SlowPedal* p, const PedalControls* controls)
{
  memset(p->silent, 0, sizeof p->silent);
  slow_jump_to(p, controls);
  slow_silence(p, 12288 - 64);
  p->offset[1] = slow_silence(p, 64);
  p->silence_left = 12288;
  p->paced_periods_left = 0;
  slow_start_engine(p, controls);
  p->frame = 0;
}

// Starts to move theta to the smoothed knobs: small distances in one step, a knob's whole way in
// 64 or fewer.
static void
slow_start_ramp(SlowPedal* p)
{
  bool have_moved = false;
  double distance = 0.0;
  for (unsigned k = 0; k < MAX_KNOBS; ++k) {
    have_moved |= slow_step(&p->knobs[k]);
    distance += fabs(p->knobs[k].value - p->ramp_knobs[k]);
  }
  if (have_moved) {
    for (unsigned k = 0; k < MAX_KNOBS; ++k) {
      p->ramp_knobs[k] = p->knobs[k].value;
    }
    p->ramp_frame = 0;
    p->ramp_steps = (unsigned)fmin(64.0, 1.0 + floor(distance / 0.0023));
    memcpy(p->from, p->theta, sizeof p->from);
    slow_theta(p, p->ramp_knobs, p->to);
    p->silence_left = 12288;
  }
}

static void
slow_track_offset(SlowPedal* p)
{
  p->offset[0] = p->offset[1];
  if (p->paced_periods_left) {
    --p->paced_periods_left;
  }
  if (p->silence_left > 0 && !p->paced_periods_left) {
    const double speed = 64.0 * p->model->sample_rate_hz / p->rate_hz / 5.0;
    const int n = (int)fmin(64.0, fmax(1.0, floor(speed)));
    const int n_now = p->ramp_steps ? 1 + (n - 1) / 3 : n;
    p->offset[1] = slow_silence(p, n_now);
    p->silence_left -= n_now;
  }
}

// Without a stage, the phase makes no difference.
static bool
slow_engines_differ(const SlowEngine* a, const SlowEngine* b)
{
  return a->n_stages != b->n_stages || (a->n_stages && a->phase != b->phase);
}

static void
slow_switch_engines(SlowPedal* p, const PedalControls* controls)
{
  const double period_s = 64.0 / p->rate_hz;
  const int wanted = slow_choice(controls);
  if (p->incoming >= 0 && p->incoming_part[1] == 1.0) {
    p->active = p->incoming;
    p->incoming = -1;
  }
  if (p->incoming < 0 && slow_engines_differ(&p->engines[wanted], &p->engines[p->active])) {
    p->incoming = wanted;
    slow_reset_engine(p, &p->engines[wanted], p->engines[p->active].states[0]);
    slow_jump(&p->crossfade, 0.0);
    slow_set(&p->crossfade, 1.0, 0.02, period_s);
    p->warmup_left = p->crossfade.steps_left;
    p->incoming_part[1] = 0.0;
  }
  p->incoming_part[0] = p->incoming_part[1];
  if (p->incoming >= 0 && p->warmup_left) {
    --p->warmup_left;
  } else if (p->incoming >= 0) {
    slow_step(&p->crossfade);
    p->incoming_part[1] = p->crossfade.value;
  }
}

static void
slow_begin_period(SlowPedal* p, const PedalControls* controls)
{
  if (p->ramp_frame >= 512) {
    p->ramp_steps = 0;
  }
  if (!p->ramp_steps) {
    slow_start_ramp(p);
  }
  slow_track_offset(p);
  slow_switch_engines(p, controls);
  p->input[0] = p->input[1];
  p->level[0] = p->level[1];
  p->mix[0] = p->mix[1];
  if (slow_step(&p->input_db)) {
    p->input[1] = slow_factor(p->input_db.value);
  }
  slow_step(&p->level_db);
  slow_step(&p->fade_in);
  p->level[1] = slow_factor(p->level_db.value) * p->fade_in.value * p->fade_in.value;
  slow_step(&p->wet);
  p->mix[1] = p->wet.value;
}

// Limits a state: h to 1 and c to 65536.
static double
slow_limited(const SlowPedal* p, unsigned i, double x)
{
  const double limit = i < p->model->hidden_size ? 1.0 : 65536.0;
  return fmin(fmax(x, -limit), limit);
}

// Runs the network for one sample: it reads the state of `delay` samples ago, between samples by
// the polynomial through the nearest states, of degree 1 below 1.5 samples and else 2.
static double
slow_network(const SlowPedal* p, SlowEngine* engine, double x)
{
  double state[SLOW_STATE];
  const double nearest = floor(engine->delay + 0.5);
  const double f = engine->delay - nearest;
  const unsigned age = (unsigned)nearest - 1U; // in `states`
  for (unsigned i = 0; i < SLOW_STATE; ++i) {
    const double at = engine->states[age][i];
    const double older = engine->states[age + 1U][i];
    if (f == 0.0) {
      state[i] = at;
    } else if (nearest < 2.0) {
      state[i] = slow_limited(p, i, at + f * (older - at));
    } else {
      const double newer = engine->states[age - 1U][i];
      state[i] = slow_limited(
          p, i, at + 0.5 * f * (older - newer) + 0.5 * f * f * (older - 2.0 * at + newer));
    }
  }
  const double out = slow_cell(p, x, state);
  memmove(engine->states + 1, engine->states, sizeof engine->states - sizeof engine->states[0]);
  memcpy(engine->states[0], state, sizeof state);
  return out;
}

// Plays one frame.
static double
slow_engine(const SlowPedal* p, SlowEngine* engine, double x)
{
  const unsigned factor = 1U << engine->n_stages;
  double samples[1U << SLOW_STAGES] = {x};
  for (unsigned stage = 0; stage < engine->n_stages; ++stage) {
    for (unsigned i = 1U << stage; i-- > 0;) {
      samples[2 * i] = samples[i]; // from the end, so that none is overwritten
    }
    for (unsigned i = 0; i < 2U << stage; ++i) {
      samples[i] = 2.0 * slow_filter(&engine->up[stage], i % 2 ? 0.0 : samples[i]);
    }
  }
  for (unsigned i = 0; i < factor; ++i) {
    const double late = slow_push(&engine->padded, samples[i], engine->padding);
    const double part = (p->frame + (i + 1.0) / factor) / 64.0;
    const double offset = p->offset[0] + part * (p->offset[1] - p->offset[0]);
    const double sound = slow_network(p, engine, late) - offset;
    samples[i] = fmin(fmax(sound, -15.85), 15.85);
  }
  for (unsigned stage = engine->n_stages; stage-- > 0;) {
    for (unsigned i = 0; i < 2U << stage; ++i) {
      const double filtered = slow_filter(&engine->down[stage], samples[i]);
      samples[i / 2] = i % 2 ? samples[i / 2] : filtered;
    }
  }
  return samples[0];
}

static double
slow_between(const double ends[2], unsigned frame)
{
  return ends[0] + (ends[1] - ends[0]) * (frame + 1.0) / 64.0;
}

static double
slow_sane(double x)
{
  return isnan(x) ? 0.0 : fmin(fmax(x, -1000.0), 1000.0);
}

// Keeps the network's pace in silence for one frame, if it began at late knobs.
static void
slow_keep_pace(SlowPedal* p)
{
  const double samples = p->pace / 64.0;
  const int n = (int)(ceil((p->frame + 1) * samples) - ceil(p->frame * samples));
  for (int i = 0; p->paced_periods_left && i < n; ++i) {
    p->offset[0] = p->offset[1] = slow_silence(p, 1);
  }
}

// Plays one frame after the controls were set.
static double
slow_frame(SlowPedal* p, const PedalControls* controls, double x)
{
  if (p->frame == 0) {
    slow_begin_period(p, controls);
  }
  if (p->ramp_steps && p->ramp_frame < 512) {
    const unsigned step_frames = 512U / p->ramp_steps;
    const double n_done = fmin(p->ramp_steps, 1.0 + p->ramp_frame / step_frames);
    for (size_t i = 0; i < p->model->n_theta; ++i) {
      p->theta[i] = p->from[i] + (p->to[i] - p->from[i]) * n_done / p->ramp_steps;
    }
  }
  ++p->ramp_frame;
  slow_keep_pace(p);
  const double driven = slow_sane(x * slow_between(p->input, p->frame));
  double dry = slow_push(&p->dry, x, p->engines[p->active].latency);
  double wet = slow_engine(p, &p->engines[p->active], driven);
  if (p->incoming >= 0) {
    const double part = slow_between(p->incoming_part, p->frame);
    const double incoming = slow_engine(p, &p->engines[p->incoming], driven);
    wet += part * (incoming - wet);
    dry += part * (p->dry.past[p->engines[p->incoming].latency] - dry);
  }
  wet *= slow_between(p->level, p->frame);
  const double mix = slow_between(p->mix, p->frame);
  p->frame = (p->frame + 1U) % 64U;
  if (p->mix[0] == 0.0 && p->mix[1] == 0.0) {
    return dry; // bypass keeps every bit
  }
  return mix * wet + (1.0 - mix) * slow_sane(dry);
}

// Starts at controls that may differ from those of slow_prime. With other knobs the network, whose
// state is still that of the old silence, fades in, and for 2,048 samples silence keeps its pace.
static void
slow_start_late(SlowPedal* p, const PedalControls* controls)
{
  bool have_moved = false;
  for (unsigned k = 0; k < MAX_KNOBS; ++k) {
    have_moved |= p->knobs[k].value != (double)controls->knobs[k];
  }
  slow_jump_to(p, controls);
  if (have_moved) {
    const SlowEngine* engine = &p->engines[p->active];
    p->pace = (unsigned)floor(64.0 * (1U << engine->n_stages) / engine->delay + 0.5);
    p->paced_periods_left = 1 + 2048 / p->pace;
    p->silence_left = 12288;
    slow_jump(&p->fade_in, 0.0);
    slow_set(&p->fade_in, 1.0, 0.025, 64.0 / p->rate_hz);
    p->level[1] = 0.0;
  }
}

// Runs n frames of `in`, any finite numbers, into `out`. `is_first` is true as long as no frame has
// played since slow_prime; the controls may still differ from those then.
static void
slow_run(SlowPedal* p, const PedalControls* controls, bool is_first, const float* in, double* out,
         unsigned n)
{
  const double period_s = 64.0 / p->rate_hz;
  if (is_first) {
    slow_start_engine(p, controls);
  }
  if (is_first && n) {
    slow_start_late(p, controls);
  }
  for (unsigned k = 0; k < MAX_KNOBS; ++k) {
    slow_set(&p->knobs[k], (double)controls->knobs[k], 0.15, 8.0 * period_s);
  }
  slow_set(&p->input_db, (double)controls->input_db, 0.15, period_s);
  slow_set(&p->level_db, (double)controls->level_db, 0.15, period_s);
  slow_set(&p->wet, slow_wet(controls), 0.02, period_s);
  for (unsigned i = 0; i < n; ++i) {
    out[i] = slow_frame(p, controls, (double)in[i]);
  }
}

#endif
