// SPDX-License-Identifier: MIT
// Fuzzes the plugin through its LV2 descriptor. An input is a host's doings: sample rate, blocks,
// controls, connections, sounds, all of any kind. Of every frame it requires:
//   enabled, and 20 ms after that: finite, and below +24 dBFS
//   disabled, 20 ms after that, and while no oversampling changes: the input, bit by bit, late by
//     the latency that is told
//   between these, while bypass fades: one of the two, or, below +60 dBFS, a mixture
//   disabled, while oversampling changes: one of the input's last 64 frames, bit by bit, or a
//     mixture: finite, and no louder than the loudest finite one of these or, while bypass fades
//     too, than the above
// And in the end, of a sane host that keeps its controls still, at 44.1 to 192 kHz: once its knobs
// have arrived, and 100 ms later, that the sound is a fresh instance's to -60 dB, and so is what is
// left of an offset, which goes away as the idle network (network.h) follows the knobs. After
// activate(), at any rate, that the sound is the same, bit by bit.
#include "fuzz.h"

#include <float.h>
#include <lv2/core/lv2.h>
#include <math.h>
#include <string.h>

enum { IN, OUT, GAIN, TONE, LEVEL, OVERSAMPLING, ENABLED, LATENCY, N_PORTS };
enum {
  TICK = 64,      // frames between which controls are read
  MAX_DELAY = 64, // frames: above any latency
  MAX_BLOCK = 8192,
  MAX_WORK = 32768, // samples of the network an input may ask for
  MAX_STEPS = 96,
  FRESH_BLOCK = 600,
  N_COMPARED = 512,
  LONG_AGO = 1 << 30,
};

static const float loudest = 15.85f;         // +24 dBFS
static const float loudest_fading = 1000.0f; // +60 dBFS: tame.h
static const double allowed_error = 1e-6;    // of the energy: -60 dB
static const double allowed_offset = 1e-6;   // likewise
static const double model_rate_hz = 48000.0;

typedef struct {
  const uint8_t* at;
  size_t left;
} Input;

typedef struct {
  LV2_Handle plugin;
  double rate_hz;
  float controls[N_PORTS];
  bool is_connected[N_PORTS];
  bool is_fresh; // activated, and not run yet
  bool was_enabled;
  int times;              // of oversampling
  uint32_t since_enabled; // frames since that changed
  uint32_t since_times;
  float past[MAX_DELAY]; // the last input, the oldest first
  uint32_t random;
} Host;

static const LV2_Descriptor* descriptor;
static char bundles[2][4096];
static float in[MAX_DELAY + MAX_BLOCK]; // the past, and the block
static float out[MAX_BLOCK];

static uint8_t
next_byte(Input* input)
{
  if (input->left == 0) {
    return 0;
  }
  --input->left;
  return *input->at++;
}

static uint32_t
next_random(Host* host)
{
  host->random = host->random * 1664525U + 1013904223U;
  return host->random >> 8U;
}

// -1 to 1.
static float
next_noise(Host* host)
{
  return (float)next_random(host) / 8388608.0f - 1.0f;
}

static float
special(uint32_t i)
{
  static const float values[] = {NAN,    INFINITY, -INFINITY, 1e30f, -1e30f, 3e38f,   -3e38f,
                                 1e-40f, -1e-40f,  0.0f,      -0.0f, 1e-38f, 1000.0f, -1000.0f};
  return values[i % (sizeof values / sizeof *values)];
}

static double
next_rate(Input* input)
{
  static const double rates[] = {48000.0, 44100.0, 96000.0, 88200.0, 192000.0, 176400.0, 22050.0,
                                 48000.0, 32000.0, 8000.0,  1.0,     1e7,      767999.5, 1500.1};
  const uint8_t byte = next_byte(input);
  if (byte < 224) {
    return rates[byte % (sizeof rates / sizeof *rates)];
  }
  return exp2(23.25 * (double)next_byte(input) / 255.0); // 1 Hz to 10 MHz
}

static float
next_value(Input* input)
{
  const uint8_t byte = next_byte(input);
  return byte < 32 ? special(byte) : (float)(byte - 96) / 8.0f; // -8 to 20
}

static void
connect(Host* host, uint32_t port, bool is_connected)
{
  float* to = port == IN ? in + MAX_DELAY : port == OUT ? out : &host->controls[port];
  descriptor->connect_port(host->plugin, port, is_connected ? to : NULL);
  host->is_connected[port] = is_connected;
}

