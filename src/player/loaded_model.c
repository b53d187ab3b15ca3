// SPDX-License-Identifier: MIT
#include "player/loaded_model.h"

#include "engine/engine.h"
#include "engine/loudness.h"
#include "engine/pedal_rest.h"
#include "model/model_file_id.h"
#include "model/shared_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Parameters per second of weights/od3.gru: 3296 at 48 kHz. Time is nearly proportional to them.
static const double own_model_cost = 3296.0 * 48000.0;

static void
fail(LoadedModel* loaded, const ModelError* error)
{
  model_error_text(error, loaded->error);
}

// Names the model after its file where the file has no name for it.
static void
set_name(LoadedModel* loaded, const char* name, const char* file_path)
{
  if (*name) {
    snprintf(loaded->name, sizeof loaded->name, "%s", name);
    return;
  }
  const char* slash = strrchr(file_path, '/');
  const char* base = slash ? slash + 1 : file_path;
  const char* dot = strrchr(base, '.');
  const size_t length = dot && dot != base ? (size_t)(dot - base) : strlen(base);
  size_t n = length < sizeof loaded->name ? length : sizeof loaded->name - 1;
  while (n < length && n && ((unsigned char)base[n] & 0xC0U) == 0x80U) {
    --n; // not within a character of UTF-8
  }
  memcpy(loaded->name, base, n);
  loaded->name[n] = '\0';
}

static void
describe_knobs(LoadedModel* loaded, const Model* model)
{
  size_t used = 0;
  for (unsigned i = 0; i < model->mlp.n_knobs; ++i) {
    const ModelKnob* knob = &model->knobs[i];
    used += (size_t)snprintf(loaded->knobs + used, sizeof loaded->knobs - used, "%s%s: %g to %g",
                             i ? "\n" : "", knob->name, (double)knob->min, (double)knob->max);
  }
}

static void
describe_level(LoadedModel* loaded, const ModelLevels* levels)
{
  char peak[LOADED_MODEL_LINE_SIZE / 2] = "";
  char input[LOADED_MODEL_LINE_SIZE / 2] = "";
  if (levels->has_trained_peak) {
    snprintf(peak, sizeof peak, "peaks up to %+.4g dBFS", (double)levels->trained_peak_dbfs);
  }
  if (levels->has_input_level) {
    snprintf(input, sizeof input, "0 dBFS is %+.4g dBu", (double)levels->input_level_dbu);
  }
  snprintf(loaded->level, sizeof loaded->level, "%s%s%s", peak, *peak && *input ? "; " : "", input);
}

static void
describe(LoadedModel* loaded, const Model* model, const char* file_path)
{
  const double cost = (double)model->n_theta * model->sample_rate_hz / own_model_cost;
  set_name(loaded, model->name, file_path);
  snprintf(loaded->kind, sizeof loaded->kind, "%s, %u units",
           model->cell == CELL_LSTM ? "LSTM" : "GRU", model->hidden_size);
  snprintf(loaded->cost, sizeof loaded->cost, "about %.2g times the bundle's own model", cost);
  describe_knobs(loaded, model);
  describe_level(loaded, &model->levels);
  loaded->sample_rate_hz = model->sample_rate_hz;
}

// Adds a clause to the warning.
static void
warn(LoadedModel* loaded, const char* clause)
{
  const size_t used = strlen(loaded->warning);
  if (*clause) {
    snprintf(loaded->warning + used, sizeof loaded->warning - used, "%s%s", used ? "; " : "",
             clause);
  }
}

// Tells where the model sounds by itself, or can't be run at its own rate.
static void
warn_of_sound(LoadedModel* loaded, double sample_rate_hz)
{
  const double rest_s = 0.3;
  const double n_frames = fmin(fmax(rest_s * sample_rate_hz, 1024.0), 65536.0);
  char clause[PEDAL_REST_TEXT_SIZE];
  pedal_rest_text(pedal_rest_peak_after_burst(loaded->pedal, (uint32_t)n_frames), clause);
  warn(loaded, clause);
  if (!engine_reaches_rate(loaded->packed, sample_rate_hz)) {
    snprintf(clause, sizeof clause,
             "at %g Hz the model can't run at its %u Hz, so it sounds darker", sample_rate_hz,
             loaded->sample_rate_hz);
    warn(loaded, clause);
  }
}

static const PackedModel*
share(const Model* model, const ModelFileId* id, const Kernel* kernel)
{
  const PackedModel* shared = id ? shared_model_find(id, kernel) : NULL;
  if (shared) {
    return shared;
  }
  PackedModel* packed = packed_model_new(model, kernel);
  if (!packed || !loudness_complete(packed)) {
    packed_model_free(packed);
    return NULL;
  }
  return shared_model_share(packed, id);
}

// Makes the parts that play the model. Returns false when memory is short.
static bool
prepare(LoadedModel* loaded, const Model* model, const ModelFileId* id, const Kernel* kernel,
        double sample_rate_hz)
{
  loaded->packed = share(model, id, kernel);
  loaded->pedal = loaded->packed ? pedal_new(loaded->packed, sample_rate_hz) : NULL;
  // The bundle's own model is the one that others are compared to.
  return loaded->pedal &&
         (!loaded->path[0] || loudness_normalize_db(loaded->packed, &loaded->normalize_db));
}

LoadedModel*
loaded_model_new(const char* path, const char* file_path, const Kernel* kernel,
                 double sample_rate_hz)
{
  LoadedModel* loaded = calloc(1, sizeof *loaded);
  if (!loaded) {
    return NULL;
  }
  snprintf(loaded->path, sizeof loaded->path, "%s", path);
  Model* model = NULL;
  ModelError error = {.status = MODEL_OK};
  ModelFileId id;
  const bool has_id = model_file_id(file_path, &id);
  if (model_load(file_path, &model, &error) != MODEL_OK) {
    fail(loaded, &error);
  } else {
    describe(loaded, model, file_path);
    if (!prepare(loaded, model, has_id ? &id : NULL, kernel, sample_rate_hz)) {
      fail(loaded, &(ModelError){.status = MODEL_NO_MEMORY});
    } else {
      warn(loaded, model->warning);
      warn_of_sound(loaded, sample_rate_hz);
    }
  }
  model_free(model);
  return loaded;
}

void
loaded_model_free(LoadedModel* loaded)
{
  if (loaded) {
    pedal_free(loaded->pedal);
    shared_model_release(loaded->packed);
    free(loaded);
  }
}
