// SPDX-License-Identifier: MIT
// Plays the built plugin for a long time with moving controls, and prints measurements that
// test_soak.py compares.
//
// usage: soak RATE_HZ SECONDS     prints lines "name number"
//
// Two instances play the same score in blocks of different sizes. The first part of the score (a
// sixth of the time, at most a minute) is repeated at the end, where a fresh instance plays it too.
#include "common/control_period.h"
#include "support/host.h"

#include <malloc.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  MAX_RATE_HZ = 192000,
  MAX_STRETCH = MAX_RATE_HZ / 4, // frames between control changes
  LEAD_S = 5,                    // seconds with still controls before each part
  VISIT_STRETCHES = 16,          // stretches between visits of another instance
};

enum { FIRST, SECOND, FRESH, N_PLAYERS };

static const uint64_t reprise_seed = 1;
static const uint64_t long_seed = 2;

// Sums over the output of a part.
typedef struct {
  double n;
  double sum;
  double energy;
  double error; // energy of the fresh instance's difference
} Sound;

typedef struct {
  uint32_t rate_hz;
  Instance* players[N_PLAYERS]; // FRESH is NULL while it does not play
  uint64_t block_random[N_PLAYERS];
  uint64_t n_blocks;
  uint64_t n_stretches;
  uint64_t n_different; // frames in which FIRST and SECOND differ
  uint64_t n_not_finite;
  float largest;
} Soak;

// Decaying notes of random pitch and level, with a little noise or none.
typedef struct {
  uint64_t random; // generator for notes and controls
  double phase;
  double step;
  double amplitude;
  double decay;
  double noise;
} Score;

static float in[MAX_STRETCH];
static float out[N_PLAYERS][MAX_STRETCH];

// Returns a number from 0 up to, but not including, 1.
static double
uniform(uint64_t* random)
{
  *random = *random * 6364136223846793005U + 1442695040888963407U;
  return (double)(*random >> 11U) / 9007199254740992.0;
}

static void
begin_note(Score* score, uint32_t rate_hz)
{
  score->step = 6.28318530717958648 * 80.0 * pow(2.0, 4.0 * uniform(&score->random)) / rate_hz;
  score->amplitude = pow(10.0, -3.0 * uniform(&score->random));
  score->decay = exp(-10.0 * uniform(&score->random) / rate_hz);
  score->noise = uniform(&score->random) < 0.5 ? 0.0 : 0.01 * score->amplitude;
}

static void
write_notes(Score* score, uint32_t rate_hz, uint32_t n)
{
  for (uint32_t i = 0; i < n; ++i) {
    if (uniform(&score->random) * rate_hz < 4.0) {
      begin_note(score, rate_hz);
    }
    score->amplitude *= score->decay;
    score->phase = fmod(score->phase + score->step, 6.28318530717958648);
    const double noise = score->noise * (2.0 * uniform(&score->random) - 1.0);
    in[i] = (float)(score->amplitude * sin(score->phase) + noise);
  }
}

static void
set_control(const Soak* soak, uint32_t port, float value)
{
  for (int i = 0; i < N_PLAYERS; ++i) {
    if (soak->players[i]) {
      soak->players[i]->controls[port] = value;
    }
  }
}

// Sets one random control to a random value.
static void
change_a_control(Soak* soak, Score* score)
{
  static const struct {
    uint32_t port;
    float low;
    float high;
  } knobs[] = {
      {PORT_GAIN, 0.0f, 10.0f},   {PORT_GAIN, 0.0f, 10.0f},    {PORT_TONE, 0.0f, 10.0f},
      {PORT_TONE, 0.0f, 10.0f},   {PORT_LEVEL, -30.0f, 12.0f}, {PORT_INPUT, -24.0f, 0.0f},
      {PORT_BLEND, 0.0f, 100.0f},
  };
  const double choice = 10.0 * uniform(&score->random);
  const double value = uniform(&score->random);
  if (choice < 7.0) {
    const int knob = (int)choice;
    const float range = knobs[knob].high - knobs[knob].low;
    set_control(soak, knobs[knob].port, knobs[knob].low + range * (float)value);
  } else if (choice < 8.0) {
    set_control(soak, PORT_OVERSAMPLING, (float)(1U << (unsigned)(3.0 * value)));
  } else if (choice < 9.0) {
    set_control(soak, choice < 8.5 ? PORT_PHASE : PORT_MATCH, value < 0.5 ? 0.0f : 1.0f);
  } else {
    set_control(soak, PORT_ENABLED, value < 0.7 ? 1.0f : 0.0f);
  }
}