static float
control(const Host* host, uint32_t port)
{
  static const float initial[N_PORTS] = {
      [GAIN] = 5.0f, [TONE] = 5.0f, [OVERSAMPLING] = 2.0f, [ENABLED] = 1.0f};
  const float value = host->controls[port];
  const float flushed = fabsf(value) < FLT_MIN ? 0.0f : value;
  return host->is_connected[port] && !isnan(value) ? flushed : initial[port];
}

static int
times(const Host* host)
{
  const float value = control(host, OVERSAMPLING);
  return value < 1.5f ? 1 : value < 3.5f ? 2 : 4;
}

// How many samples the network plays a frame.
static uint32_t
factor(const Host* host)
{
  uint32_t n = 1;
  while (n < 32 && host->rate_hz * n < 0.9 * times(host) * model_rate_hz) {
    n *= 2;
  }
  return n;
}

// So many frames in whole ticks, one to begin with, and one to end.
static uint32_t
frames_of(const Host* host, double seconds)
{
  return TICK * (2U + (uint32_t)fmax(1.0, fmin(ceil(seconds * host->rate_hz / (double)TICK), 1e6)));
}

static void
activate(Host* host)
{
  if (descriptor->deactivate) {
    descriptor->deactivate(host->plugin);
  }
  descriptor->activate(host->plugin);
  host->is_fresh = true;
}

static void
start(Host* host, const char* bundle, double rate_hz)
{
  static const LV2_Feature* const none[] = {NULL};
  *host = (Host){.rate_hz = rate_hz, .random = 1};
  host->plugin = descriptor->instantiate(descriptor, rate_hz, bundle, none);
  require(host->plugin != NULL, "a good bundle is instantiated");
}

// What the host did since the last block.
static void
note_changes(Host* host)
{
  const bool is_enabled = control(host, ENABLED) > 0.0f;
  if (host->is_fresh) {
    host->since_enabled = host->since_times = LONG_AGO;
    memset(host->past, 0, sizeof host->past);
  } else {
    host->since_enabled = is_enabled == host->was_enabled ? host->since_enabled : 0;
    host->since_times = times(host) == host->times ? host->since_times : 0;
  }
  host->is_fresh = false;
  host->was_enabled = is_enabled;
  host->times = times(host);
}

// Where the input lies that comes out now, if it is bypassed.
static const float*
bypassed(const Host* host)
{
  return in + MAX_DELAY - (size_t)host->controls[LATENCY];
}

static void
check_below(const float* block, uint32_t n_frames, float most, const char* what)
{
  for (uint32_t i = 0; i < n_frames; ++i) {
    if (!(fabsf(block[i]) <= most)) {
      fprintf(stderr, "frame %u is %g\n", i, (double)block[i]);
      require(false, what);
    }
  }
}

static void
check_fading(const Host* host, const float* block, uint32_t n_frames)
{
  const float* expected = bypassed(host);
  for (uint32_t i = 0; i < n_frames; ++i) {
    require(fabsf(block[i]) <= loudest_fading + loudest ||
                memcmp(block + i, expected + i, sizeof *block) == 0,
            "a mixture while bypass fades");
  }
}

// Each frame is no louder than `most` or a finite one of those that may come out now, or it is one
// of these.
static void
check_mixed(const float* block, uint32_t n_frames, float most)
{
  for (uint32_t i = 0; i < n_frames; ++i) {
    const float* sources = in + 1 + i; // [MAX_DELAY]
    float largest = most;
    bool is_copy = false;
    for (uint32_t delay = 0; delay < MAX_DELAY; ++delay) {
      largest = isfinite(sources[delay]) ? fmaxf(largest, fabsf(sources[delay])) : largest;
    }
    for (uint32_t delay = 0; !isfinite(block[i]) && delay < MAX_DELAY; ++delay) {
      is_copy |= memcmp(block + i, sources + delay, sizeof *block) == 0;
    }
    require(is_copy || fabs((double)block[i]) <= 1.001 * (double)largest,
            "a mixture while oversampling changes");
  }
}

// block [n_frames] came out for `in`, which still has the past and what went in.
static void
check_block(const Host* host, const float* block, uint32_t n_frames)
{
  const bool is_fading = host->since_enabled < frames_of(host, 0.02);
  // A change that was under way is ended first.
  const bool is_changing = host->since_times < 4U * frames_of(host, 0.02);
  if (host->was_enabled && !is_fading) {
    check_below(block, n_frames, loudest, "finite and below +24 dBFS");
  } else if (is_changing) {
    check_mixed(block, n_frames, is_fading ? loudest_fading + loudest : 0.0f);
  } else if (is_fading && host->is_connected[LATENCY]) {
    check_fading(host, block, n_frames);
  } else if (host->is_connected[LATENCY]) {
    require(memcmp(block, bypassed(host), n_frames * sizeof *block) == 0, "bypass is exact");
  }
}

