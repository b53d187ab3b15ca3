// SPDX-License-Identifier: MIT
#include "engine/loudness.h"

#include "engine/pedal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64, N_HARMONICS = 6, N_STRINGS = 4, DURATION_S = 2 };

#define LONG_STRING_S 0.5
#define SHORT_STRING_S 0.03

static const double pi = 3.14159265358979323846;

// The loudness of weights/od3.gru with its knobs in the middle; test/unit/test_loudness.c prints
// how far it is off, and allows 0.1 dB.
static const double own_model_lufs = -16.69;

static const double silent_db = -80.0; // of a model that plays nothing, beside its input

static double
biquad_run(Biquad* filter, double x)
{
  const double y = filter->b[0] * x + filter->z[0];
  filter->z[0] = filter->b[1] * x - filter->a[0] * y + filter->z[1];
  filter->z[1] = filter->b[2] * x - filter->a[1] * y;
  return y;
}

// The filters are those of BS.1770 at 48 kHz, as analog prototypes: frequency in Hz, quality and,
// for the shelf, gain.
void
loudness_meter_init(LoudnessMeter* meter, double sample_rate_hz)
{
  const double shelf_q = 0.7071752369554196;
  const double shelf_gain = 1.584864701130855;     // 3.999843853973347 dB
  const double shelf_mid_gain = 1.258720930232562; // shelf_gain ** 0.4996667741545416
  const double k = tan(pi * 1681.974450955533 / sample_rate_hz);
  const double a0 = 1.0 + k / shelf_q + k * k;
  const double high_pass_q = 0.5003270373238773;
  const double h = tan(pi * 38.13547087602444 / sample_rate_hz);
  const double h0 = 1.0 + h / high_pass_q + h * h;
  *meter = (LoudnessMeter){
      .shelf = {.b = {(shelf_gain + shelf_mid_gain * k / shelf_q + k * k) / a0,
                      2.0 * (k * k - shelf_gain) / a0,
                      (shelf_gain - shelf_mid_gain * k / shelf_q + k * k) / a0},
                .a = {2.0 * (k * k - 1.0) / a0, (1.0 - k / shelf_q + k * k) / a0}},
      .high_pass = {.b = {1.0, -2.0, 1.0},
                    .a = {2.0 * (h * h - 1.0) / h0, (1.0 - h / high_pass_q + h * h) / h0}},
  };
}

// Returns the next sample as loud as the ear hears it.
static double
weigh(LoudnessMeter* meter, float sample)
{
  return biquad_run(&meter->high_pass, biquad_run(&meter->shelf, (double)sample));
}

void
loudness_meter_add(LoudnessMeter* meter, const float* samples, size_t n)
{
  for (size_t i = 0; i < n; ++i) {
    const double y = weigh(meter, samples[i]);
    meter->energy += y * y;
  }
  meter->n_samples += n;
}

double
loudness_meter_lufs(const LoudnessMeter* meter)
{
  return -0.691 + 10.0 * log10(meter->energy / (double)meter->n_samples + 1e-300);
}

// Four notes in the guitar's middle, one after another, string_s each: decaying harmonics, the
// higher the shorter. At any length they decay by as much. Spectrum and decay lie between those of
// a guitar recorded directly and of test/data/guitar.flac.
static float
plucked_note(double time_s, double string_s)
{
  static const double strings_hz[] = {146.83, 220.0, 329.63, 493.88};
  const int string = (int)(time_s / string_s) % N_STRINGS;
  const double t = fmod(time_s, string_s);
  const float decayed = (float)(t * (LONG_STRING_S / string_s));
  double sum = 0.0;
  for (int i = 1; i <= N_HARMONICS; ++i) {
    const double peak = (double)(expf(-3.0f * decayed * (float)i) * powf((float)i, -0.7f));
    sum += peak * sin(2.0 * pi * strings_hz[string] * i * t);
  }
  return 0.18f * (float)sum;
}

bool
loudness_normalize_db(const PackedModel* model, float* gain_db)
{
  const double rate_hz = (double)model->sample_rate_hz;
  const PedalControls controls = {.blend = 1.0f, .enabled = true};
  Pedal* pedal = pedal_new(model, rate_hz);
  if (!pedal) {
    return false;
  }
  LoudnessMeter meter;
  loudness_meter_init(&meter, rate_hz);
  pedal_prime(pedal, &controls);
  const size_t n_blocks = (size_t)model->sample_rate_hz * DURATION_S / BLOCK;
  for (size_t i = 0; i < n_blocks; ++i) {
    float block[BLOCK];
    for (size_t j = 0; j < BLOCK; ++j) {
      block[j] = plucked_note((double)(i * BLOCK + j) / rate_hz, LONG_STRING_S);
    }
    pedal_run(pedal, &controls, block, block, BLOCK);
    loudness_meter_add(&meter, block, BLOCK);
  }
  pedal_free(pedal);
  const double wanted_db = own_model_lufs - loudness_meter_lufs(&meter);
  *gain_db = (float)fmin(fmax(wanted_db, -(double)NORMALIZE_MAX_DB), (double)NORMALIZE_MAX_DB);
  return true;
}