// Plays `in` [n] through one player in blocks of random sizes. SECOND plays in place.
static void
play_blocks(Soak* soak, int player, uint32_t n)
{
  static const uint32_t sizes[] = {1, 7, 16, 31, 64, 100, 128, 480, 512, 1024, 4096, 8192};
  const bool is_in_place = player == SECOND;
  float* to = out[player];
  if (is_in_place) {
    memcpy(to, in, n * sizeof *in);
  }
  for (uint32_t done = 0; done < n;) {
    const size_t choice = (size_t)(uniform(&soak->block_random[player]) * 12.0);
    const uint32_t block = sizes[choice] < n - done ? sizes[choice] : n - done;
    host_run(soak->players[player], (is_in_place ? to : in) + done, to + done, block, block);
    done += block;
    ++soak->n_blocks;
  }
}

static void
measure(Soak* soak, uint32_t n, Sound* sound)
{
  for (uint32_t i = 0; i < n; ++i) {
    const float value = out[FIRST][i];
    soak->n_different += memcmp(&value, &out[SECOND][i], sizeof value) ? 1 : 0;
    soak->n_not_finite += isfinite(value) ? 0 : 1;
    soak->largest = fmaxf(soak->largest, fabsf(value));
    sound->sum += (double)value;
    sound->energy += (double)value * (double)value;
    if (soak->players[FRESH]) {
      sound->error += pow((double)out[FRESH][i] - (double)value, 2.0);
    }
  }
  sound->n += n;
}

static void
play_stretch(Soak* soak, Score* score, uint32_t n, Sound* sound)
{
  write_notes(score, soak->rate_hz, n);
  for (int i = 0; i < N_PLAYERS; ++i) {
    if (soak->players[i]) {
      play_blocks(soak, i, n);
    }
  }
  measure(soak, n, sound);
}

// Starts another instance, activates it twice, and frees it.
static void
visit(const Soak* soak)
{
  float sound[CONTROL_PERIOD_FRAMES] = {0.0f};
  Instance* visitor = host_start(soak->rate_hz, 9, 1, 0, 1);
  host_run(visitor, sound, sound, CONTROL_PERIOD_FRAMES, CONTROL_PERIOD_FRAMES);
  lilv_instance_deactivate(visitor->lilv);
  lilv_instance_activate(visitor->lilv);
  host_run(visitor, sound, sound, CONTROL_PERIOD_FRAMES, CONTROL_PERIOD_FRAMES);
  host_free(visitor);
}

static void
set_all(const Soak* soak)
{
  set_control(soak, PORT_GAIN, 6.0f);
  set_control(soak, PORT_TONE, 4.0f);
  set_control(soak, PORT_LEVEL, -3.0f);
  set_control(soak, PORT_INPUT, 0.0f);
  set_control(soak, PORT_BLEND, 100.0f);
  set_control(soak, PORT_OVERSAMPLING, 2.0f);
  set_control(soak, PORT_PHASE, 0.0f);
  set_control(soak, PORT_MATCH, 0.0f);
  set_control(soak, PORT_ENABLED, 1.0f);
}