// Runs a block of what lies in `in` behind the past.
static void
run(Host* host, uint32_t n_frames, bool is_in_place)
{
  static float played[MAX_BLOCK];
  const bool is_audible = host->is_connected[IN] && host->is_connected[OUT];
  if (is_in_place && host->is_connected[OUT]) {
    descriptor->connect_port(host->plugin, OUT, in + MAX_DELAY);
    memcpy(played, in + MAX_DELAY, n_frames * sizeof *played);
  }
  descriptor->run(host->plugin, n_frames);
  if (is_in_place && host->is_connected[OUT]) {
    memcpy(out, in + MAX_DELAY, n_frames * sizeof *out);
    memcpy(in + MAX_DELAY, played, n_frames * sizeof *played);
    descriptor->connect_port(host->plugin, OUT, out);
  }
  if (host->is_connected[LATENCY]) {
    const float latency = host->controls[LATENCY];
    require(latency >= 0.0f && latency < (float)MAX_DELAY && latency == floorf(latency), "latency");
  }
  if (!is_audible || n_frames == 0) {
    return;
  }
  note_changes(host);
  memcpy(in, host->past, sizeof host->past);
  check_block(host, out, n_frames);
  memcpy(host->past, in + n_frames, sizeof host->past);
  host->since_enabled += host->since_enabled < LONG_AGO ? n_frames : 0;
  host->since_times += host->since_times < LONG_AGO ? n_frames : 0;
}

static float
next_sample(Host* host, uint8_t kind, uint32_t i)
{
  const float loud = exp2f((float)(kind % 32) - 24.0f); // -144 to +42 dBFS
  switch (kind / 32) {
  case 0: return 0.0f;
  case 1: return loud * next_noise(host);
  case 2: return loud * sinf(0.0144f * (float)i);
  case 3: return special(kind);
  case 4: return special(next_random(host));
  case 5: return next_random(host) % 64 ? 0.1f * next_noise(host) : special(next_random(host));
  case 6: return i % 2 ? -loud : loud;
  default: return i ? 0.0f : special(kind);
  }
}

static uint32_t
next_length(Input* input)
{
  const uint8_t byte = next_byte(input);
  return byte < 224 ? byte : byte == 255 ? MAX_BLOCK : 32U * next_byte(input) + byte % 32U;
}

// Runs a block, if the work left allows it; returns what is left then.
static uint32_t
run_any(Host* host, Input* input, uint32_t work)
{
  const uint32_t n_frames = next_length(input);
  const uint8_t kind = next_byte(input);
  const bool is_in_place = next_byte(input) % 4U == 0;
  if (n_frames * factor(host) > work) {
    return 0;
  }
  for (uint32_t i = 0; i < n_frames; ++i) {
    in[MAX_DELAY + i] = next_sample(host, kind, i);
  }
  run(host, n_frames, is_in_place);
  return work - n_frames * factor(host);
}

// One thing that a host may do; returns the work that is left.
static uint32_t
do_any(Host* host, Input* input, uint32_t work)
{
  const uint8_t byte = next_byte(input);
  const uint32_t port = byte % N_PORTS;
  switch (byte / 32) {
  case 0: // a control
  case 1:
    if (port >= GAIN && port <= ENABLED) {
      host->controls[port] = next_value(input);
    }
    break;
  case 2:
    if (byte % 32 >= 24) {
      activate(host);
      work -= work < 4096 ? work : 4096;
    } else {
      connect(host, port, byte & 8);
    }
    break;
  case 3: descriptor->connect_port(host->plugin, byte * 0x01010101U, out); break; // no such port
  default: return run_any(host, input, work);
  }
  return work;
}

// As a sane host plays: a low note and noise.
static void
fill_sanely(const Host* host, uint32_t begin, uint32_t n_frames)
{
  const double step = 2.0 * 3.14159265358979 * 110.0 / fmax(host->rate_hz, 1000.0);
  for (uint32_t i = 0; i < n_frames; ++i) {
    const uint32_t t = begin + i;
    const uint32_t noise = (t * 2654435761U) >> 16U;
    in[MAX_DELAY + i] = 0.2f * (float)sin(step * (double)t) + 1e-6f * (float)noise;
  }
}

static void
be_sane(Host* host, const float* controls)
{
  memcpy(host->controls, controls, sizeof host->controls);
  for (uint32_t port = 0; port < N_PORTS; ++port) {
    connect(host, port, true);
  }
}