// The sound of plucked notes, and its energy as the ear weighs it.
typedef struct {
  size_t n_samples; // whole blocks
  float* samples;
  double* weighed;
  double energy;
} Notes;

static void
notes_free(Notes* notes)
{
  free(notes->samples);
  free(notes->weighed);
}

// Returns false when memory is short. The caller frees the notes either way.
static bool
notes_make(Notes* notes, double rate_hz)
{
  const size_t n = (size_t)((double)N_STRINGS * SHORT_STRING_S * rate_hz) / BLOCK * BLOCK;
  *notes = (Notes){n, calloc(n, sizeof(float)), calloc(n, sizeof(double)), 0.0};
  if (!notes->samples || !notes->weighed) {
    return false;
  }
  LoudnessMeter meter;
  loudness_meter_init(&meter, rate_hz);
  for (size_t i = 0; i < n; ++i) {
    notes->samples[i] = plucked_note((double)i / rate_hz, SHORT_STRING_S);
    notes->weighed[i] = weigh(&meter, notes->samples[i]);
    notes->energy += notes->weighed[i] * notes->weighed[i];
  }
  return true;
}

// Plays the notes, `factor` times as loud, through a primed pedal, and writes a point of the table.
static void
measure_point(Pedal* pedal, const PedalControls* controls, const Notes* notes, float factor,
              double rate_hz, float* louder_db, float* correlation)
{
  LoudnessMeter meter;
  loudness_meter_init(&meter, rate_hz);
  double energy = 1e-300;
  double together = 0.0;
  for (size_t done = 0; done < notes->n_samples; done += BLOCK) {
    float block[BLOCK];
    for (size_t i = 0; i < BLOCK; ++i) {
      block[i] = factor * notes->samples[done + i];
    }
    pedal_run(pedal, controls, block, block, BLOCK);
    for (size_t i = 0; i < BLOCK; ++i) {
      const double wet = weigh(&meter, block[i]);
      energy += wet * wet;
      together += wet * notes->weighed[done + i];
    }
  }
  *louder_db = (float)fmax(10.0 * log10(energy / notes->energy), silent_db);
  *correlation = (float)(together / sqrt(energy * notes->energy));
}

// Lets a pedal that was primed at other controls come to rest at these.
static void
play_silence(Pedal* pedal, const PedalControls* controls, double rate_hz)
{
  float block[BLOCK];
  const size_t n = (size_t)(0.05 * rate_hz);
  for (size_t done = 0; done < n; done += BLOCK) {
    memset(block, 0, sizeof block);
    pedal_run(pedal, controls, block, block, BLOCK);
  }
}

// Measures all positions of Input at the position of the knobs to which `point` belongs.
static void
measure_inputs(Pedal* pedal, const Notes* notes, double rate_hz, unsigned point,
               LoudnessTable* table)
{
  const PedalControls middle = {.blend = 1.0f, .enabled = true};
  PedalControls controls = middle;
  unsigned rest = point / LOUDNESS_N_INPUTS;
  for (unsigned i = 0; i < table->n_knobs; ++i, rest /= table->n_positions) {
    const unsigned position = rest % table->n_positions;
    controls.knobs[i] = -1.0f + 2.0f * (float)position / (float)(table->n_positions - 1U);
  }
  pedal_prime(pedal, &middle); // the model keeps its state of silence there
  play_silence(pedal, &controls, rate_hz);
  for (unsigned i = 0; i < LOUDNESS_N_INPUTS; ++i) {
    const float input_db =
        LOUDNESS_MAX_INPUT_DB * (2.0f * (float)i / (float)(LOUDNESS_N_INPUTS - 1) - 1.0f);
    measure_point(pedal, &controls, notes, powf(10.0f, 0.05f * input_db), rate_hz,
                  &table->louder_db[point + i], &table->correlation[point + i]);
  }
}

bool
loudness_measure(const PackedModel* model, unsigned n_positions, LoudnessTable* table)
{
  const double rate_hz = (double)model->sample_rate_hz;
  Pedal* pedal = pedal_new(model, rate_hz);
  Notes notes = {0};
  const bool has_memory = pedal && notes_make(&notes, rate_hz);
  if (has_memory) {
    *table = (LoudnessTable){.n_knobs = model->mlp.n_knobs, .n_positions = n_positions};
    const unsigned n_points = loudness_table_n_points(table->n_knobs, n_positions);
    for (unsigned point = 0; point < n_points; point += LOUDNESS_N_INPUTS) {
      measure_inputs(pedal, &notes, rate_hz, point, table);
    }
  }
  notes_free(&notes);
  pedal_free(pedal);
  return has_memory;
}

bool
loudness_complete(PackedModel* model)
{
  static const unsigned n_positions[MAX_KNOBS + 1] = {2, 4, 3, 2, 2};
  return model->loudness.n_positions ||
         loudness_measure(model, n_positions[model->mlp.n_knobs], &model->loudness);
}