// Plays a part of the score after LEAD_S seconds with still controls. Returns sums of its output.
static Sound
play_part(Soak* soak, uint64_t seed, uint64_t seconds, bool has_visits)
{
  Score score = {.random = seed};
  Sound lead = {0};
  Sound sound = {0};
  begin_note(&score, soak->rate_hz);
  set_all(soak);
  for (uint32_t i = 0; i < LEAD_S * soak->rate_hz / CONTROL_PERIOD_FRAMES; ++i) {
    play_stretch(soak, &score, CONTROL_PERIOD_FRAMES, &lead);
  }
  uint64_t left = seconds * soak->rate_hz / CONTROL_PERIOD_FRAMES * CONTROL_PERIOD_FRAMES;
  while (left) {
    change_a_control(soak, &score);
    const double length = pow(uniform(&score.random), 3.0) * soak->rate_hz / 4;
    const uint64_t n = (uint64_t)length + 1U;
    play_stretch(soak, &score, (uint32_t)(n < left ? n : left), &sound);
    left -= n < left ? n : left;
    if (has_visits && ++soak->n_stretches % VISIT_STRETCHES == 0) {
      visit(soak);
    }
  }
  return sound;
}

static double
malloc_bytes(void)
{
  const struct mallinfo2 info = mallinfo2();
  return (double)info.uordblks + (double)info.hblkhd;
}

// Returns the resident memory of this process in kB. Unlike /proc/self/statm, the file read here
// counts every page.
static double
resident_kb(void)
{
  long kb = -1;
  char line[256];
  FILE* file = fopen("/proc/self/smaps_rollup", "r");
  while (file && fgets(line, sizeof line, file) && sscanf(line, "Rss: %ld", &kb) != 1) {
  }
  if (file) {
    fclose(file);
  }
  return (double)kb;
}

static void
print_number(const char* name, double number)
{
  printf("%s %.9g\n", name, number);
}

static void
print_sound(const char* when, Sound sound)
{
  char name[64];
  snprintf(name, sizeof name, "level-db-%s", when);
  print_number(name, 10.0 * log10(sound.energy / sound.n));
  snprintf(name, sizeof name, "dc-%s", when);
  print_number(name, sound.sum / sound.n);
}

static void
print_memory(const char* when)
{
  char name[64];
  snprintf(name, sizeof name, "resident-kb-%s", when);
  print_number(name, resident_kb());
  snprintf(name, sizeof name, "malloc-bytes-%s", when);
  print_number(name, malloc_bytes());
}

static void
soak_for(Soak* soak, uint64_t seconds)
{
  const uint64_t reprise_s = seconds / 6 < 60 ? seconds / 6 : 60;
  soak->players[FIRST] = host_start(soak->rate_hz, 6, 4, -3, 1);
  soak->players[SECOND] = host_start(soak->rate_hz, 6, 4, -3, 1);
  print_sound("first", play_part(soak, reprise_seed, reprise_s, false));
  // Touches all pages of the arrays and loads what the first instances need, before measuring.
  memset(in, 0, sizeof in);
  memset(out, 0, sizeof out);
  for (int i = 0; i < 2; ++i) {
    visit(soak);
  }
  print_memory("first");
  play_part(soak, long_seed, seconds - 2 * reprise_s, true);
  soak->players[FRESH] = host_start(soak->rate_hz, 6, 4, -3, 1);
  const Sound last = play_part(soak, reprise_seed, reprise_s, false);
  host_free(soak->players[FRESH]);
  print_sound("last", last);
  print_memory("last");
  print_number("from-fresh-db", 10.0 * log10(last.error / last.energy + 1e-20));
  host_free(soak->players[FIRST]);
  host_free(soak->players[SECOND]);
}

int
main(int argc, char** argv)
{
  Soak soak = {.rate_hz = argc == 3 ? (uint32_t)atol(argv[1]) : 0, .block_random = {1, 2, 3}};
  if (soak.rate_hz == 0 || soak.rate_hz > MAX_RATE_HZ) {
    fprintf(stderr, "usage: soak RATE_HZ SECONDS\n");
    return 2;
  }
  const long seconds = atol(argv[2]);
  setvbuf(stdout, NULL, _IOLBF, 0);
  host_open(NULL);
  soak_for(&soak, (uint64_t)seconds);
  host_close(NULL);
  print_number("control-changes", (double)soak.n_stretches);
  print_number("blocks", (double)soak.n_blocks);
  print_number("frames-different", (double)soak.n_different);
  print_number("frames-not-finite", (double)soak.n_not_finite);
  print_number("largest", (double)soak.largest);
  print_number("times-real-time", (double)seconds * CLOCKS_PER_SEC / (double)clock());
  return 0;
}