typedef struct {
  double energy; // of the fresh one's sound
  double error;  // of the difference
  double sum;    // of the difference, not squared
  double moment; // of the difference, times the frame's distance from the middle
} Difference;

// Both play the same.
static void
compare(Host* host, Host* fresh, uint32_t begin, uint32_t n_frames, Difference* total)
{
  static float expected[MAX_BLOCK];
  fill_sanely(host, begin, n_frames);
  run(fresh, n_frames, false);
  memcpy(expected, out, n_frames * sizeof *out);
  fill_sanely(host, begin, n_frames);
  run(host, n_frames, false);
  for (uint32_t i = 0; i < n_frames; ++i) {
    const double difference = (double)out[i] - (double)expected[i];
    total->energy += (double)expected[i] * (double)expected[i];
    total->error += difference * difference;
    total->sum += difference;
    total->moment += difference * (i - (n_frames - 1U) / 2.0);
  }
}

static void
check_recovery(Host* host, Host* fresh)
{
  const uint32_t arrival = frames_of(host, 0.15) + 4U * frames_of(host, 0.02);
  const uint32_t n_frames = arrival + (uint32_t)(0.1 * host->rate_hz);
  Difference before = {0};
  for (uint32_t t = 0; t < n_frames; t += 512) {
    const uint32_t left = n_frames - t;
    compare(host, fresh, t, left < 512 ? left : 512, &before);
  }
  Difference after = {0};
  compare(host, fresh, n_frames, N_COMPARED, &after);
  const double n = N_COMPARED;
  const double offset = after.sum * after.sum / n; // and how it goes away, in a straight line:
  const double slope = after.moment * after.moment / (n * (n * n - 1.0) / 12.0);
  const double error = after.error - offset - slope;
  if (!(error <= allowed_error * after.energy && offset <= allowed_offset * after.energy)) {
    fprintf(stderr, "%g Hz: energy %g, error %.1f dB, offset %.1f dB\n", host->rate_hz,
            after.energy, 10.0 * log10(error / after.energy), 10.0 * log10(offset / after.energy));
    require(false, "it sounds as a fresh instance does");
  }
}

static void
check_activation(Host* host, Host* fresh)
{
  Difference total = {0};
  activate(host);
  for (uint32_t t = 0; t < 4; ++t) {
    compare(host, fresh, t * FRESH_BLOCK, FRESH_BLOCK, &total);
  }
  require(total.error == 0.0, "after activate() it sounds exactly as a fresh instance does");
}

static void
check_end(Host* host, const char* bundle, bool is_activated)
{
  float controls[N_PORTS] = {0};
  for (uint32_t port = GAIN; port <= ENABLED; ++port) {
    controls[port] = control(host, port);
  }
  Host fresh;
  start(&fresh, bundle, host->rate_hz);
  be_sane(&fresh, controls);
  be_sane(host, controls);
  activate(&fresh);
  if (is_activated) {
    check_activation(host, &fresh);
  } else if (host->rate_hz >= 44100.0 && host->rate_hz <= 192000.0) {
    check_recovery(host, &fresh);
  }
  descriptor->cleanup(fresh.plugin);
}

int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
  Input input = {data, size};
  const uint8_t choices = next_byte(&input);
  const char* bundle = bundles[choices % 8U == 1U];
  const double rate_hz = next_rate(&input);
  Host host;
  start(&host, bundle, rate_hz);
  float controls[N_PORTS] = {0};
  for (uint32_t port = GAIN; port <= ENABLED; ++port) {
    controls[port] = next_value(&input);
  }
  be_sane(&host, controls);
  activate(&host);
  uint32_t work = MAX_WORK;
  for (int i = 0; i < MAX_STEPS && work && input.left; ++i) {
    work = do_any(&host, &input, work);
  }
  check_end(&host, bundle, choices / 8U % 2U);
  descriptor->cleanup(host.plugin);
  return 0;
}

// The bundles lie beside the program.
int
LLVMFuzzerInitialize(int* n_arguments, char*** arguments)
{
  static const char* const names[] = {"od3-eco.lv2", "od3.lv2"};
  (void)n_arguments;
  const char* program = (*arguments)[0];
  const char* slash = strrchr(program, '/');
  require(slash != NULL, "it is called by its path");
  descriptor = lv2_descriptor(0);
  for (size_t i = 0; i < 2; ++i) {
    snprintf(bundles[i], sizeof bundles[i], "%.*s/%s", (int)(slash - program), program, names[i]);
  }
  return 0;
}
